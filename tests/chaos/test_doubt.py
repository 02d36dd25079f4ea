"""A message that was under way at a kill: in doubt, and never sent again unasked."""

from pathlib import Path
from typing import Any

import pytest

from tests.brokers.kafka import Kafka
from tests.brokers.tansu import Tansu
from tests.chaos.processes import killed, launched
from tests.integration.deployment import Deployment, deployed, until
from tests.integration.events import an_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

REMEMBERED: dict[str, Any] = {"LEDGER__URL": "offsets:"}


async def asked(deployment: Deployment, count: int) -> bool:
    """Whether the account was asked to send so many messages."""
    requests = await deployment.account.requests()
    return [one["action"] for one in requests].count("send-message") == count


async def test_a_message_under_way_at_a_kill_is_buried_in_doubt_and_not_sent_again(
    restless: Kafka, tmp_path: Path
) -> None:
    async with deployed(restless.bootstrap, tmp_path, {"events": 1}, **REMEMBERED) as deployment:
        await deployment.account.rules({"action": "send-message", "delay": 30.0})
        first = await launched(deployment)
        message = an_event("message.requested", message_id=7, email="ann@example.com")
        await deployment.tell("events", message)
        await until(lambda: asked(deployment, 1))
        await killed(first)
        await deployment.account.rules()
        second = await launched(deployment)
        await deployment.drained()
        await second.stop()

        (letter,) = await deployment.letters()
        assert (letter.reason, letter.flags) == ("sync.in_doubt", ("in-doubt",))
        assert [fate.state for fate in letter.fates] == ["X"]
        assert await asked(deployment, 1)


async def test_a_message_in_doubt_is_sent_again_where_that_is_asked_for(
    restless: Kafka, tmp_path: Path
) -> None:
    wanted = REMEMBERED | {"SENDS__DELIVERY": "at_least_once"}
    async with deployed(restless.bootstrap, tmp_path, {"events": 1}, **wanted) as deployment:
        await deployment.account.rules({"action": "send-message", "delay": 30.0})
        first = await launched(deployment)
        message = an_event("message.requested", message_id=7, email="ann@example.com")
        await deployment.tell("events", message)
        await until(lambda: asked(deployment, 1))
        await killed(first)
        await deployment.account.rules()
        second = await launched(deployment)
        await deployment.drained()
        await second.stop()

        assert await deployment.letters() == []
        assert await asked(deployment, 2)


async def test_a_broker_that_keeps_no_metadata_ends_the_run_with_78_and_the_setting(
    embedded: Tansu, tmp_path: Path
) -> None:
    async with deployed(embedded.bootstrap, tmp_path, {"events": 1}, **REMEMBERED) as deployment:
        ended = await deployment.command("run")

    (line,) = [line for line in ended.err.decode().splitlines() if not line.startswith("{")]
    assert ended.code == 78
    assert line.startswith("ESPUTNIK_SYNC_LEDGER__URL: ")
    assert "set it to memory:" in line
