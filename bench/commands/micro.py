"""`micro`: microseconds an event of the pure steps, without any network."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from bench.baselines.planning import planner
from bench.figures import spread
from bench.peers.task import Task
from bench.tables import figure, table
from bench.workload import WORKS, Work
from consumer.plan import Planned
from consumer.record import Record
from esputnik.call import idempotency_key
from handlers.routes import ROUTES
from schemas.base import validate
from schemas.decode import decode
from schemas.forms import Envelope, read_form

ROUNDS = 5
EVENTS = 5000
MAX_BYTES = 1024 * 1024
HEADS = ("step", *(f"{name}, µs an event (least..most)" for name in WORKS))
_TOPIC = "micro"


def micro(events: int = EVENTS) -> str:
    """Return the table of all steps for each kind of work."""
    columns = [_steps(work, events) for work in WORKS.values()]
    rows = [(name, *(_cell(column[name], events) for column in columns)) for name in columns[0]]
    return f"## Pure steps, in microseconds\n\n{table(HEADS, rows)}"


def _steps(work: Work, events: int) -> dict[str, Callable[[], object]]:
    """Return what is timed; each runs over all events once."""
    records = [_record(work.event(number), number) for number in range(events)]
    values = [record.value or b"" for record in records]
    reads = [_read(value, work) for value in values]
    model = ROUTES[work.event_type].model
    plan = planner(_task(work)).plan
    now = time.time()
    planned = [one for record in records if isinstance(one := plan(record, now), Planned)]
    items = [call.item for one in planned for call in one.calls]
    return {
        "`orjson.loads`": lambda: _each(orjson.loads, values),
        "decode with limits": lambda: _each(lambda v: decode(v, max_bytes=MAX_BYTES), values),
        "read the record form": lambda: _each(lambda value: _read(value, work), values),
        "validate": lambda: _each(lambda read: validate(model, read.data), reads),
        "derive the key": lambda: _each(lambda read: idempotency_key(read.id, "order.add"), reads),
        "plan, the whole way to an item": lambda: _each(lambda one: plan(one, now), records),
        "join items into bodies": lambda: b",".join(items),
    }


def _each(do: Callable[[Any], object], values: Sequence[Any]) -> None:
    for value in values:
        do(value)


def _cell(step: Callable[[], object], events: int) -> str:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        step()
        taken.append((time.perf_counter() - began) * 1e6 / events)
    measured = spread(taken)
    return f"{figure(measured.median)} ({figure(measured.least)}..{figure(measured.most)})"


def _read(value: bytes, work: Work) -> Envelope:
    read = read_form(value, (), topic_type=work.event_type, max_bytes=MAX_BYTES)
    if not isinstance(read, Envelope):
        raise TypeError("the work holds an event that cannot be read")
    return read


def _record(value: bytes, number: int) -> Record:
    return Record(
        topic=_TOPIC,
        partition=0,
        offset=number,
        timestamp=int(time.time() * 1000),
        key=None,
        value=value,
    )


def _task(work: Work) -> Task:
    return Task(bootstrap="", topic=_TOPIC, group="", api="", work=work.name, events=0)
