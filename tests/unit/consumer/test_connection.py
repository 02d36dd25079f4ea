"""A client that reaches no broker rests before it asks again; one that is refused says why."""

import asyncio
from typing import Any

import pytest

from consumer.kafka.connection import RETRY_SECONDS, Connection, refused, start
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


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("IllegalSaslStateError", "ESPUTNIK_SYNC_KAFKA__SECURITY_PROTOCOL is that of the listener"),
        ("SaslAuthenticationFailed", "…__SASL_PASSWORD"),
        ("GroupAuthorizationFailedError", "lacks a right to a group"),
    ],
)
def test_who_is_refused_hears_what_to_check(name: str, hint: str) -> None:
    told = str(refused(Connection(bootstrap_servers="kafka:9092"), name))

    assert "kafka:9092" in told
    assert hint in told
    assert ("SASL_PASSWORD" in told) is (name == "SaslAuthenticationFailed")
