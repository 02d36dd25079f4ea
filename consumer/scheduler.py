"""When each call goes, and with whom: lanes, merging and batches as one pure state machine.

A call joins an open item of the same contact where that item is all it would wait for; otherwise
it waits for those ahead of it, then for company.
"""

from collections.abc import Iterator, Mapping, Sequence

from consumer.batcher import NOBODY, Batcher, Limits
from consumer.job import Batch, Errand
from consumer.lanes import Lanes, is_here
from esputnik.call import Action, Call
from esputnik.merging import merged
from handlers.contacts import DELETE

OVERTAKEN = "overtaken"


class Scheduler:
    """Plain state, one owner, no lock."""

    def __init__(self, limits: Limits) -> None:
        self._any_status = limits.any_status
        self._lanes = Lanes()
        self._batcher = Batcher(limits)
        self._turns = 0

    def __len__(self) -> int:
        """Return how many names have an unfinished call."""
        return len(self._lanes)

    # -- calls in -------------------------------------------------------------------------

    def submit(self, errand: Errand, now: float) -> Sequence[Errand]:
        """Take a call in; return the opt-ins it overrules, which are ended and not sent."""
        self._turns = errand.turn = self._turns + 1
        ahead = self._lanes.stand(errand)
        if ahead is None:
            errand.started = True
            self._batcher.add(errand, now)
            return ()
        return self._line_up(errand, ahead, now)

    def is_behind_deletion(self, call: Call, occurred_at: float) -> bool:
        """Tell whether a deletion that is no older waits or is under way for the same contact.

        `occurred_at` in seconds since 1970 UTC.
        """
        return any(
            one.origin.intent == DELETE and occurred_at <= one.job.occurred_at
            for one in self._lanes.ahead(self._lanes.last(call.lanes))
        )

    def again(self, errand: Errand, now: float) -> None:
        """Let a call that keeps its place in the lanes wait for its next request."""
        self._batcher.add(errand, now, is_late=True)

    def merged(self, first: Call, second: Call) -> Call | None:
        """Return one call that does what both would do in this order; None where there is none."""
        return merged(first, second, any_status=self._any_status)

    def crowd(self, errand: Errand) -> int:
        """Return how many calls wait under the busiest of a call's names."""
        return self._lanes.crowd(errand.call.lanes)

    def _line_up(self, errand: Errand, ahead: list[Errand], now: float) -> Sequence[Errand]:
        """Join the item ahead, or wait behind those ahead; return the opt-ins that it overrules."""
        if len(ahead) == 1 and self._join(ahead[0], errand, now):
            return ()
        overtaken = self._overtake(errand, ahead, now) if errand.call.is_urgent else ()
        if overtaken:
            ahead = [one for one in ahead if is_here(one)]
        if self._lanes.wait(errand, ahead):
            self._batcher.add(errand, now)
        return overtaken

    def _join(self, item: Errand, errand: Errand, now: float) -> bool:
        if item.state or item.by_shape or not item.is_open or item.job.is_abandoned:
            return False
        call = self.merged(item.call, errand.call)
        if call is None:
            return False
        since = self._batcher.withdraw(item)
        item.call = call
        if item.riders is None:
            item.riders = []
        item.riders.append(errand)
        errand.started = True
        self._lanes.spread(item, errand.names)
        if since is not None:
            self._batcher.add(item, min(since, now), is_late=True)
        return True

    def _overtake(self, opt_out: Errand, ahead: Sequence[Errand], now: float) -> Sequence[Errand]:
        """Drop opt-ins that wait ahead of an opt-out of the same address and are no newer."""
        overtaken = [
            one
            for one in self._lanes.ahead(ahead)
            if one.origin.action is Action.REMOVE_UNSUBSCRIBED
            and one.is_open
            and not one.state
            and _is_older(one, opt_out)
        ]
        for one in overtaken:
            self._batcher.withdraw(one)
            one.state = "N"
            self.ended((one,), now)
        return overtaken

    # -- calls out ------------------------------------------------------------------------

    def take(
        self, now: float, queued: Mapping[Action, int] = NOBODY, *, caught_up: bool
    ) -> Iterator[Batch]:
        """Return what is due now; each counts as under way until `done`.

        `queued`: how many requests of an action wait for their turn already.
        """
        return self._batcher.take(now, queued, caught_up=caught_up)

    def next_due(self, now: float, queued: Mapping[Action, int] = NOBODY) -> float | None:
        """Return in how many seconds something becomes due by age; None if nothing does."""
        return self._batcher.next_due(now, queued)

    def done(self, batch: Batch) -> None:
        """Give back the place of a batch that is finished."""
        self._batcher.done(batch)

    def too_large(self, action: Action, size: int, now: float) -> None:
        """Learn that a request of so many bytes is too large, for now."""
        self._batcher.cap(action, size, now)

    def ended(self, errands: Sequence[Errand], now: float) -> None:
        """Take calls out whose `state` says how they ended; let on those behind them."""
        leaving = errands
        while leaving:
            dropped = []
            for one in self._lanes.leave(leaving):
                if all(member.job.is_abandoned for member in one.members()):
                    one.state = "N"
                    dropped.append(one)
                else:
                    self._batcher.add(one, now, is_late=True)
            leaving = dropped

    def resumed(self, batch: Batch) -> None:
        """Take the place of a batch again that was given back while its calls rested."""
        self._batcher.resumed(batch)


def _is_older(opt_in: Errand, opt_out: Errand) -> bool:
    """Tell whether an opt-in came no later: by offset within a partition, else by event time."""
    one, other = opt_in.job, opt_out.job
    if one.record.place == other.record.place:
        return one.record.offset < other.record.offset
    return one.occurred_at <= other.occurred_at
