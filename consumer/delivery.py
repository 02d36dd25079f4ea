"""Carries calls to eSputnik: schedule, requests, retries, ends. Shared by `run` and `replay`."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from consumer.consent.admission import Admission
from consumer.consent.desk import ConsentDesk
from consumer.exchange import Exchange, goes_alone, way_of
from consumer.fates import Fate
from consumer.job import Batch, Errand, Job
from consumer.ports import Clock, Meter
from consumer.retry import (
    Policy,
    Ruling,
    Suspicion,
    failed_to_import,
    halves,
    is_repeat,
    is_server_error,
    may_have_run,
    rule,
    suspicion,
)
from consumer.scheduler import OPT_IN, OVERTAKEN, Scheduler
from esputnik.call import Action, Call, Repeat
from esputnik.outcome import Blocked, Delivered, Outcome, Rejected

TOO_LARGE = 413
REGISTER = "token.register"
DELETED = "deleted"  # the rule by which a registration behind a deletion is skipped
STATES = {True: "X", False: "R"}
CONSENT = frozenset(  # the actions that tell opt-ins, and opt-outs by the e-mail list
    {
        Action.ADD_UNSUBSCRIBED,
        Action.REMOVE_UNSUBSCRIBED,
        Action.DETACH_CONTACTS,
        Action.SET_SUBSCRIPTIONS,
    }
)
IN_DOUBT = Rejected(reason="sync.in_doubt", detail="it was about to be sent when the process ended")


class Declarations(Protocol):
    """Where it is written down that a call is about to be sent whose repeats count."""

    async def declare(self, job: Job) -> bool:
        """Return once it is written down; False where the record is another's now."""
        ...

    def withdraw(self, job: Job) -> None:
        """Take it back: the call was not sent, and may have to wait."""
        ...


@dataclass(slots=True)
class Trip:
    """Calls that share a request, from the first attempt until each was settled.

    `server_errors` in a row since `failing_since`; `failed_imports` so far. `unanswered`: an
    attempt may have run; `is_muddled`: something else about the contact went out shortly before.
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


class Delivery:
    """One owner, one event loop. `submit` and all it calls never waits; `run` does the waiting."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        exchange: Exchange,
        scheduler: Scheduler,
        clock: Clock,
        policy: Policy,
        rng: random.Random,
        meter: Meter,
        caught_up: Callable[[], bool] = lambda: True,
        consent: ConsentDesk | None = None,
    ) -> None:
        self._exchange = exchange
        self._scheduler = scheduler
        self._clock = clock
        self._policy = policy
        self._rng = rng
        self._meter = meter
        self._caught_up = caught_up
        self._consent = consent
        self._work = asyncio.Event()
        self._resting = 0
        self.declarations: Declarations | None = None

    async def run(self) -> None:
        """Send what is due until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._exchange.run())
            while True:
                self._work.clear()
                now = self._clock.now()
                for batch in self._scheduler.take(now, caught_up=self._caught_up()):
                    tasks.create_task(self._deliver(batch))
                await self._clock.wait(self._work, self._scheduler.next_due(now))

    def wake(self) -> None:
        """Look at once for what may be sent: the reader caught up, or something changed."""
        self._work.set()

    def share(self, part: float) -> None:
        """Keep to a part of the account's limits from now on: other replicas have the rest."""
        self._exchange.share(part)

    def crowd(self, job: Job) -> int:
        """Return how many calls wait under the busiest name of a job's calls, if these wait too."""
        crowd = 0
        for errand in job.errands:
            if not errand.started and not errand.state:
                crowd = max(crowd, self._scheduler.crowd(errand))
        return crowd

    def is_waiting(self) -> bool:
        """Tell whether calls wait for the quota, for an import's end, or to be tried again."""
        return self._resting > 0 or self._exchange.is_waiting()

    # -- calls in -------------------------------------------------------------------------

    def submit(self, job: Job, prior: Sequence[Fate] = ()) -> None:
        """Begin the calls of a job; those that an earlier attempt delivered are not made again."""
        if prior:
            self._recall(job, prior)
        if not job.unfinished:
            self._finish(job)
            return
        now = self._clock.now()
        for errand in job.errands:
            if not errand.state and not errand.origin.chained:
                self._enter(errand, now)
        self._work.set()

    def awaits_deletion(self, call: Call, occurred_at: float) -> bool:
        """Tell whether a token registration would bring back a contact that is about to go."""
        is_registration = call.intent == REGISTER
        return is_registration and self._scheduler.is_behind_deletion(call, occurred_at)

    def doubt(self, job: Job) -> None:
        """End the calls that may have been sent before: to send them again might double them."""
        if not self._policy.at_most_once:
            self._meter.resent(len(job.errands))
            return
        for errand in job.errands:
            if errand.origin.repeat is Repeat.COUNTS:
                errand.state = "X"
                job.unfinished -= 1
                job.verdict = job.verdict or (errand.origin, IN_DOUBT)
        for errand in job.errands:
            if errand.state and not errand.origin.chained:
                self._go_on(job, errand)

    def abandon(self, job: Job) -> None:
        """Forget a job whose record is another's now; what is under way ends unheard."""
        job.is_abandoned = True

    def _recall(self, job: Job, prior: Sequence[Fate]) -> None:
        known = {(fate.intent, fate.slot): fate for fate in prior if fate.state == "D"}
        for errand in job.errands:
            fate = known.get((errand.origin.intent, errand.origin.slot))
            if fate is not None:
                errand.state, errand.learned = "D", fate.learned
                job.unfinished -= 1
        for errand in job.errands:
            if errand.state and not errand.origin.chained:
                self._go_on(job, errand)

    def _enter(self, errand: Errand, now: float) -> None:
        if self.awaits_deletion(errand.origin, errand.job.occurred_at):
            errand.job.skipped = DELETED
            self._conclude(errand, "N")
            return
        for overtaken in self._scheduler.submit(errand, now):
            overtaken.job.skipped = OVERTAKEN
            admission = overtaken.job.admission
            if admission is not None and self._consent is not None:
                self._consent.overtaken(admission, overtaken.origin)
            self._conclude(overtaken, "N")

    # -- calls out ------------------------------------------------------------------------

    def _end(self, errand: Errand, outcome: Delivered | Rejected, *, holds_lane: bool) -> None:
        """End a call and those it carries along; let on who waits behind it."""
        if isinstance(outcome, Delivered):
            self._delivered(errand, outcome)
        else:
            if errand.job.verdict is None:
                errand.job.verdict = (errand.origin, outcome)
            self._conclude(errand, STATES[outcome.reason == "sync.in_doubt"])
        if holds_lane:
            self._scheduler.ended((errand,), self._clock.now())

    def _delivered(self, errand: Errand, outcome: Delivered) -> None:
        if errand.waits:  # an opt-out that passed an import, which may yet undo it
            errand.asserted = True
            return
        if errand.riders is None and not outcome.learned:  # by far the most frequent
            self._conclude(errand, "D")
            return
        for member in errand.members():
            member.learned = {**member.learned, **outcome.learned}
            self._conclude(member, "D")

    def _conclude(self, errand: Errand, state: str) -> None:
        """Note how a call ended; its job is over when it was the last."""
        job = errand.job
        errand.state = state
        job.unfinished -= 1
        if job.unfinished and not errand.origin.chained:
            self._go_on(job, errand)
        if not job.unfinished:
            self._finish(job)

    def _finish(self, job: Job) -> None:
        if not job.is_abandoned and job.owner is not None:
            job.owner.finish(job)
        else:
            job.close()

    def _go_on(self, job: Job, head: Errand) -> None:
        """Begin the calls chained to this one, or note that they will not be tried."""
        for follower in job.followers(head):
            if follower.state:
                continue
            if head.state == "D":
                follower.learn(head.learned)
                self._enter(follower, self._clock.now())
            else:
                follower.state = "N"
                job.unfinished -= 1

    # -- the retry loop -------------------------------------------------------------------

    async def _deliver(self, batch: Batch) -> None:
        trip = Trip(list(batch.errands), batch)
        batch.errands.clear()  # they know each other: freed at once, not by a collection
        try:
            await self._carry(trip)
        finally:
            self._rests(batch)

    def _rests(self, batch: Batch) -> None:
        """Give a batch's place to others where nothing of it is under way."""
        batch.busy -= 1
        if not batch.busy:
            self._scheduler.done(batch)
            self._work.set()

    def _resumes(self, batch: Batch) -> None:
        if not batch.busy:
            self._scheduler.resumed(batch)
        batch.busy += 1

    async def _carry(self, trip: Trip) -> None:
        """Send calls that share a request until each was settled: the one and only retry loop."""
        while errands := self._still_ours(trip):
            alone = await self._exchange.admit(errands)
            if self._still_ours(trip) != errands:
                self._exchange.gave_up(errands)
                continue
            if not await self._may_go(trip, errands):
                continue
            if alone and len(errands) > 1:
                errands = self._next_in_turn(trip)
            trip.attempt += 1
            outcomes = await self._send(trip, errands)
            if self._all_delivered(errands, outcomes, trip):
                continue
            wait = await self._follow(trip, errands, outcomes)
            if trip.errands and wait:
                await self._rest(trip, wait)

    async def _send(self, trip: Trip, errands: list[Errand]) -> Sequence[Outcome]:
        """Send calls but for what consent is against; return one outcome each."""
        against = await self._against(errands) if errands[0].call.action in CONSENT else {}
        if not against:
            return await self._exchange.send(errands, trip.attempt, trip.failed_imports)
        going = [errand for errand in errands if errand not in against]
        if not going:
            self._exchange.gave_up(errands)
            return [against[one] for one in errands]
        sent = iter(await self._exchange.send(going, trip.attempt, trip.failed_imports))
        return [against[one] if one in against else next(sent) for one in errands]

    async def _against(self, errands: Sequence[Errand]) -> Mapping[Errand, Outcome]:
        """Return what becomes of opt-ins that something is against, each time anew.

        An opt-out that was to be told again is done if a newer opt-in came to be known.
        """
        found: dict[Errand, Outcome] = {}

        async def look(errand: Errand, admission: Admission, desk: ConsentDesk) -> None:
            trouble = await desk.before_opt_in(admission, errand.call, self._exchange.ask)
            if trouble is not None:
                found[errand] = trouble

        desk = self._consent
        if desk is None:
            return found
        async with asyncio.TaskGroup() as tasks:
            for errand in errands:
                admission = errand.job.admission
                if errand.job.is_crossed and not desk.stands(errand.call):
                    found[errand] = Delivered()
                elif admission is not None and errand.origin.intent == OPT_IN:
                    tasks.create_task(look(errand, admission, desk))
        blocked = next((one for one in found.values() if isinstance(one, Blocked)), None)
        if blocked is not None:
            self._exchange.hold(errands, blocked)
        return found

    async def _rest(self, trip: Trip, seconds: float) -> None:
        self._resting += 1
        self._rests(trip.batch)
        try:
            await self._clock.sleep(seconds)
        finally:
            self._resumes(trip.batch)
            self._resting -= 1

    async def _may_go(self, trip: Trip, errands: list[Errand]) -> bool:
        """Write down first what is about to be sent, where a repeat would count."""
        if self.declarations is None or errands[0].call.repeat is not Repeat.COUNTS:
            return True
        if not trip.is_declared:
            if not await self.declarations.declare(errands[0].job):
                self._exchange.gave_up(errands)
                return False
            trip.is_declared = True
        return self._exchange.is_open(errands)

    def _next_in_turn(self, trip: Trip) -> list[Errand]:
        """Return one held call to be tried, and put it behind the others."""
        first, *others = trip.errands
        trip.errands = [*others, first]
        first.by_shape = True  # it is tried as what is held, not by a request of its own
        return [first]

    def _all_delivered(
        self, errands: Sequence[Errand], outcomes: Sequence[Outcome], trip: Trip
    ) -> bool:
        """End calls that were all delivered, and tell so: by far the most frequent end."""
        first = outcomes[0]
        if not isinstance(first, Delivered) or len(errands) != len(trip.errands):
            return False
        if errands[0].is_lookup or outcomes.count(first) != len(outcomes):
            return False
        self._exchange.holds_refused(errands, ())
        for errand in errands:
            self._delivered(errand, first)
        if trip.holds_lane:
            self._scheduler.ended(errands, self._clock.now())
        trip.errands = []
        return True

    async def _follow(
        self, trip: Trip, errands: list[Errand], outcomes: Sequence[Outcome]
    ) -> float:
        """Do what the retry rules say; leave in the trip what is sent again, return after when."""
        was_first = trip.unanswered and not trip.is_muddled
        was_done = was_first or (is_repeat(outcomes[0]) and self._was_last(errands))
        ruling = rule(
            errands,
            outcomes,
            attempt=trip.attempt,
            roll=self._rng.random(),
            was_done=was_done,
            policy=self._policy,
        )
        self._learn_of(trip, errands, outcomes)
        if trip.is_declared and ruling.again and not trip.unanswered and self.declarations:
            self.declarations.withdraw(errands[0].job)
            trip.is_declared = False
        self._doubt(trip, errands, outcomes, ruling)
        others = trip.errands[:-1] if len(errands) < len(trip.errands) else []
        for errand, delivered in ruling.done:
            self._done(errand, delivered, trip)
        held = await self._lose(trip, errands, ruling)
        trip.errands = [*others, *ruling.again, *held]
        await self._in_parts(trip, ruling.apart)
        return ruling.wait

    def _was_last(self, errands: Sequence[Errand]) -> bool:
        return goes_alone(errands) and self._exchange.was_last(errands[0])

    def _learn_of(self, trip: Trip, errands: list[Errand], outcomes: Sequence[Outcome]) -> None:
        """Remember what the outcomes tell about the next attempt."""
        first = outcomes[0]
        if not trip.unanswered and any(map(may_have_run, outcomes)):
            trip.unanswered = True
            trip.is_muddled = goes_alone(errands) and self._exchange.knows(errands[0])
        trip.failed_imports += failed_to_import(first)
        if is_server_error(first):
            trip.failing_since = trip.failing_since if trip.server_errors else self._clock.now()
            trip.server_errors += 1
        else:
            trip.server_errors = 0
        if is_repeat(first) and errands[0].call.shape is not None:
            errands[0].by_shape = True
        if isinstance(first, Rejected) and first.status == TOO_LARGE and len(errands) > 1:
            size = sum(len(errand.call.item) + 1 for errand in errands)
            self._scheduler.too_large(way_of(errands).action, size)

    def _doubt(
        self, trip: Trip, errands: list[Errand], outcomes: Sequence[Outcome], ruling: Ruling
    ) -> None:
        """Find out whether eSputnik fails on one of these calls alone."""
        if not trip.server_errors or len(ruling.again) < len(errands):
            return
        verdict = suspicion(
            server_errors=trip.server_errors,
            seconds=self._clock.now() - trip.failing_since,
            size=len(errands),
            success=self._exchange.success(errands, trip.failing_since, trip.server_errors),
        )
        if verdict is Suspicion.ONE_OF_THEM:
            ruling.again, ruling.apart = [], halves(errands)
        elif verdict is Suspicion.POISON:
            detail = f"{getattr(outcomes[0], 'cause', '')}: on this alone, again and again"
            poison = Rejected(reason="esp.server_error_poison", detail=detail)
            ruling.again, ruling.lost = [], [(errands[0], poison)]

    def _done(self, errand: Errand, delivered: Delivered, trip: Trip) -> None:
        if errand.is_lookup:
            self._advance(errand, delivered.learned)
        else:
            self._end(errand, delivered, holds_lane=trip.holds_lane)

    def _advance(self, errand: Errand, learned: Mapping[str, str]) -> None:
        """Go on from a look-up to the call's next step."""
        errand.advance(learned)
        admission = errand.job.admission
        if admission is not None and self._consent is not None and not errand.is_lookup:
            self._consent.found(admission, errand.call)
        self._scheduler.again(errand, self._clock.now())
        self._work.set()

    async def _lose(self, trip: Trip, errands: list[Errand], ruling: Ruling) -> list[Errand]:
        """Bury what was refused; return what is held instead, since too much of it was."""
        if not ruling.done and not ruling.lost:
            return []
        lost = [rejected for _, rejected in ruling.lost]
        if self._exchange.holds_refused(errands, lost):
            held = [one for one, rejected in ruling.lost if rejected.reason.startswith("esp.")]
        else:
            held = []
        for errand, rejected in ruling.lost:
            if errand in held:
                continue
            if errand.riders is not None:
                await self._one_by_one(errand, trip)
            else:
                self._end(errand, rejected, holds_lane=trip.holds_lane)
        return held

    async def _in_parts(self, trip: Trip, parts: Sequence[list[Errand]]) -> None:
        """Carry halves of a refused request side by side: the good are done in the same breath."""
        if not parts:
            return
        trip.batch.busy += len(parts)
        self._rests(trip.batch)
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in parts:
                    tasks.create_task(self._carry_part(trip.part(part)))
        finally:
            self._resumes(trip.batch)

    async def _carry_part(self, trip: Trip) -> None:
        try:
            await self._carry(trip)
        finally:
            self._rests(trip.batch)

    async def _one_by_one(self, errand: Errand, trip: Trip) -> None:
        """Send calls that were merged and refused each for itself, in their order."""
        members, errand.riders = list(errand.members()), None
        for member in members:
            member.call, member.by_shape = member.origin, True
            apart = trip.part([member])
            apart.holds_lane = False
            await self._carry(apart)
        if trip.holds_lane:
            self._scheduler.ended((errand,), self._clock.now())

    # -- what is not ours any more --------------------------------------------------------

    def _still_ours(self, trip: Trip) -> list[Errand]:
        """Return the calls that are still to be made for records of ours."""
        if any(map(_has_abandoned, trip.errands)):
            trip.errands = [errand for errand in trip.errands if self._keeps(errand, trip)]
        return trip.errands

    def _keeps(self, errand: Errand, trip: Trip) -> bool:
        """Take abandoned calls out of an item; drop it where nothing is left of it."""
        members = [member for member in errand.members() if not member.job.is_abandoned]
        if not members:
            errand.state = "N"
            if trip.holds_lane:
                self._scheduler.ended((errand,), self._clock.now())
            return False
        if errand.riders is None or errand.is_lookup:
            return True
        before, call = errand.call, members[0].origin
        for member in members[1:]:
            call = self._scheduler.merged(call, member.origin) or member.origin
        errand.call = call
        if len(trip.errands) > 1 and call.shape != before.shape:
            self._scheduler.again(errand, self._clock.now())  # it has other company now
            self._work.set()
            return False
        return True


def _has_abandoned(errand: Errand) -> bool:
    """Tell whether a call, or one that it carries along, is for a record of others now."""
    riders = errand.riders
    return errand.job.is_abandoned or (
        riders is not None and any(rider.job.is_abandoned for rider in riders)
    )
