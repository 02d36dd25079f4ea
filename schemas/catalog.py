"""The JSON Schema of every event, as `esputnik-sync schemas` prints it."""

from typing import Any

from schemas.model import Model

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(event_type: str, model: Model[Any]) -> dict[str, Any]:
    """Return the schema of an event of this type in envelope form."""
    data = model.json_schema()
    shared = data.pop("$defs", {})
    return {
        "$schema": DIALECT,
        "title": event_type,
        "description": data.pop("description", ""),
        "type": "object",
        "properties": {
            "id": {"type": "string", "minLength": 1, "maxLength": 256},
            "type": {"const": event_type},
            "occurred_at": {"type": "string", "format": "date-time"},
            "version": {"const": 1},
            "source": {"type": "string"},
            "data": data,
        },
        "required": ["type", "data"],
        **({"$defs": shared} if shared else {}),
    }
