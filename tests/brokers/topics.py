"""What tests do with topics: make them, fill them, read them, ask how far a group is."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumer.record import Headers, Partition, Record

FETCH_MS = 200
SECONDS = 15.0  # until reading gives up


def fresh(name: str) -> str:
    """Return a name that no other test uses, for a topic or a group."""
    return f"{name}-{uuid.uuid4().hex[:10]}"


def entry(
    topic: str,
    value: bytes | None,
    *,
    key: bytes | None = None,
    partition: int = 0,
    headers: Headers = (),
) -> Record:
    """Return a record to produce; the broker gives it its offset and time."""
    return Record(
        topic=topic,
        partition=partition,
        offset=-1,
        timestamp=-1,
        key=key,
        value=value,
        headers=headers,
    )


async def make_topics(
    bootstrap: str, topics: Mapping[str, int], config: Mapping[str, str] | None = None
) -> None:
    """Make topics with so many partitions each, all with this configuration."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        new = [NewTopic(name, count, 1, topic_configs=config) for name, count in topics.items()]
        made = await admin.create_topics(new)
        assert not any(code for _, code, *_ in made.topic_errors), made
    finally:
        await admin.close()


async def in_transaction(bootstrap: str, record: Record, *, commits: bool) -> None:
    """Write a record and a mark behind it; no mark, and no record that is aborted, is ever read."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=fresh("transaction"))
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(record.topic, record.value, partition=record.partition)
        if commits:
            await producer.commit_transaction()
        else:
            await producer.abort_transaction()
    finally:
        await producer.stop()


async def produce(
    bootstrap: str,
    records: Iterable[Record],
    compression: str | None = None,
    max_request_size: int = 1_048_576,
) -> None:
    """Write records to the partitions they name, in order."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        linger_ms=5,
        compression_type=compression,
        max_request_size=max_request_size,
    )
    await producer.start()
    try:
        sent = [
            await producer.send(
                record.topic,
                record.value,
                key=record.key,
                partition=record.partition,
                timestamp_ms=None if record.timestamp < 0 else record.timestamp,
                headers=list(record.headers),
            )
            for record in records
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def read_all(bootstrap: str, topic: str) -> list[Record]:
    """Return what a topic holds, up to its high watermarks, by partition and offset."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(SECONDS):
            places = await _places(bootstrap, topic)
            consumer.assign(places)
            found: list[Record] = []
            while not await _at_end(consumer, places):
                for messages in (await consumer.getmany(timeout_ms=FETCH_MS)).values():
                    found += [_record(message) for message in messages]
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: (record.partition, record.offset))


async def lag(bootstrap: str, group: str, topic: str) -> dict[Partition, int]:
    """Return how many records of each partition the group has not committed."""
    places = await _places(bootstrap, topic)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(places)
        points = {place: await consumer.committed(place) or 0 for place in places}
    finally:
        await consumer.stop()
    return {Partition(p.topic, p.partition): ends[p] - points[p] for p in places}


async def _places(bootstrap: str, topic: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        # Some brokers make a topic that is described and unknown; a list makes none.
        assert topic in await admin.list_topics(), f"there is no topic {topic}"
        (described,) = await admin.describe_topics([topic])
    finally:
        await admin.close()
    numbers = sorted(partition["partition"] for partition in described["partitions"])
    return [TopicPartition(topic, number) for number in numbers]


async def _at_end(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> bool:
    """Tell by the fetches' own marks: asked for end offsets, some brokers name too few."""
    marks = [(consumer.highwater(place), await consumer.position(place)) for place in places]
    return all(mark is not None and position >= mark for mark, position in marks)


def _record(message: object) -> Record:
    names = ("topic", "partition", "offset", "timestamp", "key", "value")
    given = {name: getattr(message, name) for name in names}
    return Record(**given, headers=tuple(getattr(message, "headers", ())))
