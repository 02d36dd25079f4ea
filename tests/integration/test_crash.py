"""Real processes on real Kafka: killed, stopped, replaced. The books must balance every time."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from consumer.deadletter import DeadLetter, read_letter
from tests.brokers.kafka import Kafka
from tests.integration.deployment import Deployment, deployed
from tests.integration.story import REFUSED, Story, tell

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

REFUSAL = {"action": "add-orders", "contains": REFUSED, "item_error": "order is not valid"}


async def produce(deployment: Deployment, story: Story) -> None:
    for record in story.records:
        await deployment.produce("events", record.value, key=record.key, headers=record.headers)
    await deployment.producer.flush()


async def finished_about(deployment: Deployment, records: int) -> None:
    """Wait until the last consumer has finished with so many records."""
    async with asyncio.timeout(90):
        while (await deployment.figures()).finished < records:
            await asyncio.sleep(0.02)


async def dead_letters(deployment: Deployment) -> list[DeadLetter]:
    read = [read_letter(record) for record in await deployment.letters()]
    letters = [letter for letter in read if isinstance(letter, DeadLetter)]
    assert len(letters) == len(read)
    return letters


async def check_books(deployment: Deployment, story: Story) -> None:
    """Nothing is missing, nothing is there that should not be."""
    state = await deployment.state()
    contacts = {one["externalCustomerId"]: one["firstName"] for one in state["contacts"]}
    orders = {name: order["status"] for name, order in state["orders"].items()}
    letters = {letter.id: letter for letter in await dead_letters(deployment)}

    assert contacts == story.truth.first_names
    assert orders == story.truth.orders
    assert set(state["unsubscribed"]) == story.truth.unsubscribed
    assert Counter(
        (letter.original.key, letter.original.value, letter.original.headers, letter.reason)
        for letter in letters.values()
    ) == Counter((bad.key, bad.value, bad.headers, bad.reason) for bad in story.bad)


async def test_nothing_is_lost_by_a_kill(kafka: Kafka, tmp_path: Path) -> None:
    story = tell(20_000, seed=1)
    async with deployed(kafka.bootstrap, tmp_path, {"events": 8}) as deployment:
        await deployment.rules(REFUSAL)
        await produce(deployment, story)
        first = await deployment.start()
        await finished_about(deployment, 8_000)
        deployment.kill(first)
        await first.ended()
        await deployment.start()
        await deployment.drained(240)

        await check_books(deployment, story)


async def test_replicas_come_and_go(kafka: Kafka, tmp_path: Path) -> None:
    story = tell(12_000, seed=2)
    async with deployed(kafka.bootstrap, tmp_path, {"events": 8}) as deployment:
        await deployment.rules(REFUSAL)
        first = await deployment.start()
        await deployment.start()
        producing = asyncio.create_task(produce(deployment, story))
        await finished_about(deployment, 1_500)
        assert await first.stop() == 0
        await deployment.start()
        await producing
        await deployment.drained(240)

        await check_books(deployment, story)
