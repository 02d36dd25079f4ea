"""What a group has lost is never jumped over: an operator accepts it, by name."""

from pathlib import Path

import pytest

from tests.brokers.kafka import Kafka
from tests.brokers.offsets import forget_offset
from tests.chaos.orders import has, names, orders, put
from tests.integration.deployment import Consumer, deployed, until
from tests.integration.events import an_order

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


async def held(consumer: Consumer) -> list[str]:
    return [one["why"] for one in (await consumer.get("/readyz")).json()["held"]]


async def test_an_offset_that_was_deleted_blocks_its_partition_until_the_gap_is_accepted(
    restless: Kafka, tmp_path: Path
) -> None:
    async with deployed(restless.bootstrap, tmp_path, {"events": 2}) as deployment:
        first = await deployment.start()
        await put(deployment, "events", 0, an_order(1))
        await put(deployment, "events", 1, an_order(2))
        await deployment.drained()
        await first.stop()
        await forget_offset(restless.bootstrap, deployment.prefix, deployment.topic("events"), 0)
        await put(deployment, "events", 0, an_order(3))
        await put(deployment, "events", 1, an_order(4))

        blocked = await deployment.begin()
        await until(lambda: has(deployment, 1, 2, 4))
        why, alive = await held(blocked), (await blocked.get("/livez")).is_success
        before = await orders(deployment)
        await blocked.stop()
        await deployment.start("--accept-gap", f"{deployment.topic('events')}:0")
        await until(lambda: has(deployment, 1, 2, 3, 4))

        assert (why, alive, before) == (["no_offset"], True, names(1, 2, 4))
