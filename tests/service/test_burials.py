"""A record whose dead letter is not safe yet is not finished."""

from typing import Any

import pytest

from consumer.deadletters.letter import Burial
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


def test_a_letter_that_fails_while_the_process_stops_ends_it_with_the_fault() -> None:
    async def main() -> float:
        world = World()

        async def breaks(burial: Burial) -> None:  # noqa: ARG001 - as letters have it
            await world.clock.sleep(1)
            raise RuntimeError("a bug")

        world.letters.bury = breaks  # type: ignore[method-assign]  # as no letters should
        world.put("order.changed", {})
        began = world.clock.now()
        with pytest.raises(ExceptionGroup) as told:
            async with world.running():
                await world.clock.sleep(0.5)
        assert told.group_contains(RuntimeError, match="a bug")
        return world.clock.now() - began

    assert run(main()) < 5


def test_a_type_that_is_not_known_names_no_metric() -> None:
    async def main() -> World:
        world = World()
        world.sender.is_down = True
        world.put("order.changed", an_order(1))
        world.put("jane@example.com", {"x": 1})
        async with world.killed_when(lambda: bool(world.letters.burials), 5):
            pass
        after = World(like=world)
        async with after.running():
            await after.settled()
        return after

    counts = run(main()).meter.counts

    assert counts["skipped unknown settled_before"] == 1
    assert not [name for name in counts if "jane" in name]


MESSAGE = {"message_id": 5, "email": "ann@example.com"}


async def said_twice(
    kind: str, data: dict[str, Any], rules: list[dict[str, Any]], again: dict[str, Any]
) -> World:
    """Let an event be buried, then mend what was wrong, and let its id be said again."""
    world = World()
    world.account.faults.rule(rules)
    async with world.running():
        world.put(kind, data, id="ev-1")
        await world.until(lambda: world.reasons)
        world.account.faults.rule([])
        world.put(kind, again, id="ev-1")
        await world.settled(3600)
    return world


@pytest.mark.parametrize(
    ("kind", "data", "again"),
    [
        ("order.changed", an_order(1), an_order(1)),
        ("order.changed", an_order(1), an_order(1, total="11.00")),
        ("message.requested", MESSAGE, MESSAGE),
        ("message.requested", MESSAGE, MESSAGE | {"email": "bob@example.com"}),
    ],
)
def test_an_event_that_was_refused_may_be_sent_again_by_its_producer(
    kind: str, data: dict[str, Any], again: dict[str, Any]
) -> None:
    rules = [{"status": 400, "text": "wrong currency", "times": None}]

    world = run(said_twice(kind, data, rules, again))

    assert world.reasons == ["esp.rejected_400"]
    assert world.meter.counts[f"delivered {kind}"] == 1


def test_an_event_that_may_have_run_is_not_sent_again_under_its_id() -> None:
    rules = [{"action": "send-message", "reset": "after", "times": 1}]

    world = run(said_twice("message.requested", MESSAGE, rules, MESSAGE))

    assert world.reasons == ["sync.in_doubt"]
    assert world.meter.counts["skipped message.requested repeat"] == 1
    assert len(world.asked("send-message")) == 1


def test_an_event_that_was_done_in_part_is_not_done_again_under_its_id() -> None:
    rules = [{"action": "translate-inbox-message", "status": 400, "text": "no", "times": None}]
    message = {
        "name": "n",
        "title": "t",
        "text": "x",
        "translations": {"uk": {"title": "u", "text": "x"}},
    }

    world = run(said_twice("inbox_message.published", message, rules, message))

    assert world.reasons == ["esp.rejected_400"]
    assert len(world.asked("create-inbox-message")) == 1
