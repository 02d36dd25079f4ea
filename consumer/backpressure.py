"""Which partitions are not read for now, since too much of them is unfinished. Pure.

One that is full is read again only once a good part of what waited is finished: to hold and to let
go by turns costs more than either.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from consumer.job import Job
from consumer.ledger import PartitionLog
from consumer.record import Partition

LARGEST_CROWD = 1000  # calls that may wait for one contact before its partition is held
RESUME_BELOW = 0.5  # of what stopped it


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffer:
    """How much may be unfinished, in records and in bytes, before partitions are paused."""

    records: int = 100_000
    bytes: int = 64 * 1024 * 1024

    def part(self, records: int, size: int) -> float:
        """Return which part of it is taken by so many records of so many bytes."""
        return max(records / self.records, size / self.bytes)


class Backpressure:
    """What is held: partitions that are full, of a busy contact, or whose sends are too far ahead.

    One of a contact for whom too many calls wait takes no more of them. One where a send cannot be
    written down beside the commit point takes no more until that has come nearer.

    A partition is full once it holds as much as is free (Choudhury and Hahne, "Dynamic queue
    length thresholds for shared-memory packet switches", 1998): alone it may take half of the
    buffer, each of n an (n+1)-th part. So one whose calls wait for an outage to end leaves room
    for opt-outs of another; half of its even part is for each, should a poll have brought too much.
    `crowd` tells how many calls wait for the busiest contact of a record.
    """

    def __init__(self, buffer: Buffer, crowd: Callable[[Job], int]) -> None:
        self._buffer = buffer
        self._crowd = crowd
        self._full: set[Partition] = set()
        self._crowded: dict[Partition, Job] = {}
        self._ahead: dict[Partition, Job] = {}

    @property
    def held(self) -> Collection[Partition]:
        """Return the partitions that are not to be read."""
        return self._full | self._crowded.keys() | self._ahead.keys()

    def took(self, job: Job) -> None:
        """Look whether too many calls wait where those of this record do."""
        if self._crowd(job) >= LARGEST_CROWD:
            self._crowded[job.record.place] = job

    def took_send(self, job: Job) -> None:
        """Look whether a call whose repeats count can be written down yet."""
        if not _is_near(job):
            self._ahead[job.record.place] = job

    def look(self, logs: Mapping[Partition, PartitionLog]) -> Collection[Partition]:
        """Return the partitions that are not to be read, as things stand now."""
        records = sum(log.records for log in logs.values())
        size = sum(log.bytes for log in logs.values())
        least = 0.5 / max(1, len(logs))
        room = max(least, 1 - self._buffer.part(records, size))
        for place, log in logs.items():
            taken = self._buffer.part(log.records, log.bytes)
            if taken >= room:
                self._full.add(place)
            elif taken < room * RESUME_BELOW:
                self._full.discard(place)
        for place, job in list(self._crowded.items()):
            if self._crowd(job) < LARGEST_CROWD * RESUME_BELOW:
                del self._crowded[place]
        for place, job in list(self._ahead.items()):
            if _is_near(job):
                del self._ahead[place]
        return self.held

    def forget(self, partitions: Iterable[Partition]) -> None:
        """Hold these no more: they are another's, or begin anew."""
        for place in partitions:
            self._full.discard(place)
            self._crowded.pop(place, None)
            self._ahead.pop(place, None)


def _is_near(job: Job) -> bool:
    return job.log is None or job.log.may_declare(job.record.offset)
