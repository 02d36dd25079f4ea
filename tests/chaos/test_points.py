"""A process that ends at the worst moments leaves nothing undone, and sends nothing twice."""

import asyncio
from pathlib import Path

import pytest

from tests.brokers.kafka import Kafka
from tests.chaos.launcher import KILLED, POINTS
from tests.chaos.processes import REFUSAL, SECONDS, books, ends_at, has_started, launched, produce
from tests.chaos.scale import IS_FULL
from tests.chaos.tale import tell_tale
from tests.integration.deployment import deployed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

SAMPLE = ("sending", "buried-unacknowledged")
ALONE = [name for name in POINTS if name != "revoking"]  # that one takes a second member
RECORDS = 300


@pytest.mark.parametrize("point", ALONE if IS_FULL else SAMPLE)
async def test_the_books_balance_wherever_a_process_ends(
    restless: Kafka, tmp_path_factory: pytest.TempPathFactory, point: str
) -> None:
    tale = tell_tale(RECORDS, seed=len(point))
    folder = tmp_path_factory.mktemp(point)
    async with deployed(
        restless.bootstrap, folder, {"events": 3}, LEDGER__URL="offsets:"
    ) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(slow=0.2)
        await produce(deployment, tale.records)
        await ends_at(deployment, f"{point}:1")
        await ends_at(deployment, f"{point}:2")
        last = await launched(deployment)
        await deployment.drained(120)
        await last.stop()

        assert await books(deployment, tale, kills=2) == []


async def test_the_books_balance_when_a_process_ends_as_it_lets_go(
    restless: Kafka, tmp_path: Path
) -> None:
    tale = tell_tale(RECORDS, seed=14)
    async with deployed(
        restless.bootstrap, tmp_path, {"events": 4}, LEDGER__URL="offsets:"
    ) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(slow=0.2)
        leaving = await launched(deployment, "revoking:1")
        await has_started(leaving)
        await produce(deployment, tale.records)
        coming = await launched(deployment)
        async with asyncio.timeout(SECONDS):
            code = await leaving.ended()
        await deployment.drained(120)
        await coming.stop()

        assert code == KILLED
        assert await books(deployment, tale, kills=1) == []
