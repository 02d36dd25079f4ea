"""How a field's kind stands in JSON Schema, and with its description in docs/events.md."""

from typing import Any

from pydantic import WithJsonSchema


def described(description: str, **schema: Any) -> WithJsonSchema:  # noqa: ANN401 - any JSON Schema
    """Return the annotation; of a text where `schema` says nothing else."""
    return WithJsonSchema({"type": "string"} | schema | {"description": description})
