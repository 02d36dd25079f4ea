"""CPU and memory of processes and all their children."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil

from bench.clock import Sample

EVERY = 0.05  # s between samples
LOOK_FOR_CHILDREN = 20  # samples between looks for new children, which cost more


class Watch:
    """Samples processes beside the lap. `samples` grows until the watch is cancelled."""

    def __init__(self, pids: Iterable[int]) -> None:
        self.samples: list[Sample] = []
        self._roots = [psutil.Process(pid) for pid in pids]
        self._all: Sequence[psutil.Process] = self._roots

    async def run(self) -> None:
        """Take samples until cancelled."""
        taken = 0
        while True:
            if taken % LOOK_FOR_CHILDREN == 0:
                self._all = [process for root in self._roots for process in _family(root)]
            self.samples.append(_sample(self._all))
            taken += 1
            await asyncio.sleep(EVERY)


def _family(root: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [root, *root.children(recursive=True)]
    return [root]


def _sample(processes: Sequence[psutil.Process]) -> Sample:
    cpu, rss = 0.0, 0
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess), process.oneshot():
            times = process.cpu_times()
            cpu += times.user + times.system
            rss += process.memory_info().rss
    return Sample(time.monotonic(), cpu, rss)
