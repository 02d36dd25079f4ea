"""The Kafka side of the demonstration: topics, the story's records, the letters buried."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.coordinator.assignors.range import RangePartitionAssignor

from consumer.deadletters.letter import DeadLetter, NotALetter, read_letter
from consumer.kafka import Connection, read_topic
from demo.sample import Sample
from demo.stage import TOPICS

DEAD_LETTERS = "esputnik-sync.dead-letter"
GROUP = "esputnik-sync"
AT_A_TIME = 500  # records handed to the producer before their acknowledgements are awaited
BUSY_TOPICS = frozenset({"users", "orders"})


def topics() -> dict[str, int]:
    """Return the topics of the story and their partitions."""
    return {name: 4 if name in BUSY_TOPICS else 2 for name in sorted(set(TOPICS.values()))}


async def make_topics(bootstrap: str, wanted: Mapping[str, int]) -> None:
    """Create topics; the broker has one replica of each."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, count, 1) for name, count in wanted.items()])
    finally:
        await admin.close()


async def open_group(bootstrap: str, topic: str) -> None:
    """Make the consumer group, so that the real member joins it within a second.

    The embedded broker lets the first member of a group wait for half of its session timeout, the
    usual 45 s, and keeps that timeout for the group. So a member with a short one goes first.
    """
    member = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        enable_auto_commit=False,
        session_timeout_ms=1000,
        heartbeat_interval_ms=300,
        partition_assignment_strategy=[RangePartitionAssignor],
    )
    await member.start()
    await member.stop()


@asynccontextmanager
async def producing(bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """Yield a producer whose records all replicas acknowledge."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def produce(
    producer: AIOKafkaProducer,
    samples: Sequence[Sample],
    sent: Callable[[int], None] = lambda _: None,
) -> None:
    """Write samples in their order, so that those of one key keep it; `sent` hears how many."""
    for start in range(0, len(samples), AT_A_TIME):
        some = samples[start : start + AT_A_TIME]
        futures = [
            await producer.send(
                sample.topic, value=sample.value, key=sample.key, headers=list(sample.headers)
            )
            for sample in some
        ]
        await asyncio.gather(*futures)
        sent(len(some))


async def letters(bootstrap: str) -> list[DeadLetter | NotALetter]:
    """Return everything in the dead-letter topic."""
    connection = Connection(bootstrap_servers=bootstrap)
    return [read_letter(record) async for record in read_topic(connection, DEAD_LETTERS)]


async def committed_lag(bootstrap: str, wanted: Mapping[str, int]) -> int:
    """Return how many records lie behind the group's commits: 0 when nothing would come again.

    The ends are the high watermarks that fetches bring: asked for its end offsets, the embedded
    broker names too few.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=GROUP,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        places = [TopicPartition(name, n) for name, count in wanted.items() for n in range(count)]
        consumer.assign(places)
        points = {place: await consumer.committed(place) or 0 for place in places}
        for place, point in points.items():
            consumer.seek(place, max(0, point - 1))
        while any(consumer.highwater(place) is None for place in places):
            await consumer.getmany(timeout_ms=200)
        return sum((consumer.highwater(place) or 0) - points[place] for place in places)
    finally:
        await consumer.stop()
