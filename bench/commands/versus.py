"""`versus`: the service, its physical limits and its peers on the same work, interleaved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.arena import Arena, filled, interleaved, say
from bench.contestants import PEERS, SINGLES, present
from bench.lap import Standing, Track
from bench.product import NAME
from bench.tables import figure, standings_table
from bench.workload import Work

FLOORS = ("validate", "encode")
UNEVEN = 0.15  # how far the middle of a lap may be from the whole before a line says so
CUT = 6.0  # s after which who sends one by one is stopped: their rate is known by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """All standings at one latency of the API, in ms. `missing`: who could not run, and why."""

    latency: float
    standings: Sequence[Standing]
    missing: Sequence[str]

    def named(self, name: str) -> Standing | None:
        """Return the standing of one contestant, if it took part."""
        return next((one for one in self.standings if one.name == name), None)


async def versus(  # noqa: PLR0913 - the options of the command
    place: Arena,
    work: Work,
    *,
    latencies: Sequence[float],
    peers: Sequence[str] = PEERS,
    events: int,
    rounds: int,
    floors: Sequence[str] = FLOORS,
) -> list[Heat]:
    """Measure everybody at each latency, in ms."""
    topic = await filled(place, work, events)
    heats = []
    for latency in latencies:
        names = (*(floors if latency == latencies[0] else ()), NAME, *peers)
        found, missing = await present(names)
        for line in missing:
            say(line)
        track = Track(topic=topic, events=events, work=work, latency=latency / 1000)
        entries = [
            (one, replace(track, seconds=CUT) if one.name in SINGLES else track) for one in found
        ]
        results = await interleaved(place, entries, rounds)
        standings = [standing for standing, _ in results]
        heats.append(Heat(latency=latency, standings=standings, missing=missing))
    return heats


def section(heats: Sequence[Heat], work: Work) -> str:
    """Return a table for each latency."""
    parts = []
    for heat in heats:
        parts.append(f"## {work.name.capitalize()} at {heat.latency:g} ms latency of the API")
        parts.append(standings_table(heat.standings, NAME))
        if notes := [f"- {line}." for line in (*heat.missing, *_uneven(heat.standings))]:
            parts.append("\n".join(notes))
    return "\n\n".join(parts)


def _uneven(standings: Sequence[Standing]) -> list[str]:
    """Return a line for each contestant whose pace changed much within a lap."""
    return [
        f"{one.title}: {figure(one.steady)} events/s over the middle half of the work"
        for one in standings
        if one.steady and abs(one.steady / one.rate.median - 1) > UNEVEN
    ]
