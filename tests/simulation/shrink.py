"""Makes a plan that breaks something smaller: first records, then what goes wrong."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from tests.simulation.plan import Plan

PARTS = ("produces", "faults", "disturbances", "reruns")


def shrink(plan: Plan, is_broken: Callable[[Plan], bool]) -> Plan:
    """Return the plan without whatever it is broken without; `is_broken` holds for both."""
    while True:
        smaller = plan
        for name in PARTS:
            smaller = _without(smaller, name, is_broken)
        if smaller == plan:
            return plan
        plan = smaller


def _without(plan: Plan, name: str, is_broken: Callable[[Plan], bool]) -> Plan:
    """Drop parts by halves, then quarters, down to one by one."""
    size = max(1, len(getattr(plan, name)) // 2)
    while size:
        tried = next(filter(is_broken, _with_fewer(plan, name, size)), None)
        if tried is not None:
            plan = tried
        else:
            size //= 2
    return plan


def _with_fewer(plan: Plan, name: str, size: int) -> Iterator[Plan]:
    parts: Sequence[Any] = getattr(plan, name)
    for at in range(0, len(parts), size):
        changes: dict[str, Any] = {name: (*parts[:at], *parts[at + size :])}
        yield replace(plan, **changes)
