from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.batcher import Batch, Batcher, Limits
from esputnik.call import Action, Call
from tests.builders import IMPORT, ORDERS, a_call, an_item


@dataclass(eq=False)
class Waiting:
    call: Call = field(default_factory=an_item)


def a_batcher(**limits: object) -> Batcher[Waiting]:
    return Batcher(Limits(**limits))  # type: ignore[arg-type]


def taken(
    batcher: Batcher[Waiting], now: float = 0.0, *, caught_up: bool = True
) -> list[Batch[Waiting]]:
    return list(batcher.take(now, caught_up=caught_up))


def test_a_lone_item_goes_at_once_when_the_lane_is_idle_and_all_was_read() -> None:
    batcher = a_batcher()
    batcher.add(Waiting(), 0.0)

    assert [len(batch.items) for batch in taken(batcher)] == [1]


def test_while_there_is_more_to_read_a_lane_waits_for_company() -> None:
    batcher = a_batcher(max_wait=0.25)
    batcher.add(Waiting(), 0.0)

    assert taken(batcher, 0.2, caught_up=False) == []
    assert len(taken(batcher, 0.25, caught_up=False)) == 1


def test_a_busy_lane_gathers_until_its_oldest_item_waited_long_enough() -> None:
    batcher = a_batcher(max_wait=0.25)
    batcher.add(Waiting(), 0.0)
    taken(batcher)
    batcher.add(Waiting(), 1.0)
    batcher.add(Waiting(), 1.2)

    assert taken(batcher, 1.2) == []
    assert [len(batch.items) for batch in taken(batcher, 1.25)] == [2]


def test_a_lane_that_became_idle_sends_at_once() -> None:
    batcher = a_batcher()
    batcher.add(Waiting(), 0.0)
    (first,) = taken(batcher)
    batcher.add(Waiting(), 0.1)

    batcher.done(first)

    assert len(taken(batcher, 0.1)) == 1


def test_a_full_batch_goes_though_the_lane_is_busy() -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 2})
    batcher.add(Waiting(), 0.0)
    taken(batcher)
    for _ in range(3):
        batcher.add(Waiting(), 0.0)

    assert [len(batch.items) for batch in taken(batcher)] == [2]


def test_the_limit_of_the_api_stands_above_the_setting() -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 5000})
    for _ in range(1001):
        batcher.add(Waiting(), 0.0)

    assert [len(batch.items) for batch in taken(batcher)] == [1000]


def test_a_batch_closes_before_it_outgrows_the_byte_limit() -> None:
    item = b"x" * 40
    batcher = a_batcher(max_bytes=len(ORDERS.head) + len(ORDERS.tail) + 82)
    for _ in range(3):
        batcher.add(Waiting(an_item(item=item)), 0.0)

    (batch,) = taken(batcher)

    assert len(batch.items) == 2


def test_an_item_larger_than_the_byte_limit_travels_alone() -> None:
    batcher = a_batcher(max_bytes=10)
    batcher.add(Waiting(an_item(item=b"x" * 100)), 0.0)

    assert [len(batch.items) for batch in taken(batcher)] == [1]


def test_items_of_different_shapes_do_not_travel_together() -> None:
    batcher = a_batcher()
    batcher.add(Waiting(), 0.0)
    batcher.add(Waiting(an_item(IMPORT)), 0.0)

    assert {batch.action for batch in taken(batcher)} == {
        Action.ADD_ORDERS,
        Action.BULK_CONTACTS,
    }


def test_no_more_batches_of_an_action_are_under_way_than_allowed() -> None:
    batcher = a_batcher(under_way=2)
    for _ in range(3):
        batcher.add(Waiting(a_call()), 0.0)

    first, second = taken(batcher)
    assert taken(batcher) == []
    batcher.done(first)

    assert len(taken(batcher)) == 1
    assert second.shape is None


def test_imports_have_a_limit_of_their_own() -> None:
    batcher = a_batcher(under_way=1, imports=2, max_items={Action.BULK_CONTACTS: 1})
    for _ in range(3):
        batcher.add(Waiting(an_item(IMPORT)), 0.0)

    assert len(taken(batcher)) == 2


def test_the_next_due_time_is_that_of_the_oldest_waiting_lane() -> None:
    batcher = a_batcher(max_wait=0.25)
    assert batcher.next_due(0.0) is None
    batcher.add(Waiting(), 1.0)

    assert batcher.next_due(1.1) == pytest.approx(0.15)
    assert batcher.next_due(9.0) == 0.0


def test_a_lane_without_room_has_no_due_time() -> None:
    batcher = a_batcher(under_way=1)
    batcher.add(Waiting(), 0.0)
    taken(batcher)
    batcher.add(Waiting(), 0.0)

    assert batcher.next_due(9.0) is None


def test_a_lane_keeps_counting_while_another_of_its_batches_is_under_way() -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 1})
    batcher.add(Waiting(), 0.0)
    batcher.add(Waiting(), 0.0)
    first, second = taken(batcher)
    batcher.done(first)
    batcher.add(Waiting(an_item(item=b"{}")), 0.0)
    batcher.done(second)

    assert len(taken(batcher)) == 1


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(1, 7), st.integers(60, 200))
def test_every_item_travels_once_in_order_and_within_the_limits(
    sizes: list[int], most: int, room: int
) -> None:
    batcher = a_batcher(under_way=1000, max_items={Action.ADD_ORDERS: most}, max_bytes=room)
    items = [Waiting(an_item(item=b"x" * size)) for size in sizes]
    for item in items:
        batcher.add(item, 0.0)

    batches = taken(batcher, 1.0, caught_up=False)

    assert [item for batch in batches for item in batch.items] == items
    for batch in batches:
        assert len(batch.items) <= most
        assert batch.shape is not None
        body = batch.shape.request([item.call.item for item in batch.items]).body or b""
        assert len(body) <= room or len(batch.items) == 1
