"""Whom a look-up finds, and what is not taken for nobody or nothing."""

from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.events import TWO
from tests.service.world import World

NEAR = "1@example.com"  # within the addresses of all the others
LATER = "2025-11-24T11:00:00Z"
ROUTES: Any = {"consent.routes": {"sms": {"segment": 6}, "news": {"subscription": "news"}}}


async def among_many(*events: tuple[str, dict[str, Any]], others: int) -> World:
    """Let something happen to one who was written before so many with a like address."""
    world = World(partitions=TWO, **ROUTES)
    async with world.running():
        world.put("user.updated", {"email": NEAR, "first_name": "Ann"})
        await world.settled()
        for number in range(others):
            world.put("user.updated", {"email": f"x{number}.{NEAR}", "first_name": "Bob"})
        await world.settled()
        for kind, data in events:
            world.put(kind, data, occurred_at=LATER)
        await world.settled()
    return world


def is_there(world: World) -> bool:
    channel = {"type": "email", "value": NEAR}
    return any(channel in one["channels"] for one in world.state()["contacts"])


DELETED = ("user.deleted", {"email": NEAR, "erase": True})
OPTED_OUT = ("contact.opted_out", {"channel": "sms", "email": NEAR})


@pytest.mark.parametrize("event", [DELETED, OPTED_OUT])
def test_who_is_not_shown_among_many_is_not_nobody(event: tuple[str, dict[str, Any]]) -> None:
    world = run(among_many(event, others=500))

    (burial,) = world.letters.burials
    assert burial.reason == "esp.not_found"
    assert "name the user_id" in burial.detail
    assert is_there(world)


def test_who_is_shown_among_many_is_found() -> None:
    world = run(among_many(OPTED_OUT, DELETED, others=499))

    assert world.reasons == []
    assert not is_there(world)


def test_a_deletion_of_nobody_is_done() -> None:
    world = run(among_many(("user.deleted", {"email": "no." + NEAR}), others=3))

    assert world.reasons == []
    assert world.meter.counts["delivered user.deleted"] == 1


@pytest.mark.parametrize(("switch", "left"), [("404", 1), ("200", 0)])
def test_a_deleted_contact_is_erased_where_esputnik_still_finds_it(switch: str, left: int) -> None:
    async def main() -> World:
        world = World(switches={"delete_deleted": switch})
        async with world.running():
            world.put("user.updated", {"user_id": "1"})
            await world.settled()
            for erase in (False, True):
                who = {"user_id": "1", "erase": erase}
                world.put("user.deleted", who, occurred_at=LATER)
                await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == left


@pytest.mark.parametrize("text", ['{"results":[{"id":1,"key":"promo"}]}', '[{"name":"promo"}]'])
def test_categories_are_not_replaced_by_those_that_were_not_understood(text: str) -> None:
    async def main() -> World:
        world = World(**ROUTES)
        who = {"channel": "email", "user_id": "1"}
        rule = {"action": "get-subscriptions", "status": 200, "text": text}
        async with world.running():
            world.put("user.updated", {"user_id": "1", "email": NEAR})
            await world.settled()
            world.account.faults.rule([rule])
            world.put("contact.opted_out", who | {"categories": ["news"]})
            await world.clock.sleep(600)
            assert world.asked("set-subscriptions") == []
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.asked("set-subscriptions")) == 1
