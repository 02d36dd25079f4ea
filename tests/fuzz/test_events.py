"""Whatever a record holds, planning it ends in calls, a skip, or a reason of the list."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from consumer.deadletters.burials import refused_burial
from consumer.deadletters.letter import DeadLetter, letter, read_letter
from consumer.deadletters.reasons import REASONS
from consumer.plan import Plan, Planned, Planner, Refused, Topic
from consumer.record import Record
from handlers.routes import ROUTES
from tests.builders import a_record
from tests.corpus import NOW, Headers, as_json
from tests.fuzz.hostile import ANY_JSON, bent, header_lists

KINDS = [None, *ROUTES]
BUG = "map.handler_error"


def record_of(value: bytes, headers: Headers = ()) -> Record:
    return a_record(value=value, headers=headers, timestamp=int(NOW * 1000))


def checked(record: Record, topic_type: str | None = None) -> Plan:
    """Plan a record; whatever comes of it must be in order."""
    planner = Planner(topics={record.topic: Topic(type=topic_type)})
    plan = planner.plan(record, NOW)
    if isinstance(plan, Planned):
        for call in plan.calls:
            assert call.key.startswith("es1-")
            assert call.alone().path.startswith("/v")
            assert call.lanes
    refusal = plan.refusal if isinstance(plan, Planned | Refused) else None
    if refusal is not None:
        assert refusal.reason in REASONS
        assert refusal.reason != BUG, refusal
    return plan


def restored(record: Record, plan: Refused) -> Record:
    """What is read again of the letter a refused record is buried in."""
    burial = refused_burial(record, plan)
    now = datetime.fromtimestamp(NOW, UTC)
    written = letter(burial, group="g", cluster="main", version="1", now=now)
    found = read_letter(a_record(key=written.key, value=written.value, headers=written.headers))
    assert isinstance(found, DeadLetter), found
    return found.original


@given(bent(), header_lists(), st.sampled_from(KINDS))
def test_bent_records_are_planned_or_refused(
    value: bytes, headers: Headers, topic_type: str | None
) -> None:
    checked(record_of(value, headers), topic_type)


@given(bent(), header_lists())
def test_what_is_refused_comes_out_of_its_letter_as_it_was(value: bytes, headers: Headers) -> None:
    record = record_of(value, headers)
    plan = checked(record)

    if isinstance(plan, Refused):
        assert restored(record, plan) == record


@given(st.sampled_from(sorted(ROUTES)), ANY_JSON)
def test_data_of_any_shape_is_planned_or_refused(kind: str, data: object) -> None:
    envelope = {"id": "e1", "type": kind, "occurred_at": "2026-11-24T09:00:00Z", "data": data}

    checked(record_of(as_json(envelope)))


@given(st.dictionaries(st.sampled_from(["id", "type", "source", "version", "data"]), ANY_JSON))
def test_envelopes_of_any_shape_are_planned_or_refused(envelope: dict[str, object]) -> None:
    checked(record_of(as_json(envelope)), "user.signed_up")


@given(st.binary(max_size=300), header_lists())
def test_bytes_that_mean_nothing_are_refused(value: bytes, headers: Headers) -> None:
    checked(record_of(value, headers))
