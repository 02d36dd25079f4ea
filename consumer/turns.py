"""A request's turn: a slot among those under way, and its part of the account's limits."""

import asyncio
from collections import Counter, deque

from consumer.ports import Clock, Meter
from consumer.shares import Shares, Traffic
from esputnik.call import Action, Quota
from esputnik.throttle import Throttle

RESERVED = 2  # slots beyond the others: for an opt-out, and for a probe that may be slow


class Turns:
    """Lets requests go: at most `slots` at a time, a few urgent ones more, each in its limit."""

    def __init__(self, *, throttle: Throttle, clock: Clock, meter: Meter, slots: int) -> None:
        self.throttle = throttle
        self._clock = clock
        self._meter = meter
        self._slots = slots
        self._used = 0
        self._in_line = 0
        self._counted_until = 0.0
        self._shares = {quota: Shares() for quota in Quota}
        self._waiting: dict[Quota, dict[Traffic, deque[asyncio.Future[float]]]] = {}
        self.queued: Counter[Action] = Counter()
        self._changed = asyncio.Event()

    async def take(self, quota: Quota, kind: Traffic, action: Action) -> float:
        """Return once a request may go, and since when it might.

        `leaves` is to follow as it goes, `give_back` once it is answered. `queued` counts those
        that wait and are no retries, by action.
        """
        now = self._clock.now()
        is_first = quota not in self._waiting and self._has_slot(kind)
        is_urgent = kind is Traffic.URGENT
        if is_first and self.throttle.take(quota, now, is_urgent=is_urgent) <= 0:
            self._used += 1
            return now
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(quota, {}).setdefault(kind, deque()).append(turn)
        self.count_waits()
        self._in_line += 1
        self._changed.set()
        is_new = kind is not Traffic.RETRY
        self.queued[action] += is_new
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise
        finally:
            self.queued[action] -= is_new
            self.count_waits()
            self._in_line -= 1

    def leaves(self, quota: Quota, granted: float) -> None:
        """Note that a request leaves now that might go since `granted`: the loop was busy."""
        self.throttle.left(quota, granted, self._clock.now())

    def refused(
        self, quota: Quota, retry_after: float, *, left: float, is_urgent: bool = False
    ) -> None:
        """Hear that a request which left at that time was too much, as `Throttle.penalise` does."""
        self.count_waits()
        self.throttle.penalise(
            quota, self._clock.now(), retry_after, left=left, is_urgent=is_urgent
        )

    def answered(self, quota: Quota, *, left: float) -> None:
        """Hear that a request which left at that time was not too much."""
        if self.throttled():
            self.count_waits()
            self.throttle.answered(quota, left=left)

    def throttled(self) -> dict[Quota, float]:
        """Return the quotas of which eSputnik takes nothing, and since when it answers 429."""
        return self.throttle.refused(self._clock.now())

    def count_waits(self) -> None:
        """Count how long requests have waited until now: a wait may have no end to be counted at.

        What a 429 sent away waits elsewhere: it counts as one request of each quota.
        """
        now = self._clock.now()
        waiting = self._in_line + len(self.throttled())
        if waiting and now > self._counted_until:
            self._meter.throttled(waiting * (now - self._counted_until))
        self._counted_until = now

    @property
    def is_waiting(self) -> bool:
        """Tell whether a request waits for its turn."""
        return bool(self._waiting)

    def give_back(self) -> bool:
        """Free the slot of a request that was answered, or not; tell whether another takes it."""
        self._used -= 1
        before = self._used
        self._let_go(self._clock.now())
        self._changed.set()
        return self._used > before

    async def run(self) -> None:
        """Let those that wait go, one after the other, until cancelled."""
        while True:
            self._changed.clear()
            wait = self._let_go(self._clock.now())
            await self._clock.wait(self._changed, wait)

    def _let_go(self, now: float) -> float | None:
        """Let go whom slots and limits allow; return in how many seconds to look again."""
        waits = []
        for quota in list(self._waiting):
            before = self._used
            if (wait := self._drain(quota, now)) is not None:
                waits.append(wait)
            if self._used > before and quota in self._waiting:  # the others come first next time
                self._waiting[quota] = self._waiting.pop(quota)
        return min(waits, default=None)

    def _drain(self, quota: Quota, now: float) -> float | None:
        lines = self._waiting[quota]
        while kinds := self._ready(lines):
            is_urgent = Traffic.URGENT in kinds  # then it is the next
            if (wait := self.throttle.take(quota, now, is_urgent=is_urgent)) > 0:
                return wait
            kind = self._shares[quota].next(kinds)
            self._used += 1
            lines[kind].popleft().set_result(now)
        if not any(lines.values()):
            del self._waiting[quota]
        return None

    def _ready(self, lines: dict[Traffic, deque[asyncio.Future[float]]]) -> list[Traffic]:
        """Return the kinds that wait and find a slot; whoever gave up waiting is left out."""
        for line in lines.values():
            while line and line[0].done():
                line.popleft()
        return [kind for kind, line in lines.items() if line and self._has_slot(kind)]

    def _has_slot(self, kind: Traffic) -> bool:
        return self._used < self._slots + (RESERVED if kind is Traffic.URGENT else 0)
