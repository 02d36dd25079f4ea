"""Members that freeze, and members that come and go: the books balance every time."""

import signal
from pathlib import Path

import pytest

from tests.brokers.kafka import Kafka
from tests.chaos.processes import REFUSAL, books, has_started, launched, produce
from tests.chaos.tale import tell_tale
from tests.integration.deployment import Deployment, deployed, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SEED = 20_261_125
FLAPS = 30
RECORDS = 150  # that come with each


async def test_a_member_that_froze_does_nothing_again_that_others_did(
    restless: Kafka, tmp_path: Path
) -> None:
    tale = tell_tale(400, SEED)
    async with deployed(
        restless.bootstrap, tmp_path, {"events": 4}, LEDGER__URL="offsets:"
    ) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(slow=0.5)
        await produce(deployment, tale.records[:-200])
        frozen = await launched(deployment)
        await until(lambda: has_executed(deployment, 10))
        frozen.process.send_signal(signal.SIGSTOP)
        other = await launched(deployment)
        await produce(deployment, tale.records[-200:-20])  # newer than all that is frozen
        await deployment.drained(120)
        frozen.process.send_signal(signal.SIGCONT)
        await other.stop()  # it leaves the group empty, which fences nobody
        await produce(deployment, tale.records[-20:])
        await deployment.drained(120)
        await frozen.stop()

        assert await books(deployment, tale, 1) == []


async def test_members_that_come_and_go_lose_nothing(restless: Kafka, tmp_path: Path) -> None:
    tale = tell_tale(FLAPS * RECORDS, SEED)
    part_size = len(tale.records) // FLAPS
    async with deployed(
        restless.bootstrap, tmp_path, {"events": 4}, LEDGER__URL="offsets:"
    ) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(slow=0.2)
        staying = await launched(deployment)
        for flap in range(FLAPS):
            await produce(deployment, tale.records[flap * part_size : (flap + 1) * part_size])
            coming = await launched(deployment)
            await has_started(coming)
            assert await coming.stop() == 0
        await produce(deployment, tale.records[FLAPS * part_size :])
        await deployment.drained(120)
        await staying.stop()

        assert await books(deployment, tale, 0) == []


async def has_executed(deployment: Deployment, count: int) -> bool:
    return len((await deployment.account.state())["executions"]) >= count
