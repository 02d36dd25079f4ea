"""One message as Kafka gave it."""

from dataclasses import dataclass

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record, untouched. `timestamp` is Kafka's, in ms; −1 where there is none."""

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

    @property
    def size(self) -> int:
        """Return its bytes as the buffer counts them."""
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers + 64
