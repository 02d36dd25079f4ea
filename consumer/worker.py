"""The main path: records in, calls out, offsets committed behind what is finished."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consumer.deadletter import Burial
from consumer.delivery import Delivery
from consumer.errand import Job
from consumer.ledger import Entry, Ledger
from consumer.plan import Planned, Planner, Refused, Skipped
from consumer.ports import Clock, EventMeter, Letters, Source
from consumer.record import Partition, Record
from handlers.mapped import Refusal

COMMIT_EVERY = 1.0  # s
POLL_SECONDS = 0.2
POLL_RECORDS = 1000
RESUME_BELOW = 0.8  # of the buffer's limit, so that pausing does not flutter


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """How much may be unfinished before partitions are paused."""

    records: int = 100_000
    bytes: int = 64 * 1024 * 1024


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
        drain_seconds: float = 15.0,
        stop_seconds: float = 20.0,
    ) -> None:
        self.ledger = Ledger()
        self.last_progress = clock.now()
        self._source = source
        self._letters = letters
        self._planner = planner
        self._delivery = delivery
        self._clock = clock
        self._meter = meter
        self._buffer = buffer
        self._drain_seconds = drain_seconds
        self._stop_seconds = stop_seconds
        self._jobs: dict[Entry, Job] = {}
        self._burials: set[asyncio.Task[None]] = set()
        self._fault: BaseException | None = None
        self._settled = asyncio.Event()
        self._stopping = asyncio.Event()
        self.is_paused = False
        self._last_commit = clock.now()

    # -- the loop -------------------------------------------------------------------------

    async def run(self) -> None:
        """Carry records to eSputnik until `stop`, then finish what was taken."""
        try:
            while not self._stopping.is_set():
                if self._fault is not None:
                    raise self._fault
                self._take(await self._source.poll(POLL_RECORDS, POLL_SECONDS))
                self._delivery.wake()
                self._press_back()
                if self._clock.now() - self._last_commit >= COMMIT_EVERY:
                    await self.commit()
            await self._drain(list(self.ledger.next_to_take()), self._stop_seconds)
            await self.commit()
        finally:
            for burial in self._burials:
                burial.cancel()

    def stop(self) -> None:
        """Take no more records; `run` returns when what was taken is finished, or in time."""
        self._stopping.set()

    async def commit(self) -> None:
        """Commit what is finished; where the group does not take it, it is tried again later."""
        self._last_commit = self._clock.now()
        points = self.ledger.commit_points()
        if points and await self._source.commit(points):
            self.ledger.committed(points)

    def _press_back(self) -> None:
        """Pause fetching while too much is unfinished; polling goes on."""
        used = max(
            self.ledger.records / self._buffer.records, self.ledger.bytes / self._buffer.bytes
        )
        self.is_paused = used >= (RESUME_BELOW if self.is_paused else 1.0)
        self._source.pause(paused=self.is_paused)

    # -- records in -----------------------------------------------------------------------

    def _take(self, records: Iterable[Record]) -> None:
        now, wall = self._clock.now(), self._clock.wall()
        for record in records:
            entry = self.ledger.open(record, now)
            if entry is None:
                continue
            self._meter.taken(record.topic)
            plan = self._planner.plan(record, wall)
            match plan:
                case Skipped(rule=why, type=event_type):
                    self._skip(entry, event_type, why)
                case Refused(refusal=refusal):
                    self._bury(entry, refused_burial(record, plan, refusal))
                case Planned(calls=()):
                    self._skip(entry, plan.type, "nothing_to_say")
                case Planned():
                    self._submit(entry, plan)

    def _submit(self, entry: Entry, plan: Planned) -> None:
        self._meter.ignored(plan.type, len(plan.ignored) + len(plan.notes))
        job = Job(plan.calls, lambda job: self._finish(entry, plan, job))
        self._jobs[entry] = job
        self._delivery.submit(job)

    # -- records out ----------------------------------------------------------------------

    def _finish(self, entry: Entry, plan: Planned, job: Job) -> None:
        self._jobs.pop(entry, None)
        if job.verdict is not None or plan.refusal is not None:
            self._bury(entry, job_burial(entry.record, plan, job))
        elif job.skipped is not None:
            self._skip(entry, plan.type, job.skipped)
        elif self._settle(entry):
            self._meter.delivered(plan.type, self._clock.wall() - plan.occurred_at.timestamp())

    def _skip(self, entry: Entry, event_type: str, why: str) -> None:
        if self._settle(entry):
            self._meter.skipped(event_type, why)

    def _bury(self, entry: Entry, burial: Burial) -> None:
        # In a task of its own: a dead-letter topic that hangs holds its partition, not the loop.
        task = asyncio.get_running_loop().create_task(self._bury_and_settle(entry, burial))
        self._burials.add(task)
        task.add_done_callback(self._buried)

    def _buried(self, task: asyncio.Task[None]) -> None:
        self._burials.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._fault = task.exception()

    async def _bury_and_settle(self, entry: Entry, burial: Burial) -> None:
        await self._letters.bury(burial)
        if self._settle(entry):
            self._meter.buried(burial)

    def _settle(self, entry: Entry) -> bool:
        if not self.ledger.settle(entry):
            return False
        self.last_progress = self._clock.now()
        self._settled.set()
        return True

    # -- assignments ----------------------------------------------------------------------

    def assigned(self, starts: Mapping[Partition, int]) -> None:
        """Begin new assignments: nothing of an old one is taken over."""
        for partition, start in starts.items():
            self.ledger.assign(partition, start)
        self._source.pause(paused=self.is_paused)

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        """Finish what can be finished of these partitions in time, commit it, forget the rest."""
        places = list(partitions)
        self.ledger.leave(places)
        await self._drain(places, self._drain_seconds)
        await self.commit()
        for entry in self.ledger.unsettled(places):
            job = self._jobs.pop(entry, None)
            if job is not None:
                self._delivery.abandon(job)
        self._meter.abandoned(self.ledger.forget(places))

    def next_to_take(self) -> Mapping[Partition, int]:
        """Return the offset that each owned partition must be read from next."""
        return self.ledger.next_to_take()

    async def _drain(self, partitions: list[Partition], seconds: float) -> None:
        deadline = self._clock.now() + seconds
        while any(True for _ in self.ledger.unsettled(partitions)):
            self._settled.clear()
            left = deadline - self._clock.now()
            if left <= 0 or not await self._clock.wait(self._settled, left):
                return


def refused_burial(record: Record, plan: Refused, refusal: Refusal) -> Burial:
    """Return the dead letter of a record that asked for nothing that could be sent."""
    return Burial(
        record=record,
        reason=refusal.reason,
        field=refusal.field,
        detail=refusal.detail,
        event_id=plan.event_id,
        event_type=plan.type,
    )


def job_burial(record: Record, plan: Planned, job: Job) -> Burial:
    """Return the dead letter of an event whose calls were not all delivered."""
    fates = tuple(fate for fate in job.fates if fate is not None)
    if job.verdict is None:
        refusal = plan.refusal or Refusal(reason="map.handler_error")
        reason, path, detail = refusal.reason, refusal.field, refusal.detail
        call = None
    else:
        call, rejected = job.verdict
        reason, path, detail = rejected.reason, "", rejected.detail
    return Burial(
        record=record,
        reason=reason,
        field=path,
        detail=detail,
        event_id=plan.event_id,
        event_type=plan.type,
        action=call.action if call else None,
        key=call.key if call else None,
        fates=fates,
        flags=("in-doubt",) if reason == "sync.in_doubt" else (),
    )
