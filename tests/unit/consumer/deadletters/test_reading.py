"""Which dead letters are meant, which of them is the newest, and what is said of each."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from consumer.consent.foresight import Foresight
from consumer.consent.hashing import Hasher
from consumer.consent.memory import Memory
from consumer.consent.words import Word
from consumer.deadletters.fates import Fate
from consumer.deadletters.letter import Burial, DeadLetter, letter, read_letter
from consumer.deadletters.reading import (
    Filters,
    Found,
    Reading,
    newest,
    page,
    read_letters,
    row,
    would_send,
)
from consumer.deadletters.reasons import REASONS
from consumer.plan import Planned, Planner
from consumer.record import Partition, Record
from consumer.repeats import SAME_ID, Repeats
from esputnik.call import Action
from tests.builders import a_record

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PLANNER = Planner(topics={})
SITE = {"domain": "shop.example.com"}
INBOX = {"name": "Sale", "title": "Sale", "text": "Now", "translations": {}}
UKRAINIAN = {"title": "Розпродаж", "text": "Зараз"}


def an_event(kind: str = "site.registered", data: Any = SITE) -> bytes:
    return orjson.dumps({"id": "ev-1", "type": kind, "occurred_at": NOON.isoformat(), "data": data})


def buried(now: datetime = NOON, **changes: Any) -> Record:
    """A record of the dead-letter topic."""
    given: dict[str, Any] = {
        "record": a_record(topic="sites", partition=2, offset=40, value=an_event()),
        "reason": "esp.rejected_400",
        "detail": "400: bad",
        "event_id": "ev-1",
        "event_type": "site.registered",
    }
    made = letter(Burial(**(given | changes)), group="g", cluster="main", version="1", now=now)
    return a_record(topic="dead", key=made.key, value=made.value, headers=made.headers)


def a_letter(now: datetime = NOON, **changes: Any) -> DeadLetter:
    found = read_letter(buried(now, **changes))
    assert isinstance(found, DeadLetter)
    return found


def found(one: DeadLetter, offset: int = 0) -> Found:
    return Found(letter=one, partition=0, offset=offset)


# -- which are meant ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filters",
    [
        Filters(),
        Filters(reasons=frozenset({"esp.rejected_400"})),
        Filters(reasons=frozenset({"esp", "schema"})),
        Filters(types=frozenset({"site.registered"})),
        Filters(topics=frozenset({"sites"})),
        Filters(partition=2),
        Filters(offset=40),
        Filters(since=NOON),
        Filters(until=NOON + timedelta(seconds=1)),
        Filters(event_ids=frozenset({"ev-1"})),
        Filters(ids=("0", a_letter().id[:8])),
        Filters(reasons=frozenset({"esp"}), partition=2, offset=40, since=NOON),
    ],
)
def test_a_letter_that_fits_is_meant(filters: Filters) -> None:
    assert filters.keep(a_letter())


@pytest.mark.parametrize(
    "filters",
    [
        Filters(reasons=frozenset({"esp.rejected_422", "es"})),
        Filters(types=frozenset({"site"})),
        Filters(topics=frozenset({"orders"})),
        Filters(partition=0),
        Filters(offset=0),
        Filters(since=NOON + timedelta(seconds=1)),
        Filters(until=NOON),
        Filters(event_ids=frozenset({"ev"})),
        Filters(ids=(a_letter().id[1:],)),
        Filters(reasons=frozenset({"esp"}), partition=2, offset=41),
    ],
)
def test_a_letter_that_does_not_fit_is_not_meant(filters: Filters) -> None:
    assert not filters.keep(a_letter())


def test_a_letter_whose_type_could_not_be_read_is_meant_by_unknown() -> None:
    filters = Filters(types=frozenset({"unknown"}))

    assert filters.keep(a_letter(event_type=None))
    assert not filters.keep(a_letter())


# -- which there are ------------------------------------------------------------------------


def read(records: Iterable[Record], reading: Reading) -> list[Found]:
    async def stream() -> AsyncIterator[Record]:
        for record in records:
            yield record

    async def collected() -> list[Found]:
        return [one async for one in read_letters(stream(), reading)]

    return asyncio.run(collected())


def test_records_that_are_no_letters_are_counted_and_left_out() -> None:
    reading = Reading()

    letters = read([a_record(), buried()._replace(partition=1, offset=9), a_record()], reading)

    assert [(one.partition, one.offset, one.letter.id) for one in letters] == [
        (1, 9, a_letter().id)
    ]
    assert (reading.letters, reading.strangers) == (1, 2)


def test_of_letters_with_one_id_the_one_of_most_attempts_counts() -> None:
    first, second = a_letter(), a_letter(attempts=1)

    assert newest([found(second, 3), found(first, 7)]) == [found(second, 3)]
    assert newest([found(first, 7), found(second, 3)]) == [found(second, 3)]


def test_of_one_attempt_the_later_burial_counts_and_then_the_later_offset() -> None:
    later = a_letter(NOON + timedelta(seconds=1))

    assert newest([found(later, 1), found(a_letter(), 2)]) == [found(later, 1)]
    assert newest([found(a_letter(), 2), found(a_letter(), 1)]) == [found(a_letter(), 2)]


def test_letters_come_in_the_order_of_their_events() -> None:
    places = [("b", 0, 1), ("a", 1, 0), ("a", 0, 9), ("a", 0, 10)]
    letters = [
        a_letter(record=a_record(topic=topic, partition=partition, offset=offset))
        for topic, partition, offset in places
    ]

    ordered = [one.letter.original for one in newest(map(found, letters))]

    assert [(one.topic, one.partition, one.offset) for one in ordered] == sorted(places)


# -- what is said of each -------------------------------------------------------------------


def test_a_row_says_what_is_known_and_no_value() -> None:
    told = row(
        Found(
            letter=a_letter(
                action=Action.ADD_DOMAIN, key="es1-a", field="data.domain", flags=("in-doubt",)
            ),
            partition=4,
            offset=99,
        )
    )

    assert told == {
        "id": a_letter().id,
        "reason": "esp.rejected_400",
        "type": "site.registered",
        "event_id": "ev-1",
        "topic": "sites",
        "partition": 2,
        "offset": 40,
        "attempts": 0,
        "first_at": "2026-01-31T12:00:00+00:00",
        "at": "2026-01-31T12:00:00+00:00",
        "message": "data.domain: 400: bad",
        "action": "add-domain",
        "idempotency_key": "es1-a",
        "flags": ["in-doubt"],
        "letter": {"partition": 4, "offset": 99},
    }


def shown(one: DeadLetter) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(orjson.dumps(page(found(one), PLANNER, NOON.timestamp())))
    return told


def test_a_page_adds_the_remedy_the_event_masked_and_the_http_it_would_make() -> None:
    data = SITE | {"email": "ann@example.com"}
    told = shown(a_letter(record=a_record(value=an_event(data=data))))

    assert told["meaning"] == REASONS["esp.rejected_400"].meaning
    assert told["remedy"] == REASONS["esp.rejected_400"].remedy
    assert told["event"]["data"] == {"domain": "shop.example.com", "email": "a…"}
    (call,) = told["now"]["calls"]
    assert (call["method"], call["path"], call["body"]) == ("POST", "/v1/site/domains", SITE)


def test_a_page_says_what_became_of_each_call_and_leaves_out_what_was_delivered() -> None:
    inbox = INBOX | {"translations": {"uk": UKRAINIAN, "en": UKRAINIAN}}
    told = shown(
        a_letter(
            record=a_record(value=an_event("inbox_message.published", inbox)),
            fates=(
                Fate(intent="inbox.publish", slot="", state="D", learned={"id": "7"}),
                Fate(intent="inbox.translate", slot="uk", state="D"),
                Fate(intent="inbox.translate", slot="en", state="R"),
            ),
        )
    )

    assert [(one["intent"], one["slot"], one["outcome"]) for one in told["calls"]] == [
        ("inbox.publish", "", "delivered"),
        ("inbox.translate", "uk", "delivered"),
        ("inbox.translate", "en", "refused"),
    ]
    assert told["calls"][0]["returned"] == {"id": "7"}
    assert [call["path"].rsplit("/", 1)[1] for call in told["now"]["calls"]] == ["en"]


def test_a_page_says_why_a_letter_would_be_buried_again() -> None:
    told = shown(a_letter(record=a_record(value=b"no json"), reason="esp.unheard_of"))

    assert (told["meaning"], told["remedy"]) == (None, None)
    assert told["event"] == "7 bytes that are not JSON"
    assert told["now"]["outcome"] == "dead_letter"
    assert told["now"]["reason"] == "decode.json_syntax"
    assert told["now"]["calls"] == []


def test_a_page_says_that_a_tombstone_says_nothing() -> None:
    told = shown(a_letter(record=a_record(value=None)))

    assert told["event"] is None
    assert told["now"] == {"outcome": "skipped", "reason": "tombstone", "calls": []}


def test_a_page_of_a_stub_sends_nothing_for_the_event_is_not_kept() -> None:
    told = shown(a_letter(flags=("stub",)))

    assert told["now"] == {"outcome": "skipped", "reason": "stub", "calls": []}


def test_a_page_of_an_event_whose_id_was_used_sends_nothing_under_that_id() -> None:
    told = shown(a_letter(reason=SAME_ID.reason, field=SAME_ID.field, detail=SAME_ID.detail))

    assert told["now"] == {
        "outcome": "dead_letter",
        "reason": "schema.conflict",
        "field": "id",
        "calls": [],
    }


def test_a_page_shows_what_can_be_told_and_what_cannot() -> None:
    opt_out = an_event("contact.opted_out", {"email": "ann@example.com", "channel": "all"})
    told = shown(a_letter(record=a_record(value=opt_out), reason="consent.no_route"))

    assert (told["now"]["outcome"], told["now"]["reason"]) == ("dead_letter", "consent.no_route")
    assert [call["action"] for call in told["now"]["calls"]] == ["add-unsubscribed"]


# -- with what is remembered of consent -----------------------------------------------------


def a_word(kind: str, hours: int) -> DeadLetter:
    """A letter of what somebody said about e-mails, so many hours before noon."""
    data = {"channel": "email", "email": "ann@example.com"}
    event = {"id": f"{kind}{hours}", "type": f"contact.opted_{kind}", "data": data}
    event["occurred_at"] = (NOON - timedelta(hours=hours)).isoformat()
    return a_letter(record=a_record(value=orjson.dumps(event)))


def foreseen(*letters: DeadLetter) -> list[dict[str, Any]]:
    """What each of some letters would send, where nothing is known before the first."""
    foresight, repeats = Foresight(Memory(), Hasher("secret"), 300.0), Repeats()
    return [would_send(one, PLANNER, NOON.timestamp(), repeats, foresight) for one in letters]


def test_an_opt_in_that_an_earlier_letter_makes_stale_would_be_buried_again() -> None:
    opt_out, opt_in = foreseen(a_word("out", 1), a_word("in", 2))

    assert [call["action"] for call in opt_out["calls"]] == ["add-unsubscribed"]
    assert opt_in == {
        "outcome": "dead_letter",
        "reason": "consent.stale_opt_in",
        "calls": [],
    }


def test_an_opt_out_that_a_much_newer_opt_in_overrules_would_be_skipped() -> None:
    memory, hasher = Memory(), Hasher("secret")
    opted_in = Word(False, "email", int(NOON.timestamp() * 1000), Partition("events", 0), 0)
    memory.note([hasher.of("e:ann@example.com")], opted_in)
    foresight = Foresight(memory, hasher, 300.0)

    told = would_send(a_word("out", 25), PLANNER, NOON.timestamp(), Repeats(), foresight)

    assert told == {"outcome": "skipped", "reason": "superseded", "calls": []}


def test_what_consent_lets_pass_shows_the_http_that_it_would_make() -> None:
    (told,) = foreseen(a_word("in", 1))

    assert told["outcome"] == "calls"
    assert [call["action"] for call in told["calls"]] == ["remove-unsubscribed"]


def a_message(text: str, offset: int) -> DeadLetter:
    data = {"message_id": 1, "email": "ann@example.com", "params": {"text": text}}
    event = {"id": "m1", "type": "message.requested", "data": data}
    record = a_record(
        value=orjson.dumps(event), offset=offset, timestamp=int(NOON.timestamp() * 1000)
    )
    return a_letter(record=record)


def test_of_letters_that_hold_one_event_one_would_be_sent() -> None:
    first, again, another = foreseen(a_message("a", 1), a_message("a", 2), a_message("b", 3))

    assert [call["action"] for call in first["calls"]] == ["send-message"]
    assert again == {"outcome": "skipped", "reason": "repeat", "calls": []}
    assert (another["reason"], another["calls"]) == ("schema.conflict", [])


@pytest.mark.parametrize("depth", [33, 240, 260, 600, 1000])
def test_a_letter_that_is_nested_deep_can_be_shown(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    value = b'{"id":"e","type":"order.changed","data":{"x":' + deep + b"}}"
    told = page(
        found(a_letter(record=a_record(value=value), reason="decode.json_depth")), PLANNER, 0.0
    )

    assert orjson.loads(orjson.dumps(told))["event"]["id"] == "e"


def test_a_letter_keeps_the_keys_of_the_cluster_that_buried_it() -> None:
    event = {"type": "user.deleted", "data": {"user_id": "1"}}
    record = a_record(value=orjson.dumps(event), timestamp=int(NOON.timestamp() * 1000))
    (told,) = foreseen(a_letter(record=record))
    expected = replace(PLANNER, cluster="main").plan(record, NOON.timestamp())

    renamed = Planner(topics={}, cluster="prod")
    now = would_send(a_letter(record=record), renamed, NOON.timestamp(), Repeats())

    assert isinstance(expected, Planned)
    assert now["calls"][0]["idempotency_key"] == expected.calls[0].key
    assert now == told
