"""The seams: what the worker needs of the world. Each has a real part and a proved fake."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from consumer.deadletters.letter import Burial
from consumer.lease import Lease
from consumer.record import Headers, Partition, Point, Record
from esputnik.call import Request
from esputnik.outcome import Answer, NoAnswer


class Clock(Protocol):
    """Time. `now` in monotonic seconds, `wall` in seconds since 1970 UTC."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def wall(self) -> float:
        """Return seconds since 1970 UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait until the event is set or the time is over; tell whether it was set."""
        ...


class Listener(Protocol):
    """Who is told of assignments. A start is the first offset to read, as it was committed."""

    def assigned(self, starts: Mapping[Partition, Point]) -> None:
        """Begin new assignments."""
        ...

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        """Finish what can be finished of these partitions, commit it, forget them."""
        ...

    def next_to_take(self) -> Mapping[Partition, int]:
        """Return the offset that each owned partition must be read from next."""
        ...


class Source(Protocol):
    """Where records come from. `lease`: how long what was assigned is surely ours."""

    lease: Lease

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return the next records, none if all is quiet (or paused) for that long."""
        ...

    def hold(self, partitions: Collection[Partition]) -> None:
        """Fetch nothing of these partitions, and all others; `poll` is called all the same."""
        ...

    async def commit(self, points: Mapping[Partition, Point]) -> bool:
        """Commit; False where the group did not take it (the assignment is over, or later)."""
        ...

    def caught_up(self) -> bool:
        """Tell whether everything fetchable was handed out."""
        ...

    def share(self) -> float:
        """Return this member's part of all partitions that the group reads, 0 to 1."""
        ...


class Letters(Protocol):
    """Where dead letters go."""

    async def bury(self, burial: Burial) -> None:
        """Return once all in-sync replicas acknowledged the letter. Waits as long as it takes."""
        ...


class Writer(Protocol):
    """A producer that waits for the acknowledgement of each record."""

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
        ...


class Sender(Protocol):
    """The way to eSputnik. Raises nothing for HTTP trouble."""

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        """Send one request."""
        ...


class Meter(Protocol):
    """What delivery tells of itself. Nothing here names a person."""

    def called(self, action: str, status: str, seconds: float) -> None:
        """Count one request and its time; `status` is HTTP's, or `none` without an answer."""
        ...

    def batched(self, action: str, size: int) -> None:
        """Count the items of one bulk request."""
        ...

    def in_flight(self, action: str, change: int) -> None:
        """Note that a request began (1) or ended (-1)."""
        ...

    def imported(self, status: str) -> None:
        """Count an import session by how it ended."""
        ...

    def resent(self, calls: int) -> None:
        """Count calls that may have run before and are sent again."""
        ...

    def throttled(self, seconds: float) -> None:
        """Count seconds that a request waited for a slot or for the account's limits."""
        ...


class EventMeter(Protocol):
    """What the worker tells of records and events."""

    def taken(self, topic: str, records: int) -> None:
        """Count records."""
        ...

    def delivered(self, event_type: str, delay: float) -> None:
        """Count an event that was applied, and the seconds since it happened."""
        ...

    def skipped(self, event_type: str, rule: str) -> None:
        """Count an event that asked for nothing, by the rule that said so."""
        ...

    def buried(self, burial: Burial) -> None:
        """Count a dead letter that was acknowledged."""
        ...

    def abandoned(self, records: int) -> None:
        """Count records that went to another member unfinished."""
        ...

    def ignored(self, event_type: str, fields: int) -> None:
        """Count fields that were left out: unknown ones, and unusable ones beside good ones."""
        ...
