"""Tells the record forms apart: envelope, CloudEvents structured and binary, bare data.

Source of the CloudEvents rules: CloudEvents 1.0 and its Kafka protocol binding.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.decode import decode, unpack
from schemas.problem import Problem, Reason

Headers = tuple[tuple[str, bytes | None], ...]
Form = Literal["envelope", "structured", "binary", "bare"]

MAX_HEADERS = 64
MAX_HEADER_BYTES = 32 * 1024
VERSION = 1
LONGEST_ID = 256
OPT_OUT = "contact.opted_out"  # no fault of its time or of what is optional buries one
_ENVELOPE_KEYS = frozenset({"data", "occurred_at"})
_ID_HEADERS = ("id", "idempotency-key")
_ATTRIBUTES = ("id", "type", "source", "time")
_CE = "ce_"
_USED = frozenset({*_ID_HEADERS, "content-type", "content-encoding", "ce_specversion"}) | {
    _CE + name for name in _ATTRIBUTES
}
# The last one is what producers say that were never told the type.
_JSON_TYPES = frozenset({"application/json", "text/json", "application/octet-stream"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as it was sent: what is said of it, and its data, not yet validated.

    `time` is the text to be parsed, None where the event names none. `faults` names what was
    unusable and is overlooked, since an opt-out is never lost for it.
    """

    id: str | None
    type: str
    source: str
    time: str | None
    version: int
    data: dict[str, Any]
    form: Form
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is no event, with what could be read of it."""

    problem: Problem
    event_type: str | None = None
    event_id: str | None = None


def read_form(
    value: bytes, headers: Headers, *, topic_type: str | None, max_bytes: int
) -> Envelope | Unreadable:
    """Return the event of a record; `topic_type` is the type of the topic's bare events.

    A packed value is unpacked up to `max_bytes`. Problems are of the stages `decode`, `schema`
    (of the envelope alone) and `ident` (the event's own id).
    """
    used = _headers(headers)
    if isinstance(used, Problem):
        return Unreadable(problem=used, event_type=topic_type)
    attributes = {name.removeprefix(_CE): text for name, text in used.items() if _is_ce(name)}
    is_binary = any(_is_ce(name.lower()) for name, _ in headers)
    said = attributes if is_binary else _said_of_bare(used, topic_type)
    text = _unpacked(value, used, max_bytes)
    body = text if isinstance(text, Problem) else decode(text, max_bytes=max_bytes)
    if isinstance(body, Problem):
        return _unreadable(said, body)
    if "specversion" in body:
        return _structured(body, attributes, max_bytes)
    return _binary(body, attributes) if is_binary else _plain(body, used, said)


def _plain(
    body: dict[str, Any], used: Mapping[str, str], said: Mapping[str, Any]
) -> Envelope | Unreadable:
    """Return the event of a body that CloudEvents say nothing of."""
    if _media_type(used) == "application/cloudevents+json":
        return _unreadable(body, _bad_attribute("specversion"))
    if isinstance(body.get("type"), str) and not _ENVELOPE_KEYS.isdisjoint(body):
        return _event(body, time=body.get("occurred_at"), data=body.get("data"), form="envelope")
    return _bare(body, said)


# -- headers --------------------------------------------------------------------------------


def _headers(headers: Headers) -> dict[str, str] | Problem:
    """Return the headers that mean something to us, by their names in lower case."""
    if len(headers) > MAX_HEADERS:
        return Problem(reason=Reason.HEADER, detail=f"there are more than {MAX_HEADERS} headers")
    if sum(len(name) + len(value or b"") for name, value in headers) > MAX_HEADER_BYTES:
        return Problem(reason=Reason.HEADER, detail=f"headers take over {MAX_HEADER_BYTES} bytes")
    used: dict[str, str] = {}
    for name, value in headers:
        known = name.lower()
        if known not in _USED:
            continue
        text = _header_text(known, value)
        if known == "ce_time" and used.get(known, text) != text:
            text = ""  # two times are none
        if text is None or (known != "ce_time" and used.get(known, text) != text):
            return Problem(
                reason=Reason.HEADER,
                field=f"headers.{known}",
                detail="is null, is not UTF-8, or stands twice with different values",
            )
        used[known] = text
    return used


def _header_text(name: str, value: bytes | None) -> str | None:
    if name == "ce_time":  # a fault of time is judged where it is known whose time it is
        return (value or b"").decode(errors="replace")
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _is_ce(name: str) -> bool:
    return name.startswith(_CE)


def _media_type(used: Mapping[str, str]) -> str:
    return used.get("content-type", "").partition(";")[0].strip().lower()


def _unpacked(value: bytes, used: Mapping[str, str], max_bytes: int) -> bytes | Problem:
    kind = _media_type(used)
    if kind == "application/cloudevents-batch+json":
        return Problem(reason=Reason.JSON_TYPE, detail="is a batch; send one event a record")
    if kind and kind not in _JSON_TYPES and not kind.endswith("+json"):
        return Problem(
            reason=Reason.CONTENT_TYPE,
            field="headers.content-type",
            detail="is not JSON; send application/json",
        )
    return unpack(value, used.get("content-encoding", ""), max_bytes=max_bytes)


# -- the forms ------------------------------------------------------------------------------


def _structured(
    body: dict[str, Any], headers: Mapping[str, str], max_bytes: int
) -> Envelope | Unreadable:
    other = [name for name, text in headers.items() if text != body.get(name)]
    # Whose time it is, both say alike: an opt-out is not lost for the time alone.
    is_time_void = other == ["time"] and body.get("type") == OPT_OUT
    if other and not is_time_void:
        return _unreadable(
            body,
            Problem(
                reason=Reason.CE_MODE,
                field=other[0],
                detail="the header and the body disagree; send one of them",
            ),
        )
    if (problem := _missing_attribute(body)) is not None:
        return _unreadable(body, problem)
    data = _data64(body, max_bytes) if "data_base64" in body else body.get("data")
    if isinstance(data, Problem):
        return _unreadable(body, data)
    return _event(body, time="" if is_time_void else body.get("time"), data=data, form="structured")


def _binary(body: dict[str, Any], attributes: Mapping[str, str]) -> Envelope | Unreadable:
    if (problem := _missing_attribute(attributes)) is not None:
        return _unreadable(attributes, problem)
    return _event(attributes, time=attributes.get("time"), data=body, form="binary")


def _said_of_bare(used: Mapping[str, str], topic_type: str | None) -> dict[str, str | None]:
    event_id = next((used[name] for name in _ID_HEADERS if used.get(name)), None)
    return {"id": event_id, "type": topic_type}


def _bare(body: dict[str, Any], said: Mapping[str, Any]) -> Envelope | Unreadable:
    if said["type"] is None:
        return _unreadable(
            said,
            Problem(
                reason=Reason.MISSING,
                field="type",
                detail="a bare event needs a topic that is set to one type; send an envelope",
            ),
        )
    return _event(said, time=None, data=body, form="bare")


def _event(
    said: Mapping[str, Any], *, time: object, data: object, form: Form
) -> Envelope | Unreadable:
    """Return the envelope, or the first thing wrong with what is said of the event."""
    problem = (
        _wrong_text("type", said["type"], is_required=True)
        or (_wrong_version(said) if form == "envelope" else None)
        or _wrong_data(data)
    )
    event_id, source = said.get("id"), said.get("source")
    faulty = _wrong_id(event_id) or _wrong_text("source", source)
    faults: tuple[str, ...] = ()
    if faulty is not None and said["type"] == OPT_OUT:
        # Without a source of its own an id might be another event's: the coordinates serve.
        faults, event_id, source, faulty = (faulty.field,), None, None, None
    if problem is not None or faulty is not None or not isinstance(data, dict):
        return _unreadable(said, problem or faulty or _WRONG_DATA)
    return Envelope(
        id=event_id,
        type=said["type"],
        source=source or "",
        # What is no text is no time either; the text of it is refused where times are read.
        time=None if time is None else str(time),
        version=VERSION,
        data=data,
        form=form,
        faults=faults,
    )


# -- what may be wrong ----------------------------------------------------------------------

_WRONG_DATA = Problem(reason=Reason.TYPE, field="data", detail="is no JSON object")


def _wrong_text(field: str, value: object, *, is_required: bool = False) -> Problem | None:
    if (value is None or value == "") and not is_required:
        return None
    if isinstance(value, str) and value:
        return None
    return Problem(reason=Reason.TYPE, field=field, detail="is no text; send a string")


def _wrong_id(value: object) -> Problem | None:
    if (problem := _wrong_text("id", value)) is not None:
        return problem
    if value is None or _is_safe_id(value):
        return None
    return Problem(
        reason=Reason.ID_UNSAFE,
        field="id",
        detail="must be 1 to 256 printable characters, not dots alone",
    )


def _is_safe_id(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_ID
        and value.isprintable()
        and value not in {".", ".."}
    )


def _wrong_version(said: Mapping[str, Any]) -> Problem | None:
    version = said.get("version", VERSION)
    if type(version) is int and version == VERSION:  # True and 1.0 equal 1 as well
        return None
    return Problem(reason=Reason.VERSION_UNKNOWN, field="version", detail="must be the integer 1")


def _wrong_data(value: object) -> Problem | None:
    if value is None:
        return Problem(reason=Reason.MISSING, field="data", detail="is missing")
    return None if isinstance(value, dict) else _WRONG_DATA


def _missing_attribute(said: Mapping[str, Any]) -> Problem | None:
    for name in ("specversion", "id", "source", "type"):
        if not isinstance(said.get(name), str) or not said[name]:
            return _bad_attribute(name)
    if said["specversion"] != "1.0":
        return Problem(reason=Reason.VERSION_UNKNOWN, field="specversion", detail="must be 1.0")
    if "data" in said and "data_base64" in said:
        return _bad_attribute("data_base64")
    return None


def _bad_attribute(name: str) -> Problem:
    return Problem(
        reason=Reason.CE_ATTR,
        field=name,
        detail="is missing or unusable; see CloudEvents 1.0 for what it must be",
    )


def _data64(body: Mapping[str, Any], max_bytes: int) -> dict[str, Any] | Problem:
    try:
        text = base64.b64decode(body["data_base64"], validate=True)
    except (binascii.Error, ValueError, TypeError):
        return _bad_attribute("data_base64")
    return decode(text, max_bytes=max_bytes)


def _unreadable(said: Mapping[str, Any], problem: Problem) -> Unreadable:
    known_type, known_id = said.get("type"), said.get("id")
    return Unreadable(
        problem=problem,
        event_type=known_type if isinstance(known_type, str) else None,
        event_id=known_id if isinstance(known_id, str) and _is_safe_id(known_id) else None,
    )
