from datetime import UTC, datetime

import pytest

from schemas.problem import Problem
from schemas.times import parse_time, read_moment

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp()


def reason(text: str) -> str:
    parsed = parse_time(text, now=NOW)
    assert isinstance(parsed, Problem)
    assert parsed.field == "occurred_at"
    assert parsed.detail
    return parsed.reason


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T09:30:00Z", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("2026-11-24t09:30:00z", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
        ("2026-11-24 09:30:00+02:00", datetime(2026, 11, 24, 7, 30, tzinfo=UTC)),
        ("2026-11-24T00:30:00-00:30", datetime(2026, 11, 24, 1, tzinfo=UTC)),
        ("2026-11-24T09:30:00.5Z", datetime(2026, 11, 24, 9, 30, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_a_time_with_an_offset_is_moved_to_utc(text: str, moment: datetime) -> None:
    parsed = parse_time(text, now=NOW)
    assert parsed == moment
    assert isinstance(parsed, datetime)
    assert parsed.tzinfo is UTC


def test_digits_beyond_microseconds_are_left_out_and_not_rounded() -> None:
    parsed = parse_time("2026-11-24T09:30:00.123456999999Z", now=NOW)
    assert parsed == datetime(2026, 11, 24, 9, 30, 0, 123_456, tzinfo=UTC)


def test_a_time_without_an_offset_is_not_guessed() -> None:
    assert reason("2026-11-24T09:30:00") == "time.no_zone"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "1700000000",
        "2026-11-24",
        "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-99-99T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-01-01T00:00:00+25:00",
        "2026-01-01T00:00:00+05:99",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Z\n",
        "٢٠٢٦-01-01T00:00:00Z",
    ],
)
def test_anything_but_rfc_3339_is_refused(text: str) -> None:
    assert reason(text) == "time.format"


@pytest.mark.parametrize("text", ["1999-12-31T23:59:59Z", "0001-01-01T00:00:00+02:00"])
def test_a_time_before_2000_is_past(text: str) -> None:
    assert reason(text) == "time.past"


@pytest.mark.parametrize("text", ["2026-11-25T10:00:01Z", "9999-12-31T23:59:59-02:00"])
def test_a_time_over_a_day_ahead_is_future(text: str) -> None:
    assert reason(text) == "time.future"


@pytest.mark.parametrize("text", ["2000-01-01T00:00:00Z", "2026-11-25T10:00:00Z"])
def test_the_bounds_themselves_are_taken(text: str) -> None:
    assert isinstance(parse_time(text, now=NOW), datetime)


def test_a_moment_has_no_bounds_but_the_calendars() -> None:
    assert read_moment("1999-01-01T00:00:00Z") == datetime(1999, 1, 1, tzinfo=UTC)
    beyond = read_moment("9999-12-31T23:59:59-02:00")
    assert isinstance(beyond, Problem)
    assert beyond.reason == "time.format"
    unread = read_moment("x")
    assert isinstance(unread, Problem)
