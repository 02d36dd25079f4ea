"""The reference of events, made from the routes, the models and the examples. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.route import Route

Example = Mapping[str, Any]
"""An `event`, perhaps `settings`, and what `explain` prints of it as `expected`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A line of the table of fields. `path` is dotted; `[]` stands for each of a list."""

    path: str
    kind: str
    is_required: bool


def render_events(routes: Mapping[str, Route], examples: Mapping[str, Example]) -> str:
    """Return the sections of all events; the example of a type has its name, dots as `_`."""
    sections = (
        _section(kind, route, examples[kind.replace(".", "_")]) for kind, route in routes.items()
    )
    return "\n\n".join(sections)


def _section(kind: str, route: Route, example: Example) -> str:
    told = route.model.json_schema()
    rows = [_row(field) for field in _fields(told, told)]
    parts = (
        f"### `{kind}`",
        told.get("description", ""),
        "\n".join(_facts(route, example["expected"]["calls"])),
        "\n".join(["| field of `data` | what it is |", "| --- | --- |", *rows]),
        _block("json", json.dumps(example["event"], ensure_ascii=False, indent=2)),
        _http(example["expected"]["calls"]),
    )
    return "\n\n".join(parts)


def _facts(route: Route, calls: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"Usual topic: `{route.topic}`."
    if route.model.someone:
        *first, last = (f"`{name}`" for name in route.model.someone)
        yield f"One of {', '.join(first)} or {last} is required."
    actions = dict.fromkeys(f"`{call['action']}` (class {call['class']})" for call in calls)
    yield f"The example makes {' and '.join(actions)}."


def _row(field: _Field) -> str:
    name = f"**`{field.path}`**" if field.is_required else f"`{field.path}`"
    return f"| {name} | {field.kind} |"


# -- fields ---------------------------------------------------------------------------------


def _fields(told: Mapping[str, Any], root: Mapping[str, Any], above: str = "") -> Iterator[_Field]:
    """Return the fields of an object, those of its parts behind them."""
    required = told.get("required", ())
    for name, schema in told["properties"].items():
        path = f"{above}{name}"
        kind = _not_null(schema)
        yield _Field(path=path, kind=_kind(kind), is_required=name in required)
        for inner, suffix in _parts(kind, root):
            yield from _fields(inner, root, f"{path}{suffix}.")


def _parts(kind: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Return the objects a field holds, and how a path names each of them."""
    for holder, suffix in (
        (kind, ""),
        (kind.get("items", {}), "[]"),
        (kind.get("additionalProperties", {}), ".*"),
    ):
        if isinstance(holder, Mapping) and "$ref" in holder:
            yield root["$defs"][holder["$ref"].rpartition("/")[2]], suffix


def _not_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a field holds where it is not null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return kinds[0] if len(kinds) == 1 else schema


def _kind(schema: Mapping[str, Any]) -> str:
    """Return what a field holds, in words."""
    match schema:
        case {"description": str(description)}:
            kind = description
        case {"enum": values}:
            kind = ", ".join(f"`{value}`" for value in values)
        case {"type": "integer", "minimum": least, "exclusiveMaximum": above}:
            kind = f"integer from {least:,} to {above - 1:,}"
        case {"type": "boolean"}:
            kind = "`true` or `false`"
        case {"type": "array", "items": each, "maxItems": most}:
            kind = f"list of up to {most:,}: {_kind(each)}"
        case {"additionalProperties": {"anyOf": _} | {"type": _} as each, "maxProperties": most}:
            kind = f"object of up to {most:,}: {_kind(_not_null(each))}"
        case _:
            kind = "object"
    return kind


# -- the example ----------------------------------------------------------------------------


def _http(calls: Sequence[Mapping[str, Any]]) -> str:
    return _block("http", "\n\n".join(map(_request, calls)))


def _request(call: Mapping[str, Any]) -> str:
    line = f"{call['method']} {call['path']}"
    if call["body"] is None:
        return line
    return f"{line}\n{json.dumps(call['body'], ensure_ascii=False, indent=2)}"


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
