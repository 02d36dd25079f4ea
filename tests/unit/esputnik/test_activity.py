"""When an address was unsubscribed, as the activity feed tells it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest

from esputnik import requests
from esputnik.activity import UNKNOWN_TIME, NotOffered, unsubscribed, windows
from esputnik.outcome import Answer, Blocked, Deferred, NoAnswer, Rejected, Scope
from esputnik.requests.consents import LONGEST_WINDOW, MAX_ROWS
from tests.unit.esputnik.sandbox.asking import an_account

EMAIL = "ann@example.com"
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def a_row(**more: Any) -> dict[str, Any]:
    return {
        "activityStatus": "UNSUBSCRIBED",
        "activityDateTime": "2026-11-01T12:00:00",
        "email": "Ann@Example.com",
    } | more


def read(body: object, status: int = 200) -> Any:
    return unsubscribed(EMAIL, Answer(status=status, body=orjson.dumps(body)))


@pytest.mark.parametrize(
    ("body", "times"),
    [
        ([a_row()], [NOON]),
        (a_row(), [NOON]),
        ([], []),
        (None, []),
        ([a_row(email=" ANN@example.com ")], [NOON]),
        ([a_row(activityDateTime="2026-11-01T12:00:00Z")], [NOON]),
        ([a_row(activityDateTime="2026-11-01T14:00:00+02:00")], [NOON]),
        ([a_row(activityDateTime="soon")], [UNKNOWN_TIME]),
        ([a_row(activityDateTime=None)], [UNKNOWN_TIME]),
        ([a_row(email="joann@example.com")], []),
        ([a_row(email=None, sms="380671234567")], []),
        ([a_row(activityStatus="READ")], []),
        ([a_row(), a_row(activityDateTime="2026-11-02T12:00:00")], [NOON, NOON + timedelta(1)]),
    ],
)
def test_rows_of_the_very_address_count(body: object, times: list[datetime]) -> None:
    assert read(body) == times


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_feed_that_is_not_offered_says_so(status: int) -> None:
    assert read({"message": "Forbidden"}, status) == NotOffered(str(status))


def test_a_full_answer_that_was_not_filtered_tells_nothing() -> None:
    others = [a_row(email=f"{number}@example.com") for number in range(MAX_ROWS)]

    assert read(others) == NotOffered("unfiltered")
    assert read([*others[1:], a_row()]) == [NOON]
    assert read(others[1:]) == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (NoAnswer(maybe_sent=True, cause="TimeoutError"), Deferred),
        (Answer(status=500), Deferred),
        (Answer(status=429), Deferred),
        (Answer(status=403, body=b"Too Many Requests"), Deferred),
        (Answer(status=200, body=b"<html>"), Deferred),
        (Answer(status=200, body=b""), Deferred),
        (Answer(status=200, body=b'{"message":"come back"}'), Deferred),
        (Answer(status=200, body=b'["a"]'), Deferred),
        (Answer(status=400), Rejected),
        (Answer(status=400, body=b"<html>"), Blocked),
        (Answer(status=403, body=b"<html>"), Blocked),
        (Answer(status=404, body=b"<html>"), Blocked),
    ],
)
def test_what_tells_nothing_of_the_address_is_an_outcome(answer: Answer, kind: type) -> None:
    assert isinstance(unsubscribed(EMAIL, answer), kind)


def test_a_refused_key_blocks_the_account() -> None:
    outcome = unsubscribed(EMAIL, Answer(status=401))

    assert isinstance(outcome, Blocked)
    assert outcome.scope is Scope.ACCOUNT


# -- windows --------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 1, 88, 89, 90, 400])
def test_windows_cover_all_the_time_and_none_is_too_long(days: int) -> None:
    since = NOON - timedelta(days)

    found = list(windows(since, NOON))

    assert found[-1][0] == since
    assert found[0][1] >= NOON
    assert all(later[0] == earlier[1] for later, earlier in pairwise(found))
    assert all(timedelta(0) < end - start <= LONGEST_WINDOW for start, end in found)


def test_a_time_to_come_has_a_window_too() -> None:
    assert [start for start, _ in windows(NOON + timedelta(hours=1), NOON)] == [
        NOON + timedelta(hours=1)
    ]


def test_rows_of_any_zone_lie_in_the_windows() -> None:
    ((_, until),) = windows(NOON, NOON)

    assert until >= NOON + timedelta(hours=14)


@pytest.mark.parametrize("days", [-1, 90])
def test_a_window_that_the_feed_does_not_take_is_not_asked_for(days: int) -> None:
    with pytest.raises(ValueError, match="window"):
        requests.contact_activity(EMAIL, NOON, NOON + timedelta(days))


# -- the sandbox ----------------------------------------------------------------------------


def test_the_sandbox_tells_of_the_address_in_the_window_alone() -> None:
    asker = an_account()
    asker.account.happened(
        [a_row(), a_row(email="bob@example.com"), a_row(activityDateTime="2025-01-01T00:00:00")]
    )

    told = []
    for since, until in windows(NOON, NOON + timedelta(100)):
        request = requests.contact_activity(EMAIL, since, until)
        answer = asker.ask(request.method, request.path, **dict(request.query))
        told.append(unsubscribed(EMAIL, Answer(status=answer.status, body=answer.body)))

    assert told == [[], [NOON]]


def test_the_sandbox_may_do_without_the_feed() -> None:
    asker = an_account(forbidden=frozenset({"contact-activity"}))
    request = requests.contact_activity(EMAIL, NOON, NOON)

    answer = asker.ask(request.method, request.path, **dict(request.query))

    assert unsubscribed(EMAIL, Answer(status=answer.status, body=answer.body)) == NotOffered("403")
