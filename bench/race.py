"""One lap: start the contestant, watch until the work is done, say what was measured."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson

from bench.clock import Arrival, Sample, cpu_between, steady_rate, window
from bench.lap import Contestant, Lap, Place, Track
from bench.sink.account import Rules
from bench.sink.control import Control, Counts
from bench.topics import fresh
from bench.usage import Watch
from demo.parts import DemoError, Part, start

LOOK_EVERY = 0.1  # s between looks at the sink
START_SECONDS = 60.0  # until something arrives
STILL_SECONDS = 15.0  # without anything new: what is missing will not come
LATE_SECONDS = 0.5  # after the last one, for what comes twice
MB = 1024 * 1024


class Arena:
    """The broker and the sink, which all laps share, and a folder for the logs."""

    def __init__(self, bootstrap: str, sink: Control, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.sink = sink
        self._folder = folder
        self._started = 0

    async def lap(self, contestant: Contestant, track: Track) -> Lap:
        """Let a contestant carry the work of a track once.

        Raises:
            DemoError: It ended, or brought nothing.
        """
        group = fresh(contestant.name)
        async with self.running(contestant, track, group) as parts:
            watch = Watch(part.process.pid for part in parts)
            watching = asyncio.create_task(watch.run())
            try:
                if contestant.reports:
                    return await _reported(parts[0], track)
                counts, is_cut = await self._until_done(parts, track)
            finally:
                watching.cancel()
            lap = _measured(track, counts, await self.sink.arrivals(), watch.samples)
            return replace(lap, group=group, lost=None if is_cut else lap.lost)

    @asynccontextmanager
    async def running(
        self, contestant: Contestant, track: Track, group: str
    ) -> AsyncIterator[list[Part]]:
        """Begin a lap at the sink and run the contestant's processes as one group."""
        await self.sink.begin(
            Rules(
                work=track.work.name,
                events=track.events,
                latency=track.latency,
                rate=track.rate,
                refuse=track.refuse,
            )
        )
        parts: list[Part] = []
        try:
            while len(parts) < contestant.copies:
                parts.append(await self._start(contestant, track, group, len(parts)))
            yield parts
        finally:
            await asyncio.gather(*(part.stop() for part in parts))

    async def _start(self, contestant: Contestant, track: Track, group: str, copy: int) -> Part:
        place = Place(
            bootstrap=self.bootstrap,
            topic=track.topic,
            group=group,
            api=self.sink.api(f"replica-{copy}" if contestant.copies > 1 else ""),
            work=track.work.name,
            events=track.events,
        )
        self._started += 1
        log = self._folder / f"{self._started:03d}-{contestant.name}.log"
        environment = contestant.environment(place, track.settings)
        return await start(contestant.name, contestant.command, log, environment)

    async def _until_done(self, parts: Sequence[Part], track: Track) -> tuple[Counts, bool]:
        """Wait until all has arrived, nothing more comes, or the time is over.

        Return the counts, and whether the time was over.
        """
        moved = began = time.monotonic()
        first: float | None = None
        last = 0
        while True:
            counts, now = await self.sink.counts(), time.monotonic()
            if counts.distinct != last:
                last, moved, first = counts.distinct, now, first or now
            if counts.distinct >= track.valid:
                await asyncio.sleep(LATE_SECONDS)
                return await self.sink.counts(), False
            if first is None and now - began > START_SECONDS:
                raise parts[0].failed(f"brought nothing within {START_SECONDS:.0f} s")
            is_over = first is not None and now - first > track.seconds
            if is_over or (first is not None and now - moved > STILL_SECONDS):
                return counts, is_over
            for part in parts:
                part.check()
            await asyncio.sleep(LOOK_EVERY)


def _measured(
    track: Track, counts: Counts, arrivals: Sequence[Arrival], samples: Sequence[Sample]
) -> Lap:
    seen = window(arrivals)
    cpu = cpu_between(samples, seen.began, seen.ended)
    return Lap(
        rate=seen.rate,
        steady=steady_rate(arrivals),
        cpu_ms=1e6 * cpu / max(1, seen.items),
        rss_mb=max(sample.rss for sample in samples) / MB,
        items=counts.distinct,
        requests=counts.requests,
        lost=track.valid - counts.distinct,
        doubled=counts.doubled,
        throttled=counts.throttled,
        arrivals=arrivals,
        samples=samples,
    )


async def _reported(part: Part, track: Track) -> Lap:
    """Return the lap of a contestant that measured itself; it says so in its last line."""
    async with asyncio.timeout(START_SECONDS + track.seconds):
        if await part.ended() != 0:
            raise part.failed("failed")
    told = orjson.loads(part.log.read_text().splitlines()[-1])
    if told["items"] == 0:
        raise DemoError(f"The {part.name} read nothing.")
    return Lap(
        rate=told["rate"],
        cpu_ms=told["cpu_ms"],
        rss_mb=told["rss_mb"],
        items=told["items"],
        lost=track.events - told["items"],
    )
