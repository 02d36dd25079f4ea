"""Reads a Retry-After header. eSputnik documents none; servers and proxies before it may send one.

Source: RFC 9110, sections 10.2.3 and 5.6.7.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil

LONGEST = 900.0  # s; whoever asks for more is asked again after that
_SECONDS = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?", re.ASCII)
_DATE = re.compile(r"[A-Z][a-z]+,? [A-Za-z0-9 :,-]+", re.ASCII)  # a weekday first


def retry_after(value: str | None, date: str | None = None) -> float | None:
    """Return how many whole seconds to wait, 0 to 900; None where the header says nothing usable.

    Args:
        value: The header: seconds (a fraction is rounded up) or an HTTP date. Negative numbers,
            dates that are over, lists and anything else count for nothing.
        date: The `Date` header of the same answer, against which a date is measured, so that our
            clock and the server's need not agree. Without it a date counts for nothing.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(LONGEST, float(ceil(float(text))))
    until, since = _moment(text), _moment((date or "").strip())
    if until is None or since is None or until < since:
        return None
    return min(LONGEST, float(ceil((until - since).total_seconds())))


def _moment(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
