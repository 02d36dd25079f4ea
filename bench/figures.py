"""Small statistics over a handful of laps. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and how far the single values lie apart."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of at least one value."""
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least so many percent of the values do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)  # rounded up
    return ordered[max(0, int(rank) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line that fits the points best; 0 for fewer than two."""
    if len({x for x, _ in points}) < 2:  # noqa: PLR2004 - a line takes two
        return 0.0
    xs, ys = zip(*points, strict=True)
    return statistics.linear_regression(xs, ys).slope


def ratio(above: float, below: float) -> float:
    """Return a quotient; infinite over zero."""
    return above / below if below else float("inf")
