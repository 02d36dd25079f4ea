"""One message as Kafka gave it."""

from typing import NamedTuple

Headers = tuple[tuple[str, bytes | None], ...]

OVERHEAD = 2500  # bytes that the books of a record take beside its own; measured, not exact


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Point(NamedTuple):
    """How far a partition is finished: the next offset to read, and what is told beside it."""

    offset: int
    progress: str = ""


class Record(NamedTuple):
    """One record, untouched. `timestamp` is Kafka's, in ms; -1 where there is none."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def place(self) -> Partition:
        """Return the partition it lies in."""
        return Partition(self.topic, self.partition)

    def place_mark(self) -> "Record":
        """Return the record without what it holds."""
        return Record(*self[:4], None, None)

    @property
    def size(self) -> int:
        """Return what it takes of the buffer, in bytes: its own and those of its books."""
        size = OVERHEAD + len(self.key or b"") + len(self.value or b"")
        for name, value in self.headers:
            size += len(name) + len(value or b"")
        return size
