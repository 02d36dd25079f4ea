"""Histories of the edge to Kafka: the real source and the real aiokafka, on brokers in memory.

What is drawn from the seed: topics, records and how they lie in their logs, members that come, go
and subscribe anew, rebalances, connections that break, hang and are refused, what is held when, how
much a fetch brings and how long everything takes.
"""

import logging
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from structlog.testing import capture_logs

from tests.fakes.schedule import RunawayError, run_seeded
from tests.fakes.time import StuckError
from tests.fakes.wire import Dice, in_place_of_sockets
from tests.simulation.edge.world import World

MOST = 400_000  # callbacks of the loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a history. `played` counts what happened in it, by name."""

    violations: tuple[str, ...]
    log: tuple[str, ...]
    played: Counter[str]

    @property
    def digest(self) -> str:
        """Return what only the same history has."""
        return sha256("\n".join(self.log).encode()).hexdigest()


def play(seed: int) -> Outcome:
    """Play the history of a seed."""
    dice = random.Random(f"edge {seed}")  # noqa: S311 - chance, not secrecy
    loops = random.Random(seed)  # noqa: S311 - as above
    world: list[World] = []

    async def main() -> None:
        world.append(World(seed, dice))
        with in_place_of_sockets(world[0].wire, Dice(seed)):
            await world[0].play()

    troubles: list[str] = []
    with capture_logs(), _silence():
        try:
            run_seeded(main(), loops, disorder=0.0, most=MOST)
        except (StuckError, RunawayError) as trouble:
            troubles.append(f"E7: {trouble}")
    held = world[0]
    return Outcome(
        violations=(*held.violations, *troubles), log=tuple(held.log), played=held.played
    )


@contextmanager
def _silence() -> Iterator[None]:
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
