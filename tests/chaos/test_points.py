"""A process that ends at the worst moments leaves nothing undone, and sends nothing twice."""

import pytest

from tests.brokers.kafka import Kafka
from tests.chaos.launcher import POINTS
from tests.chaos.processes import REFUSAL, books, ends_at, launched, produce
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
