import time

import orjson
import pytest

from bench.peers.errand import ERRANDS
from bench.workload import (
    CONTACTS,
    ORDERS,
    PARTITIONS,
    WORKS,
    Work,
    entries,
    is_poison,
    poison_in,
)
from consumer.plan import Planned, Planner, Refused, Topic
from tests.builders import a_record

SOME = range(0, 3000, 7)


def plan(work: Work, value: bytes) -> object:
    planner = Planner(topics={"work": Topic(type=work.event_type, is_type_fixed=True)})
    return planner.plan(a_record(topic="work", value=value), time.time())


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_every_event_is_one_item_of_a_bulk_request(work: Work) -> None:
    for number in SOME:
        planned = plan(work, work.event(number))

        assert isinstance(planned, Planned), planned
        assert [call.shape is not None for call in planned.calls] == [True]
        assert (planned.ignored, planned.notes) == ((), ())


def test_an_order_carries_its_number_and_takes_about_600_bytes() -> None:
    event = ORDERS.event(42)

    assert orjson.loads(event)["data"]["order_id"] == "ORD-0000042"
    assert 580 < len(event) < 650


def test_a_contact_carries_its_number() -> None:
    assert orjson.loads(CONTACTS.event(42))["data"]["user_id"] == "USR-0000042"


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_peer_sends_the_same_identifiers_as_the_service(work: Work) -> None:
    planned = plan(work, work.event(7))
    theirs = ERRANDS[work.name].read(work.event(7))

    assert isinstance(planned, Planned)
    ours = orjson.loads(planned.calls[0].item)
    shared = {"externalOrderId", "externalCustomerId", "email", "totalCost", "channels"}
    assert {name: theirs.get(name) for name in shared} == {name: ours.get(name) for name in shared}


def test_what_has_one_key_lies_in_one_partition() -> None:
    places: dict[bytes, set[int]] = {}
    for entry in entries(ORDERS, 20_000):
        places.setdefault(entry.key, set()).add(entry.partition)

    assert len(places) < 20_000
    assert all(len(found) == 1 for found in places.values())
    assert set().union(*places.values()) == set(range(PARTITIONS))


def test_one_poisoned_event_in_a_thousand_cannot_be_read() -> None:
    work = list(entries(ORDERS, 3000, poisoned=True))

    refused = [n for n, entry in enumerate(work) if isinstance(plan(ORDERS, entry.value), Refused)]

    assert refused == [999, 1999, 2999] == [n for n in range(3000) if is_poison(n)]
    assert len(refused) == poison_in(3000)
