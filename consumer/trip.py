"""Calls that share a request, from the first attempt until each was settled. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from consumer.job import Batch, Errand
from consumer.retry import (
    Ruling,
    Suspicion,
    failed_to_import,
    halves,
    is_conflict,
    is_server_error,
    suspicion,
)
from esputnik.outcome import Outcome, Rejected


@dataclass(slots=True)
class Trip:
    """What is still to be sent, and what the attempts so far have told.

    `server_errors` in a row since `failing_since`; `repeats`: refusals by 409, in a row;
    `failed_imports` so far. `unanswered`: an attempt may have run; `is_muddled`: something else
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
    failed_imports: int = 0
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
            failed_imports=self.failed_imports,
            holds_lane=self.holds_lane,
        )

    def next_in_turn(self) -> list[Errand]:
        """Return one held call to be tried, and put it behind the others."""
        first, *others = self.errands
        self.errands = [*others, first]
        first.by_shape = True  # it is tried as what is held, not by a request of its own
        return [first]

    def note_failures(self, first: Outcome, now: float) -> None:
        """Count by a request's first outcome what failed, in all or in a row."""
        self.failed_imports += failed_to_import(first)
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
