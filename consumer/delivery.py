"""Carries calls to eSputnik: schedule, requests, retries, ends. Shared by `run` and `replay`."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from consumer.consent.desk import ConsentDesk
from consumer.deadletters.fates import Fate
from consumer.errands import Errands
from consumer.exchange import Exchange, goes_alone, way_of
from consumer.job import Batch, Errand, Job
from consumer.opposed import CONSENT, opposed
from consumer.ports import Clock, Meter
from consumer.retry import Policy, Ruling, failed_import, is_repeat, may_have_run, rule
from consumer.scheduler import Scheduler
from consumer.trip import Trip
from consumer.waits import Waits
from esputnik.call import Repeat
from esputnik.outcome import Blocked, Delivered, Outcome, Rejected

log = structlog.get_logger()

TOO_LARGE = 413
TOO_FAR = 1.0  # s between looks whether the commit point has come nearer


class Declarations(Protocol):
    """Where it is written down that a call is about to be sent whose repeats count."""

    def may_declare(self, job: Job) -> bool:
        """Tell whether it can be written down now: not where the record is too far ahead."""
        ...

    async def declare(self, job: Job) -> bool:
        """Return once it is written down; False where the record is another's now."""
        ...

    def withdraw(self, job: Job) -> None:
        """Take it back: the call was not sent, and may have to wait."""
        ...


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
        self.errands = Errands(scheduler, consent)
        self._work = asyncio.Event()
        self._resting = 0
        self.declarations: Declarations | None = None

    async def run(self) -> None:
        """Send what is due until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._exchange.run())
            while True:
                self._work.clear()
                now, queued = self._clock.now(), self._exchange.queued
                for batch in self._scheduler.take(now, queued, caught_up=self._caught_up()):
                    tasks.create_task(self._deliver(batch))
                await self._clock.wait(self._work, self._scheduler.next_due(now, queued))

    def wake(self) -> None:
        """Look at once for what may be sent: the reader caught up, or something changed."""
        self._work.set()

    def share(self, part: float) -> None:
        """Keep to a part of the account's limits from now on: other replicas have the rest."""
        self._exchange.share(part)

    def took_over(self) -> None:
        """Note that another process may have sent calls about the same contacts until now."""
        self._exchange.took_over()

    def is_waiting(self) -> bool:
        """Tell whether calls wait for their turn, for an import's end, or to be tried again."""
        return self._resting > 0 or self._exchange.is_waiting()

    def waits(self) -> Waits:
        """Return what waits for eSputnik, and count how long it has until now."""
        return self._exchange.waits()

    @property
    def is_held_up(self) -> bool:
        """Tell whether requests wait for their turn: for a slot, or for the account's limits."""
        return self._exchange.is_held_up

    # -- jobs in --------------------------------------------------------------------------

    def submit(self, job: Job, prior: Sequence[Fate] = ()) -> None:
        """Begin the calls of a job; those that an earlier attempt delivered are not made again."""
        self.errands.submit(job, prior, self._clock.now())
        self._work.set()

    def doubt(self, job: Job) -> None:
        """End the calls that may have been sent before, or count that they are sent again."""
        if self._policy.at_most_once:
            self.errands.doubt(job, self._clock.now())
        else:
            self._meter.resent(sum(one.origin.repeat is Repeat.COUNTS for one in job.errands))

    def abandon(self, job: Job) -> None:
        """Forget a job whose record is another's now; what is under way ends unheard."""
        job.is_abandoned = True

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
            way = way_of(errands)
            alone = await self._exchange.admit(way)
            if self._still_ours(trip) != errands or way_of(errands) != way:
                self._exchange.gave_up(way)
                continue
            if not await self._may_go(trip, errands):
                continue
            if alone and len(errands) > 1:
                errands = trip.next_in_turn()
            trip.attempt += 1
            if trip.unanswered and errands[0].call.repeat is Repeat.COUNTS:
                self._meter.resent(len(errands))
            outcomes = await self._send(trip, errands)
            if self._all_delivered(errands, outcomes, trip):
                continue
            ruling, apart = self._follow(trip, errands, outcomes)
            if ruling.apart or apart:
                await self._side_by_side(trip, ruling, apart)
            else:
                await self._pause(trip, ruling.wait)

    async def _send(self, trip: Trip, errands: list[Errand]) -> Sequence[Outcome]:
        """Send calls but for what consent is against; return one outcome each."""
        if self._consent is None or errands[0].call.action not in CONSENT:
            return await self._exchange.send(errands, trip.attempt, trip.failed.count)
        against = await opposed(errands, self._consent, self._exchange.ask)
        blocked = next((one for one in against.values() if isinstance(one, Blocked)), None)
        if blocked is not None:
            self._exchange.hold(errands, blocked)
        going = [errand for errand in errands if errand not in against]
        if not going:
            self._exchange.gave_up(way_of(errands))
            return [against[one] for one in errands]
        sent = iter(await self._exchange.send(going, trip.attempt, trip.failed.count))
        return [against[one] if one in against else next(sent) for one in errands]

    async def _pause(self, trip: Trip, seconds: float) -> None:
        """Wait before what is left of a trip is sent again."""
        if trip.errands and seconds:
            action = way_of(trip.errands).action.value
            log.debug("tries_again", action=action, attempt=trip.attempt, seconds=seconds)
            await self._rest(trip, seconds)

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
            if not self.declarations.may_declare(errands[0].job):
                # What the commit point waits for may need the place that this one has.
                self._exchange.gave_up(way_of(errands))
                await self._rest(trip, TOO_FAR)
                return False
            if not await self.declarations.declare(errands[0].job):
                self._exchange.gave_up(way_of(errands))
                return False
            trip.is_declared = True
        if self._exchange.is_open(errands):
            return True
        self._withdraw(trip, errands)
        return False

    def _withdraw(self, trip: Trip, errands: list[Errand]) -> None:
        """Take back that a call is about to be sent, where it surely was not and has to wait."""
        if trip.is_declared and not trip.unanswered and self.declarations is not None:
            self.declarations.withdraw(errands[0].job)
            trip.is_declared = False

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
        self.errands.end_all(errands, first, self._clock.now(), holds_lane=trip.holds_lane)
        trip.errands = []
        return True

    def _follow(
        self, trip: Trip, errands: list[Errand], outcomes: Sequence[Outcome]
    ) -> tuple[Ruling, list[Errand]]:
        """End what has ended, by the retry rules; leave in the trip what is sent again.

        Return the rules' word, and the items that are to be taken apart.
        """
        was_first = trip.unanswered and not trip.is_muddled
        was_done = was_first or (is_repeat(outcomes[0]) and self._was_last(errands))
        ruling = rule(
            errands,
            outcomes,
            attempt=trip.attempt,
            roll=self._rng.random(),
            was_done=was_done,
            repeats=trip.repeats,
            policy=self._policy,
        )
        self._learn_of(trip, errands, outcomes)
        if ruling.again:
            self._withdraw(trip, errands)
        if trip.server_errors and len(ruling.again) == len(errands):
            success = self._exchange.success(errands, trip.failing_since, trip.server_errors)
            trip.suspect(errands, outcomes, ruling, success=success, now=self._clock.now())
        failure = failed_import(outcomes)
        if failure is not None and trip.suspect_import(
            failure, ruling, self._exchange.sessions, self._clock.now()
        ):
            self._exchange.explained()
        others = trip.errands[:-1] if len(errands) < len(trip.errands) else []
        for errand, delivered in ruling.done:
            self._done(errand, delivered, trip)
        held, apart = self._lose(trip, errands, ruling)
        trip.errands = [*others, *ruling.again, *held]
        return ruling, apart

    def _was_last(self, errands: Sequence[Errand]) -> bool:
        return goes_alone(errands) and self._exchange.was_last(errands[0])

    def _learn_of(self, trip: Trip, errands: list[Errand], outcomes: Sequence[Outcome]) -> None:
        """Remember what the outcomes tell about the next attempt."""
        first = outcomes[0]
        if not trip.unanswered and any(map(may_have_run, outcomes)):
            trip.unanswered = True
            trip.is_muddled = goes_alone(errands) and self._exchange.knows(errands[0])
        trip.note_failures(first, self._clock.now())
        if is_repeat(first) and errands[0].call.shape is not None:
            errands[0].by_shape = True
        if isinstance(first, Rejected) and first.status == TOO_LARGE and len(errands) > 1:
            size = sum(len(errand.call.item) + 1 for errand in errands)
            self._scheduler.too_large(way_of(errands).action, size, self._clock.now())

    def _done(self, errand: Errand, delivered: Delivered, trip: Trip) -> None:
        if errand.is_lookup:
            self.errands.advance(errand, delivered.learned, self._clock.now())
            self._work.set()
        else:
            self._end(errand, delivered, trip)

    def _end(self, errand: Errand, outcome: Delivered | Rejected, trip: Trip) -> None:
        self.errands.end(errand, outcome, self._clock.now(), holds_lane=trip.holds_lane)

    def _lose(
        self, trip: Trip, errands: list[Errand], ruling: Ruling
    ) -> tuple[list[Errand], list[Errand]]:
        """Bury what was refused; return what is not yet: what is held, what carries others along.

        Held is what too much of was refused.
        """
        held, apart = list[Errand](), list[Errand]()
        if not ruling.done and not ruling.lost:
            return held, apart
        lost = [rejected for _, rejected in ruling.lost]
        holds = self._exchange.holds_refused(errands, lost)
        for errand, rejected in ruling.lost:
            if holds and rejected.reason.startswith("esp."):
                held.append(errand)
            elif errand.riders is not None:
                apart.append(errand)
            else:
                self._end(errand, rejected, trip)
        return held, apart

    async def _side_by_side(self, trip: Trip, ruling: Ruling, apart: Sequence[Errand]) -> None:
        """Carry halves, items taken apart, and what is sent again: none waits for another."""
        parts = list(map(trip.part, ruling.apart))
        trip.batch.busy += len(parts) + len(apart) + bool(trip.errands)
        self._rests(trip.batch)
        try:
            async with asyncio.TaskGroup() as tasks:
                for part in parts:
                    tasks.create_task(self._carry_part(part))
                for errand in apart:
                    tasks.create_task(self._one_by_one(errand, trip))
                if trip.errands:
                    tasks.create_task(self._carry_part(trip, ruling.wait))
        finally:
            self._resumes(trip.batch)

    async def _carry_part(self, trip: Trip, wait: float = 0.0) -> None:
        try:
            await self._pause(trip, wait)
            await self._carry(trip)
        finally:
            self._rests(trip.batch)

    async def _one_by_one(self, errand: Errand, trip: Trip) -> None:
        """Send calls that were merged and refused each for itself, in their order."""
        members, errand.riders = list(errand.members()), None
        errand.is_apart = True
        try:
            for member in members:
                member.call, member.by_shape = member.origin, True
                await self._carry(trip.one_by_one(member))
        finally:
            self._rests(trip.batch)
        errand.is_apart = False
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
