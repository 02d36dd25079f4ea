"""Records out of one client.

What aiokafka does, and this file therefore does not trust:

- An error in `getmany` loses what it had drained of other partitions, whose positions have moved
  on: after one, everything is sought back to what was really taken. Where the error names no
  partition, each is read by itself, record by record, until the bad one shows.
- A cancelled `getmany` spoils its own watch on idle members, and a rebalance keeps it waiting: it
  runs in a task that no poll cancels, and polls return empty-handed meanwhile.
- What was fetched just before a rebalance would be read over what comes after it: each fetch
  carries the epoch of its assignment, and one of another epoch is dropped.
- A poll throws away what was read ahead of a paused partition, to fetch it again: those that are
  paused are not polled.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumer.kafka.assignment import Assignment
from consumer.kafka.reading import partition, readable_end, records
from consumer.kafka.starts import Starts
from consumer.kafka.trouble import (
    NOT_AUTHORIZED,
    OUT_OF_RANGE,
    UNREADABLE,
    Broken,
    Named,
    Undecoded,
    judge,
)
from consumer.ports import Listener
from consumer.record import Partition, Record

log = structlog.get_logger()

ALONE_MS = 500  # for the fetch of a partition that is read by itself
RIGHTS_SECONDS = 30.0  # until a topic that may not be read is tried again
SLACK = 0.05  # s between the end of a fetch's own time and of ours


class BrokenError(Exception):
    """The client does not work any more; take another one. Holds the name of the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one fetch brought. `alone` if it read that partition by itself; `trouble` ended it."""

    epoch: int
    records: Sequence[Record] = ()
    alone: TopicPartition | None = None
    trouble: Exception | None = None


class Fetching:
    """Fetches, one task at a time, and mends what a failed fetch has spoilt."""

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        assignment: Assignment,
        starts: Starts,
        listener: Listener,
        isolation: str,
    ) -> None:
        self.is_caught_up = False
        self._consumer = consumer
        self._assignment = assignment
        self._starts = starts
        self._listener = listener
        self._isolation = isolation
        self._task: asyncio.Task[Fetched] | None = None
        self._suspects: deque[TopicPartition] = deque()

    def begin(self, max_records: int, seconds: float) -> "asyncio.Task[Fetched]":
        """Fetch in a task of its own; one that runs already is that one."""
        if self._task is None:
            fetch = self._fetch(max_records, seconds)
            self._task = asyncio.get_running_loop().create_task(fetch)
        return self._task

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return the next records; none if all is quiet for that long, or the group rebalances.

        Raises:
            BrokenError: The client does not work any more.
        """
        task = self.begin(max_records, seconds)
        await asyncio.wait({task}, timeout=seconds + SLACK)
        if not task.done():
            return ()
        self._task = None
        if task.cancelled():  # the client is given up, or its own tasks have ended
            return ()
        fetched = task.result()
        verdict = self._judge(fetched.trouble)
        if fetched.epoch != self._assignment.epoch:
            return ()
        if verdict is not None:
            await self._recover(fetched, verdict)
        elif fetched.alone is not None and len(fetched.records) < max_records:
            self._suspects.popleft()
        return fetched.records

    def cancel(self) -> None:
        """Fetch no more."""
        if self._task is not None:
            self._task.cancel()

    def lags(self) -> dict[Partition, int]:
        """Return how many records lie between what was handed out and what could be read."""
        taken = self._listener.next_to_take()
        lags: dict[Partition, int] = {}
        for place in self._assignment.begun:
            end = readable_end(self._consumer, place, self._isolation)
            ours = partition(place)
            if end is not None and ours in taken:
                at = max(taken[ours], self._assignment.read_to.get(place, 0))
                lags[ours] = max(0, end - at)
        return lags

    # -- one fetch ------------------------------------------------------------------------

    async def _fetch(self, max_records: int, seconds: float) -> Fetched:
        if self._suspects:
            return await self._fetch_alone(self._suspects[0], max_records)
        try:
            messages = await self._consumer.getmany(
                *self._assignment.polled, timeout_ms=int(seconds * 1000), max_records=max_records
            )
        except Exception as trouble:  # noqa: BLE001 - decoders raise what they like
            return Fetched(epoch=self._assignment.epoch, trouble=trouble)
        fetched = Fetched(epoch=self._assignment.epoch, records=records(messages))
        if len(fetched.records) < max_records:
            await self._note_positions()
        else:
            self.is_caught_up = False
        return fetched

    async def _note_positions(self) -> None:
        """Note how far the client has read: with a position that is known this never waits."""
        fetched = self._assignment.fetched
        for place in fetched:
            self._assignment.read_to[place] = await self._consumer.position(place)
        ends = {p: readable_end(self._consumer, p, self._isolation) for p in fetched}
        read_to = self._assignment.read_to
        self.is_caught_up = all(end is None or read_to[p] >= end for p, end in ends.items())

    async def _fetch_alone(self, place: TopicPartition, max_records: int) -> Fetched:
        """Read one partition record by record: the good head, and what ended it."""
        epoch, found = self._assignment.epoch, list[Any]()
        trouble: Exception | None = None
        try:
            while len(found) < max_records:
                wait_ms = 0 if found else ALONE_MS
                got = await self._consumer.getmany(place, timeout_ms=wait_ms, max_records=1)
                if epoch != self._assignment.epoch:
                    epoch, found = self._assignment.epoch, []
                if not got:
                    break
                found += got[place]
        except Exception as fault:  # noqa: BLE001 - as above
            trouble = fault
        return Fetched(epoch=epoch, records=records({place: found}), alone=place, trouble=trouble)

    # -- trouble --------------------------------------------------------------------------

    def _judge(self, trouble: Exception | None) -> Named | Undecoded | None:
        if trouble is None:
            return None
        verdict = judge(trouble, self._assignment.begun)
        if isinstance(verdict, Broken):
            raise BrokenError(type(trouble).__name__) from trouble
        log.warning("fetch_failed", error=type(trouble).__name__)
        return verdict

    async def _recover(self, fetched: Fetched, verdict: Named | Undecoded) -> None:
        """Block what cannot be read, or look for it; of all else nothing was lost."""
        if fetched.alone is None:
            self._assignment.seek_back()
        else:
            self._suspects.popleft()
        if isinstance(verdict, Named):
            for place in sorted(verdict.places & self._assignment.begun):
                await self._hold(place, verdict.reason)
        elif fetched.alone is None:
            self._suspects = deque(sorted(self._assignment.readable))
        else:
            self._block(fetched.alone, UNREADABLE, fetched.records)

    async def _hold(self, place: TopicPartition, reason: str) -> None:
        if reason == OUT_OF_RANGE and self._starts.accepts(place):
            await self._assignment.skip(place)
        elif reason == NOT_AUTHORIZED:
            self._assignment.block(place, reason, retry_in=RIGHTS_SECONDS)
        else:
            self._block(place, reason)

    def _block(self, place: TopicPartition, reason: str, head: Sequence[Record] = ()) -> None:
        taken = self._listener.next_to_take().get(partition(place))
        offset = head[-1].offset + 1 if head else taken
        self._assignment.block(place, f"{reason} at offset {offset}", offset=offset)
