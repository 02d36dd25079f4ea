"""Kafka below aiokafka's own code: logs of record batches, and what each request is answered.

aiokafka runs as it is, with whatever it gets wrong; only its connections are ours, `wire.py`.
`tests/contract/test_source.py` proves the answers against Apache Kafka's.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    NoError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from tests.brokers.raw import batch, marker
from tests.fakes.coordinator import Answer, Coordinator

NODES = (1, 2)
VERSIONS = {1: 4, 2: 2, 3: 1, 8: 2, 9: 3, 10: 0, 11: 2, 12: 1, 13: 1, 14: 1}  # of each request
LATEST = -1
LEAST_FETCHED = 2  # batches of a partition that a fetch brings at least, if they are there


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Records as they lie in a log, by offset, but for the one that nobody can decode."""

    base: int
    end: int
    raw: bytes
    values: Mapping[int, bytes]
    bad: int | None = None


@dataclass(slots=True)
class Log:
    """A partition. `first` is where it begins, `end` the offset that comes next."""

    batches: list[Batch] = field(default_factory=list)
    first: int = 0
    end: int = 0

    def put(self, *values: bytes, bad: int | None = None) -> None:
        """Append a batch; the record of this number in it cannot be decoded."""
        good = {self.end + n: value for n, value in enumerate(values) if n != bad}
        at = None if bad is None else self.end + bad
        self._append(batch(list(values), bad=bad), len(values), good, at)

    def put_marker(self) -> None:
        """Append what ends a transaction: an offset of no record."""
        self._append(marker(), 1, {})

    def skip(self, count: int) -> None:
        """Leave offsets out, as compaction does."""
        self.end += count

    def _append(
        self, raw: bytes, count: int, values: Mapping[int, bytes], bad: int | None = None
    ) -> None:
        base, self.end = self.end, self.end + count
        at = base.to_bytes(8, "big", signed=True)
        raw = at + raw[len(at) :]
        self.batches.append(Batch(base=base, end=self.end, raw=raw, values=values, bad=bad))

    def read(self, offset: int, most: int) -> bytes:
        """Return so many batches, whole ones, as brokers do; the first holds the offset."""
        return b"".join([one.raw for one in self.batches if one.end > offset][:most])

    def wall(self, offset: int) -> int | None:
        """Return where reading from an offset on must end; None: at the end of the log.

        A batch is decoded from its beginning, so what lies behind a bad record is lost with it.
        """
        bad = (one.bad for one in self.batches if one.end > offset and one.bad is not None)
        first = next(bad, None)
        return None if first is None else max(first, offset)

    def values(self) -> dict[int, bytes]:
        """Return what can be decoded, by offset, also of what was deleted since."""
        return {offset: value for one in self.batches for offset, value in one.values.items()}


@dataclass(eq=False)
class Brokers:
    """Two brokers and a group. `rng` says how much a fetch brings, and in which order."""

    rng: random.Random
    group: Coordinator = field(default_factory=Coordinator)
    logs: dict[TopicPartition, Log] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)  # topics that nobody may read just now
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def make(self, topic: str, partitions: int) -> None:
        """Make a topic."""
        for number in range(partitions):
            self.logs[TopicPartition(topic, number)] = Log()

    def put(self, place: TopicPartition, *values: bytes, bad: int | None = None) -> None:
        """Append records, and wake the fetches that wait for any."""
        self.logs[place].put(*values, bad=bad)
        self.arrived.set()

    async def answer(self, request: Any) -> Any:
        """Return the response to a request of aiokafka's."""
        key: int = request.API_KEY
        asked = request.prepare({key: (0, VERSIONS[key])})
        ways: Mapping[int, Callable[[Any], Awaitable[Answer]]] = {
            1: self._fetch,
            2: self._list_offsets,
            3: self._metadata,
            8: self.group.commit,
            9: self.group.committed,
            10: self._find_coordinator,
            11: self.group.join,
            12: self.group.heartbeat,
            13: self.group.leave,
            14: self.group.sync,
        }
        return asked.RESPONSE_TYPE(**await ways[key](asked))

    # -- records --------------------------------------------------------------------------

    async def _fetch(self, asked: Any) -> Answer:
        """Answer at once where there is anything, else when it comes or the wait is over."""
        wanted = [
            (TopicPartition(topic, number), offset)
            for topic, places in asked.topics
            for number, offset, _ in places
        ]
        try:
            async with asyncio.timeout(asked.max_wait_time / 1000):
                while not any(self._has(place, offset) for place, offset in wanted):
                    self.arrived.clear()
                    await self.arrived.wait()
        except TimeoutError:
            pass
        return {"throttle_time_ms": 0, "topics": self._found(wanted)}

    def _has(self, place: TopicPartition, offset: int) -> bool:
        log = self.logs.get(place)
        is_error = log is None or place.topic in self.forbidden
        return is_error or log is None or offset < log.first or offset != log.end

    def _found(self, wanted: Sequence[tuple[TopicPartition, int]]) -> list[Any]:
        found = [(place.topic, [self._read(place, offset)]) for place, offset in sorted(wanted)]
        self.rng.shuffle(found)
        return found

    def _read(self, place: TopicPartition, offset: int) -> tuple[Any, ...]:
        log = self.logs.get(place)
        if log is None:
            return (place.partition, UnknownTopicOrPartitionError.errno, -1, -1, [], b"")
        if place.topic in self.forbidden:
            return (place.partition, TopicAuthorizationFailedError.errno, -1, -1, [], b"")
        if not log.first <= offset <= log.end:
            return (place.partition, OffsetOutOfRangeError.errno, -1, -1, [], b"")
        raw = log.read(offset, LEAST_FETCHED + self.rng.randrange(4))
        return (place.partition, NoError.errno, log.end, log.end, [], raw)

    async def _list_offsets(self, asked: Any) -> Answer:
        told = []
        for topic, places in asked.topics:
            ends = [(number, self._offset(topic, number, at)) for number, at, *_ in places]
            told.append((topic, [(number, NoError.errno, -1, end) for number, end in ends]))
        return {"throttle_time_ms": 0, "topics": told}

    def _offset(self, topic: str, number: int, at: int) -> int:
        log = self.logs[TopicPartition(topic, number)]
        return log.end if at == LATEST else log.first

    # -- who is where ---------------------------------------------------------------------

    async def _metadata(self, asked: Any) -> Answer:
        topics: dict[str, list[int]] = defaultdict(list)
        for place in self.logs:
            if asked.topics is None or place.topic in asked.topics:
                topics[place.topic].append(place.partition)
        nodes = list(NODES)
        return {
            "brokers": [(node, f"broker-{node}", 9092, None) for node in nodes],
            "controller_id": NODES[0],
            "topics": [
                (
                    NoError.errno,
                    topic,
                    False,
                    [(NoError.errno, n, NODES[n % len(NODES)], nodes, nodes) for n in numbers],
                )
                for topic, numbers in sorted(topics.items())
            ],
        }

    async def _find_coordinator(self, _: Any) -> Answer:
        node = NODES[0]
        return {
            "error_code": NoError.errno,
            "coordinator_id": node,
            "host": f"broker-{node}",
            "port": 9092,
        }
