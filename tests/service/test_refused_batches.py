"""A bulk request is refused as a whole: the bad are found at little cost, the good are done."""

from collections.abc import Collection
from math import ceil, log2
from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.events import an_order
from tests.service.world import World, carried

WORD = "unusable"  # in what eSputnik refuses


def refusing(action: str, **rule: Any) -> World:
    """Make a world whose account refuses requests that carry anything bad."""
    world = World()
    refusal = {"status": 400, "text": f"wrong value: {WORD}"} | rule
    world.account.faults.rule([{"action": action, "contains": WORD, **refusal}])
    return world


def put_orders(world: World, count: int, bad: Collection[int]) -> None:
    for number in range(count):
        text = WORD if number in bad else "fine"
        world.put("order.changed", an_order(number, status_description=text))


def put_contacts(world: World, count: int, bad: Collection[int]) -> None:
    for number in range(count):
        name = WORD if number in bad else "Ann"
        world.put("user.updated", {"user_id": str(number), "first_name": name})


def most_extra(bad: int, size: int) -> int:
    """Return how many requests more than one it may cost to find so many bad among so many."""
    return bad * (2 * ceil(log2(size)) + 1)


def spread(bad: int, size: int) -> frozenset[int]:
    """Return places for the bad ones, as far from each other as can be: the dearest case."""
    return frozenset(number * size // bad for number in range(bad))


BAD_AMONG = [(1, 2), (1, 7), (1, 64), (1, 1000), (2, 1000), (3, 100), (8, 64), (20, 1000)]


# -- what it costs --------------------------------------------------------------------------


@pytest.mark.parametrize("place", [spread, lambda bad, _: frozenset(range(bad))])
@pytest.mark.parametrize(("bad", "size"), BAD_AMONG)
def test_bad_orders_are_found_at_little_cost_and_the_good_are_delivered(
    bad: int, size: int, place: Any
) -> None:
    async def main() -> World:
        world = refusing("add-orders")
        put_orders(world, size, place(bad, size))
        return await carried(world)

    world = run(main())

    buried = {one.record.offset: (one.reason, one.detail) for one in world.letters.burials}
    assert buried == dict.fromkeys(place(bad, size), ("esp.rejected_400", "400: wrong value …"))
    assert len(world.letters.burials) == bad
    assert len(world.state()["orders"]) == size - bad
    assert len(world.asked("add-orders")) - 1 <= most_extra(bad, size)


@pytest.mark.parametrize(("bad", "size"), [*BAD_AMONG, (1, 3000), (20, 3000)])
def test_bad_contacts_are_found_at_little_cost_and_the_good_are_imported(
    bad: int, size: int
) -> None:
    async def main() -> World:
        world = refusing("bulk-contacts")
        put_contacts(world, size, spread(bad, size))
        return await carried(world)

    world = run(main())

    buried = {one.record.offset: one.reason for one in world.letters.burials}
    assert buried == dict.fromkeys(spread(bad, size), "esp.rejected_400")
    assert len(world.state()["contacts"]) == size - bad
    assert len(world.asked("bulk-contacts")) - 1 <= most_extra(bad, size)


def test_the_good_half_of_a_refused_request_does_not_wait_for_the_bad_to_be_found() -> None:
    async def main() -> World:
        world = refusing("add-orders")
        world.sender.latency = 10.0
        put_orders(world, 64, {0})
        async with world.running():
            await world.until(lambda: len(world.state()["orders"]) >= 32)
            assert world.letters.burials == []
            assert world.clock.now() < 25
            await world.settled(600)
        return world

    assert len(run(main()).state()["orders"]) == 63


# -- too large ------------------------------------------------------------------------------


LIMIT = 60_000  # bytes, of a request


def sizes(world: World, since: int = 0) -> list[int]:
    """Return how many bytes each request with orders had."""
    sent = [request for _, request in world.sender.sent[since:]]
    return [len(one.body or b"") for one in sent if one.action == "add-orders"]


def test_a_request_that_is_too_large_goes_in_parts_and_the_next_ones_are_small_enough() -> None:
    async def main() -> tuple[World, int]:
        world = World(switches={"max_body_bytes": LIMIT})
        put_orders(world, 1000, ())
        async with world.running():
            await world.settled()
            learned = len(world.sender.sent)
            for number in range(1000, 4000):
                world.put("order.changed", an_order(number))
            await world.settled()
        return world, learned

    world, learned = run(main())

    assert max(sizes(world)) > LIMIT
    assert max(sizes(world, learned)) <= LIMIT
    assert min(sizes(world, learned)[:-1]) > LIMIT / 4
    assert world.reasons == []
    assert len(world.state()["orders"]) == 4000


def test_an_order_that_alone_is_too_large_is_buried_alone() -> None:
    async def main() -> World:
        world = World(switches={"max_body_bytes": LIMIT})
        info = {f"part {number}": "x" * 900 for number in range(80)}
        for number in range(20):
            data: dict[str, Any] = {"additional_info": info} if number == 7 else {}
            world.put("order.changed", an_order(number, **data))
        return await carried(world)

    world = run(main())

    (burial,) = world.letters.burials
    assert (burial.record.offset, burial.reason) == (7, "esp.too_large")
    assert len(world.state()["orders"]) == 19


def test_requests_keep_to_the_largest_size_of_the_settings() -> None:
    async def main() -> World:
        settings: Any = {"batch.max_bytes": 70_000}
        world = World(**settings)
        put_orders(world, 1000, ())
        return await carried(world)

    world = run(main())

    assert max(sizes(world)) <= 70_000
    assert len(sizes(world)) <= ceil(sum(sizes(world)) / 70_000) + 1
