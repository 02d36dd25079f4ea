"""aiokafka's records as ours, and the reading of a whole topic."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAuthorizationFailedError

from consumer.kafka.admin import KafkaAdmin
from consumer.kafka.connection import Connection, refused, start, stop
from consumer.record import Partition, Record

READ_COMMITTED = "read_committed"
FETCH_BYTES = 1024 * 1024  # of a partition; a larger record still comes, alone
POLL_MS = 500
POLL_RECORDS = 1000


def partition(place: TopicPartition) -> Partition:
    """Return aiokafka's partition as ours."""
    return Partition(place.topic, place.partition)


def topic_partition(place: Partition) -> TopicPartition:
    """Return our partition as aiokafka's."""
    return TopicPartition(place.topic, place.number)


def records(fetched: Mapping[TopicPartition, Sequence[Any]]) -> list[Record]:
    """Return what was fetched as our records. Runs for every record: hence so plain."""
    return [
        Record(
            one.topic,
            one.partition,
            one.offset,
            one.timestamp,
            one.key,
            one.value,
            one.headers,
        )
        for messages in fetched.values()
        for one in messages
    ]


def readable_end(consumer: AIOKafkaConsumer, place: TopicPartition, isolation: str) -> int | None:
    """Return the offset up to which the last fetch could read; None before the first one.

    Under `read_committed` an open transaction ends what can be read, before the high watermark.
    """
    high: int | None = consumer.highwater(place)
    stable: int | None = consumer.last_stable_offset(place)
    if high is None or isolation != READ_COMMITTED or stable is None or stable < 0:
        return high
    return min(high, stable)


async def read_topic(
    connection: Connection, topic: str, *, isolation_level: str = READ_COMMITTED
) -> AsyncGenerator[Record, None]:
    """Read a whole topic once, up to the ends that the first fetches showed.

    What is written meanwhile is not read, so a reader that writes there does not run after itself.
    Whoever stops before the end closes it.

    Raises:
        CredentialsError: The brokers refuse the credentials, or do not let this user read it.
        KafkaUnreachableError: No broker answered in time.
    """
    async with KafkaAdmin(connection) as admin:
        places = [TopicPartition(topic, n) for n in range(await admin.partitions(topic))]
    consumer = AIOKafkaConsumer(
        **connection.options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation_level,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    try:
        await start(consumer, connection)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        async for record in _read_to_ends(consumer, places, isolation_level):
            yield record
    except TopicAuthorizationFailedError as trouble:
        raise refused(connection, type(trouble).__name__) from None
    finally:
        await stop(consumer)


async def _read_to_ends(
    consumer: AIOKafkaConsumer, places: Iterable[TopicPartition], isolation: str
) -> AsyncIterator[Record]:
    ends: dict[Partition, int] = {}
    unread = set(places)
    while unread:
        fetched = await consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        for place in unread:
            end = readable_end(consumer, place, isolation)
            if end is not None:
                ends.setdefault(partition(place), end)
        for record in records(fetched):
            if record.offset < ends[record.place]:
                yield record
        unread = {
            place
            for place in unread
            if partition(place) not in ends
            or await consumer.position(place) < ends[partition(place)]
        }
