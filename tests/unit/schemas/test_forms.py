from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.forms import Envelope, Unreadable, read_form
from schemas.headers import Headers
from schemas.problem import Problem, Reason
from schemas.times import parse_time
from tests.corpus import (
    BARE,
    CORPUS,
    FORMS,
    FRAMES,
    MAX_BYTES,
    NOW,
    OPT_OUT,
    SIGN_UP,
    STRUCTURED,
    WHEN,
    Entry,
    as_json,
    binary,
    cloud,
    event,
    opt_out,
)

DATA = {"email": "ann@example.com"}
READ_HERE = [
    entry
    for entry in (*FRAMES, *FORMS)
    if entry.value is not None
    and entry.reason not in {"schema.type_unknown", "schema.conflict", "map.handler_error"}
]


def read(value: bytes, headers: Headers = (), topic_type: str | None = None) -> Any:
    return read_form(value, headers, topic_type=topic_type, max_bytes=MAX_BYTES)


def envelope(value: bytes, headers: Headers = (), topic_type: str | None = None) -> Envelope:
    found = read(value, headers, topic_type)
    assert isinstance(found, Envelope)
    return found


def unreadable(value: bytes, headers: Headers = (), topic_type: str | None = None) -> Unreadable:
    found = read(value, headers, topic_type)
    assert isinstance(found, Unreadable)
    return found


@pytest.mark.parametrize("entry", READ_HERE, ids=lambda e: e.name)
def test_a_form_is_read_or_refused_as_the_corpus_says(entry: Entry) -> None:
    found = read(entry.value or b"", entry.headers, entry.topic_type)
    assert (found.problem.reason if isinstance(found, Unreadable) else "") == entry.reason


def test_every_reason_of_the_corpus_is_one_of_the_closed_set() -> None:
    assert {entry.reason for entry in CORPUS} - {""} <= set(Reason)


def test_an_envelope_says_what_it_is() -> None:
    assert envelope(event(SIGN_UP, DATA, source="shop", version=1)) == Envelope(
        id="e1", type=SIGN_UP, source="shop", time=WHEN, data=DATA, form="envelope"
    )


def test_an_envelope_needs_no_more_than_type_and_data() -> None:
    said = {"type": SIGN_UP, "data": DATA, "id": None, "source": None, "occurred_at": None}
    assert envelope(as_json(said)) == Envelope(
        id=None, type=SIGN_UP, source="", time=None, data=DATA, form="envelope"
    )


def test_the_three_other_forms_say_the_same() -> None:
    structured = envelope(as_json(cloud()), STRUCTURED)
    in_headers = envelope(BARE, binary(time=WHEN.encode()))
    bare = envelope(BARE, (("Idempotency-Key", b"e1"),), SIGN_UP)
    for found, form in ((structured, "structured"), (in_headers, "binary"), (bare, "bare")):
        assert (found.id, found.type, found.data, found.form) == ("e1", SIGN_UP, DATA, form)
    assert structured.source == in_headers.source == "/shop"
    assert structured.time == in_headers.time == WHEN
    assert (bare.source, bare.time) == ("", None)


def test_base64_holds_the_data() -> None:
    body = cloud(data=None, data_base64=b64encode(BARE).decode())
    assert envelope(as_json(body)).data == DATA


def test_a_fault_within_base64_is_that_of_the_data() -> None:
    body = cloud(data=None, data_base64=b64encode(b"[]").decode())
    assert unreadable(as_json(body)).problem.reason == "decode.json_type"


def test_the_id_header_stands_before_the_idempotency_key() -> None:
    assert envelope(BARE, (("idempotency-key", b"k"), ("id", b"i")), SIGN_UP).id == "i"
    assert envelope(BARE, (("idempotency-key", b"k"), ("id", b"")), SIGN_UP).id == "k"
    assert envelope(BARE, (), SIGN_UP).id is None


def test_specversion_stands_before_headers_and_headers_before_an_envelope() -> None:
    assert envelope(as_json(cloud()), binary()).form == "structured"
    assert envelope(event(OPT_OUT, DATA), binary()).form == "binary"
    assert envelope(event(OPT_OUT, DATA), (), SIGN_UP).form == "envelope"


def test_any_ce_header_means_cloudevents() -> None:
    assert unreadable(BARE, (("CE_myextension", b"\xff"),), SIGN_UP).problem.field == "specversion"
    assert envelope(BARE, (*binary(), ("ce_myextension", b"\xff"))).form == "binary"


def test_the_version_of_a_cloudevent_is_its_own() -> None:
    assert envelope(as_json(cloud(version="2.3"))).form == "structured"


def test_a_type_alone_makes_no_envelope() -> None:
    assert envelope(as_json({"type": "gold"}), (), SIGN_UP).data == {"type": "gold"}
    assert envelope(as_json({"type": 1, "data": {}}), (), SIGN_UP).form == "bare"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": 1}, "id"),
        ({"source": 1}, "source"),
        ({"data": "x"}, "data"),
        ({"type": ""}, "type"),
        ({"version": True}, "version"),
    ],
)
def test_a_fault_names_its_field(changes: dict[str, Any], field: str) -> None:
    assert unreadable(event(SIGN_UP, DATA, **changes)).problem.field == field


def test_what_could_be_read_is_named() -> None:
    of_envelope = unreadable(event(SIGN_UP, None))
    assert (of_envelope.event_type, of_envelope.event_id) == (SIGN_UP, "e1")
    of_headers = unreadable(b"{", binary())
    assert (of_headers.event_type, of_headers.event_id) == (SIGN_UP, "e1")
    of_bare = unreadable(b"{", (("id", b"i1"),), SIGN_UP)
    assert (of_bare.event_type, of_bare.event_id) == (SIGN_UP, "i1")
    of_unsafe = unreadable(event(SIGN_UP, DATA, id="a\r\nb"))
    assert (of_unsafe.event_type, of_unsafe.event_id) == (SIGN_UP, None)
    of_nothing = unreadable(as_json(cloud(type=7)))
    assert of_nothing.event_type is None


@pytest.mark.parametrize("occurred_at", [1_700_000_000, True, ["x"], {}, 1.5, 10**30])
def test_a_time_that_is_no_text_is_left_to_whoever_reads_times(occurred_at: object) -> None:
    for kind in (SIGN_UP, OPT_OUT):
        found = envelope(event(kind, DATA, occurred_at=occurred_at))
        assert isinstance(found.time, str)
        assert isinstance(parse_time(found.time, now=NOW), Problem)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [({"id": 7}, "id"), ({"id": "a" * 257}, "id"), ({"source": 7}, "source")],
)
def test_an_opt_out_is_not_lost_for_its_id(changes: dict[str, Any], fault: str) -> None:
    found = envelope(opt_out(**changes))
    assert (found.id, found.source, found.faults) == (None, "", (fault,))


@pytest.mark.parametrize("kind", [SIGN_UP, OPT_OUT])
@pytest.mark.parametrize(
    "event_id", ["a\u00a0b", "\U0001f468\u200d\U0001f469", "a\u200f", "\ue000"]
)
def test_an_id_may_hold_invisible_signs(kind: str, event_id: str) -> None:
    found = envelope(event(kind, DATA, id=event_id))

    assert (found.id, found.faults) == (event_id, ())


@pytest.mark.parametrize("event_id", ["", ".", "..", "a" * 257, "a\x00", "a\x7f", "a\u00a0\x85b"])
def test_an_id_of_control_characters_or_dots_alone_is_unsafe(event_id: str) -> None:
    assert unreadable(event(SIGN_UP, DATA, id=event_id)).problem.reason == "ident.id_unsafe"


def test_an_opt_out_is_not_lost_for_its_version() -> None:
    assert envelope(opt_out(version="2")).faults == ("version",)
    assert envelope(opt_out(version=2, id=7)).faults == ("version", "id")


@pytest.mark.parametrize("form", ["envelope", "bare", "structured"])
@pytest.mark.parametrize("spoilt", [b'"Bye \\ud83d"', b"1e400", b"[-1e999, 1" + b"0" * 400 + b"]"])
def test_an_opt_out_is_not_lost_for_what_no_parser_takes(form: str, spoilt: bytes) -> None:
    data = b'{"email":"ann@example.com","channel":"email","reason":' + spoilt + b"}"
    said = b'"id":"1","type":"contact.opted_out","data":' + data
    value, topic_type = {
        "envelope": (b"{" + said + b"}", None),
        "bare": (data, "contact.opted_out"),
        "structured": (b'{"specversion":"1.0","source":"a",' + said + b"}", None),
    }[form]

    found = envelope(value, topic_type=topic_type)

    assert found.type == "contact.opted_out"
    assert found.data.items() >= DATA.items()
    another = unreadable(value.replace(b"opted_out", b"opted_in"), topic_type=None)
    assert another.problem.reason == Reason.JSON_SYNTAX


def test_what_was_cut_in_the_middle_of_a_sign_is_marked() -> None:
    value = b'{"type":"contact.opted_out","data":{"reason":"\\ud83d\\ude00 \\ud83d"}}'

    assert envelope(value).data == {"reason": "\U0001f600 \ufffd"}


def test_an_opt_out_that_is_no_json_is_refused() -> None:
    for spoilt in (b"NaN", b"01", b"'a'", b'"a'):
        value = b'{"type":"contact.opted_out","data":{"reason":' + spoilt + b"}}"
        assert unreadable(value).problem.reason == Reason.JSON_SYNTAX


@pytest.mark.parametrize("times", [(None,), (b"\xff",), (WHEN.encode(), b"2020-01-01T00:00:00Z")])
def test_a_header_of_time_that_is_unusable_is_no_time(times: tuple[bytes | None, ...]) -> None:
    headers = (*binary(type=OPT_OUT.encode()), *(("ce_time", time) for time in times))
    found = envelope(BARE, headers)
    assert found.time is not None
    assert isinstance(parse_time(found.time, now=NOW), Problem)


def test_an_opt_out_with_two_times_has_none_and_anything_else_is_refused() -> None:
    headers = (("ce_time", b"2020-01-01T00:00:00Z"),)
    assert envelope(as_json(cloud(type=OPT_OUT)), headers).time == ""
    other = unreadable(as_json(cloud()), headers)
    assert (other.problem.reason, other.problem.field) == ("decode.ce_mode", "time")


@pytest.mark.parametrize("name", ["id", "Idempotency-Key"])
def test_a_bad_id_header_costs_a_bare_event_alone(name: str) -> None:
    headers = ((name, b"\xff"), (name, None))

    refused = unreadable(BARE, headers, SIGN_UP)
    opt_out_ = envelope(as_json(DATA), headers, OPT_OUT)

    assert (refused.problem.reason, refused.problem.field) == (
        "decode.header",
        f"headers.{name.lower()}",
    )
    assert (opt_out_.id, opt_out_.faults) == (None, ("id",))
    assert envelope(event(SIGN_UP, DATA), headers).id == "e1"
    assert envelope(as_json(cloud()), headers).id == "e1"


def test_a_header_that_stands_twice_alike_is_one() -> None:
    assert envelope(BARE, (("id", b"i"), ("ID", b"i")), SIGN_UP).id == "i"


def test_64_headers_are_taken_and_65_are_not() -> None:
    assert envelope(BARE, (("h", b""),) * 64, SIGN_UP).data == DATA
    assert unreadable(BARE, (("h", b""),) * 65, SIGN_UP).problem.reason == "decode.header"


def test_32_kilobytes_of_headers_are_taken_and_no_more() -> None:
    longest = (("h", b"a" * (32 * 1024 - 1)),)

    assert envelope(BARE, longest, SIGN_UP).data == DATA
    assert unreadable(BARE, (*longest, ("", b"a")), SIGN_UP).problem.reason == "decode.header"


def test_no_problem_tells_a_value() -> None:
    marker = "s3cret"
    for body in (
        {"id": marker + "\n"},
        {"source": [marker]},
        {"version": marker},
        {"data": marker},
    ):
        assert marker not in str(unreadable(event(SIGN_UP, DATA, **body)))


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "CE_Id", "ce_x"),
                *("id", "idempotency-key", "content-type", "content-encoding", "x"),
            ]
        )
        | st.text(max_size=9),
        st.none()
        | st.binary(max_size=9)
        | st.sampled_from(
            [
                *(b"1.0", b"e1", SIGN_UP.encode(), OPT_OUT.encode(), WHEN.encode(), b"gzip"),
                *(b"application/json", b"application/cloudevents+json", b"text/plain"),
            ]
        ),
    ),
    max_size=6,
).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3)
    ),
    max_leaves=5,
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.just("1.0") | JSON,
        "id": st.just("e1") | JSON,
        "type": st.sampled_from([SIGN_UP, OPT_OUT]) | JSON,
        "source": st.just("/shop") | JSON,
        "time": st.just(WHEN) | JSON,
        "occurred_at": st.just(WHEN) | JSON,
        "version": st.just(1) | JSON,
        "data": st.just(DATA) | JSON,
        "data_base64": st.just(b64encode(BARE).decode()) | JSON,
    },
)


@given(st.binary(max_size=80) | SAID.map(as_json), HEADERS, st.none() | st.just(SIGN_UP))
def test_any_record_is_an_event_or_says_why_not(
    value: bytes, headers: Headers, topic_type: str | None
) -> None:
    found = read(value, headers, topic_type)

    if isinstance(found, Unreadable):
        assert found.problem.reason in set(Reason)
    else:
        assert isinstance(found, Envelope)
        assert isinstance(found.data, dict)
        assert isinstance(found.type, str)
        assert found.id is None or 0 < len(found.id) <= 256
        assert isinstance(found.source, str)
        assert found.time is None or isinstance(found.time, str)
