"""Collects garbage between two steps of the event loop, not in the middle of one."""

import gc

from consumer.ports import Clock

NEW = 30_000  # objects; an event is a dozen that are freed by themselves
EVERY = 0.1  # s between looks
RATIO = 10  # collections of a generation before the next older one has its turn


async def collect(clock: Clock) -> None:
    """Look for unreachable cycles until cancelled, instead of the collector's own times.

    What was built at start lives as long as the process and is not looked through again. What is
    under way takes long to look through: 70 ms for a full buffer. Wherever an object is made the
    collector might begin on its own, such as when a request has left the account's limits behind
    and is on its way to the socket; it would arrive so much closer to the next.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        while True:
            await clock.sleep(EVERY)
            young, middle, old = gc.get_count()
            if young >= NEW:
                gc.collect(0 if middle < RATIO else 1 if old < RATIO else 2)
    finally:
        gc.enable()
        gc.unfreeze()
