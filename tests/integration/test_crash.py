"""Real processes on real Kafka: killed, stopped, replaced. The books must balance every time."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.brokers.kafka import Kafka
from tests.integration.deployment import Consumer, Deployment, deployed, until
from tests.integration.story import REFUSED, Story, tell
from tests.integration.story import Record as Told

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

REFUSAL = {"action": "add-orders", "contains": REFUSED, "item_error": "order is not valid"}


async def produce(deployment: Deployment, records: Iterable[Told]) -> None:
    for record in records:
        await deployment.produce("events", record.value, key=record.key, headers=record.headers)
    await deployment.producer.flush()


async def finished(consumer: Consumer, records: int) -> None:
    """Wait until a consumer has finished with so many records."""

    async def has_finished() -> bool:
        return (await consumer.figures()).finished >= records

    await until(has_finished)


async def check_books(deployment: Deployment, story: Story) -> None:
    """Nothing is missing, nothing is there that should not be, nobody's events changed places."""
    state = await deployment.account.state()
    contacts = {one["externalCustomerId"]: one["firstName"] for one in state["contacts"]}
    orders = {name: order["status"] for name, order in state["orders"].items()}
    letters = {letter.id: letter for letter in await deployment.letters()}
    # Read again when an opt-out behind it was known: then it is buried, and the opt-out stands.
    stale = [one for one in letters.values() if one.reason == "consent.stale_opt_in"]
    wrong = [one for one in letters.values() if one not in stale]

    assert contacts == story.truth.first_names
    assert orders == story.truth.orders
    assert set(state["unsubscribed"]) == story.truth.unsubscribed
    assert {one.event_type for one in stale} <= {"contact.opted_in"}
    assert Counter(
        (letter.original.key, letter.original.value, letter.original.headers, letter.reason)
        for letter in wrong
    ) == Counter((bad.key, bad.value, bad.headers, bad.reason) for bad in story.bad)


async def test_nothing_is_lost_by_a_kill(kafka: Kafka, tmp_path: Path) -> None:
    story = tell(20_000, seed=1)
    async with deployed(kafka.bootstrap, tmp_path, {"events": 8}) as deployment:
        await deployment.account.rules(REFUSAL)
        await produce(deployment, story.records)
        first = await deployment.start()
        await finished(first, 8_000)
        await first.kill()
        was_in_the_middle = len((await deployment.account.state())["orders"]) < len(
            story.truth.orders
        )
        second = await deployment.start()
        await deployment.drained(200)

        assert was_in_the_middle
        assert (await second.figures()).finished < len(story.records)
        await check_books(deployment, story)


async def test_nothing_is_lost_when_replicas_come_and_go(kafka: Kafka, tmp_path: Path) -> None:
    story = tell(20_000, seed=2)
    async with deployed(kafka.bootstrap, tmp_path, {"events": 8}) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(slow=0.2)
        leaving, staying = await deployment.start(), await deployment.start()
        await produce(deployment, story.records[:8_000])
        await finished(leaving, 500)
        await finished(staying, 500)
        code, coming, _ = await asyncio.gather(
            leaving.stop(), deployment.start(), produce(deployment, story.records[8_000:14_000])
        )
        await produce(deployment, story.records[14_000:])
        await deployment.drained(200)
        shares = [(await one.figures()).finished for one in (staying, coming)]

        assert code == 0
        assert all(shares)
        assert sum(shares) < len(story.records)
        await check_books(deployment, story)
