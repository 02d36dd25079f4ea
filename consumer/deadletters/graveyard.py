"""Buries: writes a dead letter and waits, as long as it takes, until it is safe."""

import random
from collections.abc import Collection
from datetime import UTC, datetime

import structlog

from consumer.deadletters.letter import Burial, letter, stub
from consumer.kafka import NotAcknowledgedError, TooLargeError
from consumer.ports import Clock, Writer
from consumer.record import Headers

log = structlog.get_logger()

FIRST_WAIT = 0.5  # s
LONGEST_WAIT = 30.0  # s


class Graveyard:
    """The dead-letter topic. A letter that fits nowhere is buried as a stub, never dropped."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        writer: Writer,
        topic: str,
        group: str,
        cluster: str,
        version: str,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._writer = writer
        self._topic = topic
        self._origin = {"group": group, "cluster": cluster, "version": version}
        self._clock = clock
        self._rng = rng
        self._begun: dict[object, float] = {}

    @property
    def begun(self) -> Collection[float]:
        """Return since when letters wait to be acknowledged, in monotonic seconds."""
        return self._begun.values()

    async def bury(self, burial: Burial) -> None:
        """Return once all in-sync replicas acknowledged the letter. Waits as long as it takes."""
        waits = object()
        self._begun[waits] = self._clock.now()
        try:
            await self._bury(burial)
        finally:
            del self._begun[waits]

    async def _bury(self, burial: Burial) -> None:
        record, write, wait = burial.record, letter, FIRST_WAIT
        while True:
            now = datetime.fromtimestamp(self._clock.wall(), UTC)
            written = write(burial, now=now, **self._origin)
            headers: Headers = written.headers
            try:
                await self._writer.send(
                    self._topic,
                    key=written.key,
                    value=written.value,
                    headers=headers,
                    near=record.partition,
                )
            except TooLargeError:
                log.warning(
                    "dead_letter_too_large",
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
                if write is stub:
                    wait = await self._sleep(wait)
                write = stub
            except NotAcknowledgedError as trouble:
                # It may arrive all the same; the letter's id tells the two apart.
                log.warning(
                    "dead_letter_not_acknowledged",
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                    reason=burial.reason,
                    dead_letter_topic=self._topic,
                    error=str(trouble),
                )
                wait = await self._sleep(wait)
            else:
                _tell(burial)
                return

    async def _sleep(self, wait: float) -> float:
        await self._clock.sleep(wait * (0.5 + self._rng.random() / 2))
        return min(LONGEST_WAIT, wait * 2)


def _tell(burial: Burial) -> None:
    """Log whose letter it is, and why; what is wrong in detail stands on the letter alone."""
    record = burial.record
    log.warning(
        "buried",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        event_id=burial.event_id,
        event_type=burial.event_type,
        reason=burial.reason,
        action=burial.action,
        idempotency_key=burial.key,
    )
