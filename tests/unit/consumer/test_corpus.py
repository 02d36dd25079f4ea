"""Every record of the corpus becomes what the corpus says, on every form that can carry it."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from consumer.plan import Plan, Planned, Planner, Skipped, Topic
from handlers.mapped import Mapped
from handlers.routes import ROUTES
from schemas.problem import Reason
from tests.builders import a_record
from tests.corpus import CORPUS, MAX_BYTES, NOW, OPT_IN, WHEN, Entry, binary

# What needs a memory of other events.
OF_MEMORY = {Reason.STALE_OPT_IN, Reason.UNKNOWN_ORDER, Reason.ERASED}
ORDINARY = re.compile(
    rb'\{"id": "e1", "type": "([^"]+)", "occurred_at": "%b", "data": (\{.*\})\}' % WHEN.encode(),
    re.DOTALL,
)


def fail(_event: object, _options: object) -> Mapped:
    raise RuntimeError("ann@example.com")


BROKEN = {kind: replace(route, handle=fail) for kind, route in ROUTES.items()}


def plan(entry: Entry) -> Plan:
    topic = Topic(type=entry.topic_type, is_type_fixed=entry.is_type_fixed, deletes=entry.deletes)
    planner = Planner(
        topics={"corpus": topic},
        max_bytes=MAX_BYTES,
        strict=entry.strict,
        phone_region=entry.phone_region,
        routes=BROKEN if entry.has_bug else ROUTES,
    )
    record = a_record(
        topic="corpus",
        timestamp=entry.timestamp,
        key=entry.key,
        value=entry.value,
        headers=entry.headers,
    )
    return planner.plan(record, NOW)


def reason(planned: Plan) -> str:
    refusal = None if isinstance(planned, Skipped) else planned.refusal
    return refusal.reason if refusal is not None else ""


def assert_as_told(entry: Entry) -> None:
    planned = plan(entry)

    assert reason(planned) == entry.reason
    assert (planned.rule if isinstance(planned, Skipped) else "") == entry.skipped
    calls = planned.calls if isinstance(planned, Planned) else ()
    assert bool(calls) == (entry.is_told or not (entry.reason or entry.skipped))


def on_other_forms(entry: Entry) -> Iterator[Entry]:
    """An entry about the data of an ordinary event, as the other forms carry it."""
    found = ORDINARY.fullmatch(entry.value or b"")
    if found is None or entry.headers:
        return
    kind, data = found[1], found[2]
    said = b'{"specversion":"1.0","id":"e1","source":"/shop","type":"%b","time":"%b","data":%b}'
    when = WHEN.encode()
    yield replace(entry, name=f"{entry.name}: structured", value=said % (kind, when, data))
    yield replace(
        entry, name=f"{entry.name}: binary", value=data, headers=binary(type=kind, time=when)
    )
    if kind != OPT_IN.encode() and entry.topic_type is None:  # a bare event names no time
        headers = (("idempotency-key", b"e1"),)
        yield replace(
            entry, name=f"{entry.name}: bare", value=data, headers=headers, topic_type=kind.decode()
        )


OTHER_FORMS = [again for entry in CORPUS for again in on_other_forms(entry)]


@pytest.mark.parametrize("entry", CORPUS, ids=lambda e: e.name)
def test_a_record_becomes_what_the_corpus_says(entry: Entry) -> None:
    assert_as_told(entry)


@pytest.mark.parametrize("entry", OTHER_FORMS, ids=lambda e: e.name)
def test_its_data_becomes_the_same_on_every_form(entry: Entry) -> None:
    assert_as_told(entry)


def test_the_other_forms_are_many() -> None:
    assert len(OTHER_FORMS) > 2 * len(CORPUS) / 3


def test_every_reason_that_one_record_can_have_occurs() -> None:
    assert {entry.reason for entry in CORPUS} == {"", *Reason} - OF_MEMORY


@pytest.mark.parametrize("entry", CORPUS, ids=lambda e: e.name)
def test_a_refusal_names_no_value(entry: Entry) -> None:
    planned = plan(replace(entry, value=(entry.value or b"").replace(b"ann@", b"s3cret@")))

    told = str(planned.refusal) if not isinstance(planned, Skipped) else ""

    assert "s3cret" not in told
    assert "example" not in told.replace("shop.example.com", "")
