"""Reads the activity feed: when an address was unsubscribed, also by its owner in a letter.

The feed's times have no zone and are taken as UTC: the vendor does not say which zone they are in.
Source: docs.yespo.io/docs/webhooks and the operation contactActivity of the OpenAPI description.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from esputnik.bodies import Object, document, is_page, one_or_many, text_in
from esputnik.call import Action
from esputnik.outcome import Answer, Blocked, Deferred, Delivered, NoAnswer, Rejected
from esputnik.requests.consents import LONGEST_WINDOW, MAX_ROWS
from esputnik.statuses import is_success, not_understood, refused, without_answer

UNSUBSCRIBED = "UNSUBSCRIBED"
AHEAD = timedelta(hours=14)  # of UTC, the farthest zone: times of another zone are not missed
UNKNOWN_TIME = datetime.max.replace(tzinfo=UTC)
_NOT_OFFERED = frozenset({403, 404, 405})

Trouble = Rejected | Deferred | Blocked
"""What tells nothing of the address; see `esputnik.outcome`."""


@dataclass(frozen=True, slots=True)
class NotOffered:
    """The account has no feed, or it does not tell of one address alone."""

    cause: str


def windows(since: datetime, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Return the windows to ask for, the newest first: from `since` to all that can be known now.

    They touch, and none is longer than the feed allows. Times are aware.
    """
    until = max(since, now) + AHEAD
    while until - since > LONGEST_WINDOW:
        yield until - LONGEST_WINDOW, until
        until -= LONGEST_WINDOW
    yield since, until


def unsubscribed(
    email: str, answer: Answer | NoAnswer
) -> Sequence[datetime] | NotOffered | Trouble:
    """Return when exactly this address was unsubscribed, as one answer of the feed tells.

    A row without a readable time counts as of now: `UNKNOWN_TIME`. A full answer without any row
    of the address was not filtered, and tells nothing.
    """
    if isinstance(answer, NoAnswer):
        return without_answer(answer)
    if not is_success(answer):
        return _refused(answer)
    rows = None if is_page(answer) else one_or_many(document(answer))
    if rows is None or not all(text_in(row.get("activityStatus")) for row in rows):
        return not_understood(answer)
    found = [_time(row) for row in rows if _is_of(row, email)]
    return NotOffered("unfiltered") if not found and len(rows) >= MAX_ROWS else found


def _refused(answer: Answer) -> NotOffered | Trouble:
    outcome = refused(Action.CONTACT_ACTIVITY, answer, is_bulk=False)
    is_told = answer.status in _NOT_OFFERED and not is_page(answer)  # a proxy does not know it
    if isinstance(outcome, Blocked) and is_told:
        return NotOffered(str(answer.status))
    return not_understood(answer) if isinstance(outcome, Delivered) else outcome


def _is_of(row: Object, email: str) -> bool:
    is_unsubscribed = text_in(row.get("activityStatus")).upper() == UNSUBSCRIBED
    return is_unsubscribed and text_in(row.get("email")).lower() == email.lower()


def _time(row: Object) -> datetime:
    try:
        found = datetime.fromisoformat(text_in(row.get("activityDateTime")))
    except ValueError:
        return UNKNOWN_TIME
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
