"""The forms of what an order holds: amounts, dates, items."""

import re
from datetime import datetime

from esputnik.sandbox.wire import text_of

_AMOUNT = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def items_error(items: object, *, takes_text: bool) -> str:
    """Return what is wrong with an order's items; "" for nothing."""
    if not isinstance(items, list):
        return "items must be a list"
    for item in items:
        if not isinstance(item, dict) or not text_of(item.get("externalItemId")):
            return "externalItemId is required"
        if not is_amount(item.get("quantity"), takes_text=takes_text):
            return "quantity is required"
        if item.get("cost") is not None and not is_amount(item["cost"], takes_text=takes_text):
            return "cost is not valid"
    return ""


def is_amount(value: object, *, takes_text: bool) -> bool:
    """Tell whether a value is a number of 0 or more, which may come as text."""
    if isinstance(value, str):
        return takes_text and _AMOUNT.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def date_of(value: object) -> datetime | None:
    """Return a time in ISO 8601; None for anything else."""
    try:
        return datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
