"""What must be asked of the brokers, or made there."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError

from consumer.errors import SettingsError
from consumer.kafka.connection import RETRY_SECONDS, Connection, refused, start
from consumer.kafka.rights import operations

READ, WRITE = 3, 4  # Kafka's codes of the operations
MOST_REPLICAS = 3
APPEARS_SECONDS = 10.0  # until a new topic must be told of
LOOK_AGAIN = 0.05  # s


class KafkaAdmin:
    """A connection of its own, open while the context is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._admin = AIOKafkaAdminClient(**connection.options())

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            await start(self._admin, self._connection)
        except BaseException:
            await self._admin.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._admin.close()

    async def topics(self) -> frozenset[str]:
        """Return the topics that exist and may be seen. Asking for one by name may create it."""
        return frozenset(await self._admin.list_topics())

    async def partitions(self, topic: str) -> int:
        """Return how many partitions an existing topic has."""
        described = await self._admin.describe_topics([topic])
        return len(described[0]["partitions"])

    async def may_write(self, topic: str) -> bool | None:
        """Tell whether this user may write an existing topic; None where brokers do not say."""
        return await self._may(WRITE, topic)

    async def may_read(self, topic: str) -> bool | None:
        """Tell likewise whether this user may read it."""
        return await self._may(READ, topic)

    async def _may(self, operation: int, topic: str) -> bool | None:
        allowed = await operations(self._connection.options(), topic)
        return None if allowed is None else bool(allowed & (1 << operation))

    async def create(
        self, topic: str, *, partitions: int, config: Mapping[str, str], setting: str
    ) -> None:
        """Create a topic, replicated by the lesser of 3 and the brokers; keep one that exists.

        `setting` is the environment name of what names the topic. Returns once brokers tell of it.

        Raises:
            SettingsError: The broker does not allow it.
        """
        brokers = len((await self._admin.describe_cluster())["brokers"])
        replicas = min(MOST_REPLICAS, max(1, brokers))
        wanted = NewTopic(topic, partitions, replicas, topic_configs=dict(config))
        answer = await self._admin.create_topics([wanted])
        for name, code, *rest in answer.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                why = rest[0] if rest and rest[0] else f"error {code}"
                fault = f"{setting}: {name} cannot be created ({why})"
                raise SettingsError([f"{fault}; create it, or allow this user to"])
        await self._wait_for(topic)

    async def _wait_for(self, topic: str) -> None:
        """Wait until brokers tell of a new topic, a moment after it was made."""
        with suppress(TimeoutError):  # a user who may not see it never does
            async with asyncio.timeout(APPEARS_SECONDS):
                while not await self.partitions(topic):  # noqa: ASYNC110 - brokers tell nobody
                    await asyncio.sleep(LOOK_AGAIN)

    async def coordinator(self, group: str) -> int:
        """Return the broker that coordinates a group; waits for a young cluster to choose one.

        Raises:
            CredentialsError: The group may not be used.
        """
        while True:
            try:
                return int(await self._admin.find_coordinator(group))
            except KafkaError as trouble:
                if not trouble.retriable:
                    raise refused(self._connection, type(trouble).__name__) from None
            await asyncio.sleep(RETRY_SECONDS)

    async def config(self, topic: str) -> dict[str, str]:
        """Return a topic's configuration; empty where the broker does not tell."""
        try:
            answers = await self._admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic)]
            )
        except (KafkaError, ValueError, IndexError):
            return {}
        entries = [entry for answer in answers for entry in answer.resources[0][4]]
        return {entry[0]: entry[1] for entry in entries}
