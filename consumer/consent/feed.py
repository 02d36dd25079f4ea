"""Asks eSputnik's activity feed whether an address was opted out there since."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from consumer.consent.rules import is_stale_to_feed
from consumer.consent.words import Word
from esputnik import requests
from esputnik.activity import NotOffered, Trouble, unsubscribed, windows
from esputnik.call import Request
from esputnik.outcome import Answer, Blocked, Deferred, NoAnswer, Rejected

Ask = Callable[[Request], Awaitable[Answer | NoAnswer]]


async def is_stale_there(
    ask: Ask, email: str, opt_in: Word, *, skew: int, now: float
) -> bool | NotOffered | Trouble:
    """Tell whether eSputnik saw an opt-out of the address that the opt-in is not newer than.

    `skew` in ms, `now` in seconds since 1970 UTC. Not offered and the like are told as they come.
    """
    since = datetime.fromtimestamp((opt_in.at - skew) / 1000, UTC)
    for start, end in windows(since, datetime.fromtimestamp(now, UTC)):
        told = unsubscribed(email, await ask(requests.contact_activity(email, start, end)))
        if isinstance(told, NotOffered | Rejected | Deferred | Blocked):
            return told
        if is_stale_to_feed(opt_in, told, skew):
            return True
    return False
