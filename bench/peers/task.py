"""What a peer or a yardstick is told: its environment, as `bench.contestants` sets it."""

import os
from dataclasses import dataclass

CUT = 30.0  # s until a request is given up
SESSION_MS = 10_000  # the embedded broker lets a group wait half of it before it begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Where the work is, and where to bring it. `api` ends in `/api`."""

    bootstrap: str
    topic: str
    group: str
    api: str
    work: str
    events: int


def task() -> Task:
    """Return the task of this process."""
    told = {
        name: os.environ[f"BENCH_{name.upper()}"]
        for name in ("bootstrap", "topic", "group", "api", "work")
    }
    return Task(**told, events=int(os.environ["BENCH_EVENTS"]))
