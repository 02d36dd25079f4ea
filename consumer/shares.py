"""Who may send next where several want to: opt-outs first, the others by their weights. Pure.

A share that nobody uses is lent: whoever waits alone goes alone.
"""

from collections.abc import Collection
from enum import StrEnum


class Traffic(StrEnum):
    """Kinds of requests, by what they are sent for."""

    URGENT = "urgent"  # an opt-out
    LIVE = "live"
    RETRY = "retry"
    REPLAY = "replay"


WEIGHTS = {Traffic.LIVE: 80, Traffic.RETRY: 15, Traffic.REPLAY: 5}
REPLAY_SHARE = WEIGHTS[Traffic.REPLAY] / sum(WEIGHTS.values())  # of a process of its own


class Shares:
    """Stride scheduling: each turn moves a kind on by the inverse of its weight. Plain state."""

    def __init__(self) -> None:
        self._at = dict.fromkeys(WEIGHTS, 0.0)
        self._front = 0.0

    def next(self, waiting: Collection[Traffic]) -> Traffic:
        """Return whose turn it is among those that wait, at least one, and count it as taken."""
        if Traffic.URGENT in waiting:
            return Traffic.URGENT
        # Who was away has not saved up turns.
        chosen = min(waiting, key=lambda kind: max(self._at[kind], self._front))
        self._front = max(self._at[chosen], self._front)
        self._at[chosen] = self._front + 1 / WEIGHTS[chosen]
        return chosen
