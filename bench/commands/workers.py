"""`workers`: what more replicas of one group do for the rate."""

from collections.abc import Sequence

from bench.arena import Arena, filled, interleaved
from bench.figures import ratio
from bench.lap import Standing, Track
from bench.product import NAME, product
from bench.tables import figure, lost_text, spread_text, table, times
from bench.workload import ORDERS

HEADS = ("replicas", "events/s (least..most)", "÷ the first", "RSS MB in all", "lost", "doubled")


async def workers(
    place: Arena, copies: Sequence[int], *, events: int, rounds: int
) -> list[Standing]:
    """Measure each number of replicas; the clock runs once all of them deliver."""
    track = Track(topic=await filled(place, ORDERS, events), events=events)
    entries = [(product(n, name=f"{NAME}-{n}", title=str(n)), track) for n in copies]
    return [standing for standing, _ in await interleaved(place, entries, rounds)]


def section(standings: Sequence[Standing]) -> str:
    """Return the table."""
    first = standings[0].rate.median
    rows = [
        (
            standing.title,
            spread_text(standing.rate),
            times(ratio(standing.rate.median, first)),
            figure(standing.rss_mb),
            lost_text(standing.lost),
            str(standing.doubled),
        )
        for standing in standings
    ]
    return f"## Replicas of one group\n\n{table(HEADS, rows)}"
