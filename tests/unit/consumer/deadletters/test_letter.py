"""Dead letters there and back, and those that nobody of ours wrote."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.deadletters.fates import read_fates, write_fates
from consumer.deadletters.letter import (
    Burial,
    DeadLetter,
    Fate,
    Letter,
    NotALetter,
    letter,
    letter_id,
    read_letter,
    stub,
)
from consumer.record import Headers, Record
from esputnik.call import Action
from tests.builders import a_record

NOW = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
ORIGIN: dict[str, str] = {"group": "esputnik-sync", "cluster": "main", "version": "1.0.0"}

texts = st.text(st.characters(exclude_categories=["Cs"]))
headers = st.lists(
    st.tuples(
        st.sampled_from(["a", "a", "esync-dlq-n", "esync-dlq-id", "ключ"]) | texts,
        st.none() | st.binary(max_size=20),
    ),
    max_size=6,
).map(tuple)
records = st.builds(
    Record,
    topic=texts.filter(bool),
    partition=st.integers(0, 2**31 - 1),
    offset=st.integers(0, 2**63 - 1),
    timestamp=st.integers(-1, 2**62),
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=80),
    headers=headers,
)
fates = st.lists(
    st.builds(
        Fate,
        intent=st.sampled_from(["inbox.publish", "inbox.translate"]),
        slot=texts,
        state=st.sampled_from(["D", "R", "X", "N"]),
        learned=st.dictionaries(st.sampled_from(["id", "email"]), texts),
    ),
    max_size=4,
).map(tuple)


def a_burial(**changes: Any) -> Burial:
    given: dict[str, Any] = {"record": a_record(), "reason": "schema.missing"}
    return Burial(**(given | changes))


def written(burial: Burial) -> Letter:
    return letter(burial, now=NOW, **ORIGIN)


def buried(burial: Burial) -> Record:
    """The record of the dead-letter topic that a burial makes."""
    made = written(burial)
    return a_record(topic="dead", key=made.key, value=made.value, headers=made.headers)


def reread(burial: Burial) -> DeadLetter:
    found = read_letter(buried(burial))
    assert isinstance(found, DeadLetter)
    return found


def tail(made: Letter) -> dict[str, str]:
    return {name: (value or b"").decode() for name, value in made.headers}


@given(record=records, told=fates)
def test_what_was_buried_is_read_back_byte_for_byte(record: Record, told: tuple[Fate, ...]) -> None:
    found = reread(a_burial(record=record, fates=told))

    assert found.original == record
    assert found.fates == told


@pytest.mark.parametrize("value", [None, b""])
def test_no_value_and_an_empty_one_stay_what_they_are(value: bytes | None) -> None:
    assert written(a_burial(record=a_record(value=value))).value == value


def test_headers_of_one_name_are_all_kept_in_their_order() -> None:
    headers = (("a", b"1"), ("b", None), ("a", b"2"), ("a", b"1"))

    found = reread(a_burial(record=a_record(headers=headers)))

    assert found.original.headers == headers


@given(record=records)
def test_a_record_that_nobody_buried_is_no_letter(record: Record) -> None:
    assert isinstance(read_letter(record), NotALetter)


@given(record=records)
def test_a_letter_of_a_letter_keeps_the_first_whole(record: Record) -> None:
    first = buried(a_burial(record=record))

    assert reread(a_burial(record=first)).original == first


def test_a_letter_says_all_that_was_known() -> None:
    first_at = NOW - timedelta(days=1)
    found = reread(
        a_burial(
            reason="esp.rejected_400",
            field="data.email",
            detail="400: bad request",
            event_id="ev-1",
            event_type="order.changed",
            action=Action.ADD_ORDERS,
            key="es1-a",
            attempts=2,
            first_at=first_at,
            flags=("in-doubt", "edited"),
        )
    )

    assert found == DeadLetter(
        original=a_record(),
        id=letter_id("main", a_record()),
        reason="esp.rejected_400",
        message="data.email: 400: bad request",
        event_id="ev-1",
        event_type="order.changed",
        action="add-orders",
        key="es1-a",
        fates=(),
        attempts=2,
        first_at=first_at,
        at=NOW,
        app="1.0.0",
        flags=("in-doubt", "edited"),
        cluster="main",
        group="esputnik-sync",
    )


def test_the_headers_of_the_record_come_first_and_ours_are_counted() -> None:
    made = written(a_burial(record=a_record(headers=(("a", b"1"), ("a", None), ("b", b"")))))

    assert made.headers[:3] == (("a", b"1"), ("a", None), ("b", b""))
    assert dict(made.headers)["esync-dlq-n"] == str(len(made.headers) - 3).encode()


def test_what_does_not_apply_is_absent() -> None:
    assert list(tail(written(a_burial(record=a_record())))) == [
        "__dlq.errors.topic",
        "__dlq.errors.partition",
        "__dlq.errors.offset",
        "__dlq.errors.group",
        "__dlq.errors.message",
        "esync-dlq-v",
        "esync-dlq-n",
        "esync-dlq-id",
        "esync-dlq-timestamp",
        "esync-dlq-source",
        "esync-dlq-reason",
        "esync-dlq-attempts",
        "esync-dlq-first-at",
        "esync-dlq-at",
        "esync-dlq-app",
    ]


def test_the_id_is_of_the_place_and_the_same_for_a_repeated_burial() -> None:
    place = a_record(topic="users", partition=3, offset=42)
    first = tail(written(a_burial(record=place, attempts=0)))["esync-dlq-id"]
    again = tail(written(a_burial(record=place, attempts=1, reason="esp.not_found")))

    assert first == again["esync-dlq-id"] == sha256(b"main\0users\0003\00042").hexdigest()
    assert letter_id("other", place) != first
    assert letter_id("main", place._replace(offset=43)) != first


@pytest.mark.parametrize("detail", ["a\nb\r\n c", "a\u2028b\x85c", "я" * 2000, "half \ud800 sign"])
def test_a_message_is_one_line_of_a_kibibyte_at_most(detail: str) -> None:
    message = tail(written(a_burial(field="data", detail=detail)))["__dlq.errors.message"]

    assert message.startswith("data: ")
    assert len(message.splitlines()) == 1
    assert len(message.encode()) <= 1024


def test_a_message_without_words_is_the_reason() -> None:
    assert reread(a_burial(reason="decode.empty")).message == "decode.empty"


def test_half_a_surrogate_keeps_nothing_unburied() -> None:
    told = (Fate(intent="a.b", slot="\ud800", state="D", learned={"id": "\udfff"}),)
    found = reread(a_burial(event_type="x\ud800", event_id="\udfff", fates=told))

    assert (found.event_type, found.event_id) == ("x?", "?")
    assert found.fates == (Fate(intent="a.b", slot="?", state="D", learned={"id": "?"}),)


# -- what became of the calls ---------------------------------------------------------------


def test_fates_are_one_line_that_people_can_read() -> None:
    told = (
        Fate(intent="inbox.publish", slot="", state="D", learned={"id": "3894567"}),
        Fate(intent="inbox.translate", slot="uk", state="R"),
        Fate(intent="segment.join", slot="a/b,c=d:e\u2028", state="X"),
    )
    line = (
        "inbox.publish=D:id:3894567,inbox.translate/uk=R,segment.join/a%2Fb%2Cc%3Dd%3Ae%E2%80%A8=X"
    )

    assert write_fates(told) == line
    assert tuple(read_fates(line)) == told


@pytest.mark.parametrize("line", ["inbox.publish", "inbox.publish=Q", "inbox.publish=D:id"])
def test_other_lines_are_no_fates(line: str) -> None:
    with pytest.raises(ValueError, match="no state"):
        list(read_fates(line))


# -- stubs ----------------------------------------------------------------------------------


def test_a_stub_says_what_the_record_was() -> None:
    value = b"x" * 5000
    record = a_record(offset=7, value=value, headers=(("big", b"y" * 9000),))
    made = stub(a_burial(record=record, flags=("in-doubt",)), now=NOW, **ORIGIN)

    assert orjson.loads(made.value or b"") == {
        "topic": "users",
        "partition": 0,
        "offset": 7,
        "size": 5000,
        "sha256": sha256(value).hexdigest(),
    }
    found = read_letter(a_record(key=made.key, value=made.value, headers=made.headers))
    assert isinstance(found, DeadLetter)
    assert found.flags == ("in-doubt", "stub")
    assert found.id == letter_id("main", record)
    assert found.original.headers == ()


@pytest.mark.parametrize(
    ("key", "kept"), [(None, None), (b"", b""), (b"k", b"k"), (b"k" * 2000, b"k" * 1024)]
)
def test_a_stub_keeps_a_key_that_is_no_bulk_itself(key: bytes | None, kept: bytes | None) -> None:
    made = stub(a_burial(record=a_record(key=key, value=None)), now=NOW, **ORIGIN)

    assert made.key == kept
    assert orjson.loads(made.value or b"")["size"] == 0


# -- forgeries ------------------------------------------------------------------------------


def forged(**changes: bytes | None) -> Record:
    """A letter with some of its tail rewritten; `n="…"` stands for `esync-dlq-n`."""
    honest = buried(a_burial(event_id="ev-1"))
    names = {f"esync-dlq-{name.replace('_', '-')}": value for name, value in changes.items()}
    names |= {f"__dlq.errors.{name}": value for name, value in changes.items()}
    rewritten: Headers = tuple((name, names.get(name, value)) for name, value in honest.headers)
    return honest._replace(headers=rewritten)


def test_a_letter_that_is_not_rewritten_is_one() -> None:
    assert isinstance(read_letter(forged()), DeadLetter)


@pytest.mark.parametrize(
    "changes",
    [
        {"n": None},
        {"n": b"0"},
        {"n": b"1"},
        {"n": b"15"},
        {"n": b"999"},
        {"n": b"-16"},
        {"n": b"9" * 5000},
        {"n": "²".encode()},
        {"v": b"2"},
        {"id": b"0" * 64},
        {"partition": b"1"},
        {"partition": b"-1"},
        {"offset": b"0_0"},
        {"offset": b"x"},
        {"topic": b"other"},
        {"source": b"other"},
        {"timestamp": b""},
        {"attempts": b"-1"},
        {"attempts": "²".encode()},
        {"at": b"yesterday"},
        {"first_at": b"2026-01-31T09:00:00"},
        {"reason": b"\xff"},
    ],
)
def test_a_tail_that_does_not_hold_together_is_no_letter(changes: dict[str, bytes | None]) -> None:
    assert isinstance(read_letter(forged(**changes)), NotALetter)


def test_coordinates_that_are_forged_together_with_the_id_are_refused() -> None:
    place = a_record(partition=-1)

    assert isinstance(read_letter(buried(a_burial(record=place))), NotALetter)


@pytest.mark.parametrize("missing", ["esync-dlq-n", "esync-dlq-reason", "__dlq.errors.topic"])
def test_a_tail_without_one_of_its_headers_is_no_letter(missing: str) -> None:
    honest = buried(a_burial())
    kept = [header for header in honest.headers if header[0] != missing]
    counted = tuple(
        (name, str(len(kept)).encode() if name == "esync-dlq-n" else value) for name, value in kept
    )

    assert isinstance(read_letter(honest._replace(headers=counted)), NotALetter)


def test_a_header_added_behind_the_tail_makes_it_no_letter() -> None:
    honest = buried(a_burial())

    assert isinstance(
        read_letter(honest._replace(headers=(*honest.headers, ("trace", b"1")))), NotALetter
    )


def test_a_header_of_ours_that_stands_twice_makes_it_no_letter() -> None:
    honest = buried(a_burial())
    count = str(len(honest.headers) + 1).encode()
    counted = tuple((n, count if n == "esync-dlq-n" else v) for n, v in honest.headers)
    twice = honest._replace(headers=(("esync-dlq-reason", b"esp.not_found"), *counted))

    assert isinstance(read_letter(twice), NotALetter)


def test_an_address_in_the_words_of_the_api_is_masked() -> None:
    found = reread(a_burial(field="data.email", detail="400: 'ann@example.com' is not valid"))

    assert found.message == "data.email: 400: 'a…' is not valid"


def test_a_stub_of_the_largest_fan_out_fits() -> None:
    slots = [f"{number:03}" + "\u6f22" * 253 for number in range(500)]
    fates = tuple(Fate(intent="segment.join", slot=slot, state="R") for slot in slots)
    burial = Burial(record=a_record(), reason="esp.not_found", fates=fates)
    made = stub(burial, now=NOW, **ORIGIN)

    size = sum(len(name) + len(value or b"") for name, value in made.headers)

    assert size < 512 * 1024
    assert tuple(read_fates(write_fates(fates))) == fates
