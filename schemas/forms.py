"""Tells the record forms apart: envelope, CloudEvents structured and binary, bare data.

Source of the CloudEvents rules: the Kafka protocol binding, CloudEvents 1.0.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.decode import decode, unpack
from schemas.problem import Problem

Headers = tuple[tuple[str, bytes | None], ...]
Form = Literal["envelope", "structured", "binary", "bare"]

MAX_HEADERS = 64
MAX_HEADER_BYTES = 32 * 1024
VERSION = 1
LONGEST_ID = 256
_ENVELOPE_KEYS = frozenset({"data", "occurred_at"})
_OURS = ("esync-dlq-", "__dlq.")  # forged on a live topic, they mean nothing
_ID_HEADERS = ("id", "idempotency-key")
_PLAIN_TYPES = frozenset({"application/json", "text/json", "application/octet-stream"})
_ATTRIBUTES = ("id", "type", "source", "time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as it was sent: what is said of it, and its data, not yet validated."""

    id: str | None
    type: str
    source: str
    time: str | None
    version: int
    data: dict[str, Any]
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that is no event, with what could be read of it."""

    problem: Problem
    event_type: str | None = None
    event_id: str | None = None


def read_form(  # noqa: PLR0911 - each fault and each form ends here
    value: bytes, headers: Headers, *, topic_type: str | None, max_bytes: int
) -> Envelope | Unreadable:
    """Return the event of a record; `topic_type` is the type of the topic's bare events."""
    used = _headers(headers)
    if isinstance(used, Problem):
        return Unreadable(problem=used)
    text = _unpacked(value, used, max_bytes)
    if isinstance(text, Problem):
        return Unreadable(problem=text)
    body = decode(text, max_bytes=max_bytes)
    if isinstance(body, Problem):
        return Unreadable(problem=body, event_type=topic_type)
    attributes = {name[3:]: text for name, text in used.items() if name.startswith("ce_")}
    if "specversion" in body:
        return _structured(body, attributes, max_bytes)
    if attributes:
        return _binary(body, attributes)
    is_structured = used.get("content-type", "").startswith("application/cloudevents")
    if is_structured:
        return Unreadable(problem=_attribute("specversion"))
    if isinstance(body.get("type"), str) and not _ENVELOPE_KEYS.isdisjoint(body):
        return _envelope(body)
    return _bare(body, used, topic_type)


# -- headers --------------------------------------------------------------------------------


def _headers(headers: Headers) -> dict[str, str] | Problem:
    """Return the headers that mean something to us, names in lower case, the last of a name."""
    if len(headers) > MAX_HEADERS:
        return Problem(reason="decode.header", detail=f"more than {MAX_HEADERS} headers")
    if sum(len(name) + len(value or b"") for name, value in headers) > MAX_HEADER_BYTES:
        return Problem(reason="decode.header", detail=f"headers over {MAX_HEADER_BYTES} bytes")
    used: dict[str, str] = {}
    for name, value in headers:
        known = name.lower()
        if not _is_used(known) or value is None:
            continue
        try:
            used[known] = value.decode()
        except UnicodeDecodeError:
            return Problem(reason="decode.header", field=f"headers.{known}", detail="is not UTF-8")
    return used


def _is_used(name: str) -> bool:
    is_known = name in _ID_HEADERS or name in {"content-type", "content-encoding"}
    return (is_known or name.startswith("ce_")) and not name.startswith(_OURS)


def _unpacked(value: bytes, used: Mapping[str, str], max_bytes: int) -> bytes | Problem:
    kind = used.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/cloudevents-batch+json":
        return Problem(
            reason="decode.json_type", detail="a batch of events; send one event a record"
        )
    if kind and kind not in _PLAIN_TYPES and not kind.endswith("+json"):
        return Problem(
            reason="decode.content_type",
            field="headers.content-type",
            detail="is not JSON; send application/json",
        )
    encoding = used.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return value
    if encoding == "gzip":
        return unpack(value, max_bytes=max_bytes)
    return Problem(
        reason="decode.compression",
        field="headers.content-encoding",
        detail="is not known; send gzip or nothing",
    )


# -- the forms ------------------------------------------------------------------------------


def _envelope(body: dict[str, Any]) -> Envelope | Unreadable:
    return _event(
        body,
        source=body.get("source"),
        time=body.get("occurred_at"),
        data=body.get("data"),
        form="envelope",
    )


def _structured(
    body: dict[str, Any], headers: Mapping[str, str], max_bytes: int
) -> Envelope | Unreadable:
    for name in ("specversion", *_ATTRIBUTES):
        if name in headers and headers[name] != body.get(name):
            return _unreadable(
                body,
                Problem(
                    reason="decode.ce_mode",
                    field=name,
                    detail="the header and the body disagree; send one of them",
                ),
            )
    if (problem := _missing_attribute(body)) is not None:
        return _unreadable(body, problem)
    data = _data64(body, max_bytes) if "data_base64" in body else body.get("data")
    if isinstance(data, Problem):
        return _unreadable(body, data)
    return _event(
        body, source=body.get("source"), time=body.get("time"), data=data, form="structured"
    )


def _binary(body: dict[str, Any], attributes: Mapping[str, str]) -> Envelope | Unreadable:
    if (problem := _missing_attribute(attributes)) is not None:
        return _unreadable(attributes, problem)
    return _event(
        attributes,
        source=attributes.get("source"),
        time=attributes.get("time"),
        data=body,
        form="binary",
    )


def _bare(
    body: dict[str, Any], used: Mapping[str, str], topic_type: str | None
) -> Envelope | Unreadable:
    if topic_type is None:
        return Unreadable(
            problem=Problem(
                reason="schema.missing",
                field="type",
                detail="a bare event needs a topic that is set to one type; send an envelope",
            )
        )
    event_id = next((used[name] for name in _ID_HEADERS if used.get(name)), None)
    said = {"id": event_id, "type": topic_type}
    return _event(said, source=None, time=None, data=body, form="bare")


def _event(
    said: Mapping[str, Any], *, source: object, time: object, data: object, form: Form
) -> Envelope | Unreadable:
    """Return the envelope, or the first thing wrong with what is said of the event."""
    problem = (
        _wrong_id(said.get("id"))
        or _wrong_type(said["type"])
        or _wrong_text("source", source)
        or _wrong_time(time)
        or _wrong_version(said)
        or _wrong_data(data)
    )
    if problem is not None or not isinstance(data, dict):
        return _unreadable(said, problem or Problem(reason="schema.type", field="data"))
    return Envelope(
        id=said.get("id"),
        type=said["type"],
        source=source if isinstance(source, str) else "",
        time=time if isinstance(time, str) else None,
        version=VERSION,
        data=data,
        form=form,
    )


# -- what may be wrong ----------------------------------------------------------------------


def _wrong_id(value: object) -> Problem | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return Problem(reason="schema.type", field="id", detail="is no text; send a string")
    if not value or len(value) > LONGEST_ID or not value.isprintable():
        return Problem(
            reason="ident.id_unsafe", field="id", detail="must be 1 to 256 printable characters"
        )
    return None


def _wrong_type(value: object) -> Problem | None:
    if isinstance(value, str) and value:
        return None
    return Problem(reason="schema.type", field="type", detail="is no text; send a string")


def _wrong_text(field: str, value: object) -> Problem | None:
    if value is None or isinstance(value, str):
        return None
    return Problem(reason="schema.type", field=field, detail="is no text; send a string")


def _wrong_time(value: object) -> Problem | None:
    if value is None or isinstance(value, str):
        return None
    return Problem(
        reason="time.format",
        field="occurred_at",
        detail="is no text; send RFC 3339 such as 2026-11-24T10:00:00Z",
    )


def _wrong_version(said: Mapping[str, Any]) -> Problem | None:
    version = said.get("version", VERSION)
    if isinstance(version, int) and not isinstance(version, bool) and version == VERSION:
        return None
    return Problem(reason="schema.version_unknown", field="version", detail="must be the integer 1")


def _wrong_data(value: object) -> Problem | None:
    if isinstance(value, dict):
        return None
    if value is None:
        return Problem(reason="schema.missing", field="data", detail="the event has no data")
    return Problem(reason="schema.type", field="data", detail="is no JSON object")


def _missing_attribute(said: Mapping[str, Any]) -> Problem | None:
    for name in ("specversion", "id", "source", "type"):
        if not isinstance(said.get(name), str) or not said[name]:
            return _attribute(name)
    if said["specversion"] != "1.0":
        return Problem(reason="schema.version_unknown", field="specversion", detail="must be 1.0")
    if "data" in said and "data_base64" in said:
        return _attribute("data_base64")
    return None


def _attribute(name: str) -> Problem:
    return Problem(
        reason="decode.ce_attr",
        field=name,
        detail="is missing or unusable; CloudEvents 1.0 asks for it",
    )


def _data64(body: Mapping[str, Any], max_bytes: int) -> object:
    try:
        text = base64.b64decode(body["data_base64"], validate=True)
    except (binascii.Error, ValueError, TypeError):
        return _attribute("data_base64")
    return decode(text, max_bytes=max_bytes)


def _unreadable(said: Mapping[str, Any], problem: Problem) -> Unreadable:
    known_type, known_id = said.get("type"), said.get("id")
    has_id = isinstance(known_id, str) and _wrong_id(known_id) is None
    return Unreadable(
        problem=problem,
        event_type=known_type if isinstance(known_type, str) else None,
        event_id=str(known_id) if has_id else None,
    )
