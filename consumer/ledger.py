"""What is unfinished, partition by partition, and how far an offset may be committed.

Logs have holes (compaction, control records), so "contiguous" means the finished head of the
sequence that was handed out; the commit point is the last offset of that head plus one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import takewhile

from consumer.job import History, Job
from consumer.progress import SPAN, Progress, read_progress, write_progress
from consumer.record import Partition, Point, Record

MOST_BEHIND = 10_000  # finished records kept one by one behind an unfinished one, at least


class PartitionLog:
    """One assignment of one partition: a partition that comes back gets a new log.

    `records` and `bytes` are what is unfinished of it. `before` is what an earlier assignment told
    of offsets beyond the start; `declared` are those of records whose calls are about to be sent.
    `is_taken_over`: somebody has read it before, so far as its start tells. `is_thinned`: some that
    are finished and not committed are known as no more than a number, or not at all.
    """

    def __init__(self, partition: Partition, start: Point) -> None:
        self.partition = partition
        self.next_to_take = start.offset
        self.before: Progress = read_progress(*start)
        self._has_before = self.before != Progress()
        self.is_taken_over = start.offset > 0 or self._has_before
        self.declared: set[int] = set()
        self.is_closed = False
        self.is_leaving = False
        self.records = 0
        self.bytes = 0
        self._committed: Point | None = start
        self._is_dirty = False
        self._open: deque[Job] = deque()
        self._behind = 0  # finished ones among them: the first is always unfinished
        self._thinned: set[int] = set()
        self.is_thinned = False

    def take(self, record: Record, now: float) -> Job | None:
        """Open a record; None if it was taken before (a refetch) or the partition is leaving."""
        offset = record.offset
        if self.is_leaving or offset < self.next_to_take:
            return None
        job = Job(record, now, self)
        if self._has_before:
            self._recall(job, offset)
        self.next_to_take = offset + 1
        self._open.append(job)
        self.records += 1
        self.bytes += job.size
        return job

    def _recall(self, job: Job, offset: int) -> None:
        if offset in self.before.settled:
            job.history = History.SETTLED
        elif offset in self.before.declared:
            job.history = History.DECLARED
            self.declared.add(offset)

    def settle(self, job: Job) -> None:
        """Book a record as finished, and let go of it, or of all but its place behind others."""
        job.is_settled = self._is_dirty = True
        self.records -= 1
        self.bytes -= job.size
        jobs = self._open
        if jobs[0] is not job:
            job.let_go()
            self._behind += 1
            if self._behind > max(MOST_BEHIND, self.records):
                self._thin()
            return
        jobs.popleft()
        while jobs and jobs[0].is_settled:
            jobs.popleft()
            self._behind -= 1

    def _thin(self) -> None:
        """Forget finished records behind one that takes long, or they would fill the memory.

        Where they lie is kept as far as it is told beside the commit point; those beyond are done
        again by whoever takes over. None of them counts: a send leaves only where it can be told.
        """
        end = self.commit_point() + SPAN
        self._thinned.update(
            job.record.offset for job in self._open if job.is_settled and job.record.offset < end
        )
        self._open = deque(self.unsettled())
        self._behind = 0
        self.is_thinned = True

    def may_declare(self, offset: int) -> bool:
        """Tell whether it can be told of a record now, beside the commit point."""
        return self.is_closed or offset - self.commit_point() < SPAN

    def declare(self, offset: int) -> bool:
        """Book a record of which a call is about to be sent; False where it lies too far ahead."""
        if not self.may_declare(offset):
            return False
        self.declared.add(offset)
        self._is_dirty = True
        return True

    def withdraw(self, offset: int) -> None:
        """Take back that a call is about to be sent."""
        self.declared.discard(offset)
        self._is_dirty = True

    def commit_point(self) -> int:
        """Return the next offset to read after everything finished at the head."""
        return self._open[0].record.offset if self._open else self.next_to_take

    def not_committed(self) -> None:
        """Note that nobody knows what the group has: it may have taken what it did not answer."""
        self._is_dirty = True
        self._committed = None

    def to_commit(self) -> Point | None:
        """Return the commit point, with what is told beside it, if any of it is news."""
        if not self._is_dirty:
            return None
        offset = self.commit_point()
        self.declared = {one for one in self.declared if one >= offset}
        self._thinned = {one for one in self._thinned if one >= offset}
        near = takewhile(lambda job: job.record.offset < offset + SPAN, self._open)
        settled = self._thinned.union(job.record.offset for job in near if job.is_settled)
        settled |= {one for one in self.before.settled if one >= self.next_to_take}
        declared = self.declared | {o for o in self.before.declared if o >= self.next_to_take}
        point = Point(offset, write_progress(offset, settled, declared))
        self._is_dirty = False
        return point if point != self._committed else None

    def committed(self, point: Point) -> None:
        """Note that the group acknowledged this commit point."""
        self._committed = point

    def to_come_again(self) -> Iterator[Job]:
        """Return the records from the commit point on: whoever takes over reads them again.

        Where it `is_thinned`, those that are finished may be missing.
        """
        return iter(self._open)

    def unsettled(self) -> Iterator[Job]:
        """Return the records that are not finished."""
        return (job for job in self._open if not job.is_settled)


class Ledger:
    """All the partitions this process owns. Plain state, one owner, no lock."""

    def __init__(self) -> None:
        self.logs: dict[Partition, PartitionLog] = {}

    @property
    def records(self) -> int:
        """Return how many records are unfinished."""
        return sum(log.records for log in self.logs.values())

    @property
    def bytes(self) -> int:
        """Return what the unfinished records take of the buffer, in bytes."""
        return sum(log.bytes for log in self.logs.values())

    def assign(self, partition: Partition, start: Point) -> None:
        """Begin a new assignment of a partition where the last one was committed.

        Raises:
            UnknownProgressError: What is told beside the start is of a later version.
        """
        self.forget((partition,))
        self.logs[partition] = PartitionLog(partition, start)

    def leave(self, partitions: Iterable[Partition]) -> None:
        """Take no more of these partitions; what is open may still be settled."""
        for partition in partitions:
            if partition in self.logs:
                self.logs[partition].is_leaving = True

    def forget(self, partitions: Iterable[Partition]) -> int:
        """Close these logs: late settles are ignored. Return how many records were unfinished."""
        abandoned = 0
        for partition in partitions:
            log = self.logs.pop(partition, None)
            if log is not None:
                log.is_closed = True
                abandoned += log.records
        return abandoned

    def open(self, record: Record, now: float) -> Job | None:
        """Take a record into the books; None if it is not ours to take (again)."""
        log = self.logs.get(record[:2])  # type: ignore[call-overload]  # topic and partition
        return log.take(record, now) if log is not None else None

    def settle(self, job: Job) -> bool:
        """Finish a record for good; False where its assignment is over (nothing was booked)."""
        log = job.log
        if log is None or log.is_closed:
            return False
        if job.is_settled:
            raise ValueError(f"settled twice: {job.record.place}@{job.record.offset}")
        log.settle(job)
        return True

    def is_ours(self, job: Job) -> bool:
        """Tell whether a record's assignment lasts."""
        return job.log is not None and not job.log.is_closed

    def commit_points(self) -> dict[Partition, Point]:
        """Return what may be committed now: only partitions that have news."""
        points = {place: log.to_commit() for place, log in self.logs.items()}
        return {place: point for place, point in points.items() if point is not None}

    def committed(self, points: dict[Partition, Point]) -> None:
        """Note what the group acknowledged."""
        for place, point in points.items():
            if place in self.logs:
                self.logs[place].committed(point)

    def not_committed(self, points: dict[Partition, Point]) -> None:
        """Note what the group did not take: it is news still."""
        for place in points.keys() & self.logs.keys():
            self.logs[place].not_committed()

    def next_to_take(self) -> dict[Partition, int]:
        """Return the offset that each owned partition must be read from next."""
        return {place: log.next_to_take for place, log in self.logs.items()}

    def unsettled(self, partitions: Iterable[Partition] | None = None) -> Iterator[Job]:
        """Return the unfinished records of these partitions, or of all."""
        places = list(self.logs) if partitions is None else partitions
        for place in places:
            if place in self.logs:
                yield from self.logs[place].unsettled()

    def to_come_again(self, partitions: Iterable[Partition]) -> Iterator[Job]:
        """Return the records of these partitions that whoever takes over reads again."""
        for place in partitions:
            if place in self.logs:
                yield from self.logs[place].to_come_again()

    def is_thinned(self, partitions: Iterable[Partition]) -> bool:
        """Tell whether finished records of these partitions come again that are not known here."""
        return any(self.logs[place].is_thinned for place in partitions if place in self.logs)

    def has_unsettled(self, partitions: Iterable[Partition]) -> bool:
        """Tell whether any record of these partitions is unfinished."""
        return any(self.logs[place].records for place in partitions if place in self.logs)

    def oldest(self) -> float | None:
        """Return when the oldest unfinished record was opened, in monotonic seconds."""
        heads = (next(log.unsettled(), None) for log in self.logs.values())
        return min((job.opened_at for job in heads if job is not None), default=None)
