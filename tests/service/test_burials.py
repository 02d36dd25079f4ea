"""A record whose dead letter is not safe yet is not finished."""

from tests.fakes.time import run
from tests.service.events import HERE, THERE, TWO, an_order
from tests.service.world import World


def test_nothing_is_committed_over_a_record_whose_letter_is_not_safe_yet() -> None:
    async def main() -> tuple[World, dict[str, int]]:
        world = World(partitions=TWO)
        world.letters.open.clear()
        world.put("order.changed", {})
        world.put("order.changed", an_order(1))
        world.put("order.changed", an_order(2), partition=1)
        async with world.running():
            await world.clock.sleep(60)
            held = {"here": world.source.commits[HERE], "there": world.source.commits[THERE]}
            world.letters.open.set()
            await world.settled()
        return world, held

    world, held = run(main())

    assert held == {"here": 0, "there": 1}
    assert world.reasons == ["schema.missing"]
    assert world.source.commits == {HERE: 2, THERE: 1}


def test_a_record_whose_letter_is_not_safe_yet_counts_as_unfinished() -> None:
    async def main() -> tuple[int, int]:
        world = World()
        world.letters.open.clear()
        world.put("order.changed", {})
        async with world.running():
            await world.clock.sleep(60)
            unfinished = world.worker.ledger.records
            buried = world.meter.counts["buried schema.missing"]
            world.letters.open.set()
            await world.settled()
        return unfinished, buried

    assert run(main()) == (1, 0)
