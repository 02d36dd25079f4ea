import gzip
import json
from base64 import b64encode
from decimal import Decimal
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decode import (
    LongNumber,
    decode,
    has_repeated_keys,
    readings,
    significant_digits,
    unpack,
)
from schemas.problem import Problem
from tests.corpus import CORPUS, JSON_TEXT, MAX_BYTES, Entry

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(codec="utf-8")),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3)
    ),
    max_leaves=8,
)


def read(value: bytes) -> dict[str, Any]:
    found = decode(value, max_bytes=MAX_BYTES)
    assert isinstance(found, dict)
    return found


def reason(value: bytes, max_bytes: int = MAX_BYTES) -> str:
    found = decode(value, max_bytes=max_bytes)
    assert isinstance(found, Problem)
    assert found.detail
    return found.reason


@pytest.mark.parametrize("entry", [e for e in JSON_TEXT if e.reason], ids=lambda e: e.name)
def test_a_bad_text_is_refused_as_the_corpus_says(entry: Entry) -> None:
    assert reason(entry.value or b"") == entry.reason


@pytest.mark.parametrize("entry", [e for e in JSON_TEXT if not e.reason], ids=lambda e: e.name)
def test_a_good_text_is_read(entry: Entry) -> None:
    assert "data" in read(entry.value or b"")


def test_the_names_of_the_corpus_are_unique() -> None:
    assert len({entry.name for entry in CORPUS}) == len(CORPUS)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=3), VALUES, max_size=4))
def test_what_was_sent_is_what_is_read(sent: dict[str, Any]) -> None:
    assert read(json.dumps(sent).encode()) == sent


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_a_fraction_is_exact_or_long(sent: Decimal) -> None:
    text = f"{sent:f}" + ("" if "." in f"{sent:f}" else ".0")
    found = read(f'{{"a":{text}}}'.encode())["a"]
    assert Decimal(found.text if isinstance(found, LongNumber) else repr(found)) == sent


@given(st.binary(max_size=64))
def test_any_bytes_give_an_object_or_a_reason(value: bytes) -> None:
    found = decode(value, max_bytes=MAX_BYTES)
    assert isinstance(found, dict | Problem)


@pytest.mark.parametrize(
    "text",
    [
        "0.30000000000000004",
        "1234567890123456.5",
        "18446744073709551616",
        "-9223372036854775809",
        "1" * 308,
        "123456789012345678e-3",
        "1.000000000000000",
    ],
)
def test_a_number_that_no_double_holds_keeps_its_text(text: str) -> None:
    assert read(f'{{"a":[{{"b":{text}}}]}}'.encode()) == {"a": [{"b": LongNumber(text)}]}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("9007199254740993", 9007199254740993),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1234567890123.45", 1234567890123.45),
        ("0.000000000000000000001", 1e-21),
        ("1.5e300", 1.5e300),
    ],
)
def test_other_numbers_are_numbers(text: str, number: float) -> None:
    found = read(f'{{"a":{text}}}'.encode())["a"]
    assert found == number
    assert type(found) is type(number)


def test_digits_within_strings_are_text() -> None:
    assert read(b'{"\\"":"1234567890123456789012"}') == {'"': "1234567890123456789012"}


@pytest.mark.parametrize(
    "number", ["1234567890123456.5", "-1234567890123456.5", "1.0000000000000001"]
)
@pytest.mark.parametrize(
    "beside", ['"1234567890123456789"', '"a-1234567890123456789"', '"\\"1234567890123456"']
)
def test_a_long_number_is_told_from_long_ids(number: str, beside: str) -> None:
    text = f'{{"a":{beside},"b":[{number}],"c":{beside}}}'

    assert read(text.encode())["b"] == [LongNumber(number)]
    assert read(f'{{"a":{beside},"c":{beside}}}'.encode()) == json.loads(
        f'{{"a":{beside},"c":{beside}}}'
    )


def test_a_long_number_beside_strings_full_of_quotes_is_found() -> None:
    assert read(b'{"a":"\\\\","b":1.0000000000000001}')["b"] == LongNumber("1.0000000000000001")


@pytest.mark.parametrize(
    ("text", "digits"),
    [("0", 1), ("0.0", 1), ("-12.50", 4), ("1200", 2), ("1e+16", 1), ("0.00105", 3), ("1.5E-7", 2)],
)
def test_digits_that_carry_meaning_are_counted(text: str, digits: int) -> None:
    assert significant_digits(text) == digits


def test_the_size_itself_is_taken_and_no_more() -> None:
    text = b'{"a":1}'
    assert decode(text, max_bytes=len(text)) == {"a": 1}
    assert reason(text, len(text) - 1) == "decode.too_large"


@pytest.mark.parametrize("beside", [b"", b'"[[[[",', b"[],[],[],"])
def test_a_depth_of_32_is_taken_and_no_more(beside: bytes) -> None:
    assert read(b'{"a":[' + beside + b"[" * 30 + b"]" * 30 + b"]}")
    assert reason(b'{"a":[' + beside + b"[" * 31 + b"]" * 31 + b"]}") == "decode.json_depth"


@pytest.mark.parametrize("first", [b"1", b'",,,,"'])
def test_20_000_nodes_are_taken_and_no_more(first: bytes) -> None:
    # The object, the list, and a comma for each further element.
    assert len(read(b'{"a":[' + first + b",1" * 19_998 + b"]}")["a"]) == 19_999
    assert reason(b'{"a":[' + first + b",1" * 19_999 + b"]}") == "decode.too_many_nodes"


def test_many_shallow_objects_are_not_deep() -> None:
    assert len(read(b'{"a":[' + b"{}," * 100 + b"{}]}")["a"]) == 101


def depth_of(value: object) -> int:
    """How many objects and lists are around the innermost of them, itself counted."""
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


NESTED = st.recursive(
    st.none() | st.text('[]{}\\",', max_size=5),
    lambda part: (
        st.lists(part, min_size=1, max_size=3)
        | st.dictionaries(st.text('[]{}"', max_size=3), part, min_size=1, max_size=2)
    ),
    max_leaves=12,
)


@given(NESTED, st.integers(0, 40), st.lists(NESTED, max_size=3), st.booleans())
def test_depth_is_counted_outside_strings_alone(
    inner: Any,
    levels: int,
    beside: list[Any],
    in_objects: bool,  # noqa: FBT001 - drawn
) -> None:
    for _ in range(levels):
        inner = {"a": inner} if in_objects else [inner]
    document = {"inner": inner, "beside": beside}

    found = decode(json.dumps(document).encode(), max_bytes=MAX_BYTES)

    if depth_of(document) <= 32:
        assert found == document
    else:
        assert isinstance(found, Problem)
        assert found.reason == "decode.json_depth"


HOSTILE = {
    "opened for ever": b"[" * MAX_BYTES,
    "objects opened for ever": b'{"a":' * (MAX_BYTES // 5),
    "pairs of brackets": b"[]" * (MAX_BYTES // 2),
    "deep pairs": b"[" * (MAX_BYTES // 2) + b"]" * (MAX_BYTES // 2),
    "closed for ever": b"]" * MAX_BYTES,
    "commas": b'{"a":[' + b"," * (MAX_BYTES - 8) + b"]}",
    "digits": b'{"a":' + b"1" * (MAX_BYTES - 6) + b"}",
    "digits behind a point": b'{"a":0.' + b"1" * (MAX_BYTES - 8) + b"}",
    "points": b'{"a":' + b"." * (MAX_BYTES - 6) + b"}",
    "quotes": b'"' * MAX_BYTES,
    "escaped quotes": b'{"a":"' + b'\\"' * (MAX_BYTES // 2 - 8),
    "backslashes": b'"' + b"\\" * (MAX_BYTES - 1),
    "spaces": b" " * MAX_BYTES,
    "zeros": bytes(MAX_BYTES),
    "half a sign at the end": b'{"a":"' + b"a" * (MAX_BYTES - 8) + b"\xd0",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_is_refused_within_a_second(value: bytes) -> None:
    began = perf_counter()

    found = decode(value, max_bytes=MAX_BYTES)

    assert isinstance(found, Problem | dict)
    assert perf_counter() - began < 1


def test_a_string_that_is_never_closed_takes_no_time() -> None:
    value = b"[" * 33 + b'"' + b'\\"' * 500_000
    began = perf_counter()
    assert reason(value) == "decode.json_depth"
    assert reason(b'{"a":1234567890123456,"' + b'\\"' * 500_000) == "decode.json_syntax"
    assert perf_counter() - began < 2


def test_a_gzip_stream_is_unpacked() -> None:
    assert unpack(gzip.compress(b"{}"), " GZIP ", max_bytes=2) == b"{}"
    assert unpack(b"{}", "identity", max_bytes=2) == b"{}"
    assert unpack(b"{}", "", max_bytes=2) == b"{}"


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (gzip.compress(b"{ }"), "gzip"),
        (gzip.compress(b"{}")[:-1], "gzip"),
        (gzip.compress(b"{}") + b"x", "gzip"),
        (b"{}", "gzip"),
        (b"{}", "br"),
        (gzip.compress(b"{}"), "gzip, gzip"),
    ],
)
def test_what_cannot_be_unpacked_within_the_limit_is_refused(value: bytes, encoding: str) -> None:
    found = unpack(value, encoding, max_bytes=2)
    assert isinstance(found, Problem)
    assert found.reason == "decode.compression"


TWICE = b'{"a":1,"b":[{"subscribed":false,"subscribe\\u0064":true}]}'


@pytest.mark.parametrize(
    "value",
    [
        TWICE,
        b"\xef\xbb\xbf" + TWICE,
        gzip.compress(TWICE),
        b'{"data_base64":"' + b64encode(TWICE) + b'"}',
        b'{"a":1,"n":' + b"1" * 5000 + b',"a":2}',
        b"\x1f\x8bno gzip: it cannot be told",
    ],
)
def test_a_key_that_stands_twice_is_found(value: bytes) -> None:
    assert has_repeated_keys(value)


@pytest.mark.parametrize(
    "value",
    [
        b'{"a":{"a":[{"a":1},{"a":1}]},"b":"a","A":1}',
        gzip.compress(b'{"a":1}'),
        b'{"data_base64":"' + b64encode(b'{"a":1}') + b'"}',
        b'{"data_base64":"?"}',
        b'{"data_base64":1}',
        b"",
        b"\xff",
    ],
)
def test_keys_that_stand_once_are_not(value: bytes) -> None:
    assert not has_repeated_keys(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b'{"a":"1","a":"2","b":1}', {"1", "2"}),
        (b'{"x":[{"a":"1","\\u0061":"2","b":{}}]}', {"1", "2"}),
        (b'{"a":"1","a":true,"b":1}', {"1"}),
        (b'{"data_base64":"' + b64encode(b'{"a":"1","a":"2","b":1}') + b'"}', {"1", "2"}),
        (gzip.compress(b'{"a":"1","a":"2","b":1}'), {"1", "2"}),
        (b'{"a":"1","a":"2"}', set()),
        (b'{"a":"1","b":1,"b":2}', set()),
        (b'{"a":"1","b":1}', set()),
        (b"\x1f\x8bno gzip", set()),
    ],
)
def test_the_readings_of_a_key_are_all_its_texts_where_it_stands_twice(
    value: bytes, found: set[str]
) -> None:
    assert readings(value, {"a": "2", "b": 1}, "a") == found
