"""A dead letter names the event, the call that was refused, and what became of the others."""

from datetime import UTC, datetime
from typing import Any

import pytest

from consumer.deadletters.burials import job_burial, refused_burial
from consumer.deadletters.fates import Fate
from consumer.plan import Planned, Refused
from esputnik.outcome import Rejected
from handlers.mapped import Refusal
from tests.builders import a_call, a_job, a_record

NO_EMAIL = Refusal(reason="schema.field", field="data.email", detail="no address")


def a_plan(**changes: Any) -> Planned:
    given: dict[str, Any] = {
        "type": "user.updated",
        "event_id": "e1",
        "occurred_at": datetime(2026, 11, 24, tzinfo=UTC),
        "calls": (),
    }
    return Planned(**(given | changes))


def test_a_refused_record_is_buried_with_what_was_wrong() -> None:
    record = a_record(offset=7)

    burial = refused_burial(record, Refused(refusal=NO_EMAIL, type="user.updated", event_id="e1"))

    assert burial.record is record
    assert (burial.event_type, burial.event_id) == ("user.updated", "e1")
    assert (burial.reason, burial.field) == ("schema.field", "data.email")
    assert (burial.detail, burial.action, burial.key) == ("no address", None, None)
    assert (burial.fates, burial.flags) == ((), ())


def test_a_letter_names_no_type_where_none_could_be_read() -> None:
    burial = refused_burial(a_record(), Refused(refusal=NO_EMAIL))

    assert burial.event_type is None


def test_a_refused_call_is_named_with_its_key_beside_the_fate_of_all() -> None:
    done, bad = a_call(intent="contact.upsert"), a_call(intent="order.add", slot="2")
    job = a_job(done, bad)
    job.errands[0].state, job.errands[1].state = "D", "R"
    job.verdict = (bad, Rejected(reason="api.refused", detail="no such field"))

    burial = job_burial(job, a_plan())

    assert burial.record is job.record
    assert (burial.event_type, burial.event_id) == ("user.updated", "e1")
    assert (burial.reason, burial.field) == ("api.refused", "")
    assert burial.detail == "no such field"
    assert (burial.action, burial.key) == (bad.action, bad.key)
    assert burial.flags == ()
    assert burial.fates == (
        Fate(intent="contact.upsert", slot="", state="D"),
        Fate(intent="order.add", slot="2", state="R"),
    )


def test_a_call_that_may_have_run_is_flagged() -> None:
    call = a_call()
    job = a_job(call)
    job.verdict = (call, Rejected(reason="sync.in_doubt"))

    assert job_burial(job, a_plan()).flags == ("in-doubt",)


@pytest.mark.parametrize(
    ("refusal", "reason", "field"),
    [(NO_EMAIL, "schema.field", "data.email"), (None, "map.handler_error", "")],
)
def test_where_no_call_was_refused_the_part_that_could_not_be_mapped_is_named(
    refusal: Refusal | None, reason: str, field: str
) -> None:
    burial = job_burial(a_job(a_call()), a_plan(refusal=refusal))

    assert (burial.reason, burial.field) == (reason, field)
    assert (burial.action, burial.key, burial.flags) == (None, None, ())
