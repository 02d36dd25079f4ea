from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.job import Errand
from consumer.retry import (
    Policy,
    Ruling,
    Suspicion,
    failed_to_import,
    halves,
    is_repeat,
    is_server_error,
    may_have_run,
    pause,
    rule,
    suspicion,
)
from esputnik.call import Action, Call, Repeat
from esputnik.outcome import Blocked, Deferred, Delivered, Outcome, Rejected, Scope
from tests.builders import IMPORT, a_call, a_job, a_request, an_item

BUSY = Deferred(cause="503", status=503)
DOUBT = Deferred(cause="ReadTimeout", maybe_done=True)
THROTTLED = Deferred(cause="429", is_throttle=True, status=429)
REFUSED = Rejected(reason="esp.rejected_400", is_whole=True)
CONFLICT = Rejected(reason="esp.conflict", status=409)


def errands(*calls: Call) -> list[Errand]:
    return list(a_job(*calls).errands)


def ruled(some: list[Errand], *outcomes: Outcome, **changes: Any) -> Ruling:
    given: dict[str, Any] = {"attempt": 1, "roll": 0.5, "policy": Policy()}
    return rule(some, outcomes, **(given | changes))


# -- what becomes of it -------------------------------------------------------------------------


def test_what_was_delivered_is_done() -> None:
    (errand,) = errands(a_call())
    delivered = Delivered(learned={"id": "1"})

    assert ruled([errand], delivered) == Ruling(done=[(errand, delivered)])


def test_what_was_refused_alone_is_lost() -> None:
    (errand,) = errands(a_call())

    assert ruled([errand], REFUSED) == Ruling(lost=[(errand, REFUSED)])


@pytest.mark.parametrize(("size", "middle"), [(2, 1), (3, 2)])
def test_a_refused_bulk_is_sent_again_by_halves_at_once(size: int, middle: int) -> None:
    some = errands(*[an_item()] * size)

    assert ruled(some, *[REFUSED] * size) == Ruling(apart=[some[:middle], some[middle:]])


def test_one_refused_item_of_a_bulk_is_lost_and_the_others_done() -> None:
    good, bad = errands(an_item(), an_item())
    refused = Rejected(reason="esp.partial_item")

    ruling = ruled([good, bad], Delivered(), refused)

    assert ruling == Ruling(done=[(good, Delivered())], lost=[(bad, refused)])


@pytest.mark.parametrize("repeat", [Repeat.SAFE, Repeat.KEYED])
@pytest.mark.parametrize("outcome", [DOUBT, BUSY, THROTTLED])
def test_an_outage_buries_nothing_that_may_be_repeated(repeat: Repeat, outcome: Deferred) -> None:
    (errand,) = errands(a_call(repeat=repeat))

    ruling = ruled([errand], outcome, attempt=1000)

    assert (ruling.again, ruling.lost) == ([errand], [])
    assert ruling.wait > 0


def test_a_refused_key_buries_nothing_and_waits_at_the_gate() -> None:
    (errand,) = errands(a_call(repeat=Repeat.COUNTS))

    ruling = ruled([errand], Blocked(scope=Scope.ACCOUNT, cause="401"))

    assert ruling == Ruling(again=[errand], wait=0.0)


# -- calls whose repeats count ------------------------------------------------------------------


def test_a_call_whose_repeats_count_is_in_doubt_if_it_may_have_run() -> None:
    (errand,) = errands(a_call(repeat=Repeat.COUNTS))

    ((lost, why),) = ruled([errand], DOUBT).lost

    assert lost is errand
    assert (why.reason, why.detail) == ("sync.in_doubt", "no answer: ReadTimeout; it may have run")


def test_it_is_in_doubt_after_an_answer_that_says_nothing_of_it() -> None:
    (errand,) = errands(a_call(repeat=Repeat.COUNTS))

    ((_, why),) = ruled([errand], replace(DOUBT, cause="502", status=502)).lost

    assert (why.reason, why.detail) == ("sync.in_doubt", "502; it may have run")


def test_it_is_sent_again_if_it_cannot_have_run() -> None:
    (errand,) = errands(a_call(repeat=Repeat.COUNTS))

    assert ruled([errand], BUSY).again == [errand]


def test_it_is_sent_again_if_that_is_wanted() -> None:
    (errand,) = errands(a_call(repeat=Repeat.COUNTS))

    assert ruled([errand], DOUBT, policy=Policy(at_most_once=False)).again == [errand]


# -- the guard against repeats ------------------------------------------------------------------


def test_a_repeat_is_done_if_it_is_one_of_our_own() -> None:
    (errand,) = errands(a_call())

    assert ruled([errand], CONFLICT, was_done=True).done == [(errand, Delivered())]


def test_a_repeat_of_somebody_elses_waits_until_the_minute_is_over() -> None:
    (errand,) = errands(a_call(action=Action.ADD_CONTACT))

    assert ruled([errand], CONFLICT, roll=0.0) == Ruling(again=[errand], wait=61.0)


def test_what_is_refused_as_a_repeat_for_minutes_is_none() -> None:
    (errand,) = errands(a_call(action=Action.ADD_CONTACT))

    assert ruled([errand], CONFLICT, repeats=1).again == [errand]
    assert ruled([errand], CONFLICT, repeats=2).lost == [(errand, CONFLICT)]


def test_it_does_not_wait_if_it_can_go_by_import() -> None:
    single = an_item(IMPORT, action=Action.ADD_CONTACT, repeat=Repeat.SAFE, request=a_request())
    (errand,) = errands(single)

    assert ruled([errand], CONFLICT) == Ruling(again=[errand], wait=0.0)


@pytest.mark.parametrize("repeat", [Repeat.KEYED, Repeat.COUNTS])
def test_a_conflict_of_any_other_call_is_a_refusal(repeat: Repeat) -> None:
    (errand,) = errands(a_call(repeat=repeat))

    assert ruled([errand], CONFLICT, was_done=True).lost == [(errand, CONFLICT)]


def test_a_conflict_of_a_call_that_is_not_guarded_is_a_refusal() -> None:
    (errand,) = errands(a_call(action=Action.ADD_DOMAIN))

    assert ruled([errand], CONFLICT).lost == [(errand, CONFLICT)]


def test_a_conflict_of_a_bulk_request_is_a_refusal() -> None:
    (errand,) = errands(an_item(repeat=Repeat.SAFE))
    whole = replace(CONFLICT, is_whole=True)

    assert ruled([errand], whole, was_done=True).lost == [(errand, whole)]


@pytest.mark.parametrize("was_done", [True, False])
def test_an_import_of_one_that_is_refused_as_a_repeat_goes_again_after_a_minute(
    *, was_done: bool
) -> None:
    (errand,) = errands(an_item(IMPORT, action=Action.ADD_CONTACT, repeat=Repeat.SAFE))
    whole = replace(CONFLICT, is_whole=True)

    first = ruled([errand], whole, was_done=was_done, roll=0.0)

    assert first == Ruling(again=[errand], wait=61.0)
    assert ruled([errand], whole, was_done=was_done, repeats=2).lost == [(errand, whole)]


def test_an_import_of_several_that_is_refused_as_a_repeat_goes_in_halves_at_once() -> None:
    one, other = errands(an_item(IMPORT), an_item(IMPORT))
    whole = replace(CONFLICT, is_whole=True)

    assert ruled([one, other], whole, whole) == Ruling(apart=[[one], [other]])


# -- waits --------------------------------------------------------------------------------------


def test_the_wait_that_the_api_asks_for_is_obeyed() -> None:
    asked = Deferred(cause="429", retry_after=7.0, is_throttle=True)

    assert pause(asked, attempt=1, roll=0.0) == 7.0
    assert pause(asked, attempt=9, roll=0.999) == pytest.approx(7.7, abs=0.01)


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 1.0), (2, 2.0), (7, 60.0), (5000, 60.0)])
def test_waits_double_up_to_a_minute_with_full_jitter(attempt: int, ceiling: float) -> None:
    assert pause(BUSY, attempt=attempt, roll=0.0) == 0.0
    assert pause(BUSY, attempt=attempt, roll=0.5) == ceiling / 2


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2.0), (4, 16.0), (5, 32.0), (20, 300.0)])
def test_throttling_that_does_not_end_waits_up_to_five_minutes(
    attempt: int, seconds: float
) -> None:
    assert pause(THROTTLED, attempt=attempt, roll=1.0) == seconds


def test_the_longest_wait_of_a_batch_counts() -> None:
    some = errands(an_item(), an_item())
    short, long = (Deferred(cause="429", retry_after=seconds) for seconds in (1.0, 5.0))

    assert ruled(some, long, short, roll=0.0).wait == 5.0


# -- whose fault it is --------------------------------------------------------------------------


@given(st.integers(0, 40))
def test_halves_keep_the_order_and_lose_nothing(size: int) -> None:
    some = errands(*[an_item()] * size)

    parts = halves(some)

    assert [errand for part in parts for errand in part] == some
    assert all(0 < len(part) <= (size + 1) // 2 for part in parts)


@pytest.mark.parametrize(
    ("server_errors", "found"), [(2, Suspicion.NONE), (3, Suspicion.ONE_OF_THEM)]
)
def test_three_server_errors_on_a_batch_split_it_also_in_an_outage(
    server_errors: int, found: Suspicion
) -> None:
    assert suspicion(server_errors=server_errors, seconds=0.0, size=2, success=0.0) is found


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, Suspicion.POISON),
        ({"server_errors": 7}, Suspicion.NONE),
        ({"seconds": 1799.0}, Suspicion.NONE),
        ({"success": 0.89}, Suspicion.NONE),
    ],
)
def test_a_call_alone_is_poison_after_half_an_hour_in_which_all_others_succeed(
    changes: dict[str, Any], found: Suspicion
) -> None:
    given: dict[str, Any] = {"server_errors": 8, "seconds": 1800.0, "size": 1, "success": 0.9}

    assert suspicion(**(given | changes)) is found


def test_a_server_error_is_a_5xx_alone() -> None:
    told: list[Outcome] = [Deferred(cause="500", status=500), BUSY, THROTTLED, DOUBT, REFUSED]

    assert list(map(is_server_error, told)) == [True, True, False, False, False]


def test_only_what_went_unanswered_may_have_run() -> None:
    told: list[Outcome] = [DOUBT, BUSY, REFUSED]

    assert list(map(may_have_run, told)) == [True, False, False]


def test_only_an_import_fails_after_it_was_taken() -> None:
    told: list[Outcome] = [Deferred(cause="import failed"), BUSY, Rejected(reason="import failed")]

    assert list(map(failed_to_import, told)) == [True, False, False]


def test_only_a_refusal_by_409_is_a_repeat() -> None:
    told: list[Outcome] = [CONFLICT, REFUSED, Deferred(cause="409", status=409)]

    assert list(map(is_repeat, told)) == [True, False, False]
