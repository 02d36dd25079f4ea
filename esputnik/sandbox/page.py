"""The tables of docs/sandbox.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from esputnik.sandbox.rules import Rule
from esputnik.sandbox.switches import Switches

# The headings of the switches, each before the one it begins with.
_HEADINGS = {
    "api_key": "Switches: who may ask",
    "rate_limits": "Switches: rates, repeats and answers",
    "ids_as_strings": "Switches: contacts",
    "import_seconds": "Switches: imports",
    "strict_status": "Switches: orders",
    "max_emails": "Switches: consents and segments",
    "unknown_token": "Switches: devices, sites and messages",
}
_KINDS = {
    "string": "a text",
    "boolean": "`true`, `false`",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "null": "`none`",
}


def render_reference() -> str:
    """Return the tables of rules and switches, as Markdown."""
    return "\n".join(["### Members of a rule", "", *_members(), *_switches(), ""])


def _switches() -> Iterator[str]:
    schemas = Switches.model_json_schema()["properties"]
    for name, field in Switches.model_fields.items():
        if heading := _HEADINGS.get(name):
            yield from ("", f"### {heading}", "")
            yield from ("| switch | default | takes | meaning |", "| --- | --- | --- | --- |")
        yield f"| `{name}` | {_default(field)} | {_takes(schemas[name])} | {_meaning(field)} |"


def _members() -> Iterator[str]:
    yield from ("| member | meaning |", "| --- | --- |")
    for name, field in Rule.model_fields.items():
        yield f"| `{field.alias or name}` | {_meaning(field)} |"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return "none" if value is None or value in (frozenset(), {}) else f"`{value}`"


def _takes(schema: Mapping[str, Any]) -> str:
    """Say what a switch takes, by its JSON schema."""
    if names := schema.get("enum") or schema.get("propertyNames", {}).get("enum"):
        return ", ".join(f"`{name}`" for name in names)
    if "anyOf" in schema:
        return ", ".join(_takes(option) for option in schema["anyOf"])
    if least := schema.get("minimum"):
        return f"{least} to {schema['exclusiveMaximum'] - 1}"
    return _KINDS[schema["type"]]


def _meaning(field: FieldInfo) -> str:
    return " ".join(str(field.description).split())
