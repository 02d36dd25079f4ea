"""The main path: records in, calls out, offsets committed behind what is finished."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping, Sequence

import structlog

from consumer.backpressure import Backpressure, Buffer
from consumer.consent.desk import ConsentDesk
from consumer.deadletters.burials import job_burial, refused_burial
from consumer.deadletters.letter import Burial
from consumer.delivery import Delivery
from consumer.intake import begin, note_end, remembered
from consumer.job import History, Job
from consumer.ledger import Ledger
from consumer.plan import UNKNOWN, Plan, Planned, Planner, Refused, Skipped
from consumer.ports import Clock, EventMeter, Letters, Source
from consumer.record import Partition, Point, Record
from consumer.repeats import SAME_ID, Repeats, Seen
from consumer.unmapped import HELD_FOR, Unmapped
from esputnik.call import Repeat

log = structlog.get_logger()

COMMIT_EVERY = 1.0  # s
RETRY_COMMIT = 0.5  # s
POLL_SECONDS = 0.2
POLL_RECORDS = 500  # of a thousand, the first have left the processor's cache when they are sent
FEWER_RECORDS = 40  # where requests wait for their turn, so that none is late for it


class Worker:
    """Polls, plans, settles and commits. `Delivery` does the sending, beside it."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        source: Source,
        letters: Letters,
        planner: Planner,
        delivery: Delivery,
        clock: Clock,
        meter: EventMeter,
        buffer: Buffer,
        consent: ConsentDesk | None = None,
        max_ratio: float = 0.5,
        drain_seconds: float = 15.0,
        stop_seconds: float = 20.0,
    ) -> None:
        self.ledger = Ledger()
        self.unmapped = Unmapped(max_ratio)
        self.last_progress = clock.now()
        self._source = source
        self._letters = letters
        self._planner = planner
        self._delivery = delivery
        self._clock = clock
        self._meter = meter
        self._consent = consent
        self._drain_seconds = drain_seconds
        self._stop_seconds = stop_seconds
        self._stop_by = 0.0
        self._repeats = Repeats()
        self._closings: set[asyncio.Task[None]] = set()
        self._has_ended = False
        self._fault: BaseException | None = None
        self._settled = asyncio.Event()
        self._committing = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._has_progressed = False
        self._pressure = Backpressure(buffer, delivery.errands.crowd)
        self._last_commit = clock.now()

    @property
    def is_paused(self) -> bool:
        """Tell whether a partition is paused because too much of it is unfinished."""
        return bool(self._pressure.held)

    @property
    def is_burying(self) -> bool:
        """Tell whether dead letters, or words of consent, wait to be acknowledged."""
        return bool(self._closings)

    # -- the loop -------------------------------------------------------------------------

    async def run(self) -> None:
        """Carry records to eSputnik until `stop`, then finish what was taken."""
        try:
            while not self._stopping.is_set():
                if self._fault is not None:
                    raise self._fault
                most = FEWER_RECORDS if self._delivery.is_held_up else POLL_RECORDS
                self._take(await self._source.poll(most, POLL_SECONDS))
                self._delivery.wake()
                self._source.hold(self._pressure.look(self.ledger.logs))
                self._note_progress()
                self._try_unmapped()
                if self._clock.now() - self._last_commit >= COMMIT_EVERY:
                    await self.commit()
            await self._drain(list(self.ledger.logs), self._stop_by - self._clock.now())
            await self.commit()
            if self._fault is not None:
                raise self._fault
        finally:
            self._has_ended = True
            for closing in self._closings:
                closing.cancel()

    def stop(self) -> None:
        """Take no more records; `run` returns when what was taken is finished, or in time."""
        self._stop_by = self._clock.now() + self._stop_seconds
        self._stopping.set()

    async def commit(self) -> bool:
        """Commit what is finished; where the group does not take it, it is tried again later."""
        async with self._committing:
            self._last_commit = self._clock.now()
            points = self.ledger.commit_points()
            taken = False
            try:
                taken = not points or await self._source.commit(points)
            finally:  # whoever waits for the lock relies on it, should this be cancelled
                (self.ledger.committed if taken else self.ledger.not_committed)(points)
            return taken

    # -- calls that must be known of before they go ---------------------------------------

    def may_declare(self, job: Job) -> bool:
        """Tell whether it can be told of a record beside the commit point, or need not be."""
        return job.log is None or job.log.may_declare(job.record.offset)

    async def declare(self, job: Job) -> bool:
        """Return once the group knows that a call of a record is about to be sent.

        False where the record is another's now: then it must not be sent.
        """
        while self.ledger.is_ours(job):
            is_told = job.log is not None and job.log.declare(job.record.offset)
            if is_told and await self.commit() and self.ledger.is_ours(job):
                return True
            await self._clock.sleep(RETRY_COMMIT)
        return False

    def withdraw(self, job: Job) -> None:
        """Take back that a call is about to be sent: it was not, and may have to wait."""
        if job.log is not None:
            job.log.withdraw(job.record.offset)

    def _note_progress(self) -> None:
        if self._has_progressed:
            self._has_progressed = False
            self.last_progress = self._clock.now()

    # -- records in -----------------------------------------------------------------------

    def _take(self, records: Sequence[Record]) -> None:
        if not records:
            return
        now, wall = self._clock.now(), self._clock.wall()
        opened = (self.ledger.open(record, now) for record in records)
        jobs = [job for job in opened if job is not None]
        # All are planned before the first begins: that took 1 to 3 % less CPU than by turns.
        plans = [self._planner.plan(job.record, wall) for job in jobs]
        for job, plan in zip(jobs, plans, strict=True):
            self._begin(job, plan, now, wall)
        for topic, count in Counter(job.record.topic for job in jobs).items():
            self._meter.taken(topic, count)

    def _begin(self, job: Job, plan: Plan, now: float, wall: float) -> None:
        if job.history is History.SETTLED and not _may_be_done_again(plan):
            known = plan.type if isinstance(plan, Planned) else UNKNOWN
            self._skip(job, known, "settled_before")
        elif isinstance(plan, Planned):
            self._submit(job, plan, now, wall)
        elif isinstance(plan, Skipped):
            self._skip(job, plan.type, plan.rule)
        else:
            self._refuse(job, plan, now)

    def _submit(self, job: Job, plan: Planned, now: float, wall: float) -> None:
        if plan.ignored or plan.notes:
            self._meter.ignored(plan.type, len(plan.ignored) + len(plan.notes))
        if self.unmapped.is_watching:
            self.unmapped.mapped(plan.type, now)
        if not plan.calls:
            self._skip(job, plan.type, "nothing_to_say")
            return
        if not self._is_first(job, plan, now):
            return
        begin(
            job,
            owner=self,
            plan=plan,
            desk=self._consent,
            delivery=self._delivery,
            wall=wall,
        )
        if job.history is History.DECLARED:
            self._delivery.doubt(job)
        self._delivery.submit(job)
        self._pressure.took(job)
        if plan.calls[0].repeat is Repeat.COUNTS and self._delivery.declarations is not None:
            self._pressure.took_send(job)

    def _is_first(self, job: Job, plan: Planned, now: float) -> bool:
        """Settle an event that came before; tell whether this one is to be sent."""
        if plan.event_id is None:
            return True
        call = plan.calls[0]
        counts = call.repeat is Repeat.COUNTS
        seen = self._repeats.of(plan)
        if seen is Seen.REPEAT:
            self._skip(job, plan.type, "repeat")
            return False
        if seen is Seen.OTHER and counts:
            refused = Refused(refusal=SAME_ID, type=plan.type, event_id=plan.event_id)
            self._refuse(job, refused, now)
            return False
        if seen is Seen.OTHER:
            log.warning("same_id_other_content", event_id=plan.event_id, event_type=plan.type)
        job.known_as = call.identity
        job.counts = counts if len(plan.calls) == 1 else not _may_be_done_again(plan)
        return True

    def _refuse(self, job: Job, plan: Refused, now: float) -> None:
        reason = plan.refusal.reason
        if reason == HELD_FOR and self.unmapped.holds(plan.type, reason, job, now):
            return
        self._bury(job, refused_burial(job.record, plan))

    def _try_unmapped(self) -> None:
        """Map a held record once more; if that works, all of its type."""
        now, wall = self._clock.now(), self._clock.wall()
        for event_type, job in self.unmapped.due(now):
            plan = self._planner.plan(job.record, wall)
            if isinstance(plan, Refused):
                self._refuse(job, plan, now)
                continue
            self._begin(job, plan, now, wall)
            for held in self.unmapped.release(event_type):
                self._begin(held, self._planner.plan(held.record, wall), now, wall)

    # -- records out ----------------------------------------------------------------------

    def finish(self, job: Job) -> None:
        """Settle a record whose calls have ended, or bury it; see first that consent is kept."""
        plan: Planned = job.plan
        if job.admission is not None and self._consent is not None:
            note_end(job, self._consent)
            self._close_later(self._remember(job, self._consent))
            return
        if job.verdict is not None or plan.refusal is not None:
            self._bury(job, job_burial(job, plan))
            if not job.may_have_counted():  # the producer may mend what was wrong and send it again
                self._repeats.forget(job.known_as)
        elif job.skipped is not None:
            self._skip(job, plan.type, job.skipped)
        elif self._settle(job):
            self._meter.delivered(plan.type, self._clock.wall() - job.occurred_at)
        job.close()

    async def _remember(self, job: Job, desk: ConsentDesk) -> None:
        if await remembered(job, desk):
            self.finish(job)
        else:
            self._delivery.submit(job)

    def _skip(self, job: Job, event_type: str, why: str) -> None:
        if self._settle(job):
            self._meter.skipped(event_type, why)

    def _bury(self, job: Job, burial: Burial) -> None:
        self._close_later(self._bury_and_settle(job, burial))

    def _close_later(self, closing: Coroutine[None, None, None]) -> None:
        if self._has_ended:  # a call that ends in the last moment: its record comes again
            closing.close()
            return
        # In a task of its own: a topic that hangs holds the record's partition, not the loop.
        task = asyncio.get_running_loop().create_task(closing)
        self._closings.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closings.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._fault = task.exception()
            self._settled.set()

    async def _bury_and_settle(self, job: Job, burial: Burial) -> None:
        await self._letters.bury(burial)
        if self._settle(job):
            self._meter.buried(burial)

    def _settle(self, job: Job) -> bool:
        if not self.ledger.settle(job):
            return False
        self._has_progressed = True
        self._settled.set()
        return True

    # -- assignments ----------------------------------------------------------------------

    def assigned(self, starts: Mapping[Partition, Point]) -> None:
        """Begin new assignments: nothing of an old one is taken over."""
        for partition, start in starts.items():
            self.ledger.assign(partition, start)
        self._pressure.forget(starts)
        self._delivery.share(self._source.share())
        if any(self.ledger.logs[partition].is_taken_over for partition in starts):
            self._delivery.took_over()

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        """Finish what can be finished of these partitions in time, commit it, forget the rest."""
        places = list(partitions)
        self.ledger.leave(places)
        if self._source.lease.holds(self._clock.now()):  # else nothing more is sent for them
            await self._drain(places, self._drain_seconds)
        is_committed = await self.commit()
        if not is_committed or self.ledger.is_thinned(places):
            self._repeats.forget_safe()  # what was finished is done again, in part perhaps
        abandoned = frozenset(self.ledger.unsettled(places))
        for job in self.ledger.to_come_again(places):
            self._forget_repeat(job)
        for job in abandoned:
            self._delivery.abandon(job)
        self.unmapped.drop(abandoned)
        self._meter.abandoned(self.ledger.forget(places))
        self._pressure.forget(places)

    def next_to_take(self) -> Mapping[Partition, int]:
        """Return the offset that each owned partition must be read from next."""
        return self.ledger.next_to_take()

    def _forget_repeat(self, job: Job) -> None:
        """Let a record that comes again be done again, unless it is finished and would count."""
        if job.known_as and not (job.is_settled and job.counts):
            self._repeats.forget(job.known_as)

    async def _drain(self, partitions: list[Partition], seconds: float) -> None:
        deadline = self._clock.now() + seconds
        while self._fault is None and self.ledger.has_unsettled(partitions):
            self._settled.clear()
            left = deadline - self._clock.now()
            if left <= 0 or not await self._clock.wait(self._settled, left):
                return


def _may_be_done_again(plan: Plan) -> bool:
    """Tell whether what was finished before is done again with all around it.

    What comes before it in its partition may be done again, and would undo it otherwise.
    """
    return isinstance(plan, Planned) and all(
        call.repeat is not Repeat.COUNTS for call in plan.calls
    )
