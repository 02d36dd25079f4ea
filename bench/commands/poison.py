"""`poison`: what one bad event in a thousand costs, by who finds it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench import topics
from bench.arena import Arena, filled, interleaved
from bench.figures import ratio
from bench.lap import Lap, Standing, Track
from bench.product import dead_letters, product
from bench.tables import figure, lost_text, spread_text, table, times
from bench.workload import ORDERS

CLEAN = "clean"
TITLES = {
    CLEAN: "nothing",
    "cut": "records cut off",
    "item": "items refused inside a 200",
    "whole": "requests refused whole, with 400",
}
KINDS = tuple(TITLES)[1:]
HEADS = (
    "0.1 % of",
    "events/s (least..most)",
    "÷ clean",
    "CPU-ms per 1k",
    "requests per 1k",
    "buried",
    "of bad",
    "lost",
    "doubled",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisoned:
    """A standing, how many dead letters its laps left, and how many bad events they met."""

    standing: Standing
    buried: int
    bad: int


async def poison(place: Arena, kinds: Sequence[str], *, events: int, rounds: int) -> list[Poisoned]:
    """Measure clean work and each kind of poison, in turn."""
    tracks = await _tracks(place, kinds, events)
    entries = [(product(name=kind, title=TITLES[kind]), track) for kind, track in tracks.items()]
    results = await interleaved(place, entries, rounds)
    return [
        Poisoned(
            standing=standing,
            buried=await _buried(place, laps),
            bad=(track.events - track.valid) * len(laps),
        )
        for (standing, laps), track in zip(results, tracks.values(), strict=True)
    ]


async def _tracks(place: Arena, kinds: Sequence[str], events: int) -> dict[str, Track]:
    clean = Track(topic=await filled(place, ORDERS, events), events=events)
    tracks = {CLEAN: clean}
    if "cut" in kinds:
        topic = await filled(place, ORDERS, events, poisoned=True)
        tracks["cut"] = replace(clean, topic=topic, poisoned=True)
    if "item" in kinds:
        tracks["item"] = replace(clean, refuse="item")
    if "whole" in kinds:
        tracks["whole"] = replace(clean, refuse="whole")
    return tracks


async def _buried(place: Arena, laps: Sequence[Lap]) -> int:
    counts = [await topics.count(place.bootstrap, dead_letters(lap.group)) for lap in laps]
    return sum(counts)


def section(results: Sequence[Poisoned]) -> str:
    """Return the table."""
    clean = results[0].standing.rate.median
    rows = [
        (
            one.standing.title,
            spread_text(one.standing.rate),
            times(ratio(one.standing.rate.median, clean)),
            figure(one.standing.cpu_ms),
            figure(one.standing.requests_per_1k),
            str(one.buried),
            str(one.bad),
            lost_text(one.standing.lost),
            str(one.standing.doubled),
        )
        for one in results
    ]
    return f"## One bad event in a thousand\n\n{table(HEADS, rows)}"
