"""`soak`: whether memory grows with the number of events."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.arena import Arena, filled
from bench.clock import rss_by_items
from bench.figures import slope
from bench.lap import Lap, Track
from bench.product import product
from bench.tables import figure, lost_text, table
from bench.workload import ORDERS

STEP = 250_000  # events between the rows of the table
SETTLED = 300_000  # events after which memory should not grow any more
MB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """Memory over a long lap. `growth` in MB for a million events, after the first ones."""

    lap: Lap
    points: Sequence[tuple[int, float]]
    growth: float


async def soak(place: Arena, *, events: int) -> Soak:
    """Measure one lap of so many orders."""
    track = Track(topic=await filled(place, ORDERS, events), events=events, seconds=1800.0)
    lap = await place.lap(product(), track)
    points = [(items, rss / MB) for items, rss in rss_by_items(lap.arrivals, lap.samples)]
    settled = [(items / 1e6, rss) for items, rss in points if items > SETTLED]
    return Soak(lap=lap, points=points, growth=slope(settled))


def section(result: Soak) -> str:
    """Return memory at each step, and its growth."""
    lap = result.lap
    rows = [(f"{items:,}", figure(rss)) for items, rss in _steps(result.points)]
    return (
        f"## Memory over {lap.items:,} orders\n\n{table(('events', 'RSS MB'), rows)}\n\n"
        f"Growth after the first {SETTLED:,}: {result.growth:+.1f} MB a million events; "
        f"peak {lap.rss_mb:.0f} MB; lost {lost_text(lap.lost)}, doubled {lap.doubled}."
    )


def _steps(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    steps: list[tuple[int, float]] = []
    for items, rss in points:
        if items >= STEP * (len(steps) + 1):
            steps.append((items, rss))
    return steps
