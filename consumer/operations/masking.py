"""Hides personal values: where a person may look at an event, and in logs. Pure."""

import re
from typing import Any

# Names of what is personal, or may be: what producers put into free maps is anybody's guess.
PERSONAL = frozenset(
    {"email", "phone", "first_name", "last_name", "firstname", "lastname", "token"}
    | {"address", "street", "postal_code", "delivery_address", "restore_url"}
    | {"attributes", "params", "custom_data", "additional_info"}
)
# The bounds keep a long text from being searched again from each of its signs.
EMAIL = re.compile(r"[^\s@\"'<>]{1,64}(?:@|%40)[^\s@\"'<>]{1,255}")
DIGITS = re.compile(r"(?<!\d)(?!\d{4}-\d\d-\d\d(?!\d))\+?\d[\d ()-]{6,}\d")  # but for dates
PHONE = re.compile(r"(?:\+|%2B)\d[\d ()-]{6,}\d")
DEEPEST = 100  # levels that are shown; what writes JSON takes a few more


def mask(node: Any, *, is_personal: bool = False, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every personal string in it masked, its deepest levels left out.

    What stands under a personal name is masked whole; e-mails and long runs of digits are masked
    wherever they stand.
    """
    match node:
        case dict() | list() if depth > DEEPEST:
            return "…"
        case dict():
            return {
                loggable(name): mask(
                    value, is_personal=is_personal or name.lower() in PERSONAL, depth=depth + 1
                )
                for name, value in node.items()
            }
        case list():
            return [mask(value, is_personal=is_personal, depth=depth + 1) for value in node]
        case str():
            return _masked(node) if is_personal else DIGITS.sub(_hidden, EMAIL.sub(_hidden, node))
        case int() | float() if is_personal and not isinstance(node, bool):
            return "…"
        case _:
            return node


def loggable(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return what may stand in a log: e-mails and phones masked, of strange objects the kind."""
    match value:
        case str():
            return PHONE.sub(_hidden, EMAIL.sub(_hidden, value))
        case bool() | int() | float() | None:
            return value
        case dict():
            return {loggable(str(name)): loggable(one) for name, one in value.items()}
        case list() | tuple():
            return [loggable(one) for one in value]
        case _:
            return type(value).__name__


def _masked(text: str) -> str:
    return f"{text[0]}…" if text else ""


def _hidden(found: re.Match[str]) -> str:
    return _masked(found.group())
