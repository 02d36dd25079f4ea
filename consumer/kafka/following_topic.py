"""Reads a whole topic from its beginning and goes on, outside any group."""

import asyncio
from collections.abc import Mapping
from typing import Self

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumer.consent.ports import Page
from consumer.kafka.admin import KafkaAdmin
from consumer.kafka.connection import RETRY_SECONDS, Connection, start, stop
from consumer.kafka.reading import (
    FETCH_BYTES,
    POLL_MS,
    POLL_RECORDS,
    partition,
    records,
    topic_partition,
)
from consumer.record import Partition

log = structlog.get_logger()

ENDS_SECONDS = 10.0


class FollowedTopic:
    """All partitions of an existing topic, from their beginning, while the context is open.

    What is not replicated to all in-sync replicas yet is not read. Records may come again.
    """

    def __init__(self, connection: Connection, topic: str) -> None:
        self._connection = connection
        self._topic = topic
        self._position: dict[Partition, int] = {}
        self._consumer: AIOKafkaConsumer

    async def __aenter__(self) -> Self:
        """Connect, and go to the beginning."""
        async with KafkaAdmin(self._connection) as admin:
            count = await admin.partitions(self._topic)
        self._consumer = AIOKafkaConsumer(
            **self._connection.options(),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            await start(self._consumer, self._connection)
            await self._begin([TopicPartition(self._topic, number) for number in range(count)])
        except BaseException:
            await stop(self._consumer)
            raise
        return self

    async def _begin(self, places: list[TopicPartition]) -> None:
        self._consumer.assign(places)
        await self._consumer.seek_to_beginning(*places)
        await self._note_position()

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await stop(self._consumer)

    async def poll(self) -> Page:
        """Return the next records, none if all is quiet for a moment. Raises for no outage."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        except Exception as trouble:  # noqa: BLE001 - decoders raise whatever they like
            log.warning("topic_not_read", topic=self._topic, error=type(trouble).__name__)
            self._seek_back()
            await asyncio.sleep(RETRY_SECONDS)
            return Page((), dict(self._position))
        await self._note_position()
        return Page(records(fetched), dict(self._position))

    async def ends(self) -> Mapping[Partition, int] | None:
        """Return up to where each partition is written now; None while nobody can tell."""
        places = list(map(topic_partition, self._position))
        try:
            async with asyncio.timeout(ENDS_SECONDS):
                found = await self._consumer.end_offsets(places)
        except (KafkaError, TimeoutError) as trouble:
            log.warning("topic_end_not_known", topic=self._topic, error=type(trouble).__name__)
            return None
        return {partition(place): end for place, end in found.items()}

    async def _note_position(self) -> None:
        for place in self._consumer.assignment():
            self._position[partition(place)] = await self._consumer.position(place)

    def _seek_back(self) -> None:
        """Read again what a failed fetch had drained and lost."""
        for place, offset in self._position.items():
            self._consumer.seek(topic_partition(place), offset)
