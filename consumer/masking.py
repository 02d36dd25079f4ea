"""Hides personal values where a person may look at an event."""

import re
from typing import Any

PERSONAL = frozenset(
    {
        "email",
        "phone",
        "first_name",
        "last_name",
        "street",
        "postal_code",
        "delivery_address",
        "token",
        "firstname",
        "lastname",
        "address",
        "restore_url",
    }
)
EMAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
DIGITS = re.compile(r"\+?\d[\d ()-]{6,}\d")


def mask(node: Any, *, is_personal: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with every personal string in it masked.

    What stands under a personal name is masked whole; e-mails and long runs of digits are masked
    wherever they stand.
    """
    match node:
        case dict():
            return {
                name: mask(value, is_personal=is_personal or name.lower() in PERSONAL)
                for name, value in node.items()
            }
        case list():
            return [mask(value, is_personal=is_personal) for value in node]
        case str() if is_personal:
            return _masked(node)
        case str():
            return DIGITS.sub(_hidden, EMAIL.sub(_hidden, node))
        case int() | float() if is_personal and not isinstance(node, bool):
            return "…"
        case _:
            return node


def _masked(text: str) -> str:
    return f"{text[0]}…" if text else ""


def _hidden(found: re.Match[str]) -> str:
    return _masked(found.group())
