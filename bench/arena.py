"""Opens the arena: a broker, the sink, a folder for logs that is gone afterwards."""

import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench import topics
from bench.brokers import broker
from bench.lap import Contestant, Lap, Standing, Track, standing
from bench.race import Arena
from bench.sink.control import Control
from bench.workload import Work, entries
from demo.parts import start


@asynccontextmanager
async def arena(choice: str) -> AsyncIterator[Arena]:
    """Run a broker and the sink."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        async with broker(choice, folder) as bootstrap, sink(folder) as control:
            yield Arena(bootstrap, control, folder)


@asynccontextmanager
async def sink(folder: Path) -> AsyncIterator[Control]:
    """Run the sink as a process of its own."""
    part = await start("sink", (sys.executable, "-m", "bench.sink"), folder / "sink.log")
    try:
        control = Control(await part.first(_address))
        yield control
        await control.close()
    finally:
        await part.stop()


def _address(line: str) -> str | None:
    _, found, address = line.partition("listening on ")
    return address.strip() if found else None


async def filled(place: Arena, work: Work, events: int, *, poisoned: bool = False) -> str:
    """Return the name of a new topic that holds the work."""
    say(f"writing {events:,} {work.name}")
    topic = topics.fresh(work.name)
    await topics.make(place.bootstrap, topic)
    await topics.fill(place.bootstrap, topic, entries(work, events, poisoned=poisoned))
    return topic


async def interleaved(
    place: Arena, entries: Sequence[tuple[Contestant, Track]], rounds: int
) -> list[tuple[Standing, list[Lap]]]:
    """Run everybody in turn, so often; what disturbs the machine for a while disturbs all."""
    laps: list[list[Lap]] = [[] for _ in entries]
    for number in range(1, rounds + 1):
        for (contestant, track), done in zip(entries, laps, strict=True):
            lap = await place.lap(contestant, track)
            done.append(lap)
            say(f"round {number} of {rounds}: {contestant.title}: {lap.rate:,.0f} events/s")
    return [
        (standing(contestant, done), done)
        for (contestant, _), done in zip(entries, laps, strict=True)
    ]


def say(what: str) -> None:
    """Report progress; results alone go to standard output."""
    print(what, file=sys.stderr, flush=True)


__all__ = ["Arena", "arena", "filled", "interleaved", "say", "sink"]
