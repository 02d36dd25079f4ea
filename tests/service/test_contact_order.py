"""Calls about one contact take effect in order, by whatever name and from wherever they come."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest

from consumer.record import Partition
from tests.fakes.time import run
from tests.service.events import TWO, an_order
from tests.service.world import World, carried

ANN, PHONE = "ann@example.com", "+380501234567"
WHOLE = {"user_id": "1", "email": ANN, "phone": PHONE}
NAMES = [{"user_id": "1"}, {"email": ANN}, {"phone": PHONE}]
SLOW = {"import_seconds": 60.0, "import_spread": 3.0}


def kinds(world: World) -> list[str]:
    """Return what eSputnik was asked, polls left out."""
    return [one["action"] for one in world.account.requests() if one["action"] != "import-status"]


# -- one person by several names ------------------------------------------------------------


@pytest.mark.parametrize("others", [[one] for one in NAMES] + list(combinations(NAMES, 2)))
def test_a_contact_named_by_one_name_in_the_next_event_keeps_its_order(
    others: Sequence[dict[str, str]],
) -> None:
    async def main() -> World:
        world = World(partitions={"events": 3}, switches=SLOW)
        async with world.running():
            world.put("user.updated", WHOLE)
            await world.settled()
            world.put("user.updated", WHOLE | {"first_name": "First"})
            await world.clock.sleep(1)
            for number, one in enumerate(others):
                data = one | {"first_name": f"Between {number}"}
                world.put("user.updated", data, partition=1 + number)
            await world.clock.sleep(1)
            world.put("user.updated", WHOLE | {"first_name": "Last"})
            await world.settled()
        return world

    world = run(main())

    told = [one["body"]["contacts"][0].get("firstName") for one in world.asked("bulk-contacts")]
    assert told[:2] == [None, "First"]
    # What comes last may be merged with one between that finds the contact in the same way.
    assert {str(name).partition(" ")[0] for name in told[2:-1]} <= {"Between"}
    assert told[-1] == "Last"
    assert [one["firstName"] for one in world.state()["contacts"]] == ["Last"]


def test_names_that_an_unfinished_event_has_together_are_one_line() -> None:
    """The third event would wait for the first alone, whose other name the second has."""

    async def main() -> World:
        world = World(switches=SLOW)
        world.put("user.updated", {"user_id": "1", "email": ANN})
        world.put("user.updated", {"email": ANN, "first_name": "First"})
        world.put("user.updated", {"user_id": "1", "first_name": "Second"})
        return await carried(world)

    world = run(main())

    assert [one["firstName"] for one in world.state()["contacts"]] == ["Second"]


def test_a_deletion_waits_for_a_sign_up_that_is_linked_by_an_unfinished_event() -> None:
    async def main() -> World:
        world = World(switches=SLOW)
        world.put("user.updated", {"user_id": "1", "email": ANN})
        world.put("user.signed_up", {"user_id": "1", "segments": ["VIP"]})
        world.put("user.deleted", {"email": ANN})
        return await carried(world)

    world = run(main())

    assert [one["deleted"] for one in world.state()["contacts"]] == [True]


def test_two_who_are_named_together_later_are_both_waited_for() -> None:
    async def main() -> World:
        world = World(partitions={"events": 3}, switches=SLOW)
        world.put("user.updated", {"user_id": "1", "first_name": "A"})
        world.put("user.updated", {"email": ANN, "first_name": "B"}, partition=1)
        async with world.running():
            await world.until(lambda: len(world.asked("bulk-contacts")) == 2)
            both = {"user_id": "1", "email": ANN}
            world.put("order.changed", an_order(1, **both), partition=2)
            await world.settled()
        return world

    world = run(main())

    polls = [one["at"] for one in world.asked("import-status")]
    assert kinds(world) == ["bulk-contacts", "bulk-contacts", "add-orders"]
    assert world.asked("add-orders")[0]["at"] >= polls[-1]


def test_spellings_of_one_address_are_one_contact() -> None:
    async def main() -> World:
        world = World(partitions=TWO, switches=SLOW)
        world.put("user.updated", {"email": "Ann@Example.COM", "first_name": "A"})
        async with world.running():
            await world.until(lambda: world.asked("bulk-contacts"))
            world.put("user.updated", {"email": ANN, "first_name": "B"}, partition=1)
            await world.settled()
        return world

    world = run(main())

    assert [one["firstName"] for one in world.state()["contacts"]] == ["B"]
    assert len(world.asked("bulk-contacts")) == 2


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("order.changed", an_order(1, email=ANN)),
        ("user.deleted", {"user_id": "1"}),
        ("segment.joined", {"segment_id": 5, "user_ids": ["1"]}),
        ("activity.recorded", {"name": "seen", "email": ANN}),
        ("message.requested", {"message_id": 5, "phone": PHONE}),
        ("contact.opted_in", {"channel": "email", "email": ANN}),
    ],
)
def test_whatever_comes_about_a_contact_waits_for_its_import(
    kind: str, data: dict[str, Any]
) -> None:
    async def main() -> World:
        world = World(partitions=TWO, switches=SLOW)
        world.put("user.updated", WHOLE | {"first_name": "Ann"})
        async with world.running():
            await world.until(lambda: world.asked("bulk-contacts"))
            world.put(kind, data, partition=1, occurred_at="2025-11-24T11:00:00Z")
            await world.clock.sleep(50)
            assert kinds(world) == ["bulk-contacts"]
            await world.settled()
        return world

    world = run(main())

    assert len(kinds(world)) > 1
    assert world.reasons == []


def test_a_registration_behind_a_deletion_is_settled_once() -> None:
    async def main() -> World:
        world = World()
        world.put("user.deleted", {"user_id": "1"})
        world.put("device_token.registered", {"app_id": "a", "token": "t", "user_id": "1"})
        return await carried(world)

    world = run(main())

    assert world.meter.counts["skipped device_token.registered deleted"] == 1
    assert world.asked("add-contact") == []
    assert list(world.source.commits.values()) == [2]


# -- others go on ---------------------------------------------------------------------------


def test_one_busy_contact_holds_up_no_other() -> None:
    async def main() -> tuple[World, float]:
        world = World(partitions=TWO)
        world.sender.latency = 5.0
        for number in range(500):
            data = {"name": f"seen {number}", "email": ANN}
            world.put("activity.recorded", data)
        async with world.running():
            await world.clock.sleep(60)
            world.put("activity.recorded", {"name": "seen", "email": "bob@example.com"})
            before = len(world.asked("generate-event"))
            took = await world.until(lambda: "bob" in str(world.account.requests()[-1]["body"]))
            assert before < 15
            world.sender.latency = 0.001
            await world.settled()
        return world, took

    world, took = run(main())

    assert took < 6
    assert len(world.state()["executions"]) == 501


def test_the_queue_of_one_contact_is_capped_and_its_partition_waits() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        world.sender.latency = 60.0
        for number in range(5000):
            world.put("activity.recorded", {"name": f"seen {number}", "email": ANN})
        async with world.running():
            await world.clock.sleep(300)
            assert world.source.held == {Partition("events", 0)}
            assert world.worker.ledger.records <= 2000
            world.put("order.changed", an_order(1), partition=1)
            await world.until(lambda: world.state()["orders"], 61)
            world.sender.latency = 0.001
            await world.settled()
        return world

    world = run(main())

    told = [one["body"]["eventTypeKey"] for one in world.asked("generate-event")]
    assert told == [f"seen {number}" for number in range(5000)]


def test_a_segment_event_of_five_hundred_waits_for_the_busy_member_alone() -> None:
    async def main() -> World:
        world = World(partitions=TWO, switches=SLOW)
        async with world.running():
            world.put("user.updated", {"user_id": "7", "first_name": "Ann"})
            await world.until(lambda: world.asked("bulk-contacts"))
            members = [str(number) for number in range(500)]
            data = {"segment_id": 5, "user_ids": members}
            world.put("segment.joined", data, partition=1)
            await world.until(lambda: attached(world) >= 499, 2)
            assert "7" not in all_attached(world)
            world.put("order.changed", an_order(1, user_id="8"), partition=1)
            await world.until(lambda: world.state()["orders"], 2)
            assert world.meter.counts["delivered segment.joined"] == 0
            await world.settled()
        return world

    world = run(main())

    assert sorted(all_attached(world)) == sorted(str(number) for number in range(500))
    assert len(world.asked("attach-contacts")) == 2


def attached(world: World) -> int:
    return len(all_attached(world))


def all_attached(world: World) -> list[str]:
    asked = world.asked("attach-contacts")
    return [name for one in asked for name in one["body"]["externalCustomerIds"]]


def test_who_joins_a_segment_and_leaves_it_is_told_of_twice_and_in_this_order() -> None:
    async def main() -> World:
        world = World()
        for event_type in ("segment.joined", "segment.left", "segment.joined", "segment.left"):
            world.put(event_type, {"segment_id": 7, "user_ids": ["1"]})
        return await carried(world)

    world = run(main())

    assert kinds(world) == ["attach-contacts", "detach-contacts"] * 2
    assert not any(one["externalCustomerIds"] for one in world.state()["segments"].values())
