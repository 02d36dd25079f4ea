"""Who reads from a source in a test: takes records once each, commits what it is told to."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from consumer.ports import Listener, Source
from consumer.record import Partition, Point, Record

T = TypeVar("T")

PATIENCE = 30.0  # s
POLL_SECONDS = 0.1
POLL_RECORDS = 100


class Member(Source, Protocol):
    """A source and its place in the group."""

    @property
    def blocked(self) -> dict[Partition, str]: ...
    @property
    def is_joined(self) -> bool: ...
    async def start(self, topics: Iterable[str], listener: Listener) -> None: ...
    async def stop(self) -> None: ...
    def resubscribe(self, topics: Iterable[str]) -> None: ...
    def lags(self) -> dict[Partition, int]: ...


class Reader:
    """A listener with the source it listens to. `commits_on_revoke` as a worker would."""

    def __init__(self, source: Member, *, commits_on_revoke: bool = True) -> None:
        self.source = source
        self.taken: list[Record] = []
        self.told: list[tuple[str, set[Partition]]] = []
        self.took_commit: list[bool] = []
        self.commits_on_revoke = commits_on_revoke
        self.starts: dict[Partition, Point] = {}
        self._next: dict[Partition, int] = {}

    # -- what the source tells ------------------------------------------------------------

    def assigned(self, starts: Mapping[Partition, Point]) -> None:
        self.told.append(("assigned", set(starts)))
        self.starts |= starts
        self._next |= {place: start.offset for place, start in starts.items()}

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        places = set(partitions)
        self.told.append(("revoking", places))
        mine = {place: Point(at) for place, at in self._next.items() if place in places}
        if mine and self.commits_on_revoke:
            self.took_commit.append(await self.source.commit(mine))
        for place in places:
            self._next.pop(place, None)

    def next_to_take(self) -> Mapping[Partition, int]:
        return dict(self._next)

    # -- what a test does -----------------------------------------------------------------

    async def poll(self, max_records: int = POLL_RECORDS) -> list[Record]:
        """Poll once and return what was not taken before."""
        new: list[Record] = []
        for record in await self.source.poll(max_records, POLL_SECONDS):
            if record.offset >= self._next.get(record.place, record.offset + 1):
                self._next[record.place] = record.offset + 1
                new.append(record)
        self.taken += new
        return new

    async def until(self, holds: Callable[[], bool], at_a_time: int = POLL_RECORDS) -> None:
        """Poll until something holds."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await self.poll(at_a_time)

    async def until_taken(self, count: int, at_a_time: int = POLL_RECORDS) -> None:
        """Poll until so many records were taken in all."""
        await self.until(lambda: len(self.taken) >= count, at_a_time)

    async def until_caught_up(self) -> None:
        """Poll until there is nothing more."""
        await self.poll()
        await self.until(self.source.caught_up)

    @property
    def owned(self) -> set[Partition]:
        """The partitions it reads now."""
        return set(self._next)

    def values(self, partition: int | None = None) -> list[bytes]:
        """What was taken, of one partition or of all."""
        return [r.value or b"" for r in self.taken if partition in {None, r.partition}]


async def while_polling(act: Coroutine[Any, Any, T], *others: Reader) -> T:
    """Do something while other members go on polling, as their processes would."""
    over = asyncio.Event()

    async def poll_on(reader: Reader) -> None:
        while not over.is_set():
            await reader.poll()

    async with asyncio.TaskGroup() as tasks:
        for other in others:
            tasks.create_task(poll_on(other))
        try:
            return await act
        finally:
            over.set()
