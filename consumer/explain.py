"""Events in, the exact HTTP out; sends nothing. What it prints is what `run` would send."""

import base64
import binascii
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

import orjson

from consumer.batcher import Batcher, Limits
from consumer.clock import SystemClock
from consumer.errors import WorkFailedError
from consumer.plan import Plan, Planned, Planner, Refused, Skipped
from consumer.record import Headers, Record
from esputnik.call import Call, Request
from esputnik.filling import steps
from schemas.decode import LongNumber, exact_float, exact_int

_RECORD_KEYS = frozenset({"value", "value_base64"})


class LineError(Exception):
    """A line that is no record; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A call on its way into a batch."""

    call: Call


def run_explain(planner: Planner, limits: Limits, path: str, *, batches: bool) -> int:
    """Explain a file of events, or standard input for `-`; print a JSON line each."""
    with ExitStack() as stack:
        lines: BinaryIO = sys.stdin.buffer
        if path != "-":
            lines = stack.enter_context(_opened(path))
        explanation = explain(lines, planner, limits, now=SystemClock().wall(), batches=batches)
        for line in explanation:
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except OSError as trouble:
        raise WorkFailedError(f"{path}: {trouble.strerror or 'cannot be read'}") from None


def explain(
    lines: Iterable[bytes], planner: Planner, limits: Limits, *, now: float, batches: bool
) -> Iterator[dict[str, Any]]:
    """Return one object a line, each event as if it came alone; then the batches of them all."""
    calls: list[Call] = []
    for number, line in enumerate(line for line in lines if line.strip()):
        try:
            plan: Plan = planner.plan(read_line(line, number), now)
        except LineError as fault:
            yield _buried(None, "unknown", "decode.json_syntax", str(fault))
            continue
        yield _explained_plan(plan)
        if isinstance(plan, Planned):
            calls += plan.calls
    if batches:
        yield from batched(calls, limits)


def explained(call: Call) -> list[dict[str, Any]]:
    """Return what a call sends: its look-ups, then itself; values not known yet in braces."""
    return [_explained_step(step) for step in steps(call)]


def batched(calls: Sequence[Call], limits: Limits) -> Iterator[dict[str, Any]]:
    """Return the requests that the calls of many events would become."""
    batcher: Batcher[_Waiting] = Batcher(limits)
    for call in calls:
        for step in steps(call):
            batcher.add(_Waiting(step), 0.0)
    while taken := list(batcher.take(limits.max_wait, caught_up=True)):
        for batch in taken:
            batcher.done(batch)
            shape, items = batch.shape, batch.items
            if shape is None or len(items) == 1:
                request = items[0].call.alone()
            else:
                request = shape.request([item.call.item for item in items])
            yield _explained_request(request) | {"size": len(items)}


def read_line(line: bytes, number: int) -> Record:
    """Return the record of a line: a bare event, or an object that describes a record.

    Raises:
        LineError: It is neither.
    """
    try:
        found = json.loads(line, parse_float=exact_float, parse_int=exact_int)
    except (ValueError, RecursionError):
        raise LineError("the line is no JSON") from None
    if not isinstance(found, dict):
        raise LineError("the line is no JSON object")
    if _RECORD_KEYS.isdisjoint(found) or not isinstance(found.get("topic"), str):
        return _record("", number, value=line.strip())
    return _described(found, number)


def _described(found: dict[str, Any], number: int) -> Record:
    timestamp = found.get("timestamp", -1)
    if not isinstance(timestamp, int):
        raise LineError("timestamp is no integer of milliseconds")
    return _record(
        found["topic"],
        number,
        value=_value(found),
        key=_text(found.get("key"), "key"),
        headers=_headers(found.get("headers")),
        timestamp=timestamp,
    )


def _record(  # noqa: PLR0913 - a record's parts
    topic: str,
    number: int,
    *,
    value: bytes | None,
    key: bytes | None = None,
    headers: Headers = (),
    timestamp: int = -1,
) -> Record:
    stamped = timestamp if timestamp >= 0 else int(SystemClock().wall() * 1000)
    return Record(
        topic=topic,
        partition=0,
        offset=number,
        timestamp=stamped,
        key=key,
        value=value,
        headers=headers,
    )


def _value(found: dict[str, Any]) -> bytes | None:
    if "value_base64" in found:
        try:
            return base64.b64decode(found["value_base64"], validate=True)
        except (binascii.Error, ValueError, TypeError):
            raise LineError("value_base64 is no base64") from None
    match found["value"]:
        case None:
            return None
        case str() as text:
            return text.encode()
        case dict() as event:
            return orjson.dumps(event, default=_digits)
        case _:
            raise LineError("value is neither a string, an object nor null")


def _digits(value: object) -> orjson.Fragment:
    if isinstance(value, LongNumber):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def _text(value: object, name: str) -> bytes | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise LineError(f"{name} is no string")
    return value.encode()


def _headers(value: object) -> Headers:
    pairs = list(value.items()) if isinstance(value, dict) else value or []
    try:
        return tuple((str(name), _text(text, "a header")) for name, text in pairs)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise LineError("headers are neither an object nor a list of pairs") from None


# -- what is printed ------------------------------------------------------------------------


def _explained_plan(plan: Plan) -> dict[str, Any]:
    match plan:
        case Skipped(rule=rule, type=event_type):
            return _outcome(None, event_type, "skipped") | {"reason": rule, "calls": []}
        case Refused(refusal=refusal):
            return _buried(plan.event_id, plan.type, refusal.reason, refusal.detail) | (
                {"field": refusal.field} if refusal.field else {}
            )
        case Planned():
            return _planned(plan)


def _planned(plan: Planned) -> dict[str, Any]:
    told = _outcome(plan.event_id, plan.type, "calls")
    calls = [line for call in plan.calls for line in explained(call)]
    if plan.refusal is not None:
        # What can be said is said; then the event is buried for the rest.
        told |= {"outcome": "dead_letter", "reason": plan.refusal.reason}
        told |= {"field": plan.refusal.field} if plan.refusal.field else {}
        told |= {"detail": plan.refusal.detail} if plan.refusal.detail else {}
    elif not calls:
        told |= {"outcome": "skipped", "reason": "nothing_to_say"}
    return told | {"calls": calls}


def _buried(event_id: str | None, event_type: str, reason: str, detail: str) -> dict[str, Any]:
    told = _outcome(event_id, event_type, "dead_letter") | {"reason": reason}
    return told | ({"detail": detail} if detail else {}) | {"calls": []}


def _outcome(event_id: str | None, event_type: str, outcome: str) -> dict[str, Any]:
    return {"event_id": event_id, "type": event_type, "outcome": outcome}


def _explained_step(call: Call) -> dict[str, Any]:
    told = _explained_request(call.alone())
    action = told.pop("action")
    return {
        "action": action,
        "intent": call.intent,
        "class": call.repeat.value,
        **told,
        "idempotency_key": call.key,
        "lane": call.lanes[0] if call.lanes else "",
    }


def _explained_request(request: Request) -> dict[str, Any]:
    query = urlencode(request.query, quote_via=quote)
    return {
        "action": request.action.value,
        "method": request.method,
        "path": f"{request.path}?{query}" if query else request.path,
        "body": orjson.Fragment(request.body) if request.body is not None else None,
    }
