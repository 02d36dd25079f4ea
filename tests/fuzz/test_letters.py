"""What lies in the dead-letter topic may be anybody's: it is read as a letter, or told apart."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from consumer.deadletters.letter import (
    KAFKA,
    OURS,
    Burial,
    DeadLetter,
    NotALetter,
    letter,
    read_letter,
)
from consumer.deadletters.reading import Found, page, row
from consumer.plan import Planner
from consumer.record import Record
from tests.builders import a_record
from tests.corpus import NOW, Headers
from tests.fuzz.hostile import bent, header_lists

OWN_NAMES = [
    *(f"{KAFKA}{name}" for name in ("topic", "partition", "offset", "group", "message")),
    *(f"{OURS}{name}" for name in ("v", "n", "id", "timestamp", "source", "reason", "attempts")),
    *(f"{OURS}{name}" for name in ("calls", "first-at", "at", "app", "flags", "event-id")),
]
TEXTS = st.sampled_from([b"", b"0", b"-1", b"1", b"3", b"9" * 30, b"\xff", b"D", b"2026-11-24"])
TAILS = st.lists(
    st.tuples(st.sampled_from(OWN_NAMES), st.none() | TEXTS | st.binary(max_size=20)), max_size=20
)


def good_letter(record: Record) -> tuple[tuple[str, bytes | None], ...]:
    burial = Burial(record=record, reason="schema.missing", detail="is missing")
    now = datetime.fromtimestamp(NOW, UTC)
    return tuple(letter(burial, group="g", cluster="main", version="1", now=now).headers)


def shown(record: Record) -> None:
    """Read a record as a letter, and show it as the commands would."""
    found = read_letter(record)
    if isinstance(found, NotALetter):
        assert found.why
        return
    place = Found(letter=found, partition=0, offset=0)
    assert row(place)["id"] == found.id
    assert page(place, Planner(topics={}), NOW)["id"] == found.id


@given(header_lists(), TAILS, bent())
def test_a_forged_tail_is_a_letter_or_none(head: Headers, tail: Headers, value: bytes) -> None:
    shown(a_record(value=value, headers=(*head, *tail)))


@given(st.data())
def test_a_good_tail_with_something_changed_is_a_letter_or_none(data: st.DataObject) -> None:
    headers = list(good_letter(a_record(value=b"{}")))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(headers) - 1))
        name = data.draw(st.just(headers[at][0]) | st.sampled_from(OWN_NAMES))
        headers[at] = (name, data.draw(st.none() | TEXTS | st.binary(max_size=20)))

    shown(a_record(value=b"{}", headers=tuple(headers)))


@given(header_lists(), st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=20))
def test_any_record_comes_out_of_its_letter_as_it_was(
    headers: Headers, key: bytes | None, value: bytes | None
) -> None:
    record = a_record(key=key, value=value, headers=headers)
    found = read_letter(a_record(key=key, value=value, headers=good_letter(record)))

    assert isinstance(found, DeadLetter)
    assert found.original == record
