"""How long the group surely takes us for a member, by what it answered last. Pure.

A process that stood still (SIGSTOP, a machine paused), or that no broker hears, is put out of its
group and does not know it yet. What it would go on to send may be older than what others have sent
since, and nothing at eSputnik fences it off: so it sends nothing until the group has answered.

Where a machine's monotonic clock is stopped along with it, as by some hypervisors, nothing tells it
before the next heartbeat is refused, a second later or so.
"""

import math


class Lease:
    """All times in monotonic seconds. One that nobody tells of answers holds for ever.

    `session`: how long the group waits for a word of a member. `rebalance`: how long it waits for
    all to join once a round has begun, of which a member hears with the next heartbeat.
    """

    def __init__(self, *, session: float = math.inf, rebalance: float = math.inf) -> None:
        self._session = session
        self._rebalance = rebalance
        self._session_ends = math.inf
        self._round_ends = math.inf

    def heard(self, asked_at: float, *, is_calm: bool = True) -> None:
        """Note that the group knew us when it answered what we asked then.

        `is_calm` false: it also said that a round has begun, of which nobody knows when.
        """
        self._session_ends = asked_at + self._session
        if is_calm:
            self._round_ends = asked_at + self._rebalance

    def lost(self) -> None:
        """Note that we are no member, until the group answers again."""
        self._session_ends = -math.inf

    def holds(self, now: float) -> bool:
        """Tell whether nobody else can have been given what is ours."""
        return now < self._session_ends and now < self._round_ends
