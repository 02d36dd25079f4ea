"""The tables of docs/settings.md, made from the models of the settings. Pure."""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from consumer.settings.model import LEAVES, UNBUILT, Settings, env_name

MEBIBYTE = 1024 * 1024
SAID = {"topics": "the topics of [events](events.md)", "esputnik.api_key": "required"}
"""Defaults that are better said than shown."""
_WHOLE = re.compile(r"\.0\b")


def render_settings() -> str:
    """Return a table of each group, as Markdown."""
    sections = [
        line
        for group, paths in groupby(LEAVES, key=lambda path: path.split(".", maxsplit=1)[0])
        for line in _section(group, list(paths))
    ]
    return "\n".join(sections)


def _section(group: str, paths: list[str]) -> Iterator[str]:
    yield f"## {group}"
    yield ""
    if paths != [group]:
        model: Any = Settings.model_fields[group].annotation
        yield f"{model.__doc__}"
        yield ""
    yield "| setting | environment | default | unit, meaning |"
    yield "| --- | --- | --- | --- |"
    for path in paths:
        meaning = _meaning(path, LEAVES[path])
        yield f"| `{path}` | `{env_name(path)}` | {_default(path, LEAVES[path])} | {meaning} |"
    yield ""


def _meaning(path: str, field: FieldInfo) -> str:
    words = ", ".join(f"`{word}`" for word in _choices(field.annotation))
    choices = f"one of {words}" if words else ""
    effect = "has no effect in this version" if path in UNBUILT else ""
    return "; ".join(part for part in (field.description, choices, effect) if part)


def _choices(kind: Any) -> list[str]:  # noqa: ANN401 - any annotation
    """Return the words that a setting may hold, where they are few."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [word for one in get_args(kind) for word in _choices(one)]


def _default(path: str, field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if path in SAID:
        return SAID[path]
    if value is None:
        return "none"
    if isinstance(value, int) and value >= MEBIBYTE:
        return f"`{value}` ({value // MEBIBYTE} MiB)"
    if isinstance(value, str):
        return f"`{value}`"
    return f"`{_WHOLE.sub('', json.dumps(value))}`"
