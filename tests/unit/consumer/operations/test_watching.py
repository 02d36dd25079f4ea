import asyncio
from dataclasses import dataclass

import pytest

from consumer.errors import WorkFailedError
from consumer.operations.watchdog import STALLED
from consumer.operations.watching import watch
from tests.fakes import time


@dataclass
class StubReader:
    """Falls behind as it was told; a new client reads on if it `recovers`."""

    waiting: int | None = 5
    recovers: bool = False
    moved_at: float = 0.0
    rebuilt: int = 0

    async def behind(self) -> int | None:
        return self.waiting

    def rebuild(self) -> None:
        self.rebuilt += 1
        if self.recovers:
            self.waiting, self.moved_at = 0, time.LoopClock().now()


async def watched(reader: StubReader, seconds: float, *, is_excused: bool = False) -> None:
    watching = watch(
        reader,
        moved_at=lambda: reader.moved_at,
        is_excused=lambda: is_excused,
        clock=time.LoopClock(),
    )
    try:
        async with asyncio.timeout(seconds):
            await watching
    except TimeoutError:
        pass


def test_a_reader_that_stands_still_is_replaced_once_and_then_the_process_ends() -> None:
    reader = StubReader()

    with pytest.raises(WorkFailedError, match="5 records wait in Kafka"):
        time.run(watched(reader, 3 * STALLED))

    assert reader.rebuilt == 1


def test_one_that_reads_on_with_a_new_client_goes_on() -> None:
    reader = StubReader(recovers=True)

    time.run(watched(reader, 10 * STALLED))

    assert reader.rebuilt == 1


@pytest.mark.parametrize("reader", [StubReader(waiting=0), StubReader(waiting=None)])
def test_one_with_nothing_to_read_is_left_alone(reader: StubReader) -> None:
    time.run(watched(reader, 10 * STALLED))

    assert reader.rebuilt == 0


def test_one_that_is_held_up_by_others_is_left_alone() -> None:
    reader = StubReader()

    time.run(watched(reader, 10 * STALLED, is_excused=True))

    assert reader.rebuilt == 0
