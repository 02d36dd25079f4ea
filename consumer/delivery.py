"""Carries calls to eSputnik: lanes, batches, requests, retries. Shared by `run` and `replay`."""

import asyncio
import random
from collections.abc import Callable, Sequence

from consumer.batcher import Batch, Batcher, Limits
from consumer.deadletter import Fate
from consumer.errand import Errand, Job
from consumer.exchange import Exchange
from consumer.lanes import Lanes
from consumer.ports import Clock
from consumer.retry import CONFLICT, Policy, Ruling, rule
from esputnik.call import Call
from esputnik.outcome import Deferred, Delivered, Outcome, Rejected


class Delivery:
    """One owner, one event loop. `submit` and all it calls never waits; `run` does the waiting."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        exchange: Exchange,
        clock: Clock,
        limits: Limits,
        policy: Policy,
        rng: random.Random,
        caught_up: Callable[[], bool] = lambda: True,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._policy = policy
        self._rng = rng
        self._caught_up = caught_up
        self._lanes: Lanes[Errand] = Lanes()
        self._batcher: Batcher[Errand] = Batcher(limits)
        self._work = asyncio.Event()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._work.clear()
                now = self._clock.now()
                for batch in self._batcher.take(now, caught_up=self._caught_up()):
                    tasks.create_task(self._deliver(batch))
                await self._clock.wait(self._work, self._batcher.next_due(now))

    def wake(self) -> None:
        """Look at once for what may be sent: the reader caught up, or something changed."""
        self._work.set()

    # -- calls in -------------------------------------------------------------------------

    def submit(self, job: Job, prior: Sequence[Fate] = ()) -> None:
        """Begin the calls of a job; those that an earlier attempt delivered are not made again."""
        known = {(fate.intent, fate.slot): fate for fate in prior if fate.state == "D"}
        job.fates[:] = [known.get((call.intent, call.slot)) for call in job.calls]
        for index, call in enumerate(job.calls):
            if not call.chained:
                fate = job.fates[index]
                if fate is None:
                    self._enter(Errand.of(job, index, {}))
                else:
                    self._go_on(job, index, fate)
        if job.is_over:
            job.finish(job)

    def abandon(self, job: Job) -> None:
        """Forget a job whose record is another's now; what is under way ends unheard."""
        job.is_abandoned = True

    def _enter(self, errand: Errand) -> None:
        if self._lanes.enter(errand):
            self._ready(errand)
        elif errand.call.is_urgent:
            self._overtake(errand)

    def _overtake(self, opt_out: Errand) -> None:
        """Skip opt-ins that wait ahead of an opt-out of the same address: it overrules them."""
        for place in list(self._lanes.ahead(opt_out)):
            if place.call.intent == "consent.opt_in" and not place.started:
                place.job.skipped = "overtaken"
                self._end(place, Delivered())

    def _ready(self, errand: Errand) -> None:
        if errand.job.is_abandoned:
            self._leave(errand)
            return
        self._batcher.add(errand, self._clock.now())
        self._work.set()

    # -- calls out ------------------------------------------------------------------------

    def _end(self, errand: Errand, outcome: Delivered | Rejected) -> None:
        job, call = errand.job, errand.job.calls[errand.index]
        fate = _fate(call, outcome)
        job.fates[errand.index] = fate
        if isinstance(outcome, Rejected) and job.verdict is None:
            job.verdict = (call, outcome)
        self._leave(errand)
        if not call.chained:
            self._go_on(job, errand.index, fate)
        if job.is_over and not job.is_abandoned:
            job.finish(job)

    def _leave(self, errand: Errand) -> None:
        for waiting in self._lanes.leave(errand):
            self._ready(waiting)

    def _go_on(self, job: Job, index: int, head: Fate) -> None:
        """Begin the calls chained to this one, or note that they will not be tried."""
        for follower in job.followers(index):
            if job.fates[follower] is not None:
                continue
            if head.state == "D":
                self._enter(Errand.of(job, follower, head.learned))
            else:
                call = job.calls[follower]
                job.fates[follower] = Fate(intent=call.intent, slot=call.slot, state="N")

    # -- the retry loop -------------------------------------------------------------------

    async def _deliver(self, batch: Batch[Errand]) -> None:
        try:
            await self._carry(batch.items)
        finally:
            self._batcher.done(batch)
            self._work.set()

    async def _carry(self, errands: list[Errand], attempt: int = 0) -> None:
        """Send calls that share a request until each was settled: the one and only retry loop."""
        unanswered = False
        while errands := self._still_ours(errands):
            attempt += 1
            outcomes = await self._exchange.send(errands, attempt)
            ruling: Ruling[Errand] = rule(
                errands,
                outcomes,
                attempt=attempt,
                roll=self._rng.random(),
                unanswered=unanswered,
                policy=self._policy,
            )
            unanswered = unanswered or any(_may_have_run(outcome) for outcome in outcomes)
            for errand, outcome in zip(errands, outcomes, strict=True):
                if isinstance(outcome, Rejected) and outcome.status == CONFLICT:
                    errand.go_otherwise()
            self._settle(ruling)
            *halves, errands = ruling.parts or [[]]
            for half in halves:
                await self._carry(half, attempt)
            if errands and ruling.wait:
                await self._clock.sleep(ruling.wait)

    def _settle(self, ruling: Ruling[Errand]) -> None:
        for errand, delivered in ruling.done:
            if errand.is_lookup:
                errand.advance(delivered.learned)
                self._ready(errand)
            else:
                self._end(errand, delivered)
        for errand, rejected in ruling.lost:
            self._end(errand, rejected)

    def _still_ours(self, errands: list[Errand]) -> list[Errand]:
        for errand in errands:
            if errand.job.is_abandoned:
                self._leave(errand)
        return [errand for errand in errands if not errand.job.is_abandoned]


def _may_have_run(outcome: Outcome) -> bool:
    return isinstance(outcome, Deferred) and outcome.maybe_done


def _fate(call: Call, outcome: Delivered | Rejected) -> Fate:
    if isinstance(outcome, Delivered):
        return Fate(intent=call.intent, slot=call.slot, state="D", learned=outcome.learned)
    state = "X" if outcome.reason == "sync.in_doubt" else "R"
    return Fate(intent=call.intent, slot=call.slot, state=state)
