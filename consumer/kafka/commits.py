"""What the group has committed: offsets, and what was told beside them.

A consumer tells the offsets alone, so the admin client is asked.
"""

from collections.abc import Collection

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from consumer.kafka.connection import Connection, start
from consumer.record import Point


class Commits:
    """Reads a group's commits. Connects when first asked."""

    def __init__(self, connection: Connection, group_id: str) -> None:
        self._connection = connection
        self._group_id = group_id
        self._admin: AIOKafkaAdminClient | None = None

    async def read(self, places: Collection[TopicPartition]) -> dict[TopicPartition, Point]:
        """Return what was committed of these partitions; those never committed are left out.

        Raises:
            KafkaError: The coordinator does not tell.
        """
        if self._admin is None:
            admin = AIOKafkaAdminClient(**self._connection.options())
            await start(admin, self._connection)
            self._admin = admin
        try:
            found = await self._admin.list_consumer_group_offsets(
                self._group_id, partitions=sorted(places)
            )
        except AttributeError as fault:  # how the client trips over an error of one partition
            raise KafkaError("an offset could not be fetched") from fault
        return {
            place: Point(point.offset, point.metadata or "")
            for place, point in found.items()
            if point.offset >= 0
        }

    async def close(self) -> None:
        """Disconnect."""
        if self._admin is not None:
            await self._admin.close()
