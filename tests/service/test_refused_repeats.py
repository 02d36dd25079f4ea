"""eSputnik refuses the same single-contact request within a minute (409): what that may mean."""

from collections.abc import Sequence
from typing import Any

import pytest

from consumer.retry import MOST_REPEATS
from esputnik.sandbox.wire import Object
from tests.fakes.time import run
from tests.service.world import World

ANN = "ann@example.com"


def a_sign_up(first_name: str, **data: Any) -> dict[str, Any]:
    return {"user_id": "1", "email": ANN, "first_name": first_name} | data


async def told_in_turn(*names: str, rules: Sequence[Object] = ()) -> World:
    """Let one person sign up under each of these names, one once the other is done."""
    world = World()
    world.account.faults.rule(rules)
    async with world.running():
        for name in names:
            world.put("user.signed_up", a_sign_up(name))
            await world.settled()
    return world


def first_name(world: World) -> str:
    (contact,) = world.state()["contacts"]
    return str(contact["firstName"])


def statuses(world: World) -> list[int | None]:
    return [one["status"] for one in world.asked("add-contact")]


@pytest.mark.parametrize("fate", [{"reset": "after"}, {"reset": "after", "delay": 1.0}])
def test_a_repeat_of_our_own_attempt_that_was_not_answered_is_done(fate: dict[str, Any]) -> None:
    world = run(told_in_turn("Ann", rules=[{"action": "add-contact", "times": 1, **fate}]))

    assert statuses(world) == [200, 409]
    assert world.asked("bulk-contacts") == []
    assert world.meter.counts["delivered user.signed_up"] == 1
    assert world.reasons == []


def test_the_same_again_within_a_minute_is_done_if_nothing_else_went_out_since() -> None:
    world = run(told_in_turn("Ann", "Ann"))

    assert statuses(world) == [200, 409]
    assert world.asked("bulk-contacts") == []
    assert world.meter.counts["delivered user.signed_up"] == 2


def test_a_b_a_within_a_minute_ends_with_a() -> None:
    world = run(told_in_turn("Ann", "Bea", "Ann"))

    assert statuses(world) == [200, 200, 409]
    assert len(world.asked("bulk-contacts")) == 1
    assert first_name(world) == "Ann"
    assert world.reasons == []


def test_a_b_a_after_a_minute_needs_no_import() -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            for name in ("Ann", "Bea", "Ann"):
                world.put("user.signed_up", a_sign_up(name))
                await world.settled()
                await world.clock.sleep(40)
        return world

    world = run(main())

    assert statuses(world) == [200, 200, 200]
    assert first_name(world) == "Ann"


@pytest.mark.parametrize(
    "between",
    [
        ("user.updated", {"user_id": "1", "first_name": "Bea"}),
        ("user.updated", {"email": ANN, "first_name": "Bea"}),
        ("user.deleted", {"user_id": "1"}),
    ],
)
def test_what_went_out_between_by_another_way_makes_the_repeat_go_by_import(
    between: tuple[str, dict[str, Any]],
) -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            world.put("user.signed_up", a_sign_up("Ann"))
            await world.settled()
            world.put(*between, occurred_at="2025-11-24T11:00:00Z")
            await world.settled()
            world.put("user.signed_up", a_sign_up("Ann"), occurred_at="2025-11-24T12:00:00Z")
            await world.settled()
        return world

    world = run(main())

    assert statuses(world) == [200, 409]
    assert first_name(world) == "Ann"
    assert world.state()["contacts"][0]["deleted"] is False


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_b_a_within_a_minute_ends_with_a_though_the_third_drew_a_5xx(status: int) -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            for name in ("Ann", "Bea", "Ann"):
                if len(world.account.requests()) == 2:
                    rule = {"action": "add-contact", "status": status, "times": 1}
                    world.account.faults.rule([rule])
                world.put("user.signed_up", a_sign_up(name))
                await world.settled()
        return world

    assert first_name(run(main())) == "Ann"


def test_a_registration_that_is_refused_as_a_repeat_goes_again_after_a_minute() -> None:
    async def main() -> World:
        world = World()
        data = {"app_id": "a", "token": "t1", "user_id": "1"}
        async with world.running():
            for token in ("t1", "t2", "t1"):
                world.put("device_token.registered", data | {"token": token})
                await world.settled()
        return world

    world = run(main())

    assert statuses(world) == [200, 200, 409, 200]
    third, again = (one["at"] for one in world.asked("add-contact")[2:])
    assert 61 <= again - third < 70
    assert world.reasons == []


@pytest.mark.parametrize("count", [1, 3])
def test_an_import_that_is_refused_as_a_repeat_buries_nobody(count: int) -> None:
    async def main() -> World:
        world = World()
        conflict = {"action": "bulk-contacts", "status": 409, "text": "Duplicated request"}
        world.account.faults.rule([conflict | {"times": 1}])
        for number in range(count):
            world.put("user.updated", {"user_id": str(number), "first_name": "Ann"})
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == count


@pytest.mark.parametrize(
    ("event_type", "data", "action", "tries"),
    [
        ("site.registered", {"domain": "shop.example.com"}, "add-domain", 1),
        ("segment.joined", {"segment_id": 1, "user_ids": ["1"]}, "attach-contacts", 1),
        ("user.signed_up", a_sign_up("Ann"), "add-contact", 1),  # then by import
        ("user.updated", a_sign_up("Ann"), "bulk-contacts", MOST_REPEATS),
        (
            "device_token.registered",
            {"app_id": "a", "token": "t", "user_id": "1"},
            "add-contact",
            MOST_REPEATS,
        ),
    ],
)
def test_a_conflict_that_lasts_is_buried(
    event_type: str, data: dict[str, Any], action: str, tries: int
) -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"status": 409}])
        async with world.running():
            world.put(event_type, data)
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["esp.conflict"]
    assert len(world.asked(action)) == tries
