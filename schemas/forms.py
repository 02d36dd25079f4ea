"""Tells the record forms apart: envelope, CloudEvents structured and binary, bare data.

Source of the CloudEvents rules: CloudEvents 1.0 and its Kafka protocol binding.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from schemas.decode import decode, mend, unpack
from schemas.headers import NOTHING, Headers, Told, read_headers
from schemas.patterns import AN_ID
from schemas.problem import Problem, Reason

Form = Literal["envelope", "structured", "binary", "bare"]

VERSION = 1
LONGEST_ID = 256
OPT_OUT = "contact.opted_out"  # no fault of its time or of what is optional buries one
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # all of Unicode's; most ids are printable anyhow
_ENVELOPE_KEYS = frozenset({"data", "occurred_at"})
_CLOUD_EVENT = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
# The last one is what producers say that were never told the type.
_JSON_TYPES = frozenset({"application/json", "text/json", "application/octet-stream"})


class Envelope(NamedTuple):
    """An event as it was sent: what is said of it, and its data, not yet validated.

    `time` is the text to be parsed, None where the event names none. `faults` names what was
    unusable and is overlooked, since an opt-out is never lost for it.
    """

    id: str | None
    type: str
    source: str
    time: str | None
    data: dict[str, Any]
    form: Form
    faults: tuple[str, ...] = ()


class Unreadable(NamedTuple):
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
    told = read_headers(headers) if headers else NOTHING
    if isinstance(told, Problem):
        return Unreadable(told, topic_type)
    text = _unpacked(value, told, max_bytes) if headers else value
    body = text if isinstance(text, Problem) else decode(text, max_bytes=max_bytes)
    if not isinstance(body, Problem):
        return _told(body, told, topic_type, max_bytes)
    if body.reason is Reason.JSON_SYNTAX and isinstance(text, bytes):
        # What is optional may be spoilt and buries no opt-out: fields judge what became of it.
        mended = mend(text)
        event = _told(mended, told, topic_type, max_bytes) if mended is not None else None
        if isinstance(event, Envelope) and event.type == OPT_OUT:
            return event
    return _unreadable(told.attributes or _bare(told, topic_type), body)


def _told(
    body: dict[str, Any], told: Told, topic_type: str | None, max_bytes: int
) -> Envelope | Unreadable:
    """Return the event of a body and its headers, by the form that they have."""
    if "specversion" in body:
        return _structured(body, told.attributes, max_bytes)
    return _binary(body, told) if told.is_cloud_event else _plain(body, told, topic_type)


def _unpacked(value: bytes, told: Told, max_bytes: int) -> bytes | Problem:
    kind = told.media_type
    if kind == _BATCH:
        return Problem(reason=Reason.JSON_TYPE, detail="is a batch; send one event per record")
    if kind and kind not in _JSON_TYPES and not kind.endswith("+json"):
        return Problem(
            reason=Reason.CONTENT_TYPE,
            field="headers.content-type",
            detail="is not JSON; send application/json",
        )
    return unpack(value, told.others.get("content-encoding", ""), max_bytes=max_bytes)


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


def _binary(body: dict[str, Any], told: Told) -> Envelope | Unreadable:
    attributes = told.attributes
    if (problem := _missing_attribute(attributes)) is not None:
        return _unreadable(attributes, problem)
    return _event(attributes, time=attributes.get("time"), data=body, form="binary")


def _plain(body: dict[str, Any], told: Told, topic_type: str | None) -> Envelope | Unreadable:
    """Return the event of a body that no CloudEvent is: an envelope, or data alone."""
    if told.others and told.media_type == _CLOUD_EVENT:
        return _unreadable(body, _bad_attribute("specversion"))
    if isinstance(body.get("type"), str) and not _ENVELOPE_KEYS.isdisjoint(body):
        return _event(body, time=body.get("occurred_at"), data=body.get("data"), form="envelope")
    said = _bare(told, topic_type)
    if topic_type is None:
        return _unreadable(said, _NO_TYPE)
    if told.id_fault is not None and topic_type != OPT_OUT:
        return _unreadable(said, told.id_fault)
    return _event(said, time=None, data=body, form="bare")


def _bare(told: Told, topic_type: str | None) -> dict[str, str | None]:
    """Return what is said of an event that says nothing of itself."""
    return {"id": told.event_id if told.id_fault is None else "", "type": topic_type}


def _event(
    said: Mapping[str, Any], *, time: object, data: object, form: Form
) -> Envelope | Unreadable:
    """Return the envelope, or the first thing wrong with what is said of the event."""
    event_type = said["type"]
    if not isinstance(event_type, str) or not event_type:
        return _unreadable(said, _no_text("type"))
    if not isinstance(data, dict):
        return _unreadable(said, _NO_DATA if data is None else _WRONG_DATA)
    # What is no text is no time either; the text of it is refused where times are read.
    moment = None if time is None else str(time)
    origin, version = _wrong_origin(said), _wrong_version(said, form)
    event_id, source = said.get("id"), said.get("source") or ""
    if origin is None and version is None:
        return Envelope(event_id, event_type, source, moment, data, form)
    faults = tuple(fault for fault in (version, origin) if fault is not None)
    if event_type != OPT_OUT:
        return _unreadable(said, faults[0])
    if origin is not None:  # the id might be another event's: the coordinates serve
        event_id, source = None, ""
    overlooked = tuple(str(fault.field) for fault in faults)
    return Envelope(event_id, event_type, source, moment, data, form, overlooked)


# -- what may be wrong ----------------------------------------------------------------------

_NO_TYPE = Problem(
    reason=Reason.MISSING,
    field="type",
    detail="a bare event needs a topic with a type of its own; send an envelope",
)
_NO_DATA = Problem(reason=Reason.MISSING, field="data", detail="is missing")
_WRONG_DATA = Problem(reason=Reason.TYPE, field="data", detail="is not a JSON object")
_WRONG_VERSION = Problem(
    reason=Reason.VERSION_UNKNOWN, field="version", detail="must be the integer 1"
)
_UNSAFE_ID = Problem(
    reason=Reason.ID_UNSAFE,
    field="id",
    detail=f"must be {AN_ID}, not . or ..",
)


def _wrong_version(said: Mapping[str, Any], form: Form) -> Problem | None:
    is_named = form == "envelope" and "version" in said
    return _WRONG_VERSION if is_named and not _is_known(said["version"]) else None


def _is_known(version: object) -> bool:
    return type(version) is int and version == VERSION  # True and 1.0 equal 1 as well


def _wrong_origin(said: Mapping[str, Any]) -> Problem | None:
    event_id, source = said.get("id"), said.get("source")
    if event_id is not None and not _is_safe_id(event_id):
        return _UNSAFE_ID if isinstance(event_id, str) else _no_text("id")
    return None if source is None or isinstance(source, str) else _no_text("source")


def _no_text(field: str) -> Problem:
    return Problem(reason=Reason.TYPE, field=field, detail="is not a string; send a string")


def _is_safe_id(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= LONGEST_ID
        and (value.isprintable() or _CONTROL.search(value) is None)
        and value not in {".", ".."}
    )


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
        detail="is missing or invalid; see CloudEvents 1.0",
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
        problem,
        known_type if isinstance(known_type, str) else None,
        known_id if isinstance(known_id, str) and _is_safe_id(known_id) else None,
    )
