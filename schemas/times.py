"""Reads times: RFC 3339 with an offset, from 2000 to a day ahead."""

import re
from datetime import UTC, datetime

from schemas.problem import Problem, Reason

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
FIELD = "occurred_at"
AHEAD = 24 * 3600.0  # s
# The hours and minutes are bounded here: some versions of Python take 24:00 or +05:99.
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):\d{2}:\d{2})(?:\.(\d+))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)?",
    re.ASCII,
)
# The usual spelling, of a day and a year that every calendar has: nothing about it can be wrong.
USUAL = (
    "(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_is_usual = re.compile(USUAL).fullmatch


def read_moment(text: str) -> datetime | Problem:
    """Return the time in UTC; digits beyond microseconds are left out."""
    moment = datetime.fromisoformat(text) if _is_usual(text) else _read(text)
    if isinstance(moment, Problem):
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar
        return _no_date()


def parse_time(text: str, *, now: float) -> datetime | Problem:
    """Return when an event happened, in UTC; neither before 2000 nor over a day ahead of `now`.

    Digits beyond microseconds are left out. `now` in seconds since 1970 UTC. Else the problem is
    `time.format`, `time.no_zone`, `time.past` or `time.future`.
    """
    moment = datetime.fromisoformat(text) if _is_usual(text) else _read(text)
    if isinstance(moment, Problem):
        return moment
    return judged(moment, now=now)


def judged(moment: datetime, *, now: float) -> datetime | Problem:
    """Return a time in UTC, unless it is before 2000 or over a day ahead of `now`."""
    seconds = moment.timestamp()
    if seconds < EARLIEST:
        return Problem(reason=Reason.PAST, field=FIELD, detail="is before 2000")
    if seconds > now + AHEAD:
        return Problem(reason=Reason.FUTURE, field=FIELD, detail="is more than a day in the future")
    return moment.astimezone(UTC)


def _read(text: str) -> datetime | Problem:
    """Return the time with the offset it names: not every one can be moved to UTC."""
    found = _FORM.fullmatch(text)
    if found is None:
        return Problem(
            reason=Reason.FORMAT,
            field=FIELD,
            detail="is not an RFC 3339 time such as 2026-11-24T10:00:00Z",
        )
    day, clock, fraction, offset = found.groups()
    if offset is None:
        return Problem(
            reason=Reason.NO_ZONE,
            field=FIELD,
            detail="has no UTC offset; add Z or an offset such as +02:00",
        )
    zone = "+00:00" if offset in "Zz" else offset
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
    except ValueError:
        return _no_date()


def _no_date() -> Problem:
    return Problem(reason=Reason.FORMAT, field=FIELD, detail="is not a valid date and time")
