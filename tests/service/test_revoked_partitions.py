"""What becomes of calls whose partition goes to another member."""

from typing import Any

from consumer.ledger import MOST_BEHIND
from tests.fakes.time import run
from tests.service.events import HERE, THERE, TWO, an_order
from tests.service.world import World

ANN = "ann@example.com"
THROTTLED = {
    "action": "bulk-contacts",
    "status": 429,
    "headers": {"Retry-After": "40"},
    "times": 1,
}
HELD = {"action": "delete-contact", "status": 403, "times": None}
ORDERS = MOST_BEHIND + 2000


def test_a_busy_contact_of_a_revoked_partition_is_forgotten() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        world.sender.latency = 20.0
        for _ in range(2000):
            world.put("activity.recorded", {"name": "seen", "user_id": "1"})
        async with world.running():
            await world.clock.sleep(1)
            await world.source.revoke([HERE])
            await world.clock.sleep(100)
            world.sender.latency = 0.001
            world.put("order.changed", an_order(1, user_id="1"), partition=1)
            await world.until(lambda: world.state()["orders"], 2)
            world.source.assign(world.worker)
            await world.settled()
        return world

    world = run(main())

    assert world.meter.counts["delivered activity.recorded"] >= 1998
    assert set(world.state()["executions"].values()) == {1}


def test_a_contact_goes_on_after_an_update_that_was_merged_was_abandoned() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        world.account.faults.rule([THROTTLED])
        world.put("user.updated", {"user_id": "1", "first_name": "New"})
        world.put("user.updated", {"user_id": "1", "email": ANN}, partition=1)
        async with world.running():
            await world.clock.sleep(0.5)
            await world.source.revoke([THERE])
            await world.settled()
            world.put("user.updated", {"email": ANN, "last_name": "Lee"})
            await world.settled(3600)
        return world

    world = run(main())

    profiles = world.state()["contacts"]
    assert [one.get("firstName") for one in profiles if not one["channels"]] == ["New"]
    assert [one.get("lastName") for one in profiles if one["channels"]] == ["Lee"]


def test_an_import_blanks_nothing_when_an_update_that_was_merged_was_abandoned() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        async with world.running():
            world.put("user.updated", {"user_id": "1", "first_name": "Old", "last_name": "Old"})
            await world.settled()
            world.account.faults.rule([THROTTLED])
            # The company goes first: its fields are those of the merged update.
            world.put("user.updated", {"user_id": "2", "first_name": "Bob", "last_name": "Bay"})
            world.put("user.updated", {"user_id": "1", "first_name": "New"})
            world.put("user.updated", {"user_id": "1", "last_name": "New"}, partition=1)
            await world.until(lambda: len(world.asked("bulk-contacts")) == 2)
            await world.source.revoke([THERE])
            await world.settled()
        return world

    held = {one["externalCustomerId"]: one for one in run(main()).state()["contacts"]}

    assert (held["1"]["firstName"], held["1"]["lastName"]) == ("New", "Old")
    assert (held["2"]["firstName"], held["2"]["lastName"]) == ("Bob", "Bay")


def test_what_waits_at_the_gate_is_not_sent_for_a_record_that_is_anothers_now() -> None:
    async def main() -> World:
        world = World(partitions=TWO, switches={"forbidden": "add-orders"})
        async with world.running():
            world.put("order.changed", an_order(1))
            await world.until(lambda: world.asked("add-orders"))
            await world.source.revoke([HERE])
            world.account.change_switches({"forbidden": ""})
            await world.clock.sleep(1300)
            assert world.state()["orders"] == {}
            world.put("order.changed", an_order(1), partition=1)
            await world.settled()
        return world

    assert set(run(main()).state()["orders"]) == {"o1"}


def test_what_waits_for_the_quota_is_not_sent_for_a_record_that_is_anothers_now() -> None:
    async def main() -> World:
        settings: Any = {
            "esputnik.requests_per_second": {
                "default": 0.001,
                "search": 50,
                "event": 350,
                "past_event": 100,
            }
        }
        world = World(partitions=TWO, **settings)
        async with world.running():
            world.put("order.changed", an_order(1), partition=1)
            await world.settled()
            world.put("order.changed", an_order(2))
            await world.clock.sleep(60)
            await world.source.revoke([HERE])
            await world.clock.sleep(4000)
        return world

    world = run(main())

    assert set(world.state()["orders"]) == {"o1"}
    assert world.meter.counts["abandoned"] == 1


def test_what_was_under_way_as_its_partition_went_is_done_again_by_whoever_has_it() -> None:
    async def main() -> World:
        world = World(partitions=TWO, switches={"import_seconds": 100.0})
        async with world.running():
            world.put("user.updated", {"user_id": "1", "first_name": "Ann"})
            await world.until(lambda: world.asked("bulk-contacts"))
            await world.source.revoke([HERE])
            world.source.assign(world.worker)
            await world.settled()
        return world

    world = run(main())

    assert len(world.asked("bulk-contacts")) == 2
    assert world.source.commits[HERE] == 1
    assert world.meter.counts["delivered user.updated"] == 1


def test_what_was_finished_and_never_committed_is_done_again_when_it_comes_back() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        world.source.refuses_commits = True
        async with world.running():
            world.put("order.changed", an_order(1))
            await world.settled()
            await world.source.revoke([HERE])
            world.source.refuses_commits = False
            world.source.assign(world.worker)
            await world.settled()
        return world

    world = run(main())

    assert len(world.asked("add-orders")) == 2
    assert world.source.commits[HERE] == 1


def test_what_is_finished_behind_a_held_call_is_not_kept_and_comes_again() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([HELD])
        async with world.running():
            world.put("user.deleted", {"user_id": "1"})
            for number in range(ORDERS):
                world.put("order.changed", an_order(number))
            await world.until(lambda: world.meter.counts["delivered order.changed"] == ORDERS)
            kept = len(list(world.worker.ledger.to_come_again([HERE])))
            assert kept <= MOST_BEHIND + 1
            world.account.faults.rule([])
            await world.source.revoke([HERE])
            world.source.assign(world.worker)
            await world.settled()
        return world

    world = run(main())

    assert world.meter.counts["delivered order.changed"] == 2 * ORDERS
    assert world.source.commits[HERE] == ORDERS + 1
    assert world.reasons == []
