"""Record batches that no producer would write: sent to a broker as they are."""

import asyncio
import struct

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NoError, NotLeaderForPartitionError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from consumer.record import Record

PLACEHOLDER = "xx-header-name-xx"
NO_TEXT = b"\xff\xfe-header-name-\xff\xfe"  # as long, and no UTF-8
CRC_AT, CHECKED_FROM = 17, 21  # in a batch of magic 2
ATTRIBUTES_AT = 21
TRANSACTIONAL, CONTROL = 0x10, 0x20
COMMITTED = b"\0\0\0\1"  # a marker's key: its version, and that the transaction was committed
MAGIC = 2
SECONDS = 10.0  # until a broker must take a batch


def batch(values: list[bytes], *, bad: int | None = None) -> bytes:
    """Return a batch of these values; the header name of record `bad` is no UTF-8."""
    builder = _builder()
    for number, value in enumerate(values):
        headers = [(PLACEHOLDER, b"v")] if number == bad else []
        builder.append(number, timestamp=None, key=None, value=value, headers=headers)
    return _sealed(bytearray(builder.build().replace(PLACEHOLDER.encode(), NO_TEXT)))


def marker() -> bytes:
    """Return what a broker writes at the end of a transaction: an offset of no record."""
    builder = _builder()
    builder.append(0, timestamp=None, key=COMMITTED, value=b"\0" * 6, headers=[])
    raw = bytearray(builder.build())
    struct.pack_into(">H", raw, ATTRIBUTES_AT, TRANSACTIONAL | CONTROL)
    return _sealed(raw)


def _builder() -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(
        magic=MAGIC,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )


def _sealed(raw: bytearray) -> bytes:
    """Return a batch with the checksum that it should have."""
    struct.pack_into(">I", raw, CRC_AT, calc_crc32c(bytes(raw[CHECKED_FROM:])))
    return bytes(raw)


async def produce_raw(bootstrap: str, at: Record, raw: bytes) -> None:
    """Append a batch to the partition of this record."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client._wait_on_metadata(at.topic)  # noqa: SLF001 - there is no public way
        node = client.cluster.leader_for_partition(TopicPartition(at.topic, at.partition))
        request = ProduceRequest(
            transactional_id=None,
            required_acks=-1,
            timeout=10_000,
            topics=[(at.topic, [(at.partition, raw)])],
        )
        error = NotLeaderForPartitionError  # as a new topic's leader may say for a moment
        async with asyncio.timeout(SECONDS):
            while error is NotLeaderForPartitionError:
                answer = await client.send(node, request)
                error = for_code(answer.topics[0][1][0][1])
        assert error is NoError, error
    finally:
        await client.close()
