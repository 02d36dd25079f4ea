"""What follows from what was said. Pure. Times and spans are whole milliseconds.

An opt-out is told, whatever is known, unless a much newer opt-in is. An opt-in is told only if it
is newer than every opt-out. What is equal, or too near to tell, is an opt-out.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from consumer.consent.memory import Memory
from consumer.consent.words import EMAIL, Word

LEEWAY = 300_000  # ms; how far ahead of our clock an event's time may lie
MUCH_NEWER = 24 * 3600 * 1000  # ms
_EPOCH = datetime.fromtimestamp(0, UTC)
_MS = timedelta(milliseconds=1)


class Rule(StrEnum):
    """Why something was decided, as logs, reasons and metrics name it."""

    NEWEST = "newest"
    SUPERSEDED = "superseded"
    OVERTAKEN = "overtaken"
    STALE = "stale_opt_in"
    UNKNOWN = "unknown_order"
    ERASED = "erased"
    FOLLOWS = "follows"
    CROSSED = "crossed"
    DELETION = "deletion"


def ms(time: datetime) -> int:
    """Return an aware time in whole ms since 1970 UTC, rounded down."""
    return (time - _EPOCH) // _MS


def effective(occurred_at: datetime, timestamp: int, now: float) -> int:
    """Return the time that counts: the event's, unless it is to come; then its record's at most.

    The record's counts as it is, for our own clock may be slow: then what seems to come was earlier
    than its record all the same. `timestamp` is the record's in ms, -1 for none; `now` in seconds
    since 1970 UTC.
    """
    present, at = int(now * 1000), ms(occurred_at)
    if 0 <= at <= present + LEEWAY:
        return at
    if timestamp < 0:
        return present
    return min(at, timestamp) if at >= 0 else timestamp


def overrules(opt_in: Word, opt_out: Word, skew: int) -> bool:
    """Tell whether an opt-in is newer than an opt-out.

    It is by more than the clocks may differ, or where one partition holds both in this order.
    """
    if opt_in.at > opt_out.at + skew:
        return True
    is_behind = opt_in.place == opt_out.place and opt_in.offset > opt_out.offset
    return is_behind and opt_in.at > opt_out.at


def is_stale(opt_in: Word, known: Iterable[Word], skew: int) -> bool:
    """Tell whether an opt-in is not newer than every opt-out that is known."""
    return any(word.is_out and not overrules(opt_in, word, skew) for word in known)


def is_stale_to_feed(opt_in: Word, unsubscribed: Iterable[datetime], skew: int) -> bool:
    """Tell whether eSputnik saw an opt-out that the opt-in is not newer than."""
    return any(ms(time) >= opt_in.at - skew for time in unsubscribed)


def is_superseded(opt_out: Word, known: Iterable[Word]) -> bool:
    """Tell whether an explicit opt-in is so much newer that an opt-out is left untold."""
    return any(not word.is_out and word.at > opt_out.at + MUCH_NEWER for word in known)


def is_erased(at: int, deletions: Iterable[int | None]) -> bool:
    """Tell whether something happened no later than the deletion of whom it is about."""
    return any(deleted is not None and at <= deleted for deleted in deletions)


def standing(known: Sequence[Word], skew: int) -> Word | None:
    """Return the newest opt-out that no opt-in overrules; None where none stands."""
    opt_ins = [word for word in known if not word.is_out]
    outs = (
        word
        for word in known
        if word.is_out and not any(overrules(one, word, skew) for one in opt_ins)
    )
    return max(outs, key=lambda word: word.at, default=None)


def followed(memory: Memory, user: bytes, email: bytes, skew: int) -> Word | None:
    """Return the opt-out that goes along with a person to an e-mail; None where none does.

    It is one of the e-mail that the user id was seen with before, or of the user id itself, that
    no opt-in overrules, be it one of these or one that names the new e-mail.
    """
    link = memory.link(user)
    before = memory.words(link.email, EMAIL) if link is not None else []
    known = [*memory.words(user, EMAIL), *before]
    return standing([*known, *memory.opt_ins(email, EMAIL)], skew) if known else None
