"""A broker in memory, with the traps of the real one that a worker can run into.

`tests/contract/test_source.py` proves it against the real source: a new assignment begins at the
committed offsets, whatever was taken before; what a failed fetch had drained comes again; a commit
of a partition that is another's is not taken; an unreadable record blocks its partition with the
good ones before it handed out; starts of new partitions are committed before anything is read.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from consumer.deadletters.letter import Burial
from consumer.lease import Lease
from consumer.ports import Listener
from consumer.record import Partition, Point, Record


class FakeBroker:
    """Logs, and one group: its members and its commits. Topics exist once they are made."""

    def __init__(self) -> None:
        self.logs: dict[Partition, list[Record]] = defaultdict(list)
        self.commits: dict[Partition, Point] = {}
        self.history: list[Mapping[Partition, Point]] = []
        self.unreadable: set[tuple[Partition, int]] = set()
        self.holes: set[tuple[Partition, int]] = set()  # offsets of no record: compaction, markers
        self.first: dict[Partition, int] = defaultdict(int)  # what lies before was deleted
        self.arrived = asyncio.Event()
        self._members: list[FakeSource] = []

    def make(self, topic: str, partitions: int) -> None:
        """Make a topic; `put` makes partitions as they are named."""
        for number in range(partitions):
            self.logs.setdefault(Partition(topic, number), [])

    def put(self, record: Record) -> Record:
        """Append a record to its partition; its offset is the log's next."""
        log = self.logs[record.place]
        kept = record._replace(offset=len(log))
        log.append(kept)
        self.arrived.set()
        return kept

    def leave_out(self, place: Partition) -> None:
        """Leave a hole at the end of a partition's log."""
        kept = self.put(Record(place.topic, place.number, 0, 0, None, None))
        self.holes.add((place, kept.offset))

    def end(self, place: Partition) -> int:
        """Return the offset behind the last record of a partition."""
        end = len(self.logs[place])
        while (place, end - 1) in self.holes:
            end -= 1
        return end

    def spoil(self, record: Record) -> None:
        """Make a record unreadable to the client."""
        self.unreadable.add((record.place, record.offset))

    async def join(self, member: "FakeSource") -> None:
        """Take a member in; everybody lets go of everything, as the eager protocol has it."""
        await self._revoke()
        if member not in self._members:
            self._members.append(member)
        self._assign()

    async def leave(self, member: "FakeSource") -> None:
        """Let a member go, without a word to its listener, as aiokafka does."""
        member.owned.clear()
        if member in self._members:
            self._members.remove(member)
            await self._revoke()
            self._assign()

    async def _revoke(self) -> None:
        for member in self._members:
            if member.owned:
                await member.revoke(sorted(member.owned, key=_order))

    def _assign(self) -> None:
        shares = self.shares(self._members)
        for member in self._members:
            member.begin(shares[id(member)])

    def shares(self, members: "Sequence[FakeSource]") -> Mapping[int, list[Partition]]:
        """Share out each topic in ranges; by the `id` of each member."""
        shares: dict[int, list[Partition]] = defaultdict(list)
        for topic in sorted({place.topic for place in self.logs}):
            readers = [member for member in members if topic in member.subscribed]
            places = sorted((place for place in self.logs if place.topic == topic), key=_order)
            for number, member in enumerate(readers):
                size, more = divmod(len(places), len(readers))
                start = number * size + min(number, more)
                end = start + size + (1 if number < more else 0)
                shares[id(member)] += places[start:end]
        return shares


@dataclass(eq=False)
class FakeSource:
    """A member of the group. `assign` and `revoke` move partitions by hand, for one member."""

    broker: FakeBroker = field(default_factory=FakeBroker)
    listener: Listener | None = None
    owned: set[Partition] = field(default_factory=set)
    subscribed: frozenset[str] = frozenset()
    held: frozenset[Partition] = frozenset()
    refuses_commits: bool = False
    loses_answers: bool = False  # commits are taken, and said not to be
    fails_next: bool = False  # the next fetch that brings something raises in the client
    blocked: dict[Partition, str] = field(default_factory=dict)
    is_joined: bool = False
    has_topics: bool = True
    lease: Lease = field(default_factory=Lease)
    _position: dict[Partition, int] = field(default_factory=dict)
    _is_rejoining: bool = False

    # -- the group ------------------------------------------------------------------------

    async def start(self, topics: Iterable[str], listener: Listener) -> None:
        """Join the group; `listener` is told of every assignment from now on."""
        self.subscribed, self.listener = frozenset(topics), listener
        await self.broker.join(self)

    async def stop(self) -> None:
        """Leave the group."""
        await self.broker.leave(self)

    def resubscribe(self, topics: Iterable[str]) -> None:
        """Read these topics from now on; the group rebalances while polls go on."""
        self.subscribed = frozenset(topics)
        self._is_rejoining = True

    def assign(self, listener: Listener, partitions: Iterable[Partition] | None = None) -> None:
        """Give the member these partitions, or all."""
        self.listener = listener
        self.begin(self.broker.logs if partitions is None else partitions)

    async def revoke(self, partitions: Iterable[Partition]) -> None:
        """Take partitions away, as a rebalance does."""
        places = list(partitions)
        self.is_joined = False
        if self.listener is not None:
            await self.listener.revoking(places)
        self.owned -= set(places)

    def begin(self, partitions: Iterable[Partition]) -> None:
        """Begin an assignment at the committed offsets."""
        self.owned = set(partitions)
        self.blocked.clear()
        found = {place: self._start_of(place) for place in sorted(self.owned, key=_order)}
        starts = {place: at for place, at in found.items() if at is not None}
        self.blocked |= {place: "no_offset" for place, at in found.items() if at is None}
        self._position = {place: start.offset for place, start in starts.items()}
        self.broker.commits |= starts
        self.is_joined = True
        if self.listener is not None and starts:
            self.listener.assigned(starts)

    def _start_of(self, place: Partition) -> Point | None:
        if place in self.broker.commits:
            return self.broker.commits[place]
        known = [one.number for one in self.broker.commits if one.topic == place.topic]
        is_new = place.number > max(known, default=-1) or self._is_of_new_topic(place)
        return Point(self.broker.first[place]) if is_new else None

    def _is_of_new_topic(self, place: Partition) -> bool:
        return not any(one.topic == place.topic for one in self.broker.commits)

    # -- records --------------------------------------------------------------------------

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return the next records, none if all is quiet (or paused) for that long."""
        if self._is_rejoining:
            self._is_rejoining = False
            await self.broker.join(self)
        self.broker.arrived.clear()
        if not (ready := self._ready(max_records)):
            try:
                async with asyncio.timeout(seconds):
                    await self.broker.arrived.wait()
            except TimeoutError:
                return ()
            ready = self._ready(max_records)
        await asyncio.sleep(0)
        if ready and self.fails_next:
            self.fails_next = False
            self._seek_back()
            return ()
        return ready

    def _ready(self, max_records: int) -> list[Record]:
        taken: list[Record] = []
        for place in sorted(self.owned - self.held - self.blocked.keys(), key=_order):
            records = self._read(place, max_records - len(taken))
            self._position[place] += len(records)
            holes = self.broker.holes
            taken += [record for record in records if (place, record.offset) not in holes]
        return taken

    def _read(self, place: Partition, limit: int) -> list[Record]:
        """Return the next records of a partition up to one that cannot be read, or is deleted."""
        at = self._position[place]
        if at < self.broker.first[place]:
            self.blocked[place] = f"out_of_range at offset {at}"
            return []
        records = self.broker.logs[place][at : at + limit]
        for number, record in enumerate(records):
            if (place, record.offset) in self.broker.unreadable:
                if number == 0:
                    self.blocked[place] = f"unreadable at offset {at}"
                return records[:number]
        return records

    def _seek_back(self) -> None:
        if self.listener is not None:
            self._position |= self.listener.next_to_take()

    def hold(self, partitions: Collection[Partition]) -> None:
        """Fetch nothing of these partitions, and all others; `poll` is called all the same."""
        self.held = frozenset(partitions)

    def share(self) -> float:
        """Return this member's part of all partitions that the group reads, 0 to 1."""
        return len(self.owned) / max(1, len(self.broker.logs))

    async def commit(self, points: Mapping[Partition, Point]) -> bool:
        """Commit; False where the group did not take it (the assignment is over, or later)."""
        await asyncio.sleep(0)
        if self.refuses_commits or not points.keys() <= self.owned:
            return False
        self.broker.commits.update(points)
        self.broker.history.append(dict(points))
        return not self.loses_answers

    def lags(self) -> dict[Partition, int]:
        """Return how many records lie between what was handed out and the end."""
        known = self.owned & self._position.keys()
        return {place: len(self.broker.logs[place]) - self._position[place] for place in known}

    def caught_up(self) -> bool:
        """Tell whether everything fetchable was handed out."""
        not_fetched = self.blocked.keys() | self.held
        return not any(lag for place, lag in self.lags().items() if place not in not_fetched)

    # -- what a test of one member asks ---------------------------------------------------

    def put(self, record: Record) -> Record:
        """Append a record to its partition; its offset is the log's next."""
        return self.broker.put(record)

    @property
    def commits(self) -> dict[Partition, int]:
        """The offsets that the group committed."""
        return {place: point.offset for place, point in self.broker.commits.items()}

    @property
    def history(self) -> list[Mapping[Partition, Point]]:
        """The commits of all members, in order; starts are not among them."""
        return self.broker.history


def _order(place: Partition) -> tuple[str, int]:
    return place.topic, place.number


@dataclass
class FakeLetters:
    """A dead-letter topic that can be made to hang."""

    burials: list[Burial] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    begun: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()

    async def bury(self, burial: Burial) -> None:
        """Return once the letter is safe."""
        now = asyncio.get_running_loop().time()
        self.begun.append(now)
        try:
            await self.open.wait()
            await asyncio.sleep(0.001)
        finally:
            self.begun.remove(now)
        self.burials.append(burial)
