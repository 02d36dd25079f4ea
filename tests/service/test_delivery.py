"""How an event gets to eSputnik, and what may befall it on the way."""

from typing import Any

from structlog.testing import capture_logs

from tests.fakes.time import run
from tests.service.events import an_order
from tests.service.world import World


def test_a_sign_up_reaches_esputnik_and_its_offset_is_committed() -> None:
    async def main() -> World:
        world = World()
        world.put("user.signed_up", {"user_id": "1", "email": "ann@example.com"})
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    (contact,) = world.state()["contacts"]
    assert contact["externalCustomerId"] == "1"
    assert list(world.source.commits.values()) == [1]
    assert world.letters.burials == []


def test_a_backlog_goes_in_full_requests() -> None:
    async def main() -> World:
        world = World()
        for number in range(2500):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert [len(one["body"]["orders"]) for one in world.asked("add-orders")] == [1000, 1000, 500]
    assert len(world.state()["orders"]) == 2500


def test_an_import_is_followed_to_its_end_before_the_offset_moves() -> None:
    async def main() -> tuple[World, dict[Any, int]]:
        world = World()
        world.put("user.updated", {"user_id": "1", "first_name": "Ann"})
        async with world.running():
            await world.until(lambda: world.asked("bulk-contacts"))
            before = dict(world.source.commits)
            await world.settled()
        return world, before

    world, before = run(main())

    assert list(before.values()) == [0]
    assert list(world.source.commits.values()) == [1]
    assert world.asked("import-status")[-1]["status"] == 200
    assert world.state()["contacts"][0]["firstName"] == "Ann"


def test_one_bad_order_among_a_thousand_is_buried_alone() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule(
            [{"action": "add-orders", "contains": '"o77"', "status": 400, "text": "bad order"}]
        )
        for number in range(1000):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["esp.rejected_400"]
    assert len(world.state()["orders"]) == 999
    assert len(world.asked("add-orders")) <= 1 + 2 * 10 + 1


def test_an_outage_waits_buries_nothing_and_ends_by_itself() -> None:
    async def main() -> tuple[World, int, float]:
        world = World()
        async with world.running():
            world.sender.is_down = True
            for number in range(200):
                world.put("order.changed", an_order(number))
            await world.clock.sleep(7200)
            asked = len(world.sender.sent)
            world.sender.is_down = False
            took = await world.until(lambda: len(world.state()["orders"]) == 200)
            await world.settled()
        return world, asked, took

    world, asked, took = run(main())

    assert world.letters.burials == []
    assert asked < 7200 / 60 * 1.3 + 30
    assert took < 70
    assert world.meter.counts["delivered order.changed"] == 200


def test_a_message_that_may_have_been_sent_is_buried_in_doubt() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "send-message", "reset": "after", "times": 1}])
        world.put("message.requested", {"message_id": 5, "email": "ann@example.com"})
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["sync.in_doubt"]
    assert len(world.state()["sent"]) == 1


def test_with_at_least_once_it_is_sent_again_and_counted() -> None:
    async def main() -> World:
        settings: Any = {"sends.delivery": "at_least_once"}
        world = World(**settings)
        world.account.faults.rule([{"action": "send-message", "reset": "after", "times": 2}])
        world.put("message.requested", {"message_id": 5, "email": "ann@example.com"})
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["sent"]) == 3
    assert world.meter.counts["resent"] == 2


def test_each_request_and_each_wait_is_a_line_of_the_debug_log() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "add-domain", "status": 503, "times": 1}])
        world.put("site.registered", {"domain": "a.example.com"})
        async with world.running():
            await world.settled()
        return world

    with capture_logs() as lines:
        world = run(main())

    called = [line for line in lines if line["event"] == "called"]
    told = [(line["action"], line["status"], line["idempotency_key"]) for line in called]
    asked = world.asked("add-domain")
    assert [one for one in told if one[0] == "add-domain"] == [
        ("add-domain", one["status"], one["idempotency_key"]) for one in asked
    ]
    assert [one["status"] for one in asked] == [503, 201]
    assert all(line["duration_ms"] >= 0 for line in called)
    (waited,) = [line for line in lines if line["event"] == "tries_again"]
    assert (waited["action"], waited["attempt"], waited["log_level"]) == ("add-domain", 1, "debug")


def test_a_refused_key_holds_everything_until_it_is_good_again() -> None:
    async def main() -> World:
        world = World()
        world.account.change_switches({"api_key": "another"})
        world.put("order.changed", an_order(1))
        async with world.running():
            await world.clock.sleep(300)
            assert len(world.asked("add-orders")) == 1
            world.account.change_switches({"api_key": "sandbox"})
            await world.settled()
        return world

    world = run(main())

    assert world.letters.burials == []
    assert len(world.state()["orders"]) == 1


def test_successive_updates_of_one_contact_become_one() -> None:
    async def main() -> World:
        world = World()
        world.put("user.updated", {"user_id": "1", "first_name": "Ann", "language": "uk"})
        world.put("user.updated", {"user_id": "1", "first_name": None, "last_name": "Lee"})
        world.put("user.updated", {"user_id": "1", "last_name": "Lys", "address": {"city": "Kyiv"}})
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    bodies = [one["body"] for one in world.asked("bulk-contacts")]
    assert len(bodies) == 1
    (contact,) = world.state()["contacts"]
    assert contact["lastName"] == "Lys"
    assert contact["languageCode"] == "uk"
    assert contact["address"] == {"town": "Kyiv"}
    assert "firstName" not in contact
    assert world.meter.counts["delivered user.updated"] == 3


def test_most_refused_for_one_cause_pauses_the_action_and_a_held_call_frees_it() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule(
            [{"action": "add-orders", "status": 400, "text": "wrong currency"}]
        )
        for number in range(400):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(600)
            buried = len(world.letters.burials)
            world.account.faults.rule([])
            await world.settled()
            assert len(world.letters.burials) == buried
        return world

    world = run(main())

    assert len(world.letters.burials) <= 60
    assert len(world.state()["orders"]) == 400 - len(world.letters.burials)


def test_an_opt_out_passes_an_import_and_is_asserted_again_when_that_has_ended() -> None:
    async def main() -> tuple[World, float]:
        world = World(switches={"import_seconds": 120.0})
        world.put("user.updated", {"user_id": "1", "email": "ann@example.com"})
        async with world.running():
            await world.until(lambda: bool(world.asked("bulk-contacts")))
            world.put("contact.opted_out", {"channel": "email", "email": "ann@example.com"})
            took = await world.until(lambda: bool(world.state()["unsubscribed"]))
            assert world.meter.counts["delivered contact.opted_out"] == 0
            await world.settled()
        return world, took

    world, took = run(main())

    assert took < 1
    ends = [one["action"] for one in world.account.requests()][-2:]
    assert ends == ["import-status", "add-unsubscribed"]
    assert len(world.asked("add-unsubscribed")) == 2
    assert world.meter.counts["delivered contact.opted_out"] == 1
