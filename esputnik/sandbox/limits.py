"""Requests a second. Source: docs.yespo.io/reference/rate-limits.

The window is a fixed one, of a second or an hour, for the whole account; no document says so.
"""

from collections.abc import Mapping

SECOND, HOUR = 1, 3600
DEFAULT = "default"

# A quota's window in seconds and what fits into it.
QUOTAS: Mapping[str, tuple[int, int]] = {
    DEFAULT: (SECOND, 200),  # one total for all that is not named here
    "search": (SECOND, 50),
    "token_owner": (SECOND, 150),
    "event": (SECOND, 350),
    "past_event": (SECOND, 100),
    "templates": (HOUR, 500),
}
QUOTA_OF: Mapping[str, str] = {
    "find-contact": "search",
    "token-owner": "token_owner",
    "generate-event": "event",
    "generate-event-v1": "event",
    "past-events": "past_event",
    "past-events-v1": "past_event",
    "list-inbox-messages": "templates",
    "get-inbox-message": "templates",
}


class Limits:
    """Counts requests. `limits` replaces documented figures by the name of a quota."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = {
            name: (window, limits.get(name, most)) for name, (window, most) in QUOTAS.items()
        }
        self._counts: dict[str, tuple[int, int]] = {}

    def admits(self, action: str, now: float) -> bool:
        """Count a request; tell whether it is within its limit."""
        quota = QUOTA_OF.get(action, DEFAULT)
        length, most = self._limits[quota]
        window = int(now // length)
        last, count = self._counts.get(quota, (window, 0))
        count = count + 1 if last == window else 1
        self._counts[quota] = (window, count)
        return count <= most
