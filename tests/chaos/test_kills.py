"""Kills at random under load: the books balance every time."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.brokers.kafka import Kafka
from tests.chaos.processes import REFUSAL, books, has_started, killed, launched, produce
from tests.chaos.scale import IS_FULL, KILLS
from tests.chaos.tale import tell_tale
from tests.integration.deployment import deployed

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120 + 30 * KILLS)]

SEED = 20_261_125
RECORDS = 150  # that come between two kills
LONGEST_LIFE = 2.5  # s from readiness to a kill
REPLICAS = 2 if IS_FULL else 1
TROUBLE = {"slow": 0.1, "500": 0.005, "reset": 0.005, "late": 0.005} if IS_FULL else {"slow": 0.1}


async def test_nothing_is_lost_or_done_twice_by_kills_at_random(
    restless: Kafka, tmp_path: Path
) -> None:
    rng = random.Random(SEED)  # noqa: S311 - to be played again
    tale = tell_tale(KILLS * RECORDS, SEED)
    part_size = len(tale.records) // KILLS
    async with deployed(
        restless.bootstrap, tmp_path, {"events": 4}, LEDGER__URL="offsets:"
    ) as deployment:
        await deployment.account.rules(REFUSAL)
        await deployment.account.faults(**TROUBLE)
        replicas = [await launched(deployment) for _ in range(REPLICAS)]
        for kill in range(KILLS):
            await produce(deployment, tale.records[kill * part_size : (kill + 1) * part_size])
            which = rng.randrange(REPLICAS)
            await has_started(replicas[which])
            await asyncio.sleep(rng.uniform(0, LONGEST_LIFE))  # chance, not synchronisation
            await killed(replicas[which])
            replicas[which] = await launched(deployment)
        await produce(deployment, tale.records[KILLS * part_size :])
        await deployment.account.faults()
        await deployment.drained(300)
        for replica in replicas:
            await replica.stop()

        assert await books(deployment, tale, KILLS) == []
