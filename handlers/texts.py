"""Writes scalars as the texts eSputnik takes."""

from decimal import Decimal


def plain(value: str | float | bool) -> str:  # noqa: FBT001 - a scalar of JSON
    """Return booleans as `true` and `false`, numbers in plain digits, texts as they came."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)
