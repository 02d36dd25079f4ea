"""The account's guards: requests in a second, and repeats within a minute. Pure.

Source: docs.yespo.io/reference/rate-limits, and the 409 of addContact.
"""

from collections import Counter
from hashlib import sha256

from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Asked, RefusedError

_CLASSES = {
    "find-contact": "search",
    "generate-event": "event",
    "past-events": "past_event",
}
_GUARDED = frozenset({"add-contact", "update-contact", "subscribe-contact"})


class Limits:
    """Plain state, one owner."""

    def __init__(self, switches: Switches) -> None:
        self.refused = 0
        self._switches = switches
        self._second = -1
        self._counts: Counter[str] = Counter()
        self._seen: dict[str, float] = {}

    def admit(self, action: str, now: float) -> bool:
        """Count a request in its class; tell whether the window had room for it."""
        if int(now) != self._second:
            self._second = int(now)
            self._counts.clear()
        kind = _CLASSES.get(action, "default")
        self._counts[kind] += 1
        fits = self._counts[kind] <= self._switches.limits[kind] or not self._switches.limits_apply
        self.refused += not fits
        return fits

    def check_repeat(self, action: str, asked: Asked, now: float) -> str | None:
        """Return the fingerprint of a guarded request. Raises `RefusedError` for a repeat."""
        if action not in _GUARDED:
            return None
        print_ = sha256(b"\0".join((asked.method.encode(), asked.path.encode(), asked.body)))
        fingerprint = print_.hexdigest()
        if now - self._seen.get(fingerprint, float("-inf")) < self._switches.repeat_window:
            raise RefusedError(409, "Duplicated request")
        return fingerprint

    def accepted(self, fingerprint: str | None, now: float) -> None:
        """Remember a guarded request that was taken."""
        if fingerprint is not None:
            self._seen[fingerprint] = now
