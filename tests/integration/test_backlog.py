"""A backlog of sends on real Kafka, each written down beside the committed offset."""

from pathlib import Path

import pytest

from consumer.progress import SPAN
from tests.brokers.kafka import Kafka
from tests.integration.deployment import deployed
from tests.integration.events import an_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

MORE = SPAN + 500  # than can be told of beside one offset


async def test_a_backlog_longer_than_can_be_told_of_is_sent_whole(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(
        kafka.bootstrap, tmp_path, {"activities": 1}, LEDGER__URL="offsets:"
    ) as deployment:
        people = [0, *range(MORE - 1)]  # the second waits for the first, and all others meanwhile
        await deployment.tell(
            "activities",
            *(
                an_event("activity.recorded", number, name="seen", user_id=f"u{one}")
                for number, one in enumerate(people)
            ),
        )
        await deployment.start()
        figures = await deployment.done()

    assert figures.delivered == MORE
