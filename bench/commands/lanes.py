"""`lanes`: how well a few requests at a time are used, where they are what holds the service up."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.arena import Arena, filled, interleaved
from bench.lap import Standing, Track
from bench.product import NAME, product
from bench.tables import figure, lost_text, spread_text, table
from bench.workload import ORDERS

LATENCY = 0.05  # s
HEADS = ("requests at a time", "allow events/s", "events/s (least..most)", "share", "lost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A standing with so many requests at a time, and what these allow, in events a second."""

    standing: Standing
    allowed: float

    @property
    def share(self) -> float:
        """Return the part of what is allowed that was used."""
        return self.standing.rate.median / self.allowed


async def lanes(place: Arena, counts: Sequence[int], *, events: int, rounds: int) -> list[Lane]:
    """Measure each number of requests at a time, at the API's latency."""
    topic = await filled(place, ORDERS, events)
    entries = [
        (
            product(name=f"{NAME}-{count}", title=str(count)),
            Track(
                topic=topic,
                events=events,
                latency=LATENCY,
                settings={"ESPUTNIK__MAX_IN_FLIGHT": count},
            ),
        )
        for count in counts
    ]
    results = await interleaved(place, entries, rounds)
    return [
        Lane(standing=standing, allowed=count * ORDERS.batch / LATENCY)
        for count, (standing, _) in zip(counts, results, strict=True)
    ]


def section(found: Sequence[Lane]) -> str:
    """Return the table."""
    rows = [
        (
            lane.standing.title,
            figure(lane.allowed),
            spread_text(lane.standing.rate),
            f"{lane.share:.2f}",
            lost_text(lane.standing.lost),
        )
        for lane in found
    ]
    return f"## Few requests at a time, at {1000 * LATENCY:g} ms latency\n\n{table(HEADS, rows)}"
