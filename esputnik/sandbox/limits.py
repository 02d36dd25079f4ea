"""Requests a second. Source: docs.yespo.io/reference/rate-limits.

A rate holds for the whole account, within each second of the clock, or within each hour; no
document says so, and `sliding_rates` makes it any second.
"""

from collections import deque
from collections.abc import Mapping

from esputnik.sandbox.switches import Quota, Switches

SECOND, HOUR = 1, 3600

# A quota's window in seconds and what fits into it.
QUOTAS: Mapping[Quota, tuple[int, int]] = {
    "default": (SECOND, 200),  # one total for all that is not named here
    "search": (SECOND, 50),
    "token_owner": (SECOND, 150),
    "event": (SECOND, 350),
    "past_event": (SECOND, 100),
    "templates": (HOUR, 500),
}
QUOTA_OF: Mapping[str, Quota] = {
    "find-contact": "search",
    "token-owner": "token_owner",
    "generate-event": "event",
    "generate-event-v1": "event",
    "past-events": "past_event",
    "past-events-v1": "past_event",
    "list-inbox-messages": "templates",
    "get-inbox-message": "templates",
}
# Each version of these calls has the rate for itself.
_APART = frozenset({"event", "past_event"})


class Limits:
    """Counts requests. Plain state, one owner."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._counts: dict[str, tuple[int, int]] = {}
        self._taken: dict[str, deque[float]] = {}

    def admits(self, action: str, now: float) -> bool:
        """Count a request; tell whether it is within its rate."""
        quota = QUOTA_OF.get(action, "default")
        window, documented = QUOTAS[quota]
        most = self._switches.limits.get(quota, documented)
        counter = action if quota in _APART else quota
        if self._switches.sliding_rates:
            return self._slid(counter, window, most, now)
        return self._count(counter, window, now) <= most

    def _count(self, counter: str, length: int, now: float) -> int:
        window = int(now // length)
        last, count = self._counts.get(counter, (window, 0))
        count = count + 1 if last == window else 1
        self._counts[counter] = (window, count)
        return count

    def _slid(self, counter: str, length: int, most: int, now: float) -> bool:
        taken = self._taken.setdefault(counter, deque())
        while taken and taken[0] <= now - length:
            taken.popleft()
        if len(taken) >= most:
            return False
        taken.append(now)
        return True
