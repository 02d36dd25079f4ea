"""A client that reaches no broker rests before it asks again."""

import asyncio
from typing import Any

from consumer.kafka.connection import RETRY_SECONDS, Connection, start
from tests.fakes.time import run


class Inner:
    """The part of aiokafka that asks for metadata: told no by the first brokers it asks."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    async def _metadata_update(self, cluster: object, topics: object) -> bool:
        assert (cluster, topics) == ("cluster", "topics")
        self.refusals -= 1
        return self.refusals < 0


class Client:
    def __init__(self, refusals: int) -> None:
        self._client: Any = Inner(refusals)

    async def start(self) -> None:
        """Nothing to connect to."""

    async def asks(self) -> tuple[bool, float]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        found = await self._client._metadata_update("cluster", "topics")  # noqa: SLF001 - the seam
        return found, loop.time() - began


def test_who_is_refused_rests_and_who_is_answered_does_not() -> None:
    async def main() -> list[tuple[bool, float]]:
        client = Client(refusals=2)
        await start(client, Connection(bootstrap_servers="nowhere:9092"))
        return [await client.asks() for _ in range(3)]

    assert run(main()) == [(False, RETRY_SECONDS), (False, RETRY_SECONDS), (True, 0.0)]
