"""Writes scalars as the texts eSputnik takes."""

from decimal import Decimal

Scalar = str | int | float | bool | Decimal


def plain(value: Scalar) -> str:
    """Return booleans as `true` and `false`, numbers in plain digits, texts as they came."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)), "f")
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)
