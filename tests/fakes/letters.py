"""A producer whose records may get lost, come twice, or stay without an acknowledgement."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from consumer.kafka import NotAcknowledgedError, TooLargeError
from consumer.record import Headers, Partition, Record
from tests.fakes.schedule import over

SEND_SECONDS = 30.0  # after which an acknowledgement is waited for no more
LARGEST = 2 * 1024 * 1024  # bytes
PARTITIONS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFate:
    """What befalls one record: seconds there and back, how often it is written, if it is told."""

    there: float = 0.0
    back: float = 0.0
    times: int = 1
    is_told: bool = True


class UncertainWriter:
    """Hands each record that arrives to `keep`; `fate` decides what befalls it."""

    def __init__(self, fate: Callable[[], WriteFate], keep: Callable[[Record], object]) -> None:
        self._fate = fate
        self._keep = keep

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        near: int | None = None,
    ) -> None:
        """Write one record; raises `TooLargeError` or `NotAcknowledgedError`."""
        if len(value or b"") > LARGEST:
            raise TooLargeError(topic)
        record = Record(topic, (near or 0) % PARTITIONS, 0, 0, key, value, headers)
        fate = self._fate()

        def arrive() -> None:
            for _ in range(fate.times):
                self._keep(record)

        try:
            async with asyncio.timeout(SEND_SECONDS):
                await over(fate.there, arrive, fate.back if fate.is_told else None)
        except TimeoutError:
            raise NotAcknowledgedError("TimeoutError") from None


def places(topic: str) -> list[Partition]:
    """Return the partitions that letters of this topic lie in."""
    return [Partition(topic, number) for number in range(PARTITIONS)]
