"""What became of letters that were replayed, by letter id, in a compacted topic.

A second replay sends nothing that was delivered, and nothing that may have been sent when the
first one was cut off.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from consumer.kafka import NotAcknowledgedError
from consumer.ports import Clock, Writer
from consumer.record import Record

log = structlog.get_logger()

DELIVERED = b"delivered"
SENDING = b"sending"  # a call whose repeats count is about to leave
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """The ids of letters that were `delivered`, and of those that were `sending` at an end."""

    delivered: frozenset[str] = frozenset()
    sending: frozenset[str] = frozenset()


async def remembered(records: AsyncIterator[Record]) -> Remembered:
    """Return what replays so far have written down; of each letter the last word counts."""
    last: dict[str, bytes | None] = {}
    async for record in records:
        if record.key is not None:
            last[record.key.decode(errors="replace")] = record.value
    return Remembered(
        delivered=frozenset(letter for letter, state in last.items() if state == DELIVERED),
        sending=frozenset(letter for letter, state in last.items() if state == SENDING),
    )


class Memory:
    """Writes down what becomes of letters, and waits until that is safe."""

    def __init__(self, writer: Writer, topic: str, clock: Clock) -> None:
        self._writer = writer
        self._topic = topic
        self._clock = clock

    async def note(self, letter_id: str, state: bytes | None) -> None:
        """Return once it is acknowledged, None to forget. Waits as long as it takes."""
        while True:
            try:
                await self._writer.send(self._topic, key=letter_id.encode(), value=state)
            except NotAcknowledgedError as trouble:
                log.warning("replay_memory_not_acknowledged", error=str(trouble))
                await self._clock.sleep(RETRY_SECONDS)
            else:
                return
