"""Reads times: RFC 3339 with an offset, from 2000 to a day ahead."""

import re
from datetime import UTC, datetime, timedelta

from schemas.problem import Problem

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=24)
_FORM = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)


def read_moment(text: str, field: str = "occurred_at") -> datetime | Problem:
    """Return the time in UTC; digits beyond microseconds are left out."""
    found = _FORM.fullmatch(text)
    if found is None:
        return _problem("format", field, "is no RFC 3339 time such as 2026-11-24T10:00:00Z")
    day, clock, fraction, offset = found.groups()
    if offset is None:
        return _problem("no_zone", field, "names no zone; add Z or an offset such as +02:00")
    zone = "+00:00" if offset in "Zz" else offset
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}.{(fraction or '0')[:6]:0<6}{zone}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return _problem("format", field, "is no time of the calendar")


def parse_time(text: str, *, now: datetime, field: str = "occurred_at") -> datetime | Problem:
    """Return when an event happened, in UTC; neither before 2000 nor over a day ahead of `now`."""
    moment = read_moment(text, field)
    if isinstance(moment, Problem):
        # A year 0001 cannot be moved to UTC; it is past all the same.
        return _problem("past", field, "is before 2000") if text.startswith("0001") else moment
    if moment < EARLIEST:
        return _problem("past", field, "is before 2000")
    if moment > now + AHEAD:
        return _problem("future", field, "is over a day ahead")
    return moment


def _problem(code: str, field: str, detail: str) -> Problem:
    return Problem(reason=f"time.{code}", field=field, detail=detail)
