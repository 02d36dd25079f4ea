"""Reads and changes switches: as typed after an option, `NAME=VALUE`, or as JSON tells them."""

from collections.abc import Iterable
from typing import Any

from esputnik.sandbox.switches import Switches
from esputnik.sandbox.told import checked


def read_switches(given: Iterable[str]) -> Switches:
    """Return the switches with those changed that are given as `NAME=VALUE`.

    Raises:
        ValueError: No such switch, or a value it cannot have; the message says what to write.
    """
    told = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign:
            raise ValueError(f"{text!r} is not a switch; write NAME=VALUE, such as retry_after=1")
        told[name] = value
    return checked(Switches, told)


def change(switches: Switches, told: object) -> frozenset[str]:
    """Set the switches that are told, all of them or, where one cannot be set, none.

    Returns the names of those that were set.

    Raises:
        ValueError: As `read_switches` does.
    """
    good = checked(Switches, told)
    for name in good.model_fields_set:
        setattr(switches, name, getattr(good, name))
    return frozenset(good.model_fields_set)


def shown(switches: Switches) -> dict[str, Any]:
    """Return the switches as JSON tells them, the key left out."""
    values = switches.model_dump(exclude={"api_key"})
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in values.items()
    }
