"""What may befall a cluster under a running service: nothing is jumped over, nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.brokers.kafka import Kafka
from tests.brokers.topics import lag, make_topics
from tests.chaos.orders import has, names, orders, put
from tests.chaos.processes import REFUSAL, books, launched, produce
from tests.chaos.tale import tell_tale
from tests.integration.deployment import Consumer, Deployment, deployed, until
from tests.integration.events import an_event, an_order

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


async def says(consumer: Consumer, words: str) -> bool:
    consumer.part.check()
    return words in consumer.log


@asynccontextmanager
async def administered(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def delete_topic(bootstrap: str, topic: str) -> None:
    """Delete a topic, and wait until it is gone."""
    async with administered(bootstrap) as admin:
        await admin.delete_topics([topic])
        while topic in await admin.list_topics():  # noqa: ASYNC110 - brokers tell nobody
            await asyncio.sleep(0.05)


async def test_a_topic_that_was_made_anew_is_read_from_its_beginning(
    restless: Kafka, tmp_path: Path
) -> None:
    async with deployed(restless.bootstrap, tmp_path, {"events": 1}) as deployment:
        await deployment.start()
        await put(deployment, "events", 0, an_order(1), an_order(2))
        await deployment.drained()
        await delete_topic(restless.bootstrap, deployment.topic("events"))
        await make_topics(restless.bootstrap, {deployment.topic("events"): 1})
        await put(deployment, "events", 0, *map(an_order, range(3, 8)))
        await until(lambda: has(deployment, *range(1, 8)))

        assert await orders(deployment) == names(*range(1, 8))


async def test_letters_wait_for_their_topic_and_hold_their_partition_alone(
    restless: Kafka, tmp_path: Path
) -> None:
    async with deployed(restless.bootstrap, tmp_path, {"events": 1, "others": 1}) as deployment:
        dead = deployment.topic("dead")
        consumer = await deployment.start()
        await delete_topic(restless.bootstrap, dead)
        await put(deployment, "events", 0, an_event("order.changed", 1), an_order(2))
        await put(deployment, "others", 0, an_order(3))
        await until(lambda: says(consumer, "dead_letter_not_acknowledged"))
        await until(lambda: has(deployment, 3))
        behind = await lag(restless.bootstrap, deployment.prefix, deployment.topic("events"))
        await until(lambda: holds_letters(consumer))
        await make_topics(restless.bootstrap, {dead: 1})
        await deployment.drained()

        assert list(behind.values()) == [2]
        # One that was never acknowledged may have been kept all the same: both have one id.
        letters = {(letter.id, letter.reason) for letter in await deployment.letters()}
        assert [reason for _, reason in letters] == ["schema.missing"]
        assert await orders(deployment) == names(2, 3)


async def holds_letters(consumer: Consumer) -> bool:
    held = (await consumer.get("/readyz")).json()["held"]
    return [(one["kind"], one["records"]) for one in held] == [("letters", 1)]


async def test_a_broker_that_is_killed_and_comes_back_costs_nothing(
    restless: Kafka, tmp_path: Path
) -> None:
    tale = tell_tale(2_000, seed=3)
    async with deployed(
        restless.bootstrap, tmp_path, {"events": 4}, LEDGER__URL="offsets:"
    ) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(slow=0.2)
        await produce(deployment, tale.records)
        consumer = await launched(deployment)
        await until(lambda: is_under_way(deployment))
        await asyncio.to_thread(restless.kill)
        await asyncio.to_thread(restless.restart)
        await deployment.drained(150)
        code = await consumer.stop()

        assert code == 0
        assert await books(deployment, tale, kills=0) == []


async def is_under_way(deployment: Deployment) -> bool:
    return len(await orders(deployment)) > 20
