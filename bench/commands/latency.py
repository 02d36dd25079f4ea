"""`latency`: from `produce()` to the arrival at the API, at low load."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from bench import topics
from bench.arena import Arena, say
from bench.contestants import PEERS, contestant
from bench.figures import percentile
from bench.lap import Contestant, Track
from bench.product import NAME
from bench.tables import table
from bench.workload import ORDERS, Entry, entries

ALONE = "alone"
WHO = (NAME, ALONE, *PEERS)
API_LATENCY = 0.05  # s
WARM_UP = 25  # events that are sent first and not counted: the group joins, connections open
READY_SECONDS = 60.0
LATE_SECONDS = 10.0
PERCENTS = (50, 95, 99)
HEADS = ("who", *(f"p{percent} ms" for percent in PERCENTS), "requests", "lost", "doubled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """What one contestant took, over all rounds. `delays` in ms."""

    title: str
    delays: Sequence[float]
    requests: int
    lost: int
    doubled: int

    def at(self, percent: float) -> float:
        """Return a percentile in ms."""
        return percentile(self.delays, percent)


async def latency(
    place: Arena, names: Sequence[str], *, rate: float, events: int, rounds: int
) -> Mapping[str, Delays]:
    """Measure each at so many events a second, in turn, so often."""
    found = [await contestant(name) for name in names]
    laps: dict[str, list[Delays]] = {one.name: [] for one in found}
    for number in range(1, rounds + 1):
        for one in found:
            lap = await _lap(place, one, rate, events)
            laps[one.name].append(lap)
            say(f"round {number} of {rounds}: {one.title}: {lap.at(50):.1f} ms in the middle")
    return {name: _together(done) for name, done in laps.items()}


def added(delays: Mapping[str, Delays], percent: float) -> float:
    """Return how many ms the service adds to sending each event alone."""
    return delays[NAME].at(percent) - delays[ALONE].at(percent)


async def _lap(place: Arena, one: Contestant, rate: float, events: int) -> Delays:
    topic = topics.fresh("latency")
    await topics.make(place.bootstrap, topic)
    total = WARM_UP + events
    track = Track(topic=topic, events=total, latency=API_LATENCY)
    producer = AIOKafkaProducer(bootstrap_servers=place.bootstrap, acks=1)
    await producer.start()
    try:
        async with place.running(one, track, topics.fresh(one.name)) as (part, *_):
            work = list(entries(ORDERS, total))
            await _produce(producer, topic, work[:WARM_UP], rate)
            if not await _arrived(place, WARM_UP, READY_SECONDS):
                raise part.failed(f"brought nothing within {READY_SECONDS:.0f} s")
            before = await place.sink.counts()
            sent = await _produce(producer, topic, work[WARM_UP:], rate)
            await _arrived(place, total, LATE_SECONDS)
            counts, times = await place.sink.counts(), await place.sink.times()
    finally:
        await producer.stop()
    pairs = zip(sent, times[WARM_UP:], strict=True)
    return Delays(
        title=one.title,
        delays=[1000 * (came - went) for went, came in pairs if came],
        requests=counts.requests - before.requests,
        lost=total - counts.distinct,
        doubled=counts.doubled,
    )


async def _produce(
    producer: AIOKafkaProducer, topic: str, work: Sequence[Entry], rate: float
) -> list[float]:
    """Produce evenly; return the moment of each."""
    began, sent = time.monotonic(), []
    for index, entry in enumerate(work):
        await asyncio.sleep(max(0.0, began + index / rate - time.monotonic()))
        sent.append(time.monotonic())
        await producer.send(topic, entry.value, key=entry.key, partition=entry.partition)
    return sent


async def _arrived(place: Arena, events: int, seconds: float) -> bool:
    """Wait until so many arrived; tell whether they did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (await place.sink.counts()).distinct >= events:
            return True
        await asyncio.sleep(0.1)
    return False


def _together(laps: Sequence[Delays]) -> Delays:
    return Delays(
        title=laps[0].title,
        delays=[delay for lap in laps for delay in lap.delays],
        requests=sum(lap.requests for lap in laps),
        lost=sum(lap.lost for lap in laps),
        doubled=sum(lap.doubled for lap in laps),
    )


def section(delays: Mapping[str, Delays], *, rate: float) -> str:
    """Return the table, and what the service adds."""
    rows = [
        (
            one.title,
            *(f"{one.at(percent):.1f}" for percent in PERCENTS),
            str(one.requests),
            str(one.lost),
            str(one.doubled),
        )
        for one in delays.values()
    ]
    text = f"## Latency at {rate:g} events a second\n\n{table(HEADS, rows)}"
    if {NAME, ALONE} <= delays.keys():
        plus = ", ".join(f"{added(delays, percent):+.1f} ms at p{percent}" for percent in (50, 99))
        text += f"\n\nAdded to sending each event alone: {plus}."
    return text
