"""Writes records and returns once all in-sync replicas have them."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    UnknownError,
    UnsupportedVersionError,
)

from consumer.errors import SettingsError
from consumer.kafka.connection import Connection, start
from consumer.record import Headers

log = structlog.get_logger()

SEND_SECONDS = 30.0
STOP_SECONDS = 10.0
LINGER_MS = 5
NO_IDEMPOTENCE = (
    "ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS: the broker does not support idempotent "
    "producers, which dead letters need; use Apache Kafka 0.11 or later"
)
LARGEST_LETTER = 64 * 1024 * 1024  # only the broker says what is too large


class TooLargeError(Exception):
    """The broker refuses the record for its size."""


class NotAcknowledgedError(Exception):
    """The broker did not acknowledge; the record may arrive all the same. Holds no values."""


class KafkaWriter:
    """An idempotent producer, replaced by a new one when the broker refuses a record.

    aiokafka numbers its batches when it sends them. A batch that is refused leaves a hole in the
    numbers, and from then on the broker refuses every later batch of that partition as out of
    order; a new producer begins anew.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Connect. A broker on this machine may do without idempotence; the log says so."""
        self._producer = await self._begin()

    async def stop(self) -> None:
        """Flush and close, within bounds."""
        if self._producer is not None:
            self._close(self._producer)
        if self._closing:
            await asyncio.wait(self._closing, timeout=STOP_SECONDS)
        for task in self._closing:
            log.warning("kafka_producer_stop_timed_out")
            task.cancel()

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        near: int | None = None,
    ) -> None:
        """Write one record and wait for the acknowledgement; `near` picks the partition.

        Raises:
            TooLargeError: The broker refuses its size.
            NotAcknowledgedError: No acknowledgement came; it may arrive all the same.
        """
        producer = self._client
        try:
            async with asyncio.timeout(SEND_SECONDS):
                numbers = sorted(await producer.partitions_for(topic))
                number = numbers[near % len(numbers)] if near is not None else None
                await _write(producer, topic, number, key=key, value=value, headers=headers)
        except (MessageSizeTooLargeError, RecordTooLargeError) as trouble:
            await self._renew(producer)
            raise TooLargeError(topic) from trouble
        except TimeoutError as trouble:
            raise NotAcknowledgedError("TimeoutError") from trouble
        except KafkaError as trouble:
            if not trouble.retriable:
                await self._renew(producer)
            raise NotAcknowledgedError(type(trouble).__name__) from trouble

    async def _begin(self) -> AIOKafkaProducer:
        try:
            return await self._connected(idempotent=True)
        except (UnknownError, UnsupportedVersionError) as trouble:
            if not self._connection.is_loopback:
                raise SettingsError([NO_IDEMPOTENCE]) from trouble
            log.warning("producer_without_idempotence", error=type(trouble).__name__)
            return await self._connected(idempotent=False)

    async def _connected(self, *, idempotent: bool) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._connection.options(),
            acks="all",
            enable_idempotence=idempotent,
            max_request_size=LARGEST_LETTER,
            linger_ms=LINGER_MS,
        )
        try:
            await start(producer, self._connection)
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def _renew(self, refused: AIOKafkaProducer) -> None:
        """Replace a producer that the broker refused; those who still wait for it go on waiting."""
        async with self._renewing:
            if self._producer is not refused:
                return  # another burial did it already
            try:
                self._producer = await self._begin()
            except Exception as trouble:  # noqa: BLE001 - the next send tries again
                log.warning("producer_not_renewed", error=type(trouble).__name__)
                return
            self._close(refused)

    def _close(self, producer: AIOKafkaProducer) -> None:
        closing: Coroutine[Any, Any, None] = producer.stop()
        task = asyncio.get_running_loop().create_task(closing)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    @property
    def _client(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the writer was not started")
        return self._producer


async def _write(  # noqa: PLR0913 - a record's parts
    producer: AIOKafkaProducer,
    topic: str,
    number: int | None,
    *,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
) -> None:
    if key is None and value is None:  # `send` asserts that there is one of them
        batch = producer.create_batch()
        batch.append(key=None, value=None, timestamp=None, headers=list(headers))
        batch.close()
        await (await producer.send_batch(batch, topic, partition=number or 0))
        return
    await producer.send_and_wait(
        topic, key=key, value=value, partition=number, headers=list(headers)
    )
