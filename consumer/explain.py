"""Events in, the exact HTTP out; sends nothing. What it prints is what `run` would send."""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO
from urllib.parse import quote, urlencode

import orjson

from consumer import build
from consumer.batcher import Batch, Batcher, Limits
from consumer.clock import SystemClock
from consumer.errors import WorkFailedError
from consumer.explain_lines import LineError, read_line
from consumer.lanes import Lanes
from consumer.plan import UNKNOWN, Plan, Planned, Planner, Refused, Skipped
from consumer.settings import Loaded
from esputnik.call import Call, Request
from esputnik.filling import steps


@dataclass(slots=True, eq=False)
class _Place:
    """A call on its way into a batch, and the steps of it that are still to come."""

    call: Call
    todo: list[Call]
    started: bool = field(default=False, init=False)


def run_explain(
    loaded: Loaded,
    path: str,
    batches: bool,  # noqa: FBT001 - the command's own switch
    out: BinaryIO | TextIO,
) -> int:
    """Explain a file of events, or standard input for `-`; write a JSON line each to `out`.

    Raises:
        WorkFailedError: The file cannot be read.
    """
    planner, limits = build.planner(loaded.settings), build.limits(loaded.settings)
    with ExitStack() as stack:
        lines = sys.stdin.buffer if path == "-" else stack.enter_context(_opened(path))
        explanation = explain(lines, planner, limits, now=SystemClock().wall(), batches=batches)
        for told in explanation:
            _write(out, orjson.dumps(told) + b"\n")
    out.flush()
    return 0


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except OSError as trouble:
        raise WorkFailedError(f"{path}: {trouble.strerror or 'cannot be read'}") from None


def _write(out: BinaryIO | TextIO, line: bytes) -> None:
    if isinstance(out, io.TextIOBase):
        out.write(line.decode())
    else:
        out.write(line)  # type: ignore[arg-type]  # what is no text stream takes bytes


def explain(
    lines: Iterable[bytes], planner: Planner, limits: Limits, *, now: float, batches: bool
) -> Iterator[dict[str, Any]]:
    """Return one object a line, each event as if it came alone; then the batches of them all."""
    calls: list[Call] = []
    for number, line in enumerate(line for line in lines if line.strip()):
        try:
            plan: Plan = planner.plan(read_line(line, number, now), now)
        except LineError as fault:
            yield _buried(None, UNKNOWN, "decode.json_syntax", str(fault))
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
    """Return the requests that the calls of many events would become.

    Two calls about one contact never share a request, just as they do not in `run`.
    """
    wide = replace(limits, under_way=len(calls) + 1, imports=len(calls) + 1)
    batcher: Batcher[_Place] = Batcher(wide)
    lanes: Lanes[_Place] = Lanes()
    for call in calls:
        first, *todo = steps(call)
        place = _Place(first, todo)
        if lanes.enter(place):
            batcher.add(place, 0.0)
    while due := list(batcher.take(wide.max_wait, caught_up=True)):
        for batch in due:
            batcher.done(batch)
            yield _explained_batch(batch)
            for place in batch.items:
                for ready in _next(place, lanes):
                    batcher.add(ready, 0.0)


def _next(place: _Place, lanes: Lanes[_Place]) -> list[_Place]:
    """Return who may go now that this one's step was made."""
    if not place.todo:
        return lanes.leave(place)
    place.call = place.todo.pop(0)
    return [place]


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


def _explained_batch(batch: Batch[_Place]) -> dict[str, Any]:
    calls = [place.call for place in batch.items]
    if batch.shape is None or len(calls) == 1:
        request = calls[0].alone()
    else:
        request = batch.shape.request([call.item for call in calls])
    told = _explained_request(request)
    body = told.pop("body")
    return told | {"size": len(calls), "body": body}


def _explained_request(request: Request) -> dict[str, Any]:
    query = urlencode(request.query, quote_via=quote)
    return {
        "action": request.action.value,
        "method": request.method,
        "path": f"{request.path}?{query}" if query else request.path,
        "body": orjson.Fragment(request.body) if request.body is not None else None,
    }
