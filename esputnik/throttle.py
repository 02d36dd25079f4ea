"""Keeps requests within the account's limits: for each, the times of the last ones and a bucket.

eSputnik counts in fixed one-second windows that begin at its pleasure, so no window of one second
at all may hold more than the limit: a request waits until `SPAN` after the one that came a whole
limit before it. A token bucket spreads them over that time. It saves up what late timers cost, so
nothing is wasted but what a request is later than the one a limit before. Of a limit of hundreds
some are left for requests that travel long and arrive among later ones. Replicas share the limits:
each takes its part of them.

Source: docs.yespo.io/reference/rate-limits
"""

from collections import deque
from collections.abc import Mapping
from math import ceil, floor

from esputnik.call import Quota

SPAN = 1.005  # s for a limit's requests: a second, and what some travel longer than others
SPARE = 0.01  # of the limit, in whole requests, for those that travel longer than that
BURST = 0.1  # s of requests that may be made up for at once, beside the one that may always go
CUT = 0.5  # what a 429 leaves of the pace
RECOVERY = 0.05 / 10  # of the full pace, regained each second after a 429
LEAST = 0.05  # of the full pace, however many 429
SHORTEST_WAIT = 0.001  # s; timers know no shorter one
REMEMBERED = 10_000  # requests; of a limit above, the bucket lets a tenth more go at times
ROUNDING = 1e-6  # s; waits below are left over from adding up
FORGOTTEN = 600.0  # s after a 429 has lapsed, where nothing of its quota was tried again


class _Bucket:
    """Tokens at the time `filled`; times in monotonic seconds, `pace` in tokens a second.

    `sent` holds when the last requests went, of which `most` may go within `span`.
    Until `closed_until` what is urgent may go, until `shut_until` nothing. `cut_at`: when a 429
    last cut the pace. `refused_since`: when the first 429 came after the last good answer.
    """

    def __init__(self, limit: float) -> None:
        if limit <= 0:
            raise ValueError(f"a limit is above 0 requests a second, not {limit}")
        self.limit = limit
        self.most, self.span = 1, SPAN
        self.filled = self.cut_at = self.closed_until = self.shut_until = float("-inf")
        self.refused_since: float | None = None
        self.learned = 1.0  # of the pace, as it was at `closed_until`
        self.tokens = float("inf")  # as many as fit
        self.sent: deque[float] = deque(maxlen=min(ceil(limit), REMEMBERED))
        self.take_part(1.0)

    @property
    def pace(self) -> float:
        return self.most / self.span

    def take_part(self, part: float) -> None:
        """Let only a part of the limit go, 0 to 1."""
        share = self.limit * part
        self.most = max(1, floor(share) - floor(SPARE * share))
        self.span = SPAN / min(1.0, share)
        self.tokens = min(self.tokens, 1.0 + BURST * self.pace)

    def learned_at(self, now: float) -> float:
        return min(1.0, self.learned + RECOVERY * max(0.0, now - self.closed_until))

    def is_refused(self, now: float) -> bool:
        return self.refused_since is not None and now < self.closed_until + FORGOTTEN

    def fill(self, now: float) -> None:
        if now > self.filled:
            pace = self.pace * self.learned_at(now)
            self.tokens = min(1.0 + BURST * pace, self.tokens + (now - self.filled) * pace)
            self.filled = now

    def wait(self, now: float) -> float:
        """Return in how many seconds the next one may go, 0 or less if it may at once."""
        missing = (1.0 - self.tokens) / (self.pace * self.learned_at(now))
        if len(self.sent) < self.most:
            return missing
        return max(missing, self.sent[-self.most] + self.span - now)


class Throttle:
    """One bucket for each quota. Plain state, one owner, no lock."""

    def __init__(self, limits: Mapping[Quota, float]) -> None:
        """Take the limits in requests a second; above one they count whole."""
        self._buckets = {quota: _Bucket(limit) for quota, limit in limits.items()}

    def share(self, part: float, now: float) -> None:
        """Keep to a part of the limits from now on, above 0 and at most 1."""
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
        if (wait := bucket.wait(now)) > ROUNDING:
            return max(SHORTEST_WAIT, wait)
        bucket.tokens -= 1.0
        bucket.sent.append(now)
        return 0.0

    def left(self, quota: Quota, granted: float, now: float) -> None:
        """Note that a request which was let go at `granted` leaves only now: now is what counts."""
        sent = self._buckets[quota].sent
        if granted in sent:
            sent.remove(granted)
            sent.append(now)

    def penalise(
        self, quota: Quota, now: float, retry_after: float, *, left: float, is_urgent: bool = False
    ) -> None:
        """Let nothing go for `retry_after` seconds, then half as much; the pace recovers slowly.

        The request that was refused `left` at that time. `is_urgent`: it was an urgent one, so
        those have to wait as well.

        The requests that were under way when the limit was passed count as one, however late the
        last of them is answered.
        """
        bucket = self._buckets[quota]
        bucket.fill(now)
        if now >= bucket.closed_until and left > bucket.cut_at:
            bucket.learned = max(LEAST, bucket.learned_at(now) * CUT)
            bucket.cut_at = now
        if not bucket.is_refused(now):
            bucket.refused_since = now
        bucket.closed_until = max(bucket.closed_until, now + retry_after)
        if is_urgent:
            bucket.shut_until = max(bucket.shut_until, now + retry_after)

    def answered(self, quota: Quota, *, left: float) -> None:
        """Note that a request which left at that time was answered by something else than a 429.

        One that left before the last 429 has lapsed tells nothing: it may have been the one too
        many before, or urgent.
        """
        bucket = self._buckets[quota]
        if left >= bucket.closed_until:
            bucket.refused_since = None

    def refused(self, now: float) -> dict[Quota, float]:
        """Return the quotas of which eSputnik takes nothing, and since when it answers 429."""
        return {
            quota: bucket.refused_since
            for quota, bucket in self._buckets.items()
            if bucket.refused_since is not None and bucket.is_refused(now)
        }
