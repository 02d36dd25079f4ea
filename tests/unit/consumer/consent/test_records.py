"""The records of the memory's topic: nothing is lost in them, and nobody is named."""

import orjson
import pytest
from hypothesis import given

from consumer.consent.memory import Memory
from consumer.consent.records import (
    FINGERPRINT,
    UnreadableError,
    decode,
    decode_fingerprint,
    encode,
    encode_fingerprint,
)
from consumer.consent.words import Known, Link
from tests.unit.consumer.consent.given import ANN, NOON, USER, an_opt_in, an_opt_out, knowledge

WORD = ["out", "email", NOON, "opt-outs", 0, 42]


@given(knowledge)
def test_what_is_written_is_read_again(told: Known) -> None:
    memory = Memory()
    memory.merge(ANN, told)

    entry = encode(ANN, memory.known(ANN))

    assert entry.key == ANN
    assert decode(entry.value) == memory.known(ANN)


def test_a_record_looks_like_this() -> None:
    known = Known(
        words=(an_opt_in(NOON + 1, offset=43), an_opt_out(offset=42)),
        link=Link(ANN, NOON),
        deleted_at=NOON + 2,
    )

    assert orjson.loads(encode(USER, known).value) == {
        "v": 1,
        "words": [["in", "email", NOON + 1, "opt-outs", 0, 43], WORD],
        "link": [ANN.hex(), NOON],
        "deleted": NOON + 2,
    }


def test_what_is_not_known_is_left_out() -> None:
    assert encode(ANN, Known()).value == b'{"v":1}'


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "another version"),
        (b'{"v":2}', "another version"),
        (b'{"v":"1"}', "another version"),
        (orjson.dumps({"v": 1, "words": "out"}), "ValueError"),
        (orjson.dumps({"v": 1, "words": [WORD[:5]]}), "ValueError"),
        (orjson.dumps({"v": 1, "words": [["no", *WORD[1:]]]}), "KeyError"),
        (orjson.dumps({"v": 1, "words": [[*WORD[:5], -1]]}), "TypeError"),
        (orjson.dumps({"v": 1, "words": [[*WORD[:5], 2**48]]}), "TypeError"),
        (orjson.dumps({"v": 1, "words": [["out", 7, *WORD[2:]]]}), "TypeError"),
        (orjson.dumps({"v": 1, "words": [["out", "email", True, *WORD[3:]]]}), "TypeError"),
        (orjson.dumps({"v": 1, "words": None}), "TypeError"),
        (orjson.dumps({"v": 1, "link": ["no hex", NOON]}), "ValueError"),
        (orjson.dumps({"v": 1, "link": None}), "TypeError"),
        (orjson.dumps({"v": 1, "deleted": None}), "TypeError"),
    ],
)
def test_a_record_that_is_none_is_told(value: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=why):
        decode(value)


def test_a_fingerprint_is_read_again() -> None:
    entry = encode_fingerprint("ab12")

    assert (entry.key, decode_fingerprint(entry.value)) == (FINGERPRINT, "ab12")


@pytest.mark.parametrize("value", [b'{"v":1}', b'{"v":1,"fingerprint":7}', b'{"v":2}'])
def test_a_fingerprint_that_is_none_is_told(value: bytes) -> None:
    with pytest.raises(UnreadableError):
        decode_fingerprint(value)
