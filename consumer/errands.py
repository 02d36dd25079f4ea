"""The calls of jobs: in to the scheduler, and what the end of one means for its job. Pure."""

from collections.abc import Mapping, Sequence

from consumer.consent.desk import ConsentDesk
from consumer.deadletters.fates import Fate
from consumer.job import Errand, Job
from consumer.lanes import is_open_to_undoing
from consumer.scheduler import OVERTAKEN, Scheduler
from esputnik.call import Call, Repeat
from esputnik.outcome import Delivered, Rejected
from handlers.devices import REGISTER

DELETED = "deleted"  # the rule by which a registration behind a deletion is skipped
STATES = {True: "X", False: "R"}
IN_DOUBT = Rejected(
    reason="sync.in_doubt", detail="the process ended when it was about to be sent; it may have run"
)


class Errands:
    """One owner, no lock; nothing here waits. `now` is in monotonic seconds."""

    def __init__(self, scheduler: Scheduler, consent: ConsentDesk | None = None) -> None:
        self._scheduler = scheduler
        self._consent = consent

    # -- in ---------------------------------------------------------------------------------

    def submit(self, job: Job, prior: Sequence[Fate], now: float) -> None:
        """Begin the calls of a job; those that an earlier attempt delivered are not made again."""
        if prior:
            self._recall(job, prior, now)
        if not job.unfinished:
            self._finish(job)
            return
        for errand in job.errands:
            if not errand.state and not errand.origin.chained:
                self._enter(errand, now)

    def crowd(self, job: Job) -> int:
        """Return how many calls wait under the busiest name of a job's calls, if these wait too."""
        crowd = 0
        for errand in job.errands:
            if not errand.started and not errand.state:
                crowd = max(crowd, self._scheduler.crowd(errand))
        return crowd

    def awaits_deletion(self, call: Call, occurred_at: float) -> bool:
        """Tell whether a token registration would bring back a contact that is about to go."""
        is_registration = call.intent == REGISTER
        return is_registration and self._scheduler.is_behind_deletion(call, occurred_at)

    def doubt(self, job: Job, now: float) -> None:
        """End the calls that may have been sent before: to send them again might double them."""
        for errand in job.errands:
            if errand.origin.repeat is Repeat.COUNTS:
                errand.state = "X"
                job.unfinished -= 1
                job.verdict = job.verdict or (errand.origin, IN_DOUBT)
        self._go_on_from_ended(job, now)

    def _recall(self, job: Job, prior: Sequence[Fate], now: float) -> None:
        known = {(fate.intent, fate.slot): fate for fate in prior if fate.state == "D"}
        for errand in job.errands:
            fate = known.get((errand.origin.intent, errand.origin.slot))
            if fate is not None:
                errand.state, errand.learned = "D", fate.learned
                job.unfinished -= 1
        self._go_on_from_ended(job, now)

    def _enter(self, errand: Errand, now: float) -> None:
        if self.awaits_deletion(errand.origin, errand.job.occurred_at):
            errand.job.skipped = DELETED
            self._conclude(errand, "N", now)
            return
        for overtaken in self._scheduler.submit(errand, now):
            overtaken.job.skipped = OVERTAKEN
            admission = overtaken.job.admission
            if admission is not None and self._consent is not None:
                self._consent.overtaken(admission, overtaken.origin)
            self._conclude(overtaken, "N", now)

    # -- out --------------------------------------------------------------------------------

    def advance(self, errand: Errand, learned: Mapping[str, str], now: float) -> None:
        """Go on from a look-up to the call's next step."""
        errand.advance(learned)
        admission = errand.job.admission
        if admission is not None and self._consent is not None and not errand.is_lookup:
            self._consent.found(admission, errand.call, errand.learned)
        self._scheduler.again(errand, now)

    def end(
        self, errand: Errand, outcome: Delivered | Rejected, now: float, *, holds_lane: bool
    ) -> None:
        """End a call and those it carries along; let on who waits behind it."""
        if isinstance(outcome, Delivered):
            self._delivered(errand, outcome, now)
        else:
            if errand.job.verdict is None:
                errand.job.verdict = (errand.origin, outcome)
            self._conclude(errand, STATES[outcome.reason == IN_DOUBT.reason], now)
        if holds_lane:
            self._scheduler.ended((errand,), now)

    def end_all(
        self, errands: Sequence[Errand], delivered: Delivered, now: float, *, holds_lane: bool
    ) -> None:
        """End calls that were all delivered: by far the most frequent end."""
        for errand in errands:
            self._delivered(errand, delivered, now)
        if holds_lane:
            self._scheduler.ended(errands, now)

    def _delivered(self, errand: Errand, outcome: Delivered, now: float) -> None:
        if errand.waits and is_open_to_undoing(errand):  # it passed others
            errand.asserted = True
            return
        if errand.again:  # nobody knows which of the two came last
            errand.again = False
            self._scheduler.again(errand, now)
            return
        if errand.riders is None and not outcome.learned:
            self._conclude(errand, "N" if outcome.is_left_out else "D", now)
            return
        for member in errand.members():
            member.learned = {**member.learned, **outcome.learned}
            self._conclude(member, "D", now)

    def _conclude(self, errand: Errand, state: str, now: float) -> None:
        """Note how a call ended; its job is over when it was the last."""
        job = errand.job
        errand.state = state
        job.unfinished -= 1
        if job.unfinished and not errand.origin.chained:
            self._go_on(job, errand, now)
        if not job.unfinished:
            self._finish(job)

    def _finish(self, job: Job) -> None:
        if not job.is_abandoned and job.owner is not None:
            job.owner.finish(job)
        else:
            job.close()

    def _go_on_from_ended(self, job: Job, now: float) -> None:
        for errand in job.errands:
            if errand.state and not errand.origin.chained:
                self._go_on(job, errand, now)

    def _go_on(self, job: Job, head: Errand, now: float) -> None:
        """Begin the calls chained to this one, or note that they will not be tried."""
        for follower in job.followers(head):
            if follower.state:
                continue
            if head.state == "D":
                follower.learn(head.learned)
                self._enter(follower, now)
            else:
                follower.state = "N"
                job.unfinished -= 1
