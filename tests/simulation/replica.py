"""One process of the product, put together as `consumer.app` does it, that can be killed."""

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consumer import build
from consumer.backpressure import Buffer
from consumer.deadletters.graveyard import Graveyard
from consumer.deadletters.letter import Burial
from consumer.gate import Gate
from consumer.job import Errand
from consumer.plan import Plan, Planner
from consumer.ports import Sender
from consumer.record import Partition, Point, Record
from consumer.settings.model import Loaded
from consumer.turns import RESERVED
from consumer.worker import Worker
from esputnik.call import Action, Request
from esputnik.client import Client
from esputnik.outcome import Answer, NoAnswer
from tests.corpus import NOW
from tests.fakes.group import CommitFate, Group, Member
from tests.fakes.letters import UncertainWriter, WriteFate
from tests.fakes.meter import CountingMeter
from tests.fakes.schedule import WORLD, begin_as, this_loop
from tests.fakes.time import LoopClock
from tests.fakes.topic import FakeFollowed
from tests.simulation.history import Epoch
from tests.simulation.network import Line, Shortcut, Transport
from tests.simulation.settled import watch_settled

if TYPE_CHECKING:
    from tests.simulation.world import World

ALIVE = "alive"  # no point of any plan: whoever is dead comes no further
FAILED_FETCH = 0.05  # s
DEAD_LETTERS = "esputnik-sync.dead-letter"


class ReplicaClock(LoopClock):
    """A machine's clocks: the one on the wall may be wrong by `skew` seconds."""

    skew = 0.0

    def wall(self) -> float:
        return NOW + self.now() + self.skew


class Replica:
    """`doom` is the point at which it is to be killed, after it passed there `skips` times."""

    def __init__(self, name: str, world: "World", loaded: Loaded, stop_seconds: float) -> None:
        self.name = name
        self.world = world
        self.is_dead = False
        self.is_stopping = False
        self.is_frozen = False
        self.is_cut_off = False
        self.doom = ""
        self.skips = 0
        self.busy: dict[str, Errand] = {}  # names that a request is under way for
        self.clock = ReplicaClock()
        self.meter = _Meter(self)
        self.gate = Gate(loaded.settings.dead_letter.max_ratio)
        self.source = _Source(self, world.group, world.rng("fetch"))
        self.followed = _Followed(world.memory)
        self._rng = random.Random(f"{name} {world.plan.seed}")  # noqa: S311 - chance, not secrecy
        self._build(loaded, stop_seconds)
        self.root: asyncio.Task[None] | None = None

    @property
    def epoch(self) -> Epoch:
        """Return who it is, in which generation of the group."""
        return Epoch(self.name, self.source.generation)

    @property
    def is_outdated(self) -> bool:
        """Tell whether the group has gone on without it, as while it stood still."""
        return self.source.generation != self.world.group.generation

    def _build(self, loaded: Loaded, stop_seconds: float) -> None:
        settings, memory = loaded.settings, self.world.memory
        line = Line(self.world.network, self)
        self._client = client_of(loaded, line) if self.world.plan.has_client else None
        desk, self.memory = build.consent(
            settings,
            secret=build.secret_of(loaded),
            followed=self.followed,
            writer=UncertainWriter(self._write_fate, lambda one: memory.put(one.key, one.value)),
            clock=self.clock,
            rng=self._rng,
        )
        self.delivery = build.delivery(
            settings,
            sender=_Sender(self, line, self._client or Shortcut(line)),
            gate=self.gate,
            clock=self.clock,
            meter=self.meter,
            rng=self._rng,
            caught_up=self.source.caught_up,
            consent=desk,
            lease=self.source.lease,
        )
        self.world.watch.sends_of(self)
        writer = UncertainWriter(self._write_fate, self._written)
        graveyard = Graveyard(
            writer=writer,
            topic=DEAD_LETTERS,
            group=settings.kafka.group_id,
            cluster=settings.kafka.cluster_alias,
            version="0",
            clock=self.clock,
            rng=self._rng,
        )
        self.worker = Worker(
            source=self.source,
            letters=graveyard,
            planner=_Planner(self, build.planner(settings)),  # type: ignore[arg-type]  # as it
            delivery=self.delivery,
            clock=self.clock,
            meter=self.meter,
            buffer=Buffer(records=settings.buffer.max_records, bytes=settings.buffer.max_bytes),
            max_ratio=settings.dead_letter.max_ratio,
            consent=desk,
            stop_seconds=stop_seconds,
        )
        self.delivery.declarations = self.worker
        watch_settled(self)
        self.world.watch.follow(self)

    # -- life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Join the group and work until `stop`."""
        self.root = begin_as(self.name, self._live())
        self.root.add_done_callback(self._ended, context=WORLD)

    async def _live(self) -> None:
        await self.memory.load()
        await self.source.start(self.world.topics, self.worker)
        async with self._client or nullcontext(), asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(one.run()) for one in (self.delivery, self.memory)]
            await self.worker.run()
            for task in beside:
                task.cancel()
        await self.source.stop()
        self.world.history.orphan(self.name)
        self.tell("stopped")

    def stop(self) -> None:
        """Begin to stop gently."""
        self.is_stopping = True
        self.worker.stop()

    def cancel(self, dice: random.Random) -> bool:
        """Cancel one of its tasks; tell whether it must be stopped now, else it ends by itself."""
        if self.is_dead or self.root is None or self.root.done():
            return False
        names = {task: _name_of(task) for task in this_loop().tasks[self.name]}
        task = dice.choice([task for task, name in names.items() if not name.startswith("Member.")])
        self.tell(f"cancels {names[task]}")
        task.cancel()
        return task is not self.root

    def _ended(self, root: asyncio.Task[None]) -> None:
        """Take it for crashed where it was cancelled as a whole: what is left ends with it."""
        if root.cancelled():
            self.kill()

    def kill(self) -> None:
        """End it between two instructions: what it holds is lost, what it sent is on its way."""
        if self.is_dead:
            return
        self.tell("killed")
        self.is_dead = True
        this_loop().go_on(self.name)
        self.world.group.silence(self.source)
        this_loop().cancel_all(self.name)
        self.world.died(self)

    def freeze(self) -> None:
        """Stop it where it is; its heartbeats cease."""
        self.is_frozen = True
        this_loop().stop_owner(self.name)
        self.world.group.silence(self.source)

    def thaw(self) -> None:
        """Let it go on, as if nothing had been."""
        if self.is_frozen and not self.is_dead:
            self.is_frozen = False
            this_loop().go_on(self.name)
            self._is_heard()

    def cut_off(self) -> None:
        """Let it reach no broker; it reaches eSputnik."""
        self.is_cut_off = self.followed.is_held = True
        self.world.group.cut_off(self.source)

    def reach(self) -> None:
        """Let it reach the brokers again."""
        if self.is_cut_off and not self.is_dead:
            self.is_cut_off = self.followed.is_held = False
            self.world.group.reach(self.source)
            self._is_heard()

    def _is_heard(self) -> None:
        if not self.is_frozen and not self.is_cut_off:
            self.world.group.hear(self.source)

    # -- what befalls it ------------------------------------------------------------------

    def crosses(self, point: str) -> bool:
        """Pass a point at which it may be killed; tell whether it is no more."""
        if not self.is_dead and point == self.doom:
            self.skips -= 1
            if self.skips < 0:
                self.world.killed_at(point)
                self.kill()
        return self.is_dead

    async def comes_to(self, point: str) -> None:
        """Pass such a point, or never return."""
        if self.crosses(point):
            await asyncio.get_running_loop().create_future()

    def tell(self, text: str) -> None:
        """Write a line of the log."""
        self.world.tell(f"{self.name} {text}")

    def _write_fate(self) -> WriteFate:
        is_lost = self.crosses("P10") or self.is_cut_off
        return WriteFate(times=0, is_told=False) if is_lost else self.world.write_fate()

    def _written(self, record: Record) -> None:
        self.world.watch.letter(self.world.broker.put(record))
        self.crosses("P11")


class _Source(Member):
    """Its client of the group."""

    def __init__(self, replica: Replica, group: Group, rng: random.Random) -> None:
        super().__init__(group, rng)
        self._replica = replica
        self.commit_fate = self._fate_of_commit
        self.most_at_once = replica.world.plan.fetch_most

    def _fate_of_commit(self) -> CommitFate:
        return self._replica.world.commit_fate()

    def begin(self, partitions: Iterable[Partition]) -> None:
        places = list(partitions)
        self._replica.tell(f"begins {[tuple(place) for place in sorted(places)]}")
        self._replica.world.watch.begins(self._replica, places)
        super().begin(places)
        self._replica.crosses("P0")

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        await self._replica.comes_to(ALIVE)
        if self._replica.world.is_struck("fetch"):
            self.fails_next = True
            await asyncio.sleep(FAILED_FETCH)
        records = await super().poll(max_records, seconds)
        if records:
            await self._replica.comes_to("P1")
        return records

    async def revoke(self, partitions: Iterable[Partition]) -> None:
        places = list(partitions)
        await super().revoke(places)
        self._replica.world.history.orphan(self._replica.name)

    async def commit(self, points: Mapping[Partition, Point]) -> bool:
        replica = self._replica
        await replica.comes_to("P15" if replica.is_stopping else ALIVE)
        taken = await super().commit(points)
        await replica.comes_to("P14" if self.is_revoking else ALIVE)
        if taken:
            replica.world.watch.acknowledged(replica, points)
        return taken


class _Followed(FakeFollowed):
    """What others have remembered of consent. Who is cut off cannot even ask how much that is."""

    async def ends(self) -> Mapping[Partition, int] | None:
        found = await super().ends()
        return None if self.is_held else found


class _Planner:
    """Its planner, which is asked about every record that was taken."""

    def __init__(self, replica: Replica, planner: Planner) -> None:
        self._replica = replica
        self._planner = planner

    def plan(self, record: Record, now: float) -> Plan:
        self._replica.world.watch.handed(self._replica, record)
        return self._planner.plan(record, now)


class _Sender:
    """Its way to eSputnik, looked at before and after."""

    def __init__(self, replica: Replica, line: Line, sender: Sender) -> None:
        self._replica = replica
        self._line = line
        self._sender = sender

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        replica, action = self._replica, request.action
        await replica.comes_to(_before(request, key))
        if replica.is_stopping:
            await replica.comes_to("P15")
        replica.world.watch.sent(replica, request, key)
        answer = await self._sender.exchange(request, key=key)
        await replica.comes_to("P8" if action is Action.BULK_CONTACTS else "P6")
        if key is not None:  # what nobody answered in time is in doubt
            replica.world.watch.answered(replica, key, self._line.heard.pop(key, "doubt"))
        return answer


def _name_of(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", "")


def client_of(loaded: Loaded, line: Line) -> Client:
    """Return the product's own client, on a line of ours."""
    api = loaded.settings.esputnik
    return Client(
        base_url=api.base_url,
        login=api.login,
        api_key=loaded.api_key(),
        timeout=api.timeout,
        max_in_flight=api.max_in_flight + RESERVED,
        transport=Transport(line, urlsplit(api.base_url).path),
    )


def _before(request: Request, key: str | None) -> str:
    if request.action is Action.IMPORT_STATUS:
        return "P9"
    return "P3" if request.action in COUNTED and key else "P2"


COUNTED = {Action.SEND_MESSAGE, Action.GENERATE_EVENT, Action.CREATE_INBOX_MESSAGE}


class _Meter(CountingMeter):
    """Counts, and passes the points at which something was just finished."""

    def __init__(self, replica: Replica) -> None:
        super().__init__()
        self._replica = replica

    def delivered(self, event_type: str, delay: float) -> None:
        super().delivered(event_type, delay)
        self._replica.crosses("P7")

    def buried(self, burial: Burial) -> None:
        super().buried(burial)
        self._replica.crosses("P12")
