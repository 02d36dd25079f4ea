"""The records of the memory's topic: a name's hash, and all that is known of it. Pure.

The value is JSON: `{"v":1,"words":[["out","email",AT,"opt-outs",0,42]],"link":["HEX",AT],
"deleted":AT}`, times in ms; what is not known is left out. No address stands in it. One more
record tells the fingerprint of the key that the hashes were made with.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from consumer.consent.words import Known, Link, Word
from consumer.record import Partition

VERSION = 1
FINGERPRINT = b"fingerprint"
_KINDS = {"out": True, "in": False}


class UnreadableError(Exception):
    """A record that is none of this memory's; says why, without values."""


class Entry(NamedTuple):
    """A record's key and value."""

    key: bytes
    value: bytes


def encode(name: bytes, known: Known) -> Entry:
    """Return the record of a name."""
    told: dict[str, Any] = {"v": VERSION}
    if known.words:
        told["words"] = [_plain(word) for word in known.words]
    if known.link is not None:
        told["link"] = [known.link.email.hex(), known.link.at]
    if known.deleted_at is not None:
        told["deleted"] = known.deleted_at
    return Entry(name, orjson.dumps(told))


def decode(value: bytes) -> Known:
    """Return what a record knows of its name.

    Raises:
        UnreadableError: It is of a version that is not known, or no such record at all.
    """
    told = _object(value)
    try:
        return Known(
            words=tuple(sorted(map(_word, told.get("words", ())))),
            link=_link(told["link"]) if "link" in told else None,
            deleted_at=_time(told["deleted"]) if "deleted" in told else None,
        )
    except (KeyError, TypeError, ValueError) as fault:
        raise UnreadableError(type(fault).__name__) from None


def encode_fingerprint(fingerprint: str) -> Entry:
    """Return the record that tells with which key the hashes were made."""
    return Entry(FINGERPRINT, orjson.dumps({"v": VERSION, "fingerprint": fingerprint}))


def decode_fingerprint(value: bytes) -> str:
    """Return the fingerprint that a record tells. Raises UnreadableError as `decode` does."""
    told = _object(value).get("fingerprint")
    if not isinstance(told, str):
        raise UnreadableError("no fingerprint")
    return told


def _object(value: bytes) -> Mapping[str, Any]:
    try:
        told = orjson.loads(value)
    except orjson.JSONDecodeError:
        raise UnreadableError("no JSON") from None
    if not isinstance(told, dict):
        raise UnreadableError("not a JSON object")
    if told.get("v") != VERSION:
        raise UnreadableError("another version")
    return told


def _plain(word: Word) -> Sequence[str | int]:
    kind = "out" if word.is_out else "in"
    return (kind, word.target, word.at, word.place.topic, word.place.number, word.offset)


def _word(told: Sequence[Any]) -> Word:
    kind, target, at, topic, number, offset = told
    return Word(
        is_out=_KINDS[kind],
        target=_text(target),
        at=_time(at),
        place=Partition(_text(topic), _time(number)),
        offset=_time(offset),
    )


def _link(told: Sequence[Any]) -> Link:
    email, at = told
    return Link(email=bytes.fromhex(_text(email)), at=_time(at))


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError
    return told


def _time(told: object) -> int:
    """Return a time, or another whole number that is not negative and fits."""
    if not isinstance(told, int) or isinstance(told, bool) or not 0 <= told < 2**48:
        raise TypeError
    return told
