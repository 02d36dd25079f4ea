"""The physical limits: one process that reads a topic and goes no further than one step.

    getmany   fetch alone
    loads     and orjson
    validate  fetch, then the service's own reading of the record form and its models
    encode    fetch, then the service's whole plan, its items joined into bodies

`python -m bench.baselines.fetch STEP` prints one line of JSON: events a second, CPU for 1,000
events, memory. Its clock starts after the first fetch.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.baselines.planning import FETCHING, POLL_RECORDS, planner
from bench.peers.task import Task, task
from bench.workload import PARTITIONS, WORKS
from consumer.kafka.reading import records
from consumer.plan import Planned
from handlers.routes import ROUTES
from schemas.base import validate
from schemas.forms import Envelope, read_form

Fetched = Mapping[TopicPartition, Sequence[Any]]
Step = Callable[[Fetched], None]
MAX_BYTES = 1024 * 1024  # of one event, as the service has it
MB = 1024 * 1024
QUIET_MS = 5000


def getmany(_task: Task) -> Step:
    """Do nothing with what was fetched."""
    return lambda _fetched: None


def loads(_task: Task) -> Step:
    """Parse."""

    def step(fetched: Fetched) -> None:
        for message in chain.from_iterable(fetched.values()):
            try:
                orjson.loads(message.value)
            except orjson.JSONDecodeError:
                continue

    return step


def validated(mine: Task) -> Step:
    """Read the record form and validate with the service's models; nothing is kept."""
    event_type = WORKS[mine.work].event_type
    model = ROUTES[event_type].model

    def step(fetched: Fetched) -> None:
        for message in chain.from_iterable(fetched.values()):
            read = read_form(
                message.value, message.headers, topic_type=event_type, max_bytes=MAX_BYTES
            )
            if isinstance(read, Envelope):
                validate(model, read.data)

    return step


def encoded(mine: Task) -> Step:
    """Plan each record as the service does, and join the items into the bodies of requests."""
    plan, size, items = planner(mine).plan, WORKS[mine.work].batch, list[bytes]()

    def step(fetched: Fetched) -> None:
        now = time.time()
        for record in records(fetched):
            planned = plan(record, now)
            if isinstance(planned, Planned):
                items.extend(call.item for call in planned.calls)
        while len(items) >= size:
            b",".join(items[:size])
            del items[:size]

    return step


STEPS: dict[str, Callable[[Task], Step]] = {
    "getmany": getmany,
    "loads": loads,
    "validate": validated,
    "encode": encoded,
}


async def measure(step: Step, mine: Task) -> dict[str, float]:
    """Return the figures of reading the whole topic once."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=mine.bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **FETCHING,
    )
    await consumer.start()
    consumer.assign([TopicPartition(mine.topic, number) for number in range(PARTITIONS)])
    skipped, items = await _take(consumer, step), 0
    began, cpu = time.monotonic(), time.process_time()
    while skipped + items < mine.events and (taken := await _take(consumer, step)):
        items += taken
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    rss = psutil.Process().memory_info().rss
    await consumer.stop()
    return {
        "items": skipped + items,
        "rate": items / seconds,
        "cpu_ms": 1e6 * cpu / max(1, items),
        "rss_mb": rss / MB,
    }


async def _take(consumer: AIOKafkaConsumer, step: Step) -> int:
    fetched = await consumer.getmany(timeout_ms=QUIET_MS, max_records=POLL_RECORDS)
    step(fetched)
    return sum(map(len, fetched.values()))


def main() -> None:
    """Measure the step that is named."""
    mine = task()
    figures = asyncio.run(measure(STEPS[sys.argv[1]](mine), mine))
    print(orjson.dumps(figures).decode())


if __name__ == "__main__":
    main()
