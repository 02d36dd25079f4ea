"""The brokers that the other tests stand on do what those tests believe."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from consumer.record import Partition
from tests.brokers.kafka import Kafka
from tests.brokers.process import BrokerError, Process
from tests.brokers.tansu import Tansu
from tests.brokers.topics import entry, fresh, lag, make_topics, produce, read_all

CODECS = ["gzip", "snappy", "lz4", "zstd"]


@pytest.mark.kafka
@pytest.mark.timeout(120)  # the first test to need the broker waits for its start
@pytest.mark.parametrize("codec", CODECS)
async def test_kafka_gives_back_a_compressed_record_unchanged(kafka: Kafka, codec: str) -> None:
    topic = fresh(codec)
    await make_topics(kafka.bootstrap, {topic: 2})
    value = b"a value that repeats, a value that repeats" * 100
    sent = entry(topic, value, key=b"k", partition=1, headers=(("h", b"\xff"), ("none", None)))
    await produce(kafka.bootstrap, [sent], compression=codec)
    (found,) = await read_all(kafka.bootstrap, topic)
    assert (found.key, found.value, found.headers) == (sent.key, sent.value, sent.headers)
    assert (found.partition, found.offset) == (1, 0)


@pytest.mark.kafka
@pytest.mark.timeout(120)
async def test_kafka_takes_an_idempotent_producer(kafka: Kafka) -> None:
    topic = fresh("idempotent")
    await make_topics(kafka.bootstrap, {topic: 1})
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, enable_idempotence=True)
    await producer.start()
    try:
        await asyncio.gather(*[producer.send_and_wait(topic, b"%d" % n) for n in range(20)])
    finally:
        await producer.stop()
    assert len(await read_all(kafka.bootstrap, topic)) == 20


@pytest.mark.kafka
@pytest.mark.timeout(120)
async def test_kafka_makes_no_topic_unasked(kafka: Kafka) -> None:
    unknown = fresh("unknown")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.describe_topics([unknown])
        assert unknown not in await admin.list_topics()
    finally:
        await admin.close()


@pytest.mark.kafka
@pytest.mark.timeout(120)
async def test_the_lag_of_a_group_is_what_it_has_not_committed(kafka: Kafka) -> None:
    topic, group = fresh("lag"), fresh("group")
    await make_topics(kafka.bootstrap, {topic: 2})
    await produce(kafka.bootstrap, [entry(topic, b"x", partition=n % 2) for n in range(6)])
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka.bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        await consumer.commit({TopicPartition(topic, 0): OffsetAndMetadata(2, "")})
    finally:
        await consumer.stop()
    assert await lag(kafka.bootstrap, group, topic) == {
        Partition(topic, 0): 1,
        Partition(topic, 1): 3,
    }


@pytest.mark.kafka
@pytest.mark.timeout(200)
async def test_a_killed_kafka_comes_back_with_what_it_held(tmp_path: Path) -> None:
    topic = fresh("kept")
    broker = await asyncio.to_thread(Kafka.launch, tmp_path)
    try:
        await make_topics(broker.bootstrap, {topic: 1})
        await produce(broker.bootstrap, [entry(topic, b"kept")])
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.restart)
        assert [record.value for record in await read_all(broker.bootstrap, topic)] == [b"kept"]
    finally:
        await asyncio.to_thread(broker.close)


@pytest.mark.broker
@pytest.mark.timeout(120)
async def test_any_broker_gives_back_what_was_produced_in_order(bootstrap: str) -> None:
    topic = fresh("any")
    await make_topics(bootstrap, {topic: 3})
    sent = [entry(topic, b"%d" % n, partition=n % 3) for n in range(300)]
    await produce(bootstrap, sent)
    found = await read_all(bootstrap, topic)
    assert [record.value for record in found if record.partition == 1] == [
        b"%d" % n for n in range(1, 300, 3)
    ]
    assert len(found) == 300


async def test_the_embedded_broker_serves_too(embedded: Tansu) -> None:
    topic = fresh("embedded")
    await make_topics(embedded.bootstrap, {topic: 2})
    await produce(embedded.bootstrap, [entry(topic, b"x", partition=1)])
    assert [record.partition for record in await read_all(embedded.bootstrap, topic)] == [1]


def test_a_broker_that_ends_instead_of_starting_shows_its_log(tmp_path: Path) -> None:
    process = Process(("sh", "-c", "echo no such disk; exit 3"), tmp_path / "log", "ready")
    with pytest.raises(BrokerError, match=r"ended.*\n.*no such disk"):
        process.wait(10)


def test_a_broker_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    process = Process(("sh", "-c", "echo thinking; exec sleep 60"), tmp_path / "log", "ready")
    with pytest.raises(BrokerError, match=r"not ready within 1 s"):
        process.wait(1)
    assert not process.running
