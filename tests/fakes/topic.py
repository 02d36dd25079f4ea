"""A compacted topic in memory: written by whoever, followed by each replica at its own pace.

`tests/integration/test_consent_topic.py` proves it against the real one.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from consumer.consent.ports import Page
from consumer.kafka import NotAcknowledgedError
from consumer.record import Headers, Partition, Record

POLL_SECONDS = 5.0
LATENCY = 0.005  # s of a write


@dataclass
class FakeTopic:
    """One partition. `is_down`: nobody can write or ask; `refusals` of the next writes."""

    name: str = "esputnik-sync.consent"
    log: list[Record] = field(default_factory=list)
    is_down: bool = False
    refusals: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def place(self) -> Partition:
        return Partition(self.name, 0)

    def put(self, key: bytes | None, value: bytes | None) -> None:
        """Append a record at once."""
        self.log.append(Record(self.name, 0, len(self.log), 0, key, value))
        self.arrived.set()
        self.arrived = asyncio.Event()

    def compact(self) -> list[Record]:
        """Return what compaction leaves, and keep only that."""
        last = {record.key: record.offset for record in self.log}
        self.log = [record for record in self.log if last[record.key] == record.offset]
        return self.log

    @property
    def end(self) -> int:
        return self.log[-1].offset + 1 if self.log else 0


@dataclass
class FakeWriter:
    """One replica's producer; `latency` in s of each write."""

    topic: FakeTopic
    latency: float = LATENCY

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        near: int | None = None,
    ) -> None:
        """Write one record, as `consumer.ports.Writer` does."""
        assert (topic, near, headers) == (self.topic.name, 0, ())
        await asyncio.sleep(self.latency)
        if self.topic.refusals or self.topic.is_down:
            self.topic.refusals -= bool(self.topic.refusals)
            raise NotAcknowledgedError("TimeoutError")
        self.topic.put(key, value)


@dataclass
class FakeFollowed:
    """One follower. While `is_held`, it reads nothing, as if its broker hung."""

    topic: FakeTopic
    is_held: bool = False
    position: int = 0
    asked: int = 0

    async def poll(self) -> Page:
        if self.is_held or self.position >= self.topic.end:
            await self._pause()
        found = [] if self.is_held else self.topic.log
        records = [record for record in found if record.offset >= self.position][:1000]
        if records:
            self.position = records[-1].offset + 1
        await asyncio.sleep(0)
        return Page(records, {self.topic.place: self.position})

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self.topic.arrived.wait()
        except TimeoutError:
            pass
        if self.is_held:
            await asyncio.sleep(POLL_SECONDS)

    async def ends(self) -> Mapping[Partition, int] | None:
        self.asked += 1
        await asyncio.sleep(LATENCY)
        return None if self.topic.is_down else {self.topic.place: self.topic.end}
