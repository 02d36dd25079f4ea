"""Keeps requests within the account's limits: a token bucket for each.

eSputnik counts in fixed one-second windows that begin at its pleasure, so no window of one second
at all may hold more than the limit. A bucket that lets `burst` go at once and `pace` a second lets
at most `burst + pace` go within a second; together they stay below the limit plus one, which in
whole requests is the limit. Replicas share the limits: each takes its part of them.

Source: docs.yespo.io/reference/rate-limits
"""

from collections.abc import Mapping
from math import floor

from esputnik.call import Quota

PACE = 0.985  # of the limit; the rest is kept for requests that travel at unequal speed
BURST = 0.005  # of the limit, beside the one that may always go: makes up for late timers
CUT = 0.5  # what a 429 leaves of the pace
RECOVERY = 0.05 / 10  # of the full pace, regained each second after a 429
LEAST = 0.05  # of the full pace, however many 429
SHORTEST_WAIT = 0.001  # s; shorter ones are lost in rounding


class _Bucket:
    """Tokens at the time `filled`; times in monotonic seconds, `pace` in tokens a second.

    Until `closed_until` what is urgent may go, until `shut_until` nothing.
    """

    def __init__(self, limit: float) -> None:
        if limit <= 0:
            raise ValueError(f"a limit is above 0 requests a second, not {limit}")
        self.limit = limit
        self.pace = self.burst = 0.0
        self.filled = self.closed_until = self.shut_until = float("-inf")
        self.learned = 1.0  # of the pace, as it was at `closed_until`
        self.tokens = float("inf")  # as many as fit
        self.take_part(1.0)

    def take_part(self, part: float) -> None:
        """Let only a part of the limit go, 0 to 1."""
        most = self.limit * part
        whole = float(floor(most)) if most >= 1 else most
        self.pace = PACE * whole
        self.burst = 1.0 + BURST * whole
        self.tokens = min(self.tokens, self.burst)

    def learned_at(self, now: float) -> float:
        return min(1.0, self.learned + RECOVERY * max(0.0, now - self.closed_until))

    def fill(self, now: float) -> None:
        if now > self.filled:
            gain = (now - self.filled) * self.pace * self.learned_at(now)
            self.tokens = min(self.burst, self.tokens + gain)
            self.filled = now


class Throttle:
    """One bucket for each quota. Plain state, one owner, no lock."""

    def __init__(self, limits: Mapping[Quota, float]) -> None:
        """Take the limits in requests a second; above one they count whole."""
        self._buckets = {quota: _Bucket(limit) for quota, limit in limits.items()}

    def share(self, part: float, now: float) -> None:
        """Keep to a part of the limits from now on, above 0 and at most 1; others have the rest."""
        for bucket in self._buckets.values():
            bucket.fill(now)
            bucket.take_part(max(0.001, min(1.0, part)))

    def take(self, quota: Quota, now: float, *, is_urgent: bool = False) -> float:
        """Let one request go and return 0, or return how many seconds to wait before asking again.

        `now` is in monotonic seconds. A wait reserves nothing: whoever asks first goes first.
        What is urgent keeps to the limit, and waits for no 429 but those of its own.
        """
        bucket = self._buckets[quota]
        bucket.fill(now)
        opens = bucket.shut_until if is_urgent else bucket.closed_until
        if now < opens:
            return opens - now
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return 0.0
        missing = (1.0 - bucket.tokens) / (bucket.pace * bucket.learned_at(now))
        return max(SHORTEST_WAIT, missing)

    def penalise(
        self, quota: Quota, now: float, retry_after: float, *, is_urgent: bool = False
    ) -> None:
        """Let nothing go for `retry_after` seconds, then half as much; the pace recovers slowly.

        `is_urgent`: it was an urgent request that was refused, so those have to wait as well.

        The requests that were under way when the limit was passed are refused together: they
        count as one.
        """
        bucket = self._buckets[quota]
        bucket.fill(now)
        if now >= bucket.closed_until:
            bucket.learned = max(LEAST, bucket.learned_at(now) * CUT)
        bucket.closed_until = max(bucket.closed_until, now + retry_after)
        if is_urgent:
            bucket.shut_until = max(bucket.shut_until, now + retry_after)
