"""The corpus of bad records as work for the bench."""

import pytest

from bench.commands.hostile import EVERY, mixed_entries, rows_of_corpus
from consumer.plan import Planner, Refused, Topic
from consumer.record import Record
from tests.corpus import NOW

TOPIC = "t"


def test_every_row_that_is_taken_is_refused_for_its_reason_without_any_setting() -> None:
    planner = Planner(topics={TOPIC: Topic()})

    reasons = {}
    for row in rows_of_corpus():
        record = Record(TOPIC, 0, 0, row.timestamp, row.key, row.value, row.headers)
        plan = planner.plan(record, NOW)
        reasons[row.name] = plan.refusal.reason if isinstance(plan, Refused) else ""

    assert len(reasons) > 150
    assert reasons == {row.name: row.reason for row in rows_of_corpus()}


@pytest.mark.parametrize("events", [EVERY - 1, EVERY, 25 * EVERY])
def test_one_bad_record_follows_each_hundredth_good_one(events: int) -> None:
    reasons = [reason for _, reason in mixed_entries(events, rows_of_corpus())]

    assert reasons.count("") == events
    assert [at for at, reason in enumerate(reasons) if reason] == [
        EVERY + bad * (EVERY + 1) for bad in range(events // EVERY)
    ]
