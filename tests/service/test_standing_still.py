"""What becomes of calls when the whole process stood still, and the group went on without it."""

import asyncio
from typing import Any

from consumer.lease import Lease
from tests.fakes.time import VirtualLoop, run
from tests.service.events import HERE, TWO, an_order
from tests.service.world import World

SESSION = 10.0  # s; how long the group waits for a word
THROTTLED = {"action": "add-orders", "status": 429, "headers": {"Retry-After": "5"}, "times": 1}


async def about_to_retry() -> World:
    """Return a world in which a call will soon be made again."""
    world = World(partitions=TWO, lease=Lease(session=SESSION))
    world.account.faults.rule([THROTTLED])
    world.put("order.changed", an_order(1))
    return world


def stand_still(world: World, seconds: float) -> None:
    """Let time pass in which nothing runs, right after a word from the group."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    world.source.lease.heard(world.clock.now())
    loop.jump(seconds)


def test_what_is_anothers_by_then_is_not_sent() -> None:
    async def main() -> World:
        world = await about_to_retry()
        async with world.running():
            await world.until(lambda: world.asked("add-orders"))
            stand_still(world, 60)
            await world.clock.sleep(3)  # so late it hears that it was put out
            world.source.lease.lost()
            await world.source.revoke([HERE])
            world.source.lease.heard(world.clock.now())
            await world.clock.sleep(SESSION - 1)
        return world

    assert len(run(main()).asked("add-orders")) == 1


def test_what_is_ours_still_is_sent_once_the_group_says_so() -> None:
    async def main() -> tuple[float, float]:
        world = await about_to_retry()
        async with world.running():
            await world.until(lambda: world.asked("add-orders"))
            stand_still(world, 60)
            await world.clock.sleep(3)
            answered_at = world.clock.now()
            world.source.lease.heard(answered_at)
            await world.settled()
        return answered_at, world.sender.sent[-1][0]

    answered_at, sent_at = run(main())

    assert 0 <= sent_at - answered_at < 1


def test_a_short_pause_holds_nothing_up() -> None:
    async def main() -> tuple[World, float]:
        world = await about_to_retry()
        async with world.running():
            await world.until(lambda: world.asked("add-orders"))
            stand_still(world, SESSION - 1)
            took = await world.until(lambda: len(world.asked("add-orders")) == 2)
        return world, took

    world, took = run(main())

    assert took < 1
    assert world.meter.counts["delivered order.changed"] == 1


def test_who_was_put_out_lets_go_at_once() -> None:
    async def main() -> float:
        world = World(partitions=TWO, lease=Lease(session=SESSION))
        world.sender.latency = 8.0
        world.put("order.changed", an_order(1))
        async with world.running():
            await world.until(lambda: world.sender.sent)
            world.source.lease.lost()
            began = world.clock.now()
            await world.source.revoke([HERE])
            return world.clock.now() - began

    assert run(main()) < 1


def test_what_waited_for_the_group_keeps_to_the_limit_once_it_has_answered() -> None:
    async def main() -> list[float]:
        rates: Any = {"default": 2, "search": 2, "event": 2, "past_event": 2}
        settings: Any = {"batch.max_orders": 1, "esputnik.requests_per_second": rates}
        lease = Lease(session=SESSION)
        world = World(lease=lease, **settings)
        for number in range(60):
            world.put("order.changed", an_order(number))
        async with world.running():
            lease.heard(world.clock.now())
            await world.clock.sleep(3 * SESSION)
            answered_at = world.clock.now()
            lease.heard(answered_at)
            await world.clock.sleep(SESSION - 1)
            lease.heard(float("inf"))
            await world.settled()
        return [at - answered_at for at, _ in world.sender.sent if at >= answered_at]

    times = run(main())

    assert all(later - first >= 1 for first, later in zip(times, times[2:], strict=False))
    assert times[0] < 0.2
