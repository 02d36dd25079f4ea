"""The feed of what people did at eSputnik itself."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account, refusal, told

FEED = "/v2/contacts/activity"
DAY = {"dateFrom": "2026-11-01T00:00:00", "dateTo": "2026-11-01T23:59:59"}


def a_row(minute: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "activityStatus": "UNSUBSCRIBED",
        "activityDateTime": f"2026-11-01T10:{minute:02d}:00",
        "email": "Ann@example.com",
    } | more


def rows(asker: Asker, **query: str) -> list[Any]:
    return list(told(asker.get(FEED, **(DAY | query))))


def test_rows_are_shown_in_order_with_where_to_go_on() -> None:
    asker = an_account()
    asker.account.happened([a_row(1), a_row(2)])

    assert rows(asker) == [a_row(1, offset="1"), a_row(2, offset="2")]


def test_rows_come_in_pages_each_after_the_last_row_of_the_one_before() -> None:
    asker = an_account()
    asker.account.happened([a_row(minute, email=f"{minute}@b.com") for minute in range(5)])

    first = rows(asker, maxrows="2")
    second = rows(asker, maxrows="2", offset=first[-1]["offset"])

    assert [one["email"] for one in (*first, *second)] == [f"{n}@b.com" for n in range(4)]


def test_an_opt_out_by_e_mail_is_one_in_fact() -> None:
    asker = an_account()

    asker.account.happened(
        [a_row(), a_row(email="b@b.com", activityStatus="READ"), a_row(email=None, sms="380671")]
    )

    assert asker.state("unsubscribed") == ["ann@example.com"]


@pytest.mark.parametrize(
    "query",
    [
        {"email": "ANN@example.com"},
        {"sms": "+380671"},
        {"mobPushToken": "m"},
        {"webPushToken": "w"},
        {"messageTag": "b"},
        {"activityStatus": "READ", "messageTag": "a"},
    ],
)
def test_rows_are_chosen_by_what_they_hold(query: dict[str, str]) -> None:
    asker = an_account()
    whole = {"sms": "380671", "mobPushToken": "m", "webPushToken": "w", "messageTag": "a, b"}
    asker.account.happened(
        [a_row(1, activityStatus="READ", **whole), a_row(2, email="bob@example.com")]
    )

    assert [one["offset"] for one in rows(asker, **query)] == ["1"]


def test_rows_are_chosen_by_their_time() -> None:
    asker = an_account()
    times = ("2026-10-31T23:59:59", "2026-11-01T00:00:00", "2026-11-02T00:00:00", "soon")
    asker.account.happened([a_row(activityDateTime=time) for time in times])

    assert [one["activityDateTime"] for one in rows(asker)] == ["2026-11-01T00:00:00"]
    assert len(rows(asker, dateFrom="2026-11-01T03:00:00+03:00")) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "dateFrom and dateTo are required, within three months"),
        ({"dateFrom": "2026-11-01T00:00:00"}, "dateFrom and dateTo are required"),
        ({"dateFrom": "x", "dateTo": "2026-11-01T00:00:00"}, "dateFrom and dateTo are required"),
        (
            {"dateFrom": "2026-01-01T00:00:00", "dateTo": "2026-05-01T00:00:00"},
            "dateFrom and dateTo are required",
        ),
        (DAY | {"offset": "x"}, "offset or maxrows is not valid"),
        (DAY | {"maxrows": "-1"}, "offset or maxrows is not valid"),
    ],
)
def test_a_question_that_is_none_is_refused(query: dict[str, str], message: str) -> None:
    status, text = refusal(an_account().get(FEED, **query))

    assert (status, text.startswith(message)) == (400, True)
