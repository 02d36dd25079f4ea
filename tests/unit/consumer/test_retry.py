from dataclasses import dataclass, field
from typing import Any

import pytest

from consumer.retry import Policy, Ruling, halves, pause, rule
from esputnik.call import Call, Repeat
from esputnik.outcome import Blocked, Deferred, Delivered, Outcome, Rejected, Scope
from tests.builders import a_call, an_item

BUSY = Deferred(cause="503")
DOUBT = Deferred(cause="ReadTimeout", maybe_done=True)


@dataclass(eq=False)
class Waiting:
    call: Call = field(default_factory=a_call)


def ruled(items: list[Waiting], outcomes: list[Outcome], **changes: Any) -> Ruling[Waiting]:
    given: dict[str, Any] = {"attempt": 1, "roll": 0.5, "policy": Policy()}
    return rule(items, outcomes, **(given | changes))


def test_what_was_delivered_is_done() -> None:
    item, outcome = Waiting(), Delivered(learned={"id": "1"})

    ruling = ruled([item], [outcome])

    assert ruling.done == [(item, outcome)]
    assert ruling.parts == []


def test_what_was_refused_alone_is_lost() -> None:
    item, outcome = Waiting(), Rejected(reason="esp.rejected_400", is_whole=True)

    assert ruled([item], [outcome]).lost == [(item, outcome)]


def test_a_refused_bulk_is_sent_again_by_halves_at_once() -> None:
    items = [Waiting(an_item()) for _ in range(3)]

    ruling = ruled(items, [Rejected(reason="esp.rejected_400", is_whole=True)] * 3)

    assert ruling.parts == [items[:2], items[2:]]
    assert ruling.wait == 0.0
    assert ruling.lost == []


def test_one_refused_item_of_a_bulk_is_lost_and_the_others_done() -> None:
    good, bad = Waiting(an_item()), Waiting(an_item())
    refused = Rejected(reason="esp.partial_item")

    ruling = ruled([good, bad], [Delivered(), refused])

    assert ruling.done == [(good, Delivered())]
    assert ruling.lost == [(bad, refused)]


@pytest.mark.parametrize("repeat", [Repeat.SAFE, Repeat.KEYED])
def test_an_outage_buries_nothing_that_may_be_repeated(repeat: Repeat) -> None:
    item = Waiting(a_call(repeat=repeat))

    ruling = ruled([item], [DOUBT], attempt=1000)

    assert ruling.parts == [[item]]
    assert 0 < ruling.wait <= 60


def test_a_counted_call_that_may_have_run_is_in_doubt() -> None:
    item = Waiting(a_call(repeat=Repeat.COUNTS))

    ((lost, why),) = ruled([item], [DOUBT]).lost

    assert lost is item
    assert why.reason == "sync.in_doubt"


def test_a_counted_call_that_cannot_have_run_is_sent_again() -> None:
    item = Waiting(a_call(repeat=Repeat.COUNTS))

    assert ruled([item], [BUSY]).parts == [[item]]


def test_a_counted_call_in_doubt_is_sent_again_if_that_is_wanted() -> None:
    item = Waiting(a_call(repeat=Repeat.COUNTS))

    assert ruled([item], [DOUBT], policy=Policy(at_most_once=False)).parts == [[item]]


def test_a_refused_key_holds_the_calls_and_buries_nothing() -> None:
    item, blocked = Waiting(), Blocked(scope=Scope.ACCOUNT, cause="401")

    ruling = ruled([item], [blocked])

    assert ruling.parts == [[item]]
    assert ruling.blocked == blocked


CONFLICT = Rejected(reason="esp.conflict", status=409)


def test_a_repeat_within_a_minute_is_done_if_our_own_attempt_went_unanswered() -> None:
    item = Waiting()

    assert ruled([item], [CONFLICT], unanswered=True).done == [(item, Delivered())]


def test_a_repeat_of_an_equal_call_waits_until_the_minute_is_over() -> None:
    item = Waiting()

    ruling = ruled([item], [CONFLICT], roll=0.0)

    assert ruling.parts == [[item]]
    assert ruling.wait == 61.0


def test_a_conflict_of_a_call_that_may_not_be_repeated_is_a_refusal() -> None:
    item = Waiting(a_call(repeat=Repeat.COUNTS))

    assert ruled([item], [CONFLICT]).lost == [(item, CONFLICT)]


def test_the_wait_that_the_api_asks_for_is_obeyed() -> None:
    asked = Deferred(cause="429", retry_after=7.0, is_throttle=True)

    assert pause(asked, attempt=1, roll=0.0) == 7.0
    assert 7.0 <= pause(asked, attempt=9, roll=0.999) <= 7.7


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 1.0), (2, 2.0), (7, 60.0), (5000, 60.0)])
def test_waits_double_up_to_a_minute_with_full_jitter(attempt: int, ceiling: float) -> None:
    assert pause(BUSY, attempt=attempt, roll=0.0) == 0.0
    assert pause(BUSY, attempt=attempt, roll=0.5) == ceiling / 2


def test_throttling_that_does_not_end_waits_up_to_five_minutes() -> None:
    throttled = Deferred(cause="429", is_throttle=True)

    assert pause(throttled, attempt=4, roll=0.5) == 8.0
    assert pause(throttled, attempt=20, roll=1.0) == 300.0


def test_the_longest_wait_of_a_batch_counts() -> None:
    items = [Waiting(an_item()), Waiting(an_item())]
    short, long = (Deferred(cause="429", retry_after=seconds) for seconds in (1.0, 5.0))

    assert ruled(items, [long, short], roll=0.0).wait == 5.0


def test_halves_keep_the_order_and_lose_nothing() -> None:
    items = [Waiting() for _ in range(5)]

    assert halves(items) == [items[:3], items[3:]]
    assert halves([]) == []
