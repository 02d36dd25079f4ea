"""Reads times: RFC 3339 with an offset, from 2000 to a day ahead."""

import re
from datetime import UTC, datetime, timedelta

from schemas.problem import Problem, Reason

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)
# The hours and minutes are bounded here: some versions of Python take 24:00 or +05:99.
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d+))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)


def read_moment(text: str, field: str = "occurred_at") -> datetime | Problem:
    """Return the time in UTC; digits beyond microseconds are left out."""
    moment = _read(text, field)
    if isinstance(moment, Problem):
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar
        return _no_date(field)


def parse_time(text: str, *, now: datetime, field: str = "occurred_at") -> datetime | Problem:
    """Return when an event happened, in UTC; neither before 2000 nor over a day ahead of `now`.

    Digits beyond microseconds are left out. `now` is aware. Else the problem is `time.format`,
    `time.no_zone`, `time.past` or `time.future`.
    """
    moment = _read(text, field)
    if isinstance(moment, Problem):
        return moment
    if moment < EARLIEST:
        return Problem(reason=Reason.PAST, field=field, detail="is before 2000")
    if moment > now + AHEAD:
        return Problem(reason=Reason.FUTURE, field=field, detail="is over a day ahead")
    return moment.astimezone(UTC)


def _read(text: str, field: str) -> datetime | Problem:
    """Return the time with the offset it names: not every one can be moved to UTC."""
    found = _FORM.fullmatch(text)
    if found is None:
        return Problem(
            reason=Reason.FORMAT,
            field=field,
            detail="is no RFC 3339 time such as 2026-11-24T10:00:00Z",
        )
    day, clock, fraction, offset = found.groups()
    if offset is None:
        return Problem(
            reason=Reason.NO_ZONE,
            field=field,
            detail="names no zone; add Z or an offset such as +02:00",
        )
    zone = "+00:00" if offset in "Zz" else offset
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
    except ValueError:
        return _no_date(field)


def _no_date(field: str) -> Problem:
    return Problem(reason=Reason.FORMAT, field=field, detail="is no time of the calendar")
