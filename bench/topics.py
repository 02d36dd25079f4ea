"""Topics of the bench: made, filled, counted."""

import uuid
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.workload import PARTITIONS, Entry
from demo.parts import DemoError

BATCH_BYTES = 64 * 1024  # of what a busy producer sends at once
QUIET_MS = 3000  # without a record: the topic was read to its end


def fresh(name: str) -> str:
    """Return a name that was not used before, for a topic or a group."""
    return f"bench-{name}-{uuid.uuid4().hex[:8]}"


async def make(bootstrap: str, topic: str) -> None:
    """Make a topic of the bench's number of partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
        if failed := [error for error in made.topic_errors if error[1]]:
            raise DemoError(f"The broker made no topic {topic}: {failed}")
    finally:
        await admin.close()


async def fill(bootstrap: str, topic: str, entries: Iterable[Entry]) -> None:
    """Write records, each to its partition; not idempotent, which the embedded broker cannot be."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        batches = {number: producer.create_batch() for number in range(PARTITIONS)}
        for partition, key, value in entries:
            batch = batches[partition]
            batch.append(key=key, value=value, timestamp=None)
            if batch.size() >= BATCH_BYTES - 2 * len(value):
                await producer.send_batch(batch, topic, partition=partition)
                batches[partition] = producer.create_batch()
        for partition, batch in batches.items():
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


async def count(bootstrap: str, topic: str) -> int:
    """Return how many records can be read; marks of the end are not trusted, some fall short."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        total = 0
        while fetched := await consumer.getmany(timeout_ms=QUIET_MS):
            total += sum(map(len, fetched.values()))
        return total
    finally:
        await consumer.stop()
