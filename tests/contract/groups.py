"""The same group on brokers in memory of three kinds, and on Apache Kafka."""

import asyncio
import random
from collections.abc import Mapping
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from consumer.kafka import Connection, GroupOptions, KafkaSource
from consumer.record import Partition, Point, Record
from tests.brokers.raw import batch, produce_raw
from tests.brokers.topics import entry, fresh, in_transaction, make_topics, produce
from tests.builders import a_record
from tests.contract.reader import Reader
from tests.fakes.brokers import Brokers
from tests.fakes.group import Group as SimulatedMembers
from tests.fakes.group import Member
from tests.fakes.kafka import FakeBroker, FakeSource


class Group(Protocol):
    """A consumer group and the topics it reads."""

    async def topic(self, partitions: int = 1) -> str: ...
    async def put(self, topic: str, partition: int, *values: bytes) -> None: ...
    async def put_unreadable(self, topic: str, partition: int) -> None: ...
    async def leave_hole(self, topic: str, partition: int) -> None: ...
    async def delete_before(self, topic: str, partition: int, offset: int) -> None: ...
    async def commit(self, points: Mapping[Partition, int]) -> None: ...
    async def committed(self, topic: str, partition: int) -> int | None: ...
    def member(self) -> "Reader": ...


class FakeGroup:
    """In memory."""

    def __init__(self) -> None:
        self._broker = FakeBroker()

    async def topic(self, partitions: int = 1) -> str:
        name = fresh("topic")
        self._broker.make(name, partitions)
        return name

    async def put(self, topic: str, partition: int, *values: bytes) -> None:
        for value in values:
            self._broker.put(a_record(topic=topic, partition=partition, value=value))

    async def put_unreadable(self, topic: str, partition: int) -> None:
        self._broker.spoil(self._broker.put(a_record(topic=topic, partition=partition)))

    async def leave_hole(self, topic: str, partition: int) -> None:
        self._broker.leave_out(Partition(topic, partition))

    async def delete_before(self, topic: str, partition: int, offset: int) -> None:
        self._broker.first[Partition(topic, partition)] = offset

    async def commit(self, points: Mapping[Partition, int]) -> None:
        self._broker.commits.update({place: Point(at) for place, at in points.items()})

    async def committed(self, topic: str, partition: int) -> int | None:
        point = self._broker.commits.get(Partition(topic, partition))
        return point.offset if point is not None else None

    def member(self) -> Reader:
        return Reader(FakeSource(self._broker))


class SimulatedGroup(FakeGroup):
    """In memory, with generations, as whole histories are played with it."""

    def __init__(self) -> None:
        super().__init__()
        self._group = SimulatedMembers(self._broker, heartbeat=0.02)

    def member(self) -> Reader:
        return Reader(Member(self._group, random.Random(0)))  # noqa: S311 - chance, not secrecy


class WiredGroup:
    """In memory, below the real source and aiokafka; `in_place_of_sockets` must last."""

    def __init__(self, brokers: Brokers) -> None:
        self._brokers = brokers

    async def topic(self, partitions: int = 1) -> str:
        name = fresh("topic")
        self._brokers.make(name, partitions)
        return name

    async def put(self, topic: str, partition: int, *values: bytes) -> None:
        for value in values:
            self._brokers.put(TopicPartition(topic, partition), value)

    async def put_unreadable(self, topic: str, partition: int) -> None:
        self._brokers.put(TopicPartition(topic, partition), b"unreadable", bad=0)

    async def leave_hole(self, topic: str, partition: int) -> None:
        self._brokers.logs[TopicPartition(topic, partition)].put_marker()

    async def delete_before(self, topic: str, partition: int, offset: int) -> None:
        self._brokers.logs[TopicPartition(topic, partition)].first = offset

    async def commit(self, points: Mapping[Partition, int]) -> None:
        commits = self._brokers.group.commits
        commits |= {TopicPartition(*place): Point(at) for place, at in points.items()}

    async def committed(self, topic: str, partition: int) -> int | None:
        point = self._brokers.group.commits.get(TopicPartition(topic, partition))
        return point.offset if point is not None else None

    def member(self) -> Reader:
        group = GroupOptions(group_id="group")
        return Reader(KafkaSource(Connection(bootstrap_servers="127.0.0.1:9092"), group))


class KafkaGroup:
    """On a broker."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.name = fresh("group")

    async def topic(self, partitions: int = 1) -> str:
        name = fresh("topic")
        await make_topics(self.bootstrap, {name: partitions})
        return name

    async def put(self, topic: str, partition: int, *values: bytes) -> None:
        records: list[Record] = [entry(topic, value, partition=partition) for value in values]
        await produce(self.bootstrap, records)

    async def put_unreadable(self, topic: str, partition: int) -> None:
        at = entry(topic, b"", partition=partition)
        await produce_raw(self.bootstrap, at, batch([b"unreadable"], bad=0))

    async def leave_hole(self, topic: str, partition: int) -> None:
        await in_transaction(self.bootstrap, entry(topic, b"", partition=partition), commits=False)

    async def delete_before(self, topic: str, partition: int, offset: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            place = TopicPartition(topic, partition)
            await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()

    async def commit(self, points: Mapping[Partition, int]) -> None:
        places = {TopicPartition(place.topic, place.number): at for place, at in points.items()}
        async with asyncio.timeout(10):
            consumer = self._client()
            await consumer.start()
            try:
                consumer.assign(list(places))
                await consumer.commit(places)
            finally:
                await consumer.stop()

    async def committed(self, topic: str, partition: int) -> int | None:
        consumer = self._client()
        await consumer.start()
        try:
            found = await consumer.committed(TopicPartition(topic, partition))
        finally:
            await consumer.stop()
        return int(found) if found is not None else None

    def member(self, **options: object) -> Reader:
        group = GroupOptions(group_id=self.name, **options)  # type: ignore[arg-type]
        return Reader(KafkaSource(Connection(bootstrap_servers=self.bootstrap), group))

    def _client(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=self.name, enable_auto_commit=False
        )
