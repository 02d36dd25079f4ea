"""Calls gather until a request is due: at once at low load, full at high load."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.batcher import CAP_HOLDS, LEAST_CAP, OPT_OUTS_WAIT, PREPARED, Batcher, Limits
from consumer.job import Batch, Errand
from esputnik.call import Action, Repeat, Shape
from esputnik.requests import ADD_UNSUBSCRIBED, attach_contacts
from handlers.consents import OPT_OUT
from tests.builders import IMPORT, ORDERS, a_call, a_job, an_item

FRAME = len(ORDERS.head) + len(ORDERS.tail)


def a_batcher(**limits: Any) -> Batcher:
    return Batcher(Limits(**limits))


def one(call: Any = None) -> Errand:
    """An errand of its own record: an order, unless another call is given."""
    (errand,) = a_job(call or an_item()).errands
    return errand


def added(batcher: Batcher, count: int, now: float = 0.0, call: Any = None) -> list[Errand]:
    errands = [one(call) for _ in range(count)]
    for errand in errands:
        batcher.add(errand, now)
    return errands


def taken(batcher: Batcher, now: float = 0.0, *, caught_up: bool = True) -> list[Batch]:
    return list(batcher.take(now, caught_up=caught_up))


def sizes(batches: list[Batch]) -> list[int]:
    return [len(batch.errands) for batch in batches]


# -- when a request is due ------------------------------------------------------------------


def test_a_lone_item_goes_at_once_when_all_was_read() -> None:
    batcher = a_batcher()
    added(batcher, 1)

    assert sizes(taken(batcher)) == [1]


def test_while_there_is_more_to_read_items_wait_for_company() -> None:
    batcher = a_batcher(max_wait=0.25)
    added(batcher, 1)

    assert taken(batcher, 0.2, caught_up=False) == []
    assert sizes(taken(batcher, 0.25, caught_up=False)) == [1]


def test_when_half_of_the_requests_are_under_way_items_wait_for_company() -> None:
    batcher = a_batcher(max_wait=0.25, under_way=4)
    added(batcher, 1)
    (busy,) = taken(batcher)
    added(batcher, 1)
    taken(batcher)
    added(batcher, 1, now=1.0)
    added(batcher, 1, now=1.2)

    assert taken(batcher, 1.2) == []
    batcher.done(busy)
    assert sizes(taken(batcher, 1.2)) == [2]


def test_of_imports_one_alone_goes_without_company() -> None:
    batcher = a_batcher(under_way=8)
    added(batcher, 1, call=an_item(IMPORT))
    (first,) = taken(batcher)
    added(batcher, 1, call=an_item(IMPORT))

    assert taken(batcher) == []
    batcher.done(first)
    assert sizes(taken(batcher)) == [1]


def test_a_full_batch_goes_though_there_is_more_to_read() -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 2})
    added(batcher, 3)

    assert sizes(taken(batcher, caught_up=False)) == [2]


def test_a_batch_that_no_more_fits_into_goes_though_it_is_not_full_by_count() -> None:
    batcher = a_batcher(max_bytes=FRAME + 82)
    added(batcher, 3, call=an_item(item=b"x" * 40))

    assert sizes(taken(batcher, caught_up=False)) == [2]


def test_a_wait_ends_when_something_is_due() -> None:
    """Else the loop that waits would turn without end: sums of seconds are rounded."""
    for opened_at in (number * 0.0137 for number in range(5000)):
        batcher = a_batcher(max_wait=0.25)
        added(batcher, 1, now=opened_at)
        now = opened_at + 0.1

        now += batcher.next_due(now) or 0.0

        goes_on = now + (batcher.next_due(now) or 0.0) > now
        assert goes_on or taken(batcher, now, caught_up=False)


def test_the_next_request_is_due_when_the_oldest_item_waited_long_enough() -> None:
    batcher = a_batcher(max_wait=0.25)
    assert batcher.next_due(0.0) is None
    added(batcher, 1, now=1.0)
    added(batcher, 1, now=0.9, call=an_item(IMPORT))

    assert batcher.next_due(1.1) == pytest.approx(0.05)
    assert batcher.next_due(9.0) == 0.0


@pytest.mark.parametrize("shape", [ADD_UNSUBSCRIBED, attach_contacts(7, "userId")])
def test_opt_outs_wait_for_company_a_moment_at_most(shape: Shape) -> None:
    batcher = a_batcher(max_wait=2.0)
    added(batcher, 1, call=an_item(shape, intent=OPT_OUT))

    assert batcher.next_due(0.0) == OPT_OUTS_WAIT
    assert taken(batcher, 0.2, caught_up=False) == []
    assert sizes(taken(batcher, OPT_OUTS_WAIT, caught_up=False)) == [1]


def test_what_waited_elsewhere_before_keeps_its_age_in_company() -> None:
    batcher = a_batcher(max_wait=0.25)
    added(batcher, 1, now=0.2)

    added(batcher, 1, now=0.0)

    assert batcher.next_due(0.2) == pytest.approx(0.05)


# -- how large a request grows --------------------------------------------------------------


def test_the_limit_of_the_api_stands_above_the_setting() -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 5000})
    added(batcher, ORDERS.max_items + 1)

    assert sizes(taken(batcher)) == [ORDERS.max_items, 1]


def test_an_item_larger_than_the_byte_limit_travels_alone() -> None:
    batcher = a_batcher(max_bytes=10)
    added(batcher, 2, call=an_item(item=b"x" * 100))

    assert sizes(taken(batcher)) == [1, 1]


def test_after_a_request_was_too_large_the_next_ones_are_built_half_as_large() -> None:
    batcher = a_batcher()
    item = an_item(item=b"x" * (LEAST_CAP - FRAME - 1))
    batcher.cap(Action.ADD_ORDERS, 4 * LEAST_CAP, 0.0)

    added(batcher, 4, call=item)

    assert sizes(taken(batcher)) == [2, 2]


def test_a_request_that_was_too_large_lets_no_later_one_grow() -> None:
    batcher = a_batcher()
    item = an_item(item=b"x" * (LEAST_CAP - FRAME - 1))
    batcher.cap(Action.ADD_ORDERS, 2, 0.0)
    batcher.cap(Action.ADD_ORDERS, 100 * LEAST_CAP, 0.0)

    added(batcher, 2, call=item)

    assert sizes(taken(batcher)) == [1, 1]


def test_after_a_while_larger_requests_are_tried_again() -> None:
    batcher = a_batcher()
    batcher.cap(Action.ADD_ORDERS, 2, 0.0)
    batcher.cap(Action.BULK_CONTACTS, 2, 1.0)
    added(batcher, 2, call=an_item(item=b"x" * (LEAST_CAP - FRAME - 1)))

    assert sizes(taken(batcher, now=CAP_HOLDS)) == [2]
    added(batcher, 2, call=an_item(IMPORT, item=b"x" * (LEAST_CAP - FRAME - 1)))
    assert sizes(taken(batcher, now=CAP_HOLDS)) == [1, 1]


def test_requests_are_built_no_smaller_than_the_least_cap() -> None:
    batcher = a_batcher()
    batcher.cap(Action.ADD_ORDERS, 2, 0.0)

    added(batcher, 2, call=an_item(item=b"x" * (LEAST_CAP // 2 - FRAME)))

    assert sizes(taken(batcher)) == [2]


def test_items_of_different_shapes_do_not_travel_together() -> None:
    batcher = a_batcher()
    added(batcher, 1)
    added(batcher, 1, call=an_item(IMPORT))

    actions = {batch.action for batch in taken(batcher)}

    assert actions == {Action.ADD_ORDERS, Action.BULK_CONTACTS}


@given(st.lists(st.integers(1, 60), max_size=60), st.integers(1, 7), st.integers(60, 200))
def test_every_item_travels_once_in_order_and_within_the_limits(
    lengths: list[int], most: int, room: int
) -> None:
    batcher = a_batcher(under_way=1000, max_items={Action.ADD_ORDERS: most}, max_bytes=room)
    errands = [one(an_item(item=b"x" * length)) for length in lengths]
    for errand in errands:
        batcher.add(errand, 0.0)

    batches: list[Batch] = []
    while more := taken(batcher, 1.0, caught_up=False):
        batches += more

    assert [errand for batch in batches for errand in batch.errands] == errands
    for batch in batches:
        body = ORDERS.request([errand.call.item for errand in batch.errands]).body or b""
        assert len(batch.errands) <= most
        assert len(body) <= room or len(batch.errands) == 1


# -- how many are under way -----------------------------------------------------------------


def test_no_more_requests_of_an_action_are_prepared_than_soon_have_a_place() -> None:
    batcher = a_batcher(under_way=2)
    added(batcher, 2 + PREPARED + 1, call=a_call())
    first, *_others = batches = taken(batcher)

    assert sizes(batches) == [1] * (2 + PREPARED)
    batcher.done(first)

    assert sizes(taken(batcher)) == [1]


def test_of_calls_whose_repeats_count_none_is_prepared() -> None:
    batcher = a_batcher(under_way=2)
    added(batcher, 3, call=a_call(repeat=Repeat.COUNTS))

    assert len(taken(batcher)) == 2


def test_imports_have_a_limit_of_their_own() -> None:
    batcher = a_batcher(under_way=1, imports=2, max_items={Action.BULK_CONTACTS: 1})
    added(batcher, 3, call=an_item(IMPORT))

    assert len(taken(batcher)) == 2


def test_where_no_further_request_may_go_nothing_is_due() -> None:
    batcher = a_batcher(under_way=1, max_items={Action.ADD_ORDERS: 1})
    added(batcher, 1 + PREPARED + 1)
    while taken(batcher):
        pass

    assert batcher.next_due(9.0) is None
    assert taken(batcher, 9.0) == []


@pytest.mark.parametrize(("queued", "made"), [(0, PREPARED), (1, PREPARED - 1), (PREPARED, 0)])
def test_few_requests_are_made_ready_to_wait_for_the_limits_of_the_account(
    queued: int, made: int
) -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 1})
    added(batcher, 9)
    waiting = {Action.ADD_ORDERS: queued}

    assert sizes(list(batcher.take(9.0, waiting, caught_up=True))) == [1] * made
    assert (batcher.next_due(9.0, waiting) is None) == (queued == PREPARED)


def test_an_opt_out_is_made_ready_whoever_waits_for_the_limits_of_the_account() -> None:
    batcher = a_batcher()
    added(batcher, 1, call=an_item(intent=OPT_OUT))

    assert sizes(list(batcher.take(0.0, {Action.ADD_ORDERS: 9}, caught_up=True))) == [1]
    assert batcher.next_due(0.0) is None


def test_a_busy_action_does_not_hold_up_another() -> None:
    batcher = a_batcher(under_way=1, imports=1)
    added(batcher, 1, call=an_item(IMPORT))
    taken(batcher)
    added(batcher, 1, call=an_item(IMPORT))

    added(batcher, 1)

    assert [batch.action for batch in taken(batcher, 9.0)] == [Action.ADD_ORDERS]


@pytest.mark.parametrize("call", [a_call(repeat=Repeat.COUNTS), an_item(repeat=Repeat.COUNTS)])
def test_a_batch_whose_calls_rest_gives_its_place_to_another_until_it_resumes(call: Any) -> None:
    batcher = a_batcher(under_way=1)
    added(batcher, 1, call=call)
    (resting,) = taken(batcher)
    batcher.done(resting)
    taken(batcher)  # nothing: what is known of the shape is let go

    batcher.resumed(resting)
    added(batcher, 1, call=call)
    assert taken(batcher, 9.0) == []
    batcher.done(resting)

    assert sizes(taken(batcher, 9.0)) == [1]


# -- whose turn it is -----------------------------------------------------------------------


def in_turn(count: int) -> list[Errand]:
    """Errands as they came to the scheduler."""
    errands = [one() for _ in range(count)]
    for turn, errand in enumerate(errands):
        errand.turn = turn
    return errands


def test_one_that_waited_elsewhere_goes_where_it_would_have_gone() -> None:
    batcher = a_batcher(max_items={Action.ADD_ORDERS: 3})
    errands = in_turn(6)
    late = {1, 4}
    for errand in errands:
        if errand.turn not in late:
            batcher.add(errand, 0.0)
    for turn in sorted(late, reverse=True):
        batcher.add(errands[turn], 1.0, is_late=True)

    turns = [[errand.turn for errand in batch.errands] for batch in taken(batcher, 1.0)]

    assert turns == [[0, 1, 2], [3, 4, 5]]


def test_one_that_waited_elsewhere_can_be_withdrawn() -> None:
    batcher = a_batcher()
    first, second, third = in_turn(3)
    batcher.add(second, 0.0)
    for errand in (first, third):
        batcher.add(errand, 1.0, is_late=True)

    assert batcher.withdraw(first) == 1.0

    assert [list(batch.errands) for batch in taken(batcher, 1.0)] == [[second, third]]


def test_what_is_left_by_a_request_waits_as_long_as_its_oldest() -> None:
    batcher = a_batcher(max_wait=0.25, max_items={Action.ADD_ORDERS: 1})
    first, second, third = in_turn(3)
    batcher.add(first, 0.0)
    batcher.add(third, 2.0)
    batcher.add(second, 1.0, is_late=True)

    next(batcher.take(2.0, caught_up=False))

    assert batcher.next_due(1.0) == 0.25


# -- calls that are taken out again ---------------------------------------------------------


def test_an_item_that_is_withdrawn_does_not_travel_and_tells_since_when_it_waited() -> None:
    batcher = a_batcher()
    stays, leaves = added(batcher, 2, now=3.0)

    assert batcher.withdraw(leaves) == 3.0

    (batch,) = taken(batcher, 9.0)
    assert list(batch.errands) == [stays]


def test_an_item_that_is_withdrawn_makes_room() -> None:
    batcher = a_batcher(max_bytes=FRAME + 82)
    leaves, *_ = added(batcher, 3, call=an_item(item=b"x" * 40))

    batcher.withdraw(leaves)

    assert taken(batcher, caught_up=False) == []


def test_a_batch_that_lost_its_last_item_does_not_go() -> None:
    batcher = a_batcher()
    (only,) = added(batcher, 1)

    batcher.withdraw(only)

    assert taken(batcher, 9.0) == []
    assert batcher.next_due(9.0) is None


def test_an_item_that_is_added_after_the_last_one_was_withdrawn_travels() -> None:
    batcher = a_batcher()
    (only,) = added(batcher, 1)
    batcher.withdraw(only)

    batcher.add(only, 1.0)

    assert [list(batch.errands) for batch in taken(batcher, 9.0)] == [[only]]


@pytest.mark.parametrize("call", [a_call(), an_item()])
def test_what_is_under_way_cannot_be_withdrawn(call: Any) -> None:
    batcher = a_batcher()
    (errand,) = added(batcher, 1, call=call)
    (batch,) = taken(batcher)

    assert batcher.withdraw(errand) is None
    assert list(batch.errands) == [errand]


@pytest.mark.parametrize("call", [a_call(), an_item()])
def test_what_never_came_cannot_be_withdrawn(call: Any) -> None:
    assert a_batcher().withdraw(one(call)) is None
