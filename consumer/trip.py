"""Calls that share a request, from the first attempt until each was settled. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from consumer.job import Batch, Errand
from consumer.retry import (
    Ruling,
    Suspicion,
    halves,
    import_suspicion,
    is_conflict,
    is_server_error,
    suspicion,
)
from consumer.sessions import Sessions
from esputnik.outcome import Deferred, Outcome, Rejected


@dataclass(slots=True)
class FailedImports:
    """Imports of the same calls that failed: how many, the first of them `since` when.

    `is_contrast`: others had finished since then, before the last of these began. One that ended
    about when others did may have failed of what was over by then.
    """

    count: int = 0
    since: float = 0.0
    is_contrast: bool = False
    _first: int = 0  # imports that had finished when the first failed
    _last: int = 0

    def note(self, now: float, finished: int) -> None:
        """Count one more; `finished`: how many of anybody have by now."""
        if not self.count:
            self.since, self._first, self._last = now, finished, finished
        self.is_contrast = self._last > self._first
        self._last = finished
        self.count += 1


@dataclass(slots=True)
class Trip:
    """What is still to be sent, and what the attempts so far have told.

    `server_errors` in a row since `failing_since`; `repeats`: refusals by 409, in a row;
    `failed` imports so far. `unanswered`: an attempt may have run; `is_muddled`: something else
    about the contact went out shortly before.
    `is_declared`: it is written down that the call is about to be sent. `holds_lane` is false for
    calls that were merged and are now sent one by one: their place in the lanes is kept by the one
    they had been merged into.
    """

    errands: list[Errand]
    batch: Batch
    attempt: int = 0
    unanswered: bool = False
    is_muddled: bool = False
    server_errors: int = 0
    failing_since: float = 0.0
    repeats: int = 0
    failed: FailedImports = field(default_factory=FailedImports)
    is_declared: bool = False
    holds_lane: bool = True

    def part(self, errands: list[Errand]) -> "Trip":
        """Return a trip of some of the calls, as far as this one has come."""
        return Trip(
            errands,
            self.batch,
            self.attempt,
            self.unanswered,
            self.is_muddled,
            failed=replace(self.failed),
            holds_lane=self.holds_lane,
        )

    def next_in_turn(self) -> list[Errand]:
        """Return one held call to be tried, and put it behind the others."""
        first, *others = self.errands
        self.errands = [*others, first]
        first.by_shape = True  # it is tried as what is held, not by a request of its own
        return [first]

    def one_by_one(self, errand: Errand) -> "Trip":
        """Return a trip of a call that was merged: imports of the item tell nothing of it alone."""
        apart = self.part([errand])
        apart.failed, apart.holds_lane = FailedImports(), False
        return apart

    def note_failures(self, first: Outcome, now: float) -> None:
        """Count by a request's first outcome what failed in a row."""
        self.repeats = self.repeats + 1 if is_conflict(first) else 0
        if not is_server_error(first):
            self.server_errors = 0
            return
        self.failing_since = self.failing_since if self.server_errors else now
        self.server_errors += 1

    def suspect(
        self,
        errands: list[Errand],
        outcomes: Sequence[Outcome],
        ruling: Ruling,
        *,
        success: float,
        now: float,
    ) -> None:
        """Find out whether eSputnik fails on one of these calls alone, and rule so.

        `success`: the share of the action's other requests that succeeded since it failed on these.
        """
        verdict = suspicion(
            server_errors=self.server_errors,
            seconds=now - self.failing_since,
            size=len(errands),
            success=success,
        )
        if verdict is Suspicion.ONE_OF_THEM:
            ruling.again, ruling.apart = [], halves(errands)
        elif verdict is Suspicion.POISON:
            detail = f"{getattr(outcomes[0], 'cause', '')}: repeatedly, and only on this event"
            poison = Rejected(reason="esp.server_error_poison", detail=detail)
            ruling.again, ruling.lost = [], [(errands[0], poison)]

    def suspect_import(
        self, failure: Deferred, ruling: Ruling, sessions: Sessions, now: float
    ) -> bool:
        """Find out which of the calls to be sent again makes imports fail, and rule so.

        Those refused at once are not among them. Return whether one was found.
        """
        self.failed.note(now, sessions.finished)
        verdict = import_suspicion(
            failure.cause,
            failures=self.failed.count,
            is_contrast=self.failed.is_contrast,
            seconds=now - self.failed.since,
            size=len(ruling.again),
            meanwhile=sessions.meanwhile(self.failed.since),
        )
        if verdict is Suspicion.ONE_OF_THEM:
            ruling.again, ruling.apart = [], halves(ruling.again)
        elif verdict is Suspicion.POISON:
            (culprit,), ruling.again = ruling.again, []
            rejected = Rejected(reason="esp.import_item", detail=failure.detail)
            ruling.lost.append((culprit, rejected))
        return verdict is Suspicion.POISON
