"""A client of aiokafka as a test wants it: what it answers is laid down beforehand."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from aiokafka import ConsumerRecord, TopicPartition

from consumer.record import Partition, Point


def place(number: int, topic: str = "t") -> TopicPartition:
    return TopicPartition(topic, number)


def a_message(number: int, offset: int) -> ConsumerRecord:
    return ConsumerRecord(
        topic="t",
        partition=number,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=None,
        value=b"v",
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=1,
        headers=(),
    )


Answer = Mapping[TopicPartition, list[ConsumerRecord]] | Exception


@dataclass
class StubClient:
    """Offsets of the group and the logs; `answers` are what fetches bring, in order."""

    commits: dict[TopicPartition, int] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    first: int = 0
    end: int = 100
    answers: deque[Answer] = field(default_factory=deque)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    owned: set[TopicPartition] = field(default_factory=set)
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    asleep: set[TopicPartition] = field(default_factory=set)
    asked: list[tuple[TopicPartition, ...]] = field(default_factory=list)
    refuses_commits: Exception | None = None
    no_broker: Exception | None = None
    tells: asyncio.Event = field(default_factory=asyncio.Event)  # where the logs begin

    def __post_init__(self) -> None:
        self.tells.set()

    def partitions_for_topic(self, topic: str) -> set[int]:
        assert topic == "t"
        return self.numbers

    async def read(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, Point]:
        if self.no_broker is not None:
            raise self.no_broker
        return {at: Point(self.commits[at]) for at in places if at in self.commits}

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.refuses_commits is not None:
            raise self.refuses_commits
        self.commits |= offsets

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[object, int]:
        await self.tells.wait()
        return dict.fromkeys(places, self.first)

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[object, int]:
        return dict.fromkeys(places, self.end)

    def assignment(self) -> set[TopicPartition]:
        return self.owned

    def paused(self) -> set[TopicPartition]:
        return set(self.asleep)

    def pause(self, *places: TopicPartition) -> None:
        self.asleep |= set(places)

    def resume(self, *places: TopicPartition) -> None:
        self.asleep -= set(places)

    def seek(self, at: TopicPartition, offset: int) -> None:
        self.positions[at] = offset

    async def position(self, at: TopicPartition) -> int:
        return self.positions[at]

    def highwater(self, at: TopicPartition) -> int | None:
        return self.end if at in self.owned else None

    def last_stable_offset(self, at: TopicPartition) -> int | None:
        return self.highwater(at)

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, list[ConsumerRecord]]:
        assert timeout_ms >= 0
        assert max_records > 0
        self.asked.append(places)
        while not self.answers:
            self.answered.clear()
            await self.answered.wait()
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        for at, messages in answer.items():
            self.positions[at] = messages[-1].offset + 1
        return answer

    def answer(self, *answers: Answer) -> None:
        self.answers.extend(answers)
        self.answered.set()


@dataclass
class StubListener:
    """Remembers what it was told; `taken` is what it says it took."""

    taken: dict[Partition, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def assigned(self, starts: Mapping[Partition, Point]) -> None:
        self.told.append("assigned")
        self.taken |= {place: start.offset for place, start in starts.items()}

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        self.told.append("revoking")
        for partition in partitions:
            self.taken.pop(partition, None)

    def next_to_take(self) -> Mapping[Partition, int]:
        return self.taken
