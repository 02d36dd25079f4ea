"""Topics of the bench: made, filled, counted."""

import uuid
from collections.abc import AsyncIterator, Iterable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.producer.message_accumulator import BatchBuilder

from bench.workload import PARTITIONS, Entry
from consumer.deadletters.letter import DeadLetter, read_letter
from consumer.kafka.reading import records
from consumer.record import Record
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
        for entry in entries:
            if not _added(batches[entry.partition], entry):
                await producer.send_batch(
                    batches[entry.partition], topic, partition=entry.partition
                )
                batches[entry.partition] = producer.create_batch()
                if not _added(batches[entry.partition], entry):
                    raise DemoError("A record is larger than a batch.")
        for partition, batch in batches.items():
            await producer.send_batch(batch, topic, partition=partition)
        await producer.flush()
    finally:
        await producer.stop()


def _added(batch: BatchBuilder, entry: Entry) -> bool:
    """Add a record to a batch, if it has room for it."""
    _, key, value, headers = entry
    return batch.append(key=key, value=value, timestamp=None, headers=[*headers]) is not None


async def count(bootstrap: str, topic: str) -> int:
    """Return how many records can be read."""
    return len([True async for _ in _read(bootstrap, topic)])


async def letters(bootstrap: str, topic: str) -> list[DeadLetter]:
    """Return the dead letters of a topic."""
    read = [read_letter(record) async for record in _read(bootstrap, topic)]
    return [one for one in read if isinstance(one, DeadLetter)]


async def _read(bootstrap: str, topic: str) -> AsyncIterator[Record]:
    """Yield all records; marks of the end are not trusted, some fall short."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
        while fetched := await consumer.getmany(timeout_ms=QUIET_MS):
            for record in records(fetched):
                yield record
    finally:
        await consumer.stop()
