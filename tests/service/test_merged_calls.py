"""Successive events of one contact or one order that become one item, and those that must not."""

from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.events import TWO, an_opt_out, an_order
from tests.service.world import World, carried

ANN = "ann@example.com"


def sent_orders(world: World) -> list[str]:
    """Return the statuses that eSputnik was told, in order."""
    return [one["status"] for asked in world.asked("add-orders") for one in asked["body"]["orders"]]


# -- contacts -------------------------------------------------------------------------------


def test_a_contact_goes_on_after_its_merged_update_was_refused() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule(
            [{"action": "bulk-contacts", "contains": "Bad", "item_error": "bad"}]
        )
        world.put("user.updated", {"user_id": "1", "first_name": "Bad"})
        world.put("user.updated", {"user_id": "1", "email": ANN})
        async with world.running():
            await world.settled()
            world.put("user.updated", {"email": ANN, "last_name": "Lee"})
            await world.settled(3600)
        return world

    world = run(main())

    (contact,) = world.state()["contacts"]
    assert world.reasons == ["esp.partial_item"]
    assert contact["lastName"] == "Lee"
    assert "firstName" not in contact


def test_of_merged_updates_those_refused_are_buried_alone_and_the_others_stand() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule(
            [{"action": "bulk-contacts", "contains": "Bad", "item_error": "bad"}]
        )
        for name in ("Ann", "Bad", "Eve"):
            world.put("user.updated", {"user_id": "1", "first_name": name})
        world.put("user.updated", {"user_id": "1", "last_name": "Bad"})
        return await carried(world)

    world = run(main())

    (contact,) = world.state()["contacts"]
    assert [burial.record.offset for burial in world.letters.burials] == [1, 3]
    assert (contact["firstName"], contact.get("lastName")) == ("Eve", None)


def test_updates_of_several_partitions_gather_in_one_import() -> None:
    async def main() -> World:
        world = World(partitions={"events": 4})
        for number in range(400):
            data = {"user_id": str(number), "first_name": "Ann"}
            world.put("user.updated", data, partition=number % 4)
        return await carried(world)

    world = run(main())

    assert [len(one["body"]["contacts"]) for one in world.asked("bulk-contacts")] == [400]


def test_an_update_that_names_other_fields_is_merged_only_with_its_own_contact() -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            for user in ("1", "2"):
                named = {"user_id": user, "first_name": "Old", "last_name": "Old"}
                world.put("user.updated", named)
            await world.settled()
            world.put("user.updated", {"user_id": "1", "first_name": "New"})
            world.put("user.updated", {"user_id": "1", "last_name": None})
            world.put("user.updated", {"user_id": "2", "first_name": None})
            await world.settled()
        return world

    world = run(main())

    held = {one["externalCustomerId"]: one for one in world.state()["contacts"]}
    assert (held["1"].get("firstName"), held["1"].get("lastName")) == ("New", None)
    assert (held["2"].get("firstName"), held["2"].get("lastName")) == (None, "Old")
    assert len(world.asked("bulk-contacts")) == 3


# -- orders ---------------------------------------------------------------------------------

PATH = ("initialized", "in_progress", "delivered")


def test_each_status_of_an_order_is_told_in_its_turn() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        for status in PATH:
            world.put("order.changed", an_order(1, status))
        return await carried(world)

    assert sent_orders(run(main())) == ["INITIALIZED", "IN_PROGRESS", "DELIVERED"]


def test_a_status_that_comes_back_is_told_again() -> None:
    async def main() -> World:
        world = World()
        for status in ("in_progress", "cancelled", "in_progress"):
            world.put("order.changed", an_order(1, status))
        return await carried(world)

    assert sent_orders(run(main())) == ["IN_PROGRESS", "CANCELLED", "IN_PROGRESS"]


def test_successive_states_of_one_status_become_one_and_the_last_stands() -> None:
    async def main() -> World:
        world = World()
        for total in ("1", "2", "3"):
            world.put("order.changed", an_order(1, total=total))
        return await carried(world)

    world = run(main())

    assert sent_orders(world) == ["DELIVERED"]
    assert world.state()["orders"]["o1"]["totalCost"] == 3
    assert world.meter.counts["delivered order.changed"] == 3


def test_where_only_the_latest_state_counts_the_statuses_before_it_are_left_out() -> None:
    async def main() -> World:
        settings: Any = {"orders.coalesce": "latest"}
        world = World(**settings)
        for status in PATH:
            world.put("order.changed", an_order(1, status))
        return await carried(world)

    world = run(main())

    assert sent_orders(world) == ["DELIVERED"]
    assert world.meter.counts["delivered order.changed"] == 3


@pytest.mark.parametrize("coalesce", ["status", "latest"])
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("by_store", [True, False])
def test_states_of_an_order_end_as_if_told_alone_whatever_the_account_makes_of_them(
    coalesce: str, *, keeps: bool, by_store: bool
) -> None:
    info = {"additional_info": {"gift": "yes"}}
    states: list[dict[str, Any]] = [
        {"items": [{"product_id": "p", "quantity": 1}], "total": "1"},
        {"delivery_address": "x", "total": "2"},
        {"delivery_address": "x", "total": "3", "store_id": "kyiv"},
        {"delivery_address": "x", "total": "4", "store_id": "lviv"},
        {"delivery_address": "x", "total": "5", "store_id": "lviv"} | info,
        {"delivery_address": "x", "total": "6", "store_id": "lviv", "additional_info": {}},
    ]

    async def main(*, is_alone: bool) -> World:
        settings: Any = {"orders.coalesce": coalesce}
        switches = {"keep_order": keeps, "orders_by_store": by_store}
        world = World(switches=switches, **settings)
        async with world.running():
            for state in states:
                world.put("order.changed", an_order(1) | state)
                if is_alone:
                    await world.settled()
            await world.settled()
        return world

    together, alone = run(main(is_alone=False)), run(main(is_alone=True))

    assert together.state()["orders"] == alone.state()["orders"]
    assert len(sent_orders(together)) == len(states) - 1


@pytest.mark.parametrize("coalesce", ["status", "latest"])
def test_orders_that_are_merged_keep_what_made_the_contact(coalesce: str) -> None:
    async def main() -> World:
        settings: Any = {"orders.coalesce": coalesce}
        world = World(**settings)
        world.put("order.changed", an_order(1, first_name="Ann"))
        world.put("order.changed", an_order(1))
        return await carried(world)

    assert run(main()).state()["contacts"][0].get("firstName") == "Ann"


@pytest.mark.parametrize("before", [0.0, 8.0])
def test_an_opt_out_is_told_again_after_merged_updates_that_are_sent_one_by_one(
    before: float,
) -> None:
    async def main() -> World:
        slow = {"import_seconds": 30.0, "import_spread": 0, "resubscribe": True}
        world = World(partitions=TWO, switches=slow)
        world.account.faults.rule(
            [{"action": "bulk-contacts", "contains": "Bad", "item_error": "bad"}]
        )
        world.put("user.updated", {"user_id": "1", "email": ANN, "first_name": "Bad"})
        world.put("user.updated", {"user_id": "1", "email": ANN, "last_name": "Lee"})
        async with world.running():
            await world.clock.sleep(before)
            world.put("contact.opted_out", an_opt_out(ANN), partition=1)
            await world.until(lambda: world.asked("add-unsubscribed"), 1)
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["esp.partial_item"]
    assert world.state()["unsubscribed"] == [ANN]
