"""An opt-out reaches eSputnik within a second, whatever else is queued or failing."""

from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.events import TWO, an_opt_out, an_order
from tests.service.world import World, carried

ANN = "ann@example.com"
SLOW: Any = {
    "esputnik.requests_per_second": {"default": 5, "search": 5, "event": 5, "past_event": 5},
    "batch.max_orders": 10,
}


async def opted_out(world: World, email: str = ANN) -> float:
    """Let somebody opt out; return after how many seconds eSputnik knows."""
    world.put("contact.opted_out", an_opt_out(email), partition=1)
    return await world.until(lambda: email in world.state()["unsubscribed"], 3600)


def put_orders(world: World, count: int) -> None:
    for number in range(count):
        world.put("order.changed", an_order(number))


def test_an_opt_out_goes_before_a_long_queue_that_the_quota_slows() -> None:
    async def main() -> tuple[World, list[float]]:
        world = World(partitions=TWO, **SLOW)
        put_orders(world, 1000)
        async with world.running():
            await world.clock.sleep(5)
            took = [await opted_out(world, f"ann{number}@example.com") for number in range(5)]
            await world.settled()
        return world, took

    world, took = run(main())

    assert max(took) < 1
    assert len(world.state()["orders"]) == 1000


def test_an_opt_out_finds_a_slot_though_all_requests_are_under_way_and_slow() -> None:
    async def main() -> float:
        settings: Any = {"batch.max_orders": 10}
        world = World(partitions=TWO, **settings)
        world.account.faults.rule([{"action": "add-orders", "delay": 29.0}])
        put_orders(world, 1000)
        async with world.running():
            await world.clock.sleep(5)
            assert world.sender.at_once == 8
            took = await opted_out(world)
            world.account.faults.rule([])
            await world.settled()
        return took

    assert run(main()) < 1


@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_an_opt_out_goes_while_everything_else_is_refused_or_fails(status: int) -> None:
    async def main() -> tuple[World, list[float]]:
        world = World(partitions=TWO)
        rules = [
            {"action": name, "status": status, "text": "wrong data"}
            for name in ("add-orders", "bulk-contacts", "add-contact", "import-status")
        ]
        world.account.faults.rule(rules)
        put_orders(world, 200)
        async with world.running():
            for number in range(200):
                data = {"user_id": str(number), "first_name": "Ann"}
                world.put("user.updated", data)
            took = []
            for number in range(4):
                await world.clock.sleep(100)
                took.append(await opted_out(world, f"ann{number}@example.com"))
            world.account.faults.rule([])
            await world.settled(every=1)
        return world, took

    _, took = run(main())

    assert max(took) < 1


@pytest.mark.parametrize(
    ("action", "status", "event_type", "data"),
    [
        ("add-orders", 503, "order.changed", an_order(1, email=ANN)),
        ("send-message", 403, "message.requested", {"message_id": 5, "email": ANN}),
        ("generate-event", 403, "activity.recorded", {"name": "seen", "email": ANN}),
        ("add-contact", 503, "user.signed_up", {"user_id": "1", "email": ANN}),
    ],
)
def test_an_opt_out_goes_though_an_earlier_call_of_the_same_person_is_held(
    action: str, status: int, event_type: str, data: Any
) -> None:
    async def main() -> tuple[World, float]:
        world = World(partitions=TWO)
        world.account.faults.rule([{"action": action, "status": status}])
        async with world.running():
            world.put(event_type, data)
            await world.until(lambda: bool(world.asked(action)))
            took = await opted_out(world)
            world.account.faults.rule([])
            await world.settled(600)
        return world, took

    world, took = run(main())

    assert took < 1
    assert world.reasons == []
    assert ANN in world.state()["unsubscribed"]


def test_an_opt_out_goes_within_a_second_though_orders_were_told_to_wait() -> None:
    async def main() -> float:
        world = World(partitions=TWO)
        throttle = {"status": 429, "headers": {"Retry-After": "30"}}
        async with world.running():
            world.account.faults.rule([{"action": "add-orders", **throttle}])
            put_orders(world, 1)
            await world.clock.sleep(1)
            took = await opted_out(world)
            world.account.faults.rule([])
            await world.settled()
        return took

    assert run(main()) < 1


def test_opt_outs_wait_where_one_of_them_was_told_to() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        throttle = {"status": 429, "headers": {"Retry-After": "30"}, "times": 1}
        world.account.faults.rule([{"action": "add-unsubscribed", **throttle}])
        async with world.running():
            world.put("contact.opted_out", an_opt_out(ANN))
            await world.clock.sleep(1)
            assert await opted_out(world, "bob@example.com") >= 29
            await world.settled()
        return world

    world = run(main())

    first, *others = (one["at"] for one in world.asked("add-unsubscribed"))
    assert 30 <= min(others) - first <= 31
    assert world.state()["unsubscribed"] == [ANN, "bob@example.com"]


def test_opt_outs_that_fail_hold_nothing_else() -> None:
    async def main() -> float:
        world = World(partitions=TWO)
        world.account.faults.rule([{"action": "add-unsubscribed", "status": 503}])
        async with world.running():
            for number in range(20):
                data = an_opt_out(f"ann{number}@example.com")
                world.put("contact.opted_out", data, partition=1)
            await world.clock.sleep(600)
            put_orders(world, 20)
            took = await world.until(lambda: len(world.state()["orders"]) == 20)
            world.account.faults.rule([])
            await world.settled()
        return took

    assert run(main()) < 1


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 429}, {"status": 403}, {"reset": "before"}]
)
def test_an_opt_out_that_fails_for_hours_is_told_in_the_end(fault: dict[str, Any]) -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "add-unsubscribed", **fault}])
        async with world.running():
            world.put("contact.opted_out", an_opt_out(ANN))
            await world.clock.sleep(10_800)
            assert world.state()["unsubscribed"] == []
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert world.state()["unsubscribed"] == [ANN]
    assert world.reasons == []


def test_an_opt_out_does_not_wait_for_an_import_of_the_same_contact() -> None:
    async def main() -> tuple[World, float]:
        world = World(partitions=TWO, switches={"import_seconds": 600.0, "resubscribe": True})
        world.put("user.updated", {"user_id": "1", "email": ANN})
        async with world.running():
            await world.until(lambda: world.asked("bulk-contacts"))
            took = await opted_out(world)
            await world.settled()
        return world, took

    world, took = run(main())

    assert took < 1
    assert world.state()["unsubscribed"] == [ANN]


def test_an_opt_out_passes_an_add_contact_under_way_and_is_told_again() -> None:
    async def main() -> World:
        world = World(switches={"resubscribe": True})
        async with world.running():
            world.sender.latency = 3.0
            world.put("user.signed_up", {"user_id": "1", "email": ANN})
            await world.until(lambda: world.sender.sent)
            world.sender.latency = 0.01
            world.put("contact.opted_out", an_opt_out(ANN))
            await world.settled()
        return world

    world = run(main())

    asked = [one["action"] for one in world.account.requests()]
    assert world.state()["unsubscribed"] == [ANN]
    assert asked == ["add-unsubscribed", "add-contact", "add-unsubscribed"]


def test_an_opt_out_that_is_answered_after_an_import_it_passed_is_told_again() -> None:
    async def main() -> World:
        world = World(switches={"resubscribe": True, "import_seconds": 5})
        slow = {"action": "add-unsubscribed", "delay": 20.0, "times": 1}
        world.account.faults.rule([slow])
        async with world.running():
            world.put("user.updated", {"email": ANN, "first_name": "Ann"})
            await world.until(lambda: world.asked("bulk-contacts"))
            world.put("contact.opted_out", an_opt_out(ANN))
            await world.settled()
        return world

    world = run(main())

    assert world.state()["unsubscribed"] == [ANN]
    assert len(world.asked("add-unsubscribed")) == 2


def test_an_opt_out_by_e_mail_does_not_drop_an_opt_in_to_sms() -> None:
    async def main() -> World:
        routes: Any = {"consent.routes": {"sms": {"segment": 7}}}
        world = World(switches={"import_seconds": 5}, **routes)
        world.account.use_segments([{"id": 7, "name": "No SMS", "type": "Static"}])
        async with world.running():
            world.put("user.updated", {"email": ANN, "first_name": "Ann"})
            await world.until(lambda: world.asked("bulk-contacts"))
            world.put("contact.opted_in", an_opt_out(ANN, "sms"))
            world.put("contact.opted_out", an_opt_out(ANN))
            await world.settled()
        return world

    world = run(main())

    assert world.asked("detach-contacts")
    assert world.state()["unsubscribed"] == [ANN]


def test_an_opt_out_by_a_segment_passes_those_who_join_it() -> None:
    async def main() -> float:
        settings: Any = {
            "batch.max_segment_contacts": 20,
            "consent.routes": {"sms": {"segment": 1}},
        }
        world = World(partitions=TWO, **(SLOW | settings))
        world.put("user.signed_up", {"user_id": "ann", "email": "ann@example.com"})
        world = World(like=await carried(world))
        for number in range(2000):
            world.put("segment.joined", {"segment_id": 1, "user_ids": [f"a{number}"]})
        async with world.running():
            await world.clock.sleep(2)
            opt_out = {"channel": "sms", "user_id": "ann"}
            world.put("contact.opted_out", opt_out, partition=1)
            took = await world.until(
                lambda: any('"ann"' in str(r.body) for _, r in world.sender.sent)
            )
            await world.settled()
        return took

    assert run(main()) < 1
