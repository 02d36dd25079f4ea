"""Consent on real Kafka: an opt-out outlives the process, and another key never finds it empty."""

from pathlib import Path
from typing import Any

import pytest

from consumer.consent.records import encode_fingerprint
from tests.brokers.kafka import Kafka
from tests.brokers.topics import read_all
from tests.integration.deployment import Deployment, Ended, deployed, run_command
from tests.integration.events import an_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

EMAIL = "ann@example.com"
ANOTHER = "another-key"
SETTING = "ESPUTNIK_SYNC_PRIVACY__HASH_KEY"
NO_KEY = {"ESPUTNIK__API_KEY": None}
REFUSE_OPT_INS = {"action": "remove-unsubscribed", "status": 400, "text": "bad"}


def word(kind: str, when: str) -> dict[str, Any]:
    told = an_event(f"contact.opted_{kind}", channel="email", email=EMAIL)
    return told | {"occurred_at": when}


async def tell_and_stop(deployment: Deployment, event: dict[str, Any], **settings: Any) -> None:
    """Have a process carry one event to its end."""
    consumer = await deployment.start(**settings)
    await deployment.tell("events", event)
    await deployment.drained()
    assert await consumer.stop() == 0


async def test_an_old_opt_in_is_stale_to_the_process_after_the_one_that_heard_the_opt_out(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"events": 1}) as deployment:
        await tell_and_stop(deployment, word("out", "2026-11-01T10:00:00Z"))
        await tell_and_stop(deployment, word("in", "2026-11-01T09:00:00Z"))
        letters = await deployment.letters()
        state = await deployment.account.state()

        assert [letter.reason for letter in letters] == ["consent.stale_opt_in"]
        assert EMAIL in state["unsubscribed"]


async def test_with_another_key_the_process_starts_with_the_old_hash_key_alone(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"events": 1}) as deployment:
        await tell_and_stop(deployment, word("out", "2026-11-01T10:00:00Z"))
        await deployment.account.use_key(ANOTHER)
        refused = await run_command(
            "run", settings=deployment.environment(ESPUTNIK__API_KEY=ANOTHER)
        )
        kept = {"ESPUTNIK__API_KEY": ANOTHER, "PRIVACY__HASH_KEY": "sandbox"}
        await tell_and_stop(deployment, word("in", "2026-11-01T09:00:00Z"), **kept)
        letters = await deployment.letters()

        assert refused.code == 78
        assert refused.err.decode().count(SETTING) == 1
        assert b"Traceback" not in refused.err
        assert [letter.reason for letter in letters] == ["consent.stale_opt_in"]


async def test_a_topic_marked_with_another_key_ends_a_running_process_with_one_line(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"events": 1}) as deployment:
        consumer = await deployment.start()
        mark = encode_fingerprint("0" * 64)
        await deployment.produce("consent", mark.value, key=mark.key)
        await deployment.producer.flush()
        code = await consumer.part.ended()

        assert code == 78
        assert consumer.log.count(SETTING) == 1
        assert "Traceback" not in consumer.log


async def test_the_plan_of_a_replay_tells_what_consent_decides_and_changes_nothing(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"events": 1}) as deployment:
        await deployment.account.rules(REFUSE_OPT_INS)
        await tell_and_stop(deployment, word("in", "2026-11-01T09:00:00Z"))
        await deployment.account.rules()
        before = await deployment.command("replay", "--json")
        await tell_and_stop(deployment, word("out", "2026-11-01T10:00:00Z"))
        remembered = await read_all(deployment.bootstrap, deployment.topic("consent"))
        asked = len(await deployment.account.requests())

        plan = await deployment.command("replay", "--json")
        unkeyed = await run_command("replay", settings=deployment.environment(**NO_KEY))
        refused = await run_command(
            "replay", settings=deployment.environment(ESPUTNIK__API_KEY=ANOTHER)
        )

        assert [letter.reason for letter in await deployment.letters()] == ["esp.rejected_400"]
        assert outcomes(before) == [("calls", None, 1)]
        assert outcomes(plan) == [("dead_letter", "consent.stale_opt_in", 0)]
        assert outcomes(unkeyed) == [("calls", None, 1)]
        assert unkeyed.err.decode().count("consent was not checked") == 1
        assert (refused.code, refused.err.decode().count(SETTING)) == (78, 1)
        assert await read_all(deployment.bootstrap, deployment.topic("consent")) == remembered
        assert len(await deployment.account.requests()) == asked

        done = await deployment.command("replay", "--yes", "--json")

        assert [(line["outcome"], line["reason"]) for line in done.lines] == [
            ("buried", "consent.stale_opt_in")
        ]
        assert EMAIL in (await deployment.account.state())["unsubscribed"]


def outcomes(plan: Ended) -> list[tuple[str, str | None, int]]:
    """How each letter of a plan would end, why, and with how many requests."""
    assert plan.code == 0, plan.err
    told = [line["now"] for line in plan.lines]
    return [(now["outcome"], now.get("reason"), len(now["calls"])) for now in told]
