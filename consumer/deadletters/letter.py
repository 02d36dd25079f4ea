"""Dead letters as data: a record and why it was buried, to and from the dead-letter topic. Pure.

The record's key, value and headers stay byte for byte; ours stand at the tail, and their count says
how many they are, so that headers which merely look like ours are never taken for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import orjson

from consumer.deadletters.fates import Fate, read_fates, write_fates
from consumer.operations.masking import mask
from consumer.record import Headers, Record
from esputnik.call import Action

__all__ = [
    "Burial",
    "DeadLetter",
    "Fate",
    "Letter",
    "NotALetter",
    "letter",
    "letter_id",
    "read_letter",
    "stub",
]

VERSION = "1"
ROOM = 64 * 1024  # bytes that our headers may add to a record
LONGEST_MESSAGE = 1024  # bytes
LONGEST_STUB_KEY = 1024  # bytes
KAFKA = "__dlq.errors."
OURS = "esync-dlq-"
_LONGEST_COUNT = 6  # digits of a count of headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Burial:
    """A record and why it goes to the dead letters. `record` is the one of the source topic."""

    record: Record
    reason: str
    field: str = ""
    detail: str = ""
    event_id: str | None = None
    event_type: str | None = None
    action: Action | None = None
    key: str | None = None
    fates: tuple[Fate, ...] = ()
    attempts: int = 0
    first_at: datetime | None = None
    flags: tuple[str, ...] = ()
    cluster: str | None = None  # of a letter that is buried again


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is written to the dead-letter topic."""

    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A letter as read: the original record, and what its tail says."""

    original: Record
    id: str
    reason: str
    message: str
    event_id: str | None
    event_type: str | None
    action: str | None
    key: str | None
    fates: tuple[Fate, ...]
    attempts: int
    first_at: datetime
    at: datetime
    app: str
    flags: tuple[str, ...]
    cluster: str
    group: str


@dataclass(frozen=True, slots=True)
class NotALetter:
    """A record of the dead-letter topic that nobody of ours wrote."""

    why: str


def letter_id(cluster: str, record: Record) -> str:
    """Return the id of a record's letter: the same however often it is buried."""
    place = f"{cluster}\0{record.topic}\0{record.partition}\0{record.offset}"
    return sha256(place.encode()).hexdigest()


# -- to the topic ---------------------------------------------------------------------------


def letter(burial: Burial, *, group: str, cluster: str, version: str, now: datetime) -> Letter:
    """Return the letter of a burial."""
    record = burial.record
    tail = _tail(burial, group=group, cluster=cluster, version=version, now=now)
    return Letter(key=record.key, value=record.value, headers=(*record.headers, *tail))


def stub(burial: Burial, *, group: str, cluster: str, version: str, now: datetime) -> Letter:
    """Return what is buried where the whole record is refused as too large: what it was."""
    record = burial.record
    value = orjson.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "size": len(record.value or b""),
            "sha256": sha256(record.value or b"").hexdigest(),
        }
    )
    marked = replace(burial, flags=(*burial.flags, "stub"))
    tail = _tail(marked, group=group, cluster=cluster, version=version, now=now)
    key = record.key[:LONGEST_STUB_KEY] if record.key is not None else None
    return Letter(key=key, value=value, headers=tuple(tail))


def _tail(
    burial: Burial, *, group: str, cluster: str, version: str, now: datetime
) -> list[tuple[str, bytes]]:
    record = burial.record
    cluster = burial.cluster or cluster
    told: dict[str, str | None] = {
        f"{KAFKA}topic": record.topic,
        f"{KAFKA}partition": str(record.partition),
        f"{KAFKA}offset": str(record.offset),
        f"{KAFKA}group": group,
        f"{KAFKA}message": _message(burial),
        f"{OURS}v": VERSION,
        f"{OURS}n": "",
        f"{OURS}id": letter_id(cluster, record),
        f"{OURS}timestamp": str(record.timestamp),
        f"{OURS}source": cluster,
        f"{OURS}reason": burial.reason,
        f"{OURS}event-id": burial.event_id,
        f"{OURS}event-type": burial.event_type,
        f"{OURS}action": burial.action,
        f"{OURS}key": burial.key,
        f"{OURS}calls": write_fates(burial.fates) or None,
        f"{OURS}attempts": str(burial.attempts),
        f"{OURS}first-at": (burial.first_at or now).isoformat(),
        f"{OURS}at": now.isoformat(),
        f"{OURS}app": version,
        f"{OURS}flags": ",".join(burial.flags) or None,
    }
    kept = {name: text for name, text in told.items() if text is not None}
    kept[f"{OURS}n"] = str(len(kept))
    return [(name, _bytes(text)) for name, text in kept.items()]


def _bytes(text: str) -> bytes:
    """Return UTF-8; half a surrogate, which JSON may escape, must not keep a record unburied."""
    return text.encode(errors="replace")


def _message(burial: Burial) -> str:
    """Return the field and what is wrong with it, on one line, cut at a kibibyte.

    Neither should hold a value; a name that a producer chose, or eSputnik's own words, might.
    """
    text = ": ".join(part for part in (burial.field, burial.detail) if part) or burial.reason
    line = " ".join(mask(text).split())
    return _bytes(line)[:LONGEST_MESSAGE].decode(errors="ignore")


# -- from the topic -------------------------------------------------------------------------


def read_letter(record: Record) -> DeadLetter | NotALetter:
    """Return the letter a record of the dead-letter topic holds, its tail taken off."""
    tail = _tail_of(record.headers)
    if tail is None:
        return NotALetter("no tail of ours")
    try:
        return _read(record, tail)
    except (KeyError, ValueError):
        return NotALetter("a tail that does not hold together")


def _tail_of(headers: Headers) -> dict[str, str] | None:
    """Return the tail by name; None unless its count, its names and its texts fit."""
    counts = [value or b"" for name, value in headers if name == f"{OURS}n"]
    if not counts or not counts[-1].isdigit() or len(counts[-1]) > _LONGEST_COUNT:
        return None
    count = int(counts[-1])
    tail = headers[len(headers) - count :] if 0 < count <= len(headers) else ()
    names = [name for name, _ in tail]
    is_ours = all(name.startswith((KAFKA, OURS)) for name in names)
    if not is_ours or len(set(names)) < len(names) or f"{OURS}n" not in names:
        return None
    try:
        return {name: (value or b"").decode() for name, value in tail}
    except UnicodeDecodeError:
        return None


def _read(record: Record, tail: Mapping[str, str]) -> DeadLetter:
    original = Record(
        topic=tail[f"{KAFKA}topic"],
        partition=_count(tail[f"{KAFKA}partition"]),
        offset=_count(tail[f"{KAFKA}offset"]),
        timestamp=int(tail[f"{OURS}timestamp"]),
        key=record.key,
        value=record.value,
        headers=record.headers[: len(record.headers) - len(tail)],
    )
    cluster = tail[f"{OURS}source"]
    if tail[f"{OURS}v"] != VERSION or tail[f"{OURS}id"] != letter_id(cluster, original):
        raise ValueError("another version, or another record's id")
    flags = tail.get(f"{OURS}flags", "")
    return DeadLetter(
        original=original,
        id=tail[f"{OURS}id"],
        reason=tail[f"{OURS}reason"],
        message=tail[f"{KAFKA}message"],
        event_id=tail.get(f"{OURS}event-id"),
        event_type=tail.get(f"{OURS}event-type"),
        action=tail.get(f"{OURS}action"),
        key=tail.get(f"{OURS}key"),
        fates=tuple(read_fates(tail.get(f"{OURS}calls", ""))),
        attempts=_count(tail[f"{OURS}attempts"]),
        first_at=_moment(tail[f"{OURS}first-at"]),
        at=_moment(tail[f"{OURS}at"]),
        app=tail[f"{OURS}app"],
        flags=tuple(flags.split(",")) if flags else (),
        cluster=cluster,
        group=tail[f"{KAFKA}group"],
    )


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("no count")
    return int(text)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment
