"""A broker in memory: logs, one group member, commits."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from consumer.deadletter import Burial
from consumer.ports import Listener
from consumer.record import Partition, Record


@dataclass
class FakeSource:
    """Hands records out in order, remembers commits, and can take partitions away."""

    logs: dict[Partition, list[Record]] = field(default_factory=lambda: defaultdict(list))
    commits: dict[Partition, int] = field(default_factory=dict)
    history: list[Mapping[Partition, int]] = field(default_factory=list)
    listener: Listener | None = None
    owned: set[Partition] = field(default_factory=set)
    held: frozenset[Partition] = frozenset()
    refuses_commits: bool = False
    blocked: dict[Partition, str] = field(default_factory=dict)
    is_joined: bool = False
    _position: dict[Partition, int] = field(default_factory=dict)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, record: Record) -> Record:
        """Append a record to its partition; its offset is the log's next."""
        log = self.logs[record.place]
        kept = record._replace(offset=len(log))
        log.append(kept)
        self._arrived.set()
        return kept

    def assign(self, listener: Listener, partitions: Iterable[Partition] | None = None) -> None:
        """Give the member these partitions, or all, at their committed offsets."""
        self.listener = listener
        self.owned = set(self.logs if partitions is None else partitions)
        starts = {place: self.commits.get(place, 0) for place in self.owned}
        self._position = dict(starts)
        self.is_joined = True
        listener.assigned(starts)

    async def revoke(self, partitions: Iterable[Partition]) -> None:
        """Take partitions away, as a rebalance does."""
        places = list(partitions)
        if self.listener is not None:
            await self.listener.revoking(places)
        self.owned -= set(places)

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        ready = self._ready(max_records)
        if not ready:
            self._arrived.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._arrived.wait()
            except TimeoutError:
                return ()
            ready = self._ready(max_records)
        await asyncio.sleep(0)
        return ready

    def _ready(self, max_records: int) -> list[Record]:
        taken: list[Record] = []
        for place in sorted(self.owned - self.held):
            at = self._position[place]
            records = self.logs[place][at : at + max_records - len(taken)]
            self._position[place] = at + len(records)
            taken += records
        return taken

    def hold(self, partitions: Collection[Partition]) -> None:
        self.held = frozenset(partitions)

    def share(self) -> float:
        return len(self.owned) / max(1, len(self.logs))

    async def commit(self, points: Mapping[Partition, int]) -> bool:
        await asyncio.sleep(0)
        if self.refuses_commits:
            return False
        self.commits.update(points)
        self.history.append(dict(points))
        return True

    def lags(self) -> dict[Partition, int]:
        return {place: len(self.logs[place]) - self._position[place] for place in self.owned}

    def caught_up(self) -> bool:
        return not any(self.lags().values())


@dataclass
class FakeLetters:
    """A dead-letter topic that can be made to hang."""

    burials: list[Burial] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()

    async def bury(self, burial: Burial) -> None:
        await self.open.wait()
        await asyncio.sleep(0.001)
        self.burials.append(burial)
