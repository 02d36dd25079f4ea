"""Dead letters replayed on real Kafka: once each, with what is still refused counted."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.brokers.kafka import Kafka
from tests.integration.commands import ended, started
from tests.integration.deployment import Deployment, Ended, deployed
from tests.integration.events import an_event, an_order

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

LETTERS = 30
STUBBORN = 5
LIMIT = ("--limit", "2")
REFUSE_ALL = {"action": "add-orders", "contains": "order-", "item_error": "no such product"}
REFUSE_SOME = {"action": "add-orders", "contains": "order-0", "item_error": "no such product"}


async def orders_sent(deployment: Deployment) -> Counter[str]:
    """How often each order was sent, refused or not."""
    return Counter(
        order["externalOrderId"]
        for request in await deployment.account.requests()
        if request["path"] == "/v1/orders"
        for order in request["body"]["orders"]
    )


def outcomes(ended: Ended) -> Counter[str]:
    return Counter(line["outcome"] for line in ended.lines)


def audit(ended: Ended) -> list[tuple[str, int, int]]:
    """What the log tells of a replay that sends."""
    logged = [orjson.loads(line) for line in ended.err.splitlines() if line.startswith(b"{")]
    told = [line for line in logged if line["event"].startswith("replay_")]
    return [(line["event"], line["records"], line["uid"]) for line in told]


def refusable(number: int, group: int = 0) -> dict[str, Any]:
    """An order that the rules above refuse."""
    return an_order(number, order_id=f"order-{group}-{number}", email=f"buyer{number}@example.com")


async def bury_all(deployment: Deployment) -> None:
    await deployment.account.rules(REFUSE_ALL)
    consumer = await deployment.start()
    for number in range(LETTERS):
        group = 0 if number < STUBBORN else 1
        await deployment.tell("orders", refusable(number, group))
    await deployment.done()
    await consumer.stop()
    assert len(await deployment.letters()) == LETTERS


async def test_letters_are_applied_once_when_the_refusals_are_lifted(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"orders": 4}) as deployment:
        await bury_all(deployment)
        sent_before = await orders_sent(deployment)
        await deployment.account.rules()

        plan = await deployment.command("replay", "--json")
        sent_by_the_plan = await orders_sent(deployment) - sent_before
        first = await deployment.command("replay", "--yes", "--json")
        sent_by_the_first = await orders_sent(deployment) - sent_before
        second = await deployment.command("replay", "--yes", "--json")
        sent_by_both = await orders_sent(deployment) - sent_before

        assert [audit(one) for one in (plan, first, second)] == [
            [],
            [("replay_begun", LETTERS, os.getuid()), ("replay_ended", LETTERS, os.getuid())],
            [],
        ]
        assert Counter(line["verdict"] for line in plan.lines) == {"send": LETTERS}
        assert not sent_by_the_plan
        assert (first.code, outcomes(first)) == (0, {"delivered": LETTERS})
        assert set(sent_by_the_first.values()) == {1}
        assert len((await deployment.account.state())["orders"]) == LETTERS
        assert (second.code, outcomes(second)) == (0, {"not_sent": LETTERS})
        assert sent_by_both == sent_by_the_first
        assert len(await deployment.letters()) == LETTERS


async def test_what_is_refused_again_comes_back_with_one_attempt_more(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"orders": 4}) as deployment:
        await bury_all(deployment)
        first_letters = await deployment.letters()
        await deployment.account.rules(REFUSE_SOME)

        first = await deployment.command("replay", "--yes", "--json")
        second = await deployment.command("replay", "--yes", "--json")
        letters = await deployment.letters()

        assert (first.code, outcomes(first)) == (
            1,
            {"delivered": LETTERS - STUBBORN, "buried": STUBBORN},
        )
        assert (second.code, outcomes(second)) == (
            1,
            {"not_sent": LETTERS - STUBBORN, "buried": STUBBORN},
        )
        assert Counter(letter.attempts for letter in letters) == {
            0: LETTERS,
            1: STUBBORN,
            2: STUBBORN,
        }
        again = {letter.id: letter for letter in letters if letter.attempts == 2}
        before = {letter.id: letter for letter in first_letters if letter.id in again}
        assert again.keys() == before.keys()
        for letter_id, letter in again.items():
            assert letter.original == before[letter_id].original
            assert letter.first_at == before[letter_id].first_at


async def test_a_replay_does_what_its_plan_says_and_counts_what_it_takes_up(
    kafka: Kafka, tmp_path: Path
) -> None:
    """An event that is wrong, an order that was refused, an activity under a used id, an order."""
    async with deployed(kafka.bootstrap, tmp_path, {"all": 1}) as deployment:
        await deployment.account.rules(REFUSE_ALL)
        consumer = await deployment.start()
        for name in ("walked", "ran"):
            used = an_event("activity.recorded", name=name, email="ann@example.com")
            await deployment.tell("all", used)
            await deployment.done()
        await deployment.tell(
            "all", an_event("order.changed", order_id=""), *map(refusable, (1, 2))
        )
        await deployment.done()
        await consumer.stop()
        await deployment.account.rules()
        activities = await activities_sent(deployment)

        plan, first = [await deployment.command("replay", *given) for given in ((), LIMIT)]
        sent = await deployment.command("replay", "--yes", *LIMIT)

        assert [line["verdict"] for line in plan.lines] == [
            "schema.conflict",
            "bury_again",
            "send",
            "send",
        ]
        assert first.lines == plan.lines[:3]
        assert [(line["outcome"], line["reason"]) for line in sent.lines] == [
            ("not_sent", "schema.conflict"),
            ("buried", "schema.missing"),
            ("delivered", None),
        ]
        assert (sent.code, sent.lines[0]["remedy"]) == (1, plan.lines[0]["remedy"])
        assert activities == 1 == await activities_sent(deployment)
        assert Counter(letter.attempts for letter in await deployment.letters()) == {0: 4, 1: 1}


async def activities_sent(deployment: Deployment) -> int:
    return sum(one["path"] == "/v2/event" for one in await deployment.account.requests())


async def test_a_key_that_is_refused_ends_a_replay_before_it_begins(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"orders": 4}) as deployment:
        await bury_all(deployment)
        sent_before = await orders_sent(deployment)
        await deployment.account.use_key("another")

        told = await deployment.command("replay", "--yes", "--json")

        assert (told.code, told.out) == (77, b"")
        assert b"ESPUTNIK_SYNC_ESPUTNIK__API_KEY" in told.err
        assert await orders_sent(deployment) == sent_before


async def test_a_replay_that_waits_for_an_outage_ends_when_it_is_told_to(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"orders": 4}) as deployment:
        await bury_all(deployment)
        await deployment.account.close()
        settings = deployment.environment(STOP__DEADLINE=0.5)
        named: dict[str, Any] = {
            name.removeprefix("ESPUTNIK_SYNC_"): text for name, text in settings.items()
        }

        with started(["replay", "--yes", "--json"], **named) as process:
            assert process.stderr is not None
            while '"held"' not in await asyncio.to_thread(process.stderr.readline):
                pass
            process.send_signal(signal.SIGTERM)
            told = await asyncio.to_thread(ended, process)

        assert told.code == 128 + signal.SIGTERM
        assert {line["reason"] for line in told.results} == {"interrupted"}
        assert len(await deployment.letters()) == LETTERS
