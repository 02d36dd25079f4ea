"""A consumer group with generations: members that join, leave, fall silent and are fenced off.

Eager, as aiokafka has it: a rebalance takes all partitions from everybody, and the new generation
begins when all have joined again or the time for that is over. A commit counts if its member is of
the present generation. A member that is silent for a session is put out, and learns of it late.
"""

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from consumer.lease import Lease
from consumer.ports import Listener
from consumer.record import Partition, Point, Record
from tests.fakes.kafka import FakeBroker, FakeSource
from tests.fakes.schedule import begin_as, later, over

SESSION = 10.0  # s
REBALANCE = 30.0  # s
HEARTBEAT = 1.0  # s; how soon a member learns of a rebalance at the latest
COMMIT_SECONDS = 10.0  # after which a member gives up waiting for an answer
AFTER = 1e-6  # s between commits of one connection
IDLE_POLL = 2.0  # s; how long a poll may take that brings nothing, which saves time


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitFate:
    """What befalls one commit: seconds there and back, and where it gets lost, if it does."""

    there: float = 0.0
    back: float = 0.0
    is_lost_there: bool = False
    is_lost_back: bool = False


class Group:
    """The coordinator. `on_commit` is told of each commit that was taken, as it is taken."""

    def __init__(self, broker: FakeBroker, heartbeat: float = HEARTBEAT) -> None:
        self.broker = broker
        self.heartbeat = heartbeat
        self.generation = 0
        self.members: dict[Member, None] = {}
        self.on_commit: Callable[[Member, Mapping[Partition, Point]], None] = lambda *_: None
        self._joined: dict[Member, asyncio.Future[set[Partition]]] = {}
        self._changed = asyncio.Event()
        self._round: asyncio.Task[None] | None = None

    def join(self, member: "Member") -> asyncio.Future[set[Partition]]:
        """Take a member into the next generation; the future brings its partitions."""
        self.members.setdefault(member, None)
        self._joined[member] = asyncio.get_running_loop().create_future()
        self.rebalance()
        return self._joined[member]

    def leave(self, member: "Member") -> None:
        """Put a member out; the others share what it had."""
        if member in self.members:
            del self.members[member]
            joined = self._joined.pop(member, None)
            if joined is not None and not joined.done():
                member.called.set()  # its join is refused: it has to join anew
                joined.set_result(set())
            self.rebalance()

    def silence(self, member: "Member") -> None:
        """Hear no more of a member, which is put out when its session is over."""
        member.falls_silent()
        was = member.silences

        def expire() -> None:
            if member.silences == was:
                self.leave(member)

        later(SESSION, expire)

    def cut_off(self, member: "Member") -> None:
        """Let nothing pass between a member and the brokers, either way."""
        member.reachable.clear()
        self.silence(member)

    def reach(self, member: "Member") -> None:
        """Let all pass again; whether it is heard is another matter."""
        member.reachable.set()

    def hear(self, member: "Member") -> None:
        """Hear of a member again; one that was put out meanwhile learns of it soon."""
        member.is_heard(is_known=member in self.members)

    def rebalance(self) -> None:
        """Call all members that have not joined yet; begin a round where there is none."""
        for member in self.members:
            if member not in self._joined:
                member.called.set()
        self._changed.set()
        if self._round is None and self.members:
            for member in self.members:
                member.falls_behind()
            self._round = begin_as("", self._run_round())

    def take(self, member: "Member", points: Mapping[Partition, Point]) -> bool:
        """Take a commit, unless its member is not of this generation."""
        is_current = member in self.members and member.generation == self.generation
        if not is_current or not points.keys() <= member.shared:
            return False
        self.on_commit(member, points)
        self.broker.commits.update(points)
        self.broker.history.append(dict(points))
        return True

    async def _run_round(self) -> None:
        deadline = asyncio.get_running_loop().time() + REBALANCE
        while late := [member for member in self.members if member not in self._joined]:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                for member in late:
                    self.members.pop(member, None)
                    member.called.set()
        self._round = None
        self._begin_generation()

    def _begin_generation(self) -> None:
        self.generation += 1
        shares = self.broker.shares(list(self.members))
        joined, self._joined = self._joined, {}
        for member, future in joined.items():
            member.generation, member.shared = self.generation, set(shares[id(member)])
            if not future.done():
                future.set_result(member.shared)


class Member(FakeSource):
    """A member's client. `commit_fate` decides what befalls each of its commits."""

    def __init__(self, group: Group, rng: random.Random) -> None:
        super().__init__(group.broker)
        self.group = group
        self.generation = -1
        self.shared: set[Partition] = set()  # what the group has given it
        self.silences = 0
        self.is_silent = False
        self.is_answered = False  # by the group, since it was silent last
        self.reachable = asyncio.Event()
        self.reachable.set()
        self.called = asyncio.Event()
        self.is_revoking = False
        self.commit_fate: Callable[[], CommitFate] = CommitFate
        self.arrived = 0.0  # when the last commit does: they travel by one connection
        self.most_at_once = 1000
        self.lease = Lease(session=SESSION, rebalance=REBALANCE)
        self._rng = rng
        self._attending: asyncio.Task[None] | None = None
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._is_idle = False

    async def start(self, topics: Iterable[str], listener: Listener) -> None:
        """Join the group, and wait a while for an assignment; `listener` is told of all."""
        self.subscribed, self.listener = frozenset(topics), listener
        self.called.set()
        self._attending = asyncio.get_running_loop().create_task(self._attend())
        await asyncio.wait({self._begun}, timeout=REBALANCE)

    async def stop(self) -> None:
        """Leave the group, without a word to the listener."""
        if self._attending is not None:
            self._attending.cancel()
        self.owned.clear()
        self.group.leave(self)

    def resubscribe(self, topics: Iterable[str]) -> None:
        """Read these topics from now on; the group rebalances while polls go on."""
        self.subscribed = frozenset(topics)
        self.called.set()

    async def commit(self, points: Mapping[Partition, Point]) -> bool:
        """Commit; False where the group did not take it, or did not say in time."""
        if not points.keys() <= self.owned:
            return False
        fate = self.commit_fate()

        def arrive() -> bool:
            is_lost = fate.is_lost_there or not self.reachable.is_set()
            return not is_lost and self.group.take(self, points)

        is_lost = fate.is_lost_there or fate.is_lost_back or not self.reachable.is_set()
        now = asyncio.get_running_loop().time()
        self.arrived = max(self.arrived + AFTER, now + fate.there)
        answer = over(self.arrived - now, arrive, None if is_lost else fate.back)
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                return await answer
        except TimeoutError:
            return False

    def falls_silent(self) -> None:
        """Let the last heartbeat be one of the last moment, if the group answered any of late."""
        self.silences += 1
        if not self.is_silent:
            self.is_silent = True
            last = self._last_heartbeat()
            if self.is_answered:
                self.lease.heard(last, is_calm=False)
            self.is_answered = False

    def falls_behind(self) -> None:
        """Let a round begin; what is answered from now on says so, until it has joined."""
        if not self.is_silent:
            self.lease.heard(self._last_heartbeat())
            self.lease.heard(math.inf, is_calm=False)

    def _last_heartbeat(self) -> float:
        now = asyncio.get_running_loop().time()
        return now - self._rng.uniform(0, self.group.heartbeat)

    def is_heard(self, *, is_known: bool) -> None:
        """Let heartbeats be answered again, the next one soon."""
        self.silences += 1
        self.is_silent = False
        was = self.silences
        if not is_known:
            self.called.set()
            return

        def answer() -> None:
            if self.silences == was and not self.called.is_set():
                self._is_answered()

        later(self._rng.uniform(0, self.group.heartbeat), answer)

    def _is_answered(self) -> None:
        """Hear from now on that the group knows us; that it is so every second goes unsaid."""
        if not self.is_silent:
            self.is_answered = True
            self.lease.heard(math.inf)

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return the next records, none if all is quiet (or paused) for that long, or longer."""
        if not self.reachable.is_set():
            await asyncio.sleep(seconds)
            return ()
        patience = IDLE_POLL if self._is_idle else seconds
        most = min(max_records, self._rng.randint(1, self.most_at_once))
        records = await super().poll(most, patience)
        self._is_idle = not records
        return records

    async def _attend(self) -> None:
        """Let go, join and begin whenever the group says so, which is heard with a heartbeat."""
        while True:
            await self.called.wait()
            await self.reachable.wait()
            await asyncio.sleep(self._rng.uniform(0, self.group.heartbeat))
            await self._let_go()
            self.called.clear()
            await self.reachable.wait()
            share = await self.group.join(self)
            await self.reachable.wait()
            await asyncio.sleep(self._rng.uniform(0, 0.1))  # its offsets are fetched
            if not self.called.is_set():
                self._is_answered()
                self.begin(share)
                self._note_begun()

    def _note_begun(self) -> None:
        if not self._begun.done():
            self._begun.set_result(None)

    async def _let_go(self) -> None:
        self.is_revoking = True
        if self.owned:
            await self.revoke(sorted(self.owned))
        self.is_revoking = False
