"""What a crash leaves behind, and what the next assignment makes of it."""

from typing import Any

from consumer.record import Partition
from tests.fakes.time import run
from tests.service.events import a_message
from tests.service.world import World

PLACE = Partition("events", 0)


async def restarted(world: World) -> World:
    """Return the same world after the process was killed: broker and account are as they were."""
    after = World(like=world)
    async with after.running():
        await after.settled()
    return after


def test_a_send_is_written_down_before_it_leaves() -> None:
    async def main() -> tuple[World, list[str]]:
        world = World()
        world.put("message.requested", a_message(1))
        async with world.running():
            await world.until(lambda: world.sender.sent)
            told = [point.progress for point in world.source.broker.commits.values()]
            await world.settled()
        return world, told

    world, told = run(main())

    assert told != [""]
    assert len(world.state()["sent"]) == 1


def test_a_send_waits_until_the_group_has_taken_what_is_written_down() -> None:
    async def main() -> tuple[World, int]:
        world = World()
        world.source.refuses_commits = True
        world.put("message.requested", a_message(1))
        async with world.running():
            await world.clock.sleep(60)
            sent_before = len(world.sender.sent)
            world.source.refuses_commits = False
            await world.settled()
        return world, sent_before

    world, sent_before = run(main())

    assert sent_before == 0
    assert len(world.state()["sent"]) == 1


def test_a_send_under_way_at_a_crash_is_buried_in_doubt_and_not_sent_again() -> None:
    async def main() -> World:
        world = World()
        world.sender.latency = 10.0
        world.put("message.requested", a_message(1))
        async with world.killed_when(lambda: bool(world.sender.sent)):
            pass
        return await restarted(world)

    world = run(main())

    assert world.reasons == ["sync.in_doubt"]
    assert world.letters.burials[0].flags == ("in-doubt",)
    assert world.asked("send-message") == []


def test_with_at_least_once_a_send_in_doubt_is_sent_again_and_counted() -> None:
    async def main() -> World:
        settings: Any = {"sends.delivery": "at_least_once"}
        world = World(**settings)
        world.sender.latency = 10.0
        world.put("message.requested", a_message(1))
        async with world.killed_when(lambda: bool(world.sender.sent)):
            pass
        world.sender.latency = 0.01
        return await restarted(world)

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["sent"]) == 1
    assert world.meter.counts["resent"] == 1


def test_what_was_finished_beyond_the_commit_point_is_not_done_again() -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": 600.0})
        world.put("user.updated", {"user_id": "1", "first_name": "Ann"})
        world.put("message.requested", a_message(1))
        async with world.killed_when(
            lambda: world.meter.counts["delivered message.requested"] == 1, 3
        ):
            pass
        return await restarted(world)

    world = run(main())

    assert len(world.state()["sent"]) == 1
    assert world.letters.burials == []
    assert world.meter.counts["skipped message.requested settled_before"] == 1


def test_an_event_that_comes_again_is_settled_without_a_second_call() -> None:
    async def main() -> World:
        world = World()
        for _ in range(3):
            world.put("message.requested", a_message(1), id="same")
        world.put("message.requested", a_message(2), id="same")
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert len(world.state()["sent"]) == 1
    assert world.meter.counts["skipped message.requested repeat"] == 2
    assert world.reasons == ["schema.conflict"]
