"""Orders that come and arrive: enough to tell what was read."""

from collections.abc import Mapping
from typing import Any

import orjson

from tests.brokers.topics import entry, produce
from tests.integration.deployment import Deployment


def names(*numbers: int) -> set[str]:
    return {f"o-{number}" for number in numbers}


async def orders(deployment: Deployment) -> set[str]:
    return set((await deployment.account.state())["orders"])


async def put(
    deployment: Deployment, topic: str, partition: int, *events: Mapping[str, Any]
) -> None:
    """Write with a producer of its own: one that has seen a topic go may wait for it for long."""
    at = deployment.topic(topic)
    values = [entry(at, orjson.dumps(event), partition=partition) for event in events]
    await produce(deployment.bootstrap, values)


async def has(deployment: Deployment, *numbers: int) -> bool:
    return names(*numbers) <= await orders(deployment)
