"""What is written to Apache Kafka is what was given, and refusals do no lasting harm."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from consumer.kafka import (
    Connection,
    KafkaWriter,
    NotAcknowledgedError,
    TooLargeError,
    read_topic,
)
from consumer.record import Record
from tests.brokers.kafka import Kafka
from tests.brokers.topics import fresh, make_topics

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(60)]

LIMIT = 100_000  # bytes of the topics here


@pytest.fixture
def connection(kafka: Kafka) -> Connection:
    return Connection(bootstrap_servers=kafka.bootstrap)


@pytest.fixture
async def writer(connection: Connection) -> AsyncIterator[KafkaWriter]:
    made = KafkaWriter(connection)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def topic(kafka: Kafka) -> str:
    name = fresh("written")
    await make_topics(kafka.bootstrap, {name: 3}, {"max.message.bytes": str(LIMIT)})
    return name


async def read(connection: Connection, topic: str) -> list[Record]:
    return [record async for record in read_topic(connection, topic)]


@pytest.mark.parametrize(
    ("key", "value"), [(None, None), (b"", None), (None, b""), (b"", b""), (b"\xff", b"\x00")]
)
async def test_bytes_arrive_as_they_were(
    connection: Connection,
    writer: KafkaWriter,
    topic: str,
    key: bytes | None,
    value: bytes | None,
) -> None:
    headers = (("h", None), ("h", b""), ("h", b"\xff\x00"), ("", b"v"), ("ї", b"v"))

    await writer.send(topic, key=key, value=value, headers=headers, near=1)

    (found,) = await read(connection, topic)
    assert (found.key, found.value, found.headers) == (key, value, headers)


async def test_a_record_lies_near_to_where_it_came_from(
    connection: Connection, writer: KafkaWriter, topic: str
) -> None:
    for source in range(6):
        await writer.send(topic, key=None, value=b"%d" % source, near=source)

    found = await read(connection, topic)
    assert {(record.value, record.partition) for record in found} == {
        (b"%d" % source, source % 3) for source in range(6)
    }


async def test_one_that_is_too_large_says_so_and_the_next_ones_are_written(
    connection: Connection, writer: KafkaWriter, topic: str
) -> None:
    await writer.send(topic, key=None, value=b"before", near=0)
    with pytest.raises(TooLargeError):
        await writer.send(topic, key=None, value=b"x" * 2 * LIMIT, near=0)

    for number in range(3):
        await writer.send(topic, key=None, value=b"%d" % number, near=0)

    values = [record.value for record in await read(connection, topic)]
    assert values == [b"before", b"0", b"1", b"2"]


async def test_those_that_are_under_way_survive_one_that_is_too_large(
    connection: Connection, writer: KafkaWriter, topic: str
) -> None:
    async def send_until_written(value: bytes) -> None:
        while True:
            try:
                await writer.send(topic, key=None, value=value, near=0)
            except NotAcknowledgedError:
                continue  # sent again, as a burial is
            else:
                return

    sends = [send_until_written(b"%d" % number) for number in range(100)]
    too_large = writer.send(topic, key=None, value=b"x" * 2 * LIMIT, near=0)
    *_, refusal = await asyncio.gather(*sends, too_large, return_exceptions=True)

    assert isinstance(refusal, TooLargeError)
    values = {record.value for record in await read(connection, topic)}
    assert values == {b"%d" % number for number in range(100)}


async def test_a_topic_is_read_to_the_end_it_had_when_reading_began(
    connection: Connection, writer: KafkaWriter, topic: str
) -> None:
    for number in range(5):
        await writer.send(topic, key=None, value=b"%d" % number, near=number)

    found = []
    async for record in read_topic(connection, topic):
        found.append(record.value)
        await writer.send(topic, key=None, value=b"answer", near=record.partition)

    assert sorted(value for value in found if value is not None) == [b"%d" % n for n in range(5)]
