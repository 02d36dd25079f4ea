import asyncio
import gc
import weakref

import pytest

from consumer.operations.garbage import EVERY, NEW, RATIO, collect
from tests.fakes.time import LoopClock, run


class Ring:
    """Knows itself: no count of references frees it."""

    def __init__(self) -> None:
        self.itself = self


async def collecting() -> "asyncio.Task[None]":
    task = asyncio.ensure_future(collect(LoopClock()))
    await asyncio.sleep(0)
    return task


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


async def collections(count: int) -> None:
    """Let the youngest be looked through so often."""
    for _ in range(count):
        kept = [Ring() for _ in range(NEW + 1)]
        await asyncio.sleep(2 * EVERY)
        del kept


def test_the_collector_does_not_begin_on_its_own() -> None:
    async def main() -> bool:
        task = await collecting()
        ring = weakref.ref(Ring())
        kept = [Ring() for _ in range(2 * NEW)]
        is_alive = ring() is not None
        del kept
        await ended(task)
        return is_alive

    assert run(main())


def test_what_only_knows_itself_is_found_once_enough_is_new() -> None:
    async def main() -> tuple[bool, bool]:
        task = await collecting()
        ring = weakref.ref(Ring())
        await asyncio.sleep(2 * EVERY)
        was_alive = ring() is not None
        kept = [Ring() for _ in range(2 * NEW)]
        await asyncio.sleep(2 * EVERY)
        is_alive = ring() is not None
        del kept
        await ended(task)
        return was_alive, is_alive

    assert run(main()) == (True, False)


@pytest.mark.parametrize("lived", [1, RATIO + 2])
def test_what_has_lived_long_is_found_as_well(lived: int) -> None:
    async def main() -> bool:
        task = await collecting()
        old = Ring()
        ring = weakref.ref(old)
        await collections(lived)
        del old
        await collections(RATIO ** (1 if lived == 1 else 2) + RATIO + 2)
        await ended(task)
        return ring() is not None

    assert not run(main())


def test_afterwards_the_collector_has_its_own_times_again() -> None:
    async def main() -> bool:
        task = await collecting()
        was_off = not gc.isenabled()
        await ended(task)
        return was_off

    assert run(main())
    assert gc.isenabled()
