"""Looks after the reader: replaces one that stands still; if that is no help, ends the process."""

from collections.abc import Callable
from typing import Protocol

import structlog

from consumer.errors import WorkFailedError
from consumer.operations.watchdog import Verdict, Watchdog
from consumer.ports import Clock

log = structlog.get_logger()

LOOK_EVERY = 10.0  # s


class Replaceable(Protocol):
    """A source that can be asked how things stand, and begun anew."""

    async def behind(self) -> int | None:
        """Return how many records wait at the broker; None where it does not tell in time."""
        ...

    def rebuild(self) -> None:
        """Leave the group and join it anew with another client."""
        ...


async def watch(
    reader: Replaceable,
    *,
    moved_at: Callable[[], float],
    is_excused: Callable[[], bool],
    clock: Clock,
) -> None:
    """Watch until cancelled. `moved_at` tells when the last record moved, in monotonic seconds.

    Raises:
        WorkFailedError: A reader that was replaced stands still as well.
    """
    watchdog = Watchdog(clock.now())
    while True:
        await clock.sleep(LOOK_EVERY)
        behind, excused = await reader.behind(), is_excused()
        verdict = watchdog.look(clock.now(), moved_at=moved_at(), behind=behind, is_excused=excused)
        if verdict is Verdict.REBUILD:
            log.error("reader_stands_still", behind=behind)
            reader.rebuild()
        elif verdict is Verdict.GIVE_UP:
            raise WorkFailedError(
                f"{behind} records wait in Kafka and none was read for minutes, although the "
                "client was replaced once; the process exits so that it can be restarted"
            )
