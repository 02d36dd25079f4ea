"""Events in, the exact HTTP out; sends nothing. What it prints is what `run` would send.

Each event is explained as if it came alone. What they would send together heeds which of them come
again, and what those before say of consent; of anything else nothing is known.
"""

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import orjson

from consumer import build
from consumer.batcher import Limits
from consumer.cli.explain_lines import LineError, read_line
from consumer.clock import SystemClock
from consumer.consent.foresight import Foresight
from consumer.consent.hashing import Hasher
from consumer.consent.memory import Memory
from consumer.errors import NO_INPUT, UsageError
from consumer.exact_http import told_call, told_request
from consumer.job import Batch, Errand, Job
from consumer.plan import UNKNOWN, Plan, Planned, Planner, Skipped
from consumer.record import Record
from consumer.repeats import Repeats, once
from consumer.scheduler import Scheduler
from consumer.settings.model import Loaded
from esputnik.call import Call

ANY_KEY = "explain"  # what is hashed by it is kept nowhere
UNBOUNDED = 1 << 30  # requests under way, as many as there are


def run_explain(
    loaded: Loaded,
    path: str,
    batches: bool,  # noqa: FBT001 - the command's own switch
    out: BinaryIO | TextIO,
) -> int:
    """Explain a file of events, or standard input for `-`; write a JSON line each to `out`.

    Raises:
        UsageError: The file cannot be read.
    """
    planner, limits = build.planner(loaded.settings), build.limits(loaded.settings)
    now = SystemClock().wall()
    skew = loaded.settings.consent.skew
    for told in explain(_lines(path), planner, limits, now=now, batches=batches, skew=skew):
        _write(out, orjson.dumps(told) + b"\n")
    out.flush()
    return 0


def _lines(path: str) -> Iterator[bytes]:
    if path == "-" and sys.stdin is None:  # whoever started us closed it
        raise UsageError(NO_INPUT)
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else Path(path).open("rb") as lines:
            yield from lines
    except OSError as trouble:
        raise UsageError(f"{path}: {trouble.strerror or 'cannot be read'}") from None


def _write(out: BinaryIO | TextIO, line: bytes) -> None:
    if isinstance(out, io.TextIOBase):
        out.write(line.decode())
    else:
        out.write(line)  # type: ignore[arg-type]  # what is no text stream takes bytes


def explain(  # noqa: PLR0913 - what decides of it
    lines: Iterable[bytes],
    planner: Planner,
    limits: Limits,
    *,
    now: float,
    batches: bool,
    skew: float,
) -> Iterator[dict[str, Any]]:
    """Return one object a line, each event as if it came alone; then the batches of them all.

    `skew` in seconds, as `consent.skew`.
    """
    jobs: list[Job] = []
    repeats, foresight = Repeats(), Foresight(Memory(), Hasher(ANY_KEY), skew)
    for number, line in enumerate(line for line in lines if line.strip()):
        try:
            record = read_line(line, number, now)
            plan: Plan = planner.plan(record, now)
        except LineError as fault:
            yield _buried(None, UNKNOWN, "decode.json_syntax", str(fault))
            continue
        yield _explained_plan(plan)
        first = once(plan, repeats) if batches else None
        if isinstance(first, Planned):
            jobs.append(_job(record, first, foresight.of(first, record, now).calls))
    if batches:
        yield from batched(jobs, limits)


def _job(record: Record, plan: Planned, calls: Sequence[Call]) -> Job:
    job = Job(record, 0.0)
    job.begin(_Nobody(), plan, calls, plan.occurred_at.timestamp())
    return job


class _Nobody:
    """An owner to whom nothing is told."""

    def finish(self, job: Job) -> None:
        """Do nothing."""


def batched(jobs: Sequence[Job], limits: Limits) -> Iterator[dict[str, Any]]:
    """Return the requests that the calls of many events would become.

    Two calls about one contact never share a request, just as they do not in `run`.
    """
    wide = replace(limits, under_way=UNBOUNDED, imports=UNBOUNDED)
    scheduler = Scheduler(wide)
    for job in jobs:
        for errand in job.errands:
            scheduler.submit(errand, 0.0)
    while due := list(scheduler.take(wide.max_wait, caught_up=True)):
        for batch in due:
            scheduler.done(batch)
            yield _explained_batch(batch)
            for errand in batch.errands:
                _move_on(errand, scheduler)


def _move_on(errand: Errand, scheduler: Scheduler) -> None:
    """Let an errand make its next step, or those behind it their first."""
    if errand.is_lookup:
        errand.advance({})
        scheduler.again(errand, 0.0)
    else:
        errand.state = "D"
        scheduler.ended((errand,), 0.0)


# -- what is printed ------------------------------------------------------------------------


def _explained_plan(plan: Plan) -> dict[str, Any]:
    if isinstance(plan, Planned):
        return _planned(plan)
    if isinstance(plan, Skipped):
        return _outcome(None, plan.type, "skipped") | {"reason": plan.rule, "calls": []}
    told = _buried(plan.event_id, plan.type, plan.refusal.reason, plan.refusal.detail)
    return told | ({"field": plan.refusal.field} if plan.refusal.field else {})


def _planned(plan: Planned) -> dict[str, Any]:
    told = _outcome(plan.event_id, plan.type, "calls")
    calls = [line for call in plan.calls for line in told_call(call)]
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


def _explained_batch(batch: Batch) -> dict[str, Any]:
    calls = [errand.call for errand in batch.errands]
    if batch.shape is None or len(calls) == 1:
        request = calls[0].alone()
    else:
        request = batch.shape.request([call.item for call in calls])
    told = told_request(request)
    body = told.pop("body")
    return told | {"size": len(calls), "body": body}
