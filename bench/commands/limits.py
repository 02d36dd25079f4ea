"""`limits`: how fast one process can read and understand events, before any is delivered."""

from collections.abc import Sequence

from bench.arena import Arena, filled, interleaved
from bench.contestants import LIMITS, present
from bench.lap import Standing, Track
from bench.tables import figure, spread_text, table
from bench.workload import Work

HEADS = ("step", "events/s (least..most)", "CPU-ms per 1k", "RSS MB")


async def limits(place: Arena, work: Work, *, events: int, rounds: int) -> Sequence[Standing]:
    """Measure each step as a process of its own."""
    track = Track(topic=await filled(place, work, events), events=events, work=work)
    found, _ = await present(LIMITS)
    results = await interleaved(place, [(one, track) for one in found], rounds)
    return [standing for standing, _ in results]


def section(standings: Sequence[Standing], work: Work) -> str:
    """Return the table."""
    rows = [
        (
            standing.title.removeprefix("limit: "),
            spread_text(standing.rate),
            figure(standing.cpu_ms),
            figure(standing.rss_mb),
        )
        for standing in standings
    ]
    return f"## Physical limits, {work.name}\n\n{table(HEADS, rows)}"
