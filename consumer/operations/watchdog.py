"""Decides when a reader that stands still is replaced, and when the process gives up. Pure.

A Kafka client may stall without an error: connections open, nothing fetched. Nobody is replaced
for standing rightly: paused, blocked, with work under way, or with brokers that do not answer.
"""

from enum import Enum

STALLED = 120.0  # s with records waiting and nothing moved, while nothing holds us back


class Verdict(Enum):
    """What is to be done about the reader."""

    FINE = "fine"
    REBUILD = "rebuild"
    GIVE_UP = "give up"


class Watchdog:
    """Watches one reader. One that stalls again when it was replaced is beyond this process."""

    def __init__(self, now: float) -> None:
        self._still_since = now
        self._rebuilt_at: float | None = None

    def look(self, now: float, *, moved_at: float, behind: int | None, is_excused: bool) -> Verdict:
        """Return what is to be done, in view of when the last record moved (monotonic seconds).

        `behind` counts records that wait at the broker, None where it does not tell.
        """
        if is_excused or not behind:
            self._still_since = now
        self._still_since = max(self._still_since, moved_at)
        if self._rebuilt_at is not None and moved_at > self._rebuilt_at:
            self._rebuilt_at = None
        if now - self._still_since < STALLED:
            return Verdict.FINE
        if self._rebuilt_at is not None:
            return Verdict.GIVE_UP
        self._rebuilt_at = self._still_since = now
        return Verdict.REBUILD
