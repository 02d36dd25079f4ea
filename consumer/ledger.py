"""What is unfinished, partition by partition, and how far an offset may be committed.

Logs have holes (compaction, control records), so "contiguous" means the finished head of the
sequence that was handed out; the commit point is the last offset of that head plus one.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from consumer.record import Partition, Record


@dataclass(slots=True, eq=False)
class Entry:
    """One record on its way. `opened_at` in monotonic seconds."""

    record: Record
    opened_at: float
    log: "PartitionLog"
    is_settled: bool = field(default=False, init=False)


class PartitionLog:
    """One assignment of one partition: a partition that comes back gets a new log."""

    def __init__(self, partition: Partition, start: int) -> None:
        self.partition = partition
        self.next_to_take = start
        self.is_closed = False
        self.is_leaving = False
        self._committed = start
        self._open: deque[Entry] = deque()

    def take(self, record: Record, now: float) -> Entry | None:
        """Open a record; None if it was taken before (a refetch) or the partition is leaving."""
        if self.is_leaving or record.offset < self.next_to_take:
            return None
        entry = Entry(record, now, self)
        self.next_to_take = record.offset + 1
        self._open.append(entry)
        return entry

    def commit_point(self) -> int:
        """Return the next offset to read after everything finished at the head."""
        while self._open and self._open[0].is_settled:
            self._open.popleft()
        return self._open[0].record.offset if self._open else self.next_to_take

    def to_commit(self) -> int | None:
        """Return the commit point if it moved past what was committed."""
        point = self.commit_point()
        return point if point > self._committed else None

    def committed(self, point: int) -> None:
        """Note that the group acknowledged this commit point."""
        self._committed = max(self._committed, point)

    def unsettled(self) -> Iterator[Entry]:
        """Return the records that are not finished."""
        return (entry for entry in self._open if not entry.is_settled)


class Ledger:
    """All the partitions this process owns. Plain state, one owner, no lock."""

    def __init__(self) -> None:
        self._logs: dict[Partition, PartitionLog] = {}
        self.records = 0
        self.bytes = 0

    def assign(self, partition: Partition, start: int) -> None:
        """Begin a new assignment of a partition at the offset to read first."""
        self.forget((partition,))
        self._logs[partition] = PartitionLog(partition, start)

    def leave(self, partitions: Iterable[Partition]) -> None:
        """Take no more of these partitions; what is open may still be settled."""
        for partition in partitions:
            if partition in self._logs:
                self._logs[partition].is_leaving = True

    def forget(self, partitions: Iterable[Partition]) -> int:
        """Close these logs: late settles are ignored. Return how many records were unfinished."""
        abandoned = 0
        for partition in partitions:
            log = self._logs.pop(partition, None)
            if log is None:
                continue
            log.is_closed = True
            for entry in log.unsettled():
                abandoned += 1
                self._release(entry)
        return abandoned

    def open(self, record: Record, now: float) -> Entry | None:
        """Take a record into the books; None if it is not ours to take (again)."""
        log = self._logs.get(record.place)
        entry = log.take(record, now) if log is not None else None
        if entry is not None:
            self.records += 1
            self.bytes += record.size
        return entry

    def settle(self, entry: Entry) -> bool:
        """Finish a record for good; False where its assignment is over (nothing was booked)."""
        if entry.log.is_closed:
            return False
        if entry.is_settled:
            raise ValueError(f"settled twice: {entry.log.partition}@{entry.record.offset}")
        entry.is_settled = True
        self._release(entry)
        return True

    def commit_points(self) -> dict[Partition, int]:
        """Return what may be committed now: only partitions whose point moved."""
        points = {place: log.to_commit() for place, log in self._logs.items()}
        return {place: point for place, point in points.items() if point is not None}

    def committed(self, points: dict[Partition, int]) -> None:
        """Note what the group acknowledged."""
        for place, point in points.items():
            if place in self._logs:
                self._logs[place].committed(point)

    def next_to_take(self) -> dict[Partition, int]:
        """Return the offset that each owned partition must be read from next."""
        return {place: log.next_to_take for place, log in self._logs.items()}

    def unsettled(self, partitions: Iterable[Partition] | None = None) -> Iterator[Entry]:
        """Return the unfinished records of these partitions, or of all."""
        places = list(self._logs) if partitions is None else partitions
        for place in places:
            if place in self._logs:
                yield from self._logs[place].unsettled()

    def oldest(self) -> float | None:
        """Return when the oldest unfinished record was opened, in monotonic seconds."""
        heads = (next(log.unsettled(), None) for log in self._logs.values())
        return min((entry.opened_at for entry in heads if entry is not None), default=None)

    def _release(self, entry: Entry) -> None:
        self.records -= 1
        self.bytes -= entry.record.size
