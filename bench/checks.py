"""Options that are written as comma lists, and what is wrong with them."""

import math
from collections.abc import Callable, Collection, Sequence

import typer


def listed(text: str) -> Sequence[str]:
    """Return the parts of a comma list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def among(choices: Collection[str]) -> Callable[[str], str]:
    """Return the check of an option that lists some of these, by commas."""

    def check(text: str) -> str:
        for one in listed(text):
            if one not in choices:
                raise typer.BadParameter(f"there is no {one}; choose of {', '.join(choices)}")
        return text

    return check


def numbers(text: str) -> str:
    """Check an option that lists numbers from 0, by commas."""
    for one in listed(text):
        try:
            is_usable = 0 <= float(one) < math.inf
        except ValueError:
            is_usable = False
        if not is_usable:
            raise typer.BadParameter(f"{one} is no number from 0")
    return text
