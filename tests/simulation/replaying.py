"""Replays a history's dead letters, put together as `esputnik-sync replay --yes` does it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

from consumer import build
from consumer.consent.desk import ConsentDesk
from consumer.deadletters.graveyard import Graveyard
from consumer.deadletters.letter import DeadLetter, letter_id, read_letter
from consumer.deadletters.memory import SENDING, Memory, remembered
from consumer.deadletters.reading import Reading, newest, read_letters
from consumer.deadletters.replay import Replay, Step, Verdict, decide
from consumer.delivery import Delivery
from consumer.gate import Gate
from consumer.job import Errand
from consumer.plan import Planned
from consumer.ports import Sender
from consumer.record import Record
from consumer.shares import REPLAY_SHARE, Traffic
from esputnik.call import Request
from esputnik.outcome import Answer, NoAnswer
from tests.fakes.letters import UncertainWriter
from tests.fakes.meter import CountingMeter
from tests.fakes.schedule import begin_as, later, this_loop
from tests.fakes.topic import FakeFollowed
from tests.simulation.final import check_stopped
from tests.simulation.history import Epoch
from tests.simulation.network import Line, Shortcut
from tests.simulation.plan import Fault
from tests.simulation.replica import COUNTED, DEAD_LETTERS, ReplicaClock, client_of
from tests.simulation.requests import faults
from tests.simulation.watch import MERGED, Entry, Send

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE = 4 * 3600.0  # s in which a replay must have ended
SETTLING = 60.0  # s; longer than a request may be on its way


class Replayer:
    """A process that replays every letter there is; it may be killed."""

    def __init__(self, name: str, world: "World", steps: Sequence[Step]) -> None:
        self.name = name
        self.world = world
        self.is_dead = False
        self.busy: dict[str, Errand] = {}
        self.clock = ReplicaClock()
        self.meter = CountingMeter()
        self.steps = {step.found.letter.id: step for step in steps}
        self._rng = random.Random(f"{name} {world.plan.seed}")  # noqa: S311 - chance, not secrecy
        settings = world.loaded.settings
        line = Line(world.network, self)
        self._client = client_of(world.loaded, line) if world.plan.has_client else None
        desk, self._memory = build.consent(
            settings,
            secret=build.secret_of(world.loaded),
            followed=FakeFollowed(world.memory),
            writer=UncertainWriter(world.write_fate, lambda one: world.memory.put(one[4], one[5])),
            clock=self.clock,
            rng=self._rng,
        )
        self.delivery = self._delivery(_Sender(self, line, self._client or Shortcut(line)), desk)
        world.watch.sends_of(self)
        self.replay = Replay(
            planner=build.planner(settings),
            delivery=self.delivery,
            letters=Graveyard(
                writer=UncertainWriter(world.write_fate, self._written),
                topic=DEAD_LETTERS,
                group=settings.kafka.group_id,
                cluster=settings.kafka.cluster_alias,
                version="0",
                clock=self.clock,
                rng=self._rng,
            ),
            memory=Memory(
                UncertainWriter(world.write_fate, world.notes.append), "notes", self.clock
            ),
            clock=self.clock,
            rate=None,
            told=lambda _: None,
            consent=desk,
        )
        self.delivery.declarations = self.replay
        self.root = begin_as(name, self._live())

    def _delivery(self, sender: Sender, desk: ConsentDesk) -> Delivery:
        settings = self.world.loaded.settings
        carrying = build.delivery(
            settings,
            sender=sender,
            gate=Gate(settings.dead_letter.max_ratio),
            clock=self.clock,
            meter=self.meter,
            rng=self._rng,
            traffic=Traffic.REPLAY,
            consent=desk,
        )
        carrying.share(REPLAY_SHARE)
        return carrying

    async def _live(self) -> None:
        todo = [step for step in self.steps.values() if step.verdict is Verdict.SEND]
        self.tell(f"replays {len(todo)} of {len(self.steps)}")
        async with self._client or nullcontext():
            await self._memory.load()
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(one.run()) for one in (self.delivery, self._memory)]
                await self.replay.run(todo)
                for task in beside:
                    task.cancel()
        self.tell("stopped")

    # -- as the network and the watch know a process ---------------------------------------

    @property
    def epoch(self) -> Epoch:
        """Return who it is; it reads no partition."""
        return Epoch(self.name, 0)

    @property
    def is_outdated(self) -> bool:
        """Tell that no group can go on without it."""
        return False

    def crosses(self, _: str) -> bool:
        """Tell whether it is no more."""
        return self.is_dead

    def tell(self, text: str) -> None:
        """Write a line of the log."""
        self.world.tell(f"{self.name} {text}")

    def kill(self) -> None:
        """End it between two instructions."""
        if not self.root.done():
            self.tell("killed")
            self.is_dead = True
            this_loop().cancel_all(self.name)
            self.world.history.orphan(self.name)

    # -- what must hold --------------------------------------------------------------------

    def _written(self, record: Record) -> None:
        """A letter counts its replays; what else must hold of it the watch looks at."""
        kept = self.world.broker.put(record)
        self.world.watch.letter(kept)
        found = read_letter(kept)
        assert isinstance(found, DeadLetter)
        before = self.steps[found.id].found.letter
        if (found.attempts, found.first_at) != (before.attempts + 1, before.first_at):
            self.world.watch.broken("I18", f"a letter of {found.reason} tells of other replays")

    def sent(self, request: Request, key: str | None) -> None:
        """I7, I13: what a request carries. I10, I15: whether it may go."""
        watch = self.world.watch
        self.tell(f"sends {request.action} {key or ''}")
        for number, text in faults(request, self.world.plan.settings):
            watch.broken(number, text)
        if key is None or request.action not in COUNTED or key not in watch.by_key:
            return
        entries, states = watch.by_key[key], _states(self.world)
        ids = [letter_id("main", entry.record) for entry in entries]
        if not any(states.get(one) == SENDING for one in ids):
            watch.broken("I15", f"{self.name} sends {key} unannounced")
        at_most_once = self.world.plan.settings["sends.delivery"] == "at_most_once"
        may = {"clear"} if at_most_once else {"clear", "doubt", "open"}
        if len(entries) == 1 and not may.issuperset(send.fate for send in watch.sends[key]):
            watch.broken("I10", f"{self.name} sends {key} again after {watch.sends[key]}")
        watch.sends[key].append(Send(epoch=self.epoch))


class _Sender:
    """Its way to eSputnik, looked at before and after."""

    def __init__(self, replayer: Replayer, line: Line, sender: Sender) -> None:
        self._replayer = replayer
        self._line = line
        self._sender = sender

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        self._replayer.sent(request, key)
        answer = await self._sender.exchange(request, key=key)
        if key is not None:
            heard = self._line.heard.pop(key, "doubt")
            self._replayer.world.watch.answered(self._replayer, key, heard)
        return answer


# -- one replay after the other --------------------------------------------------------------


async def replayed(world: "World") -> list[Planned]:
    """Replay all that was buried, as often as the plan says; return what was told so, in order."""
    told: dict[str, Planned] = {}
    for number, rerun in enumerate(world.plan.reruns, 1):
        if rerun.is_mended:
            world.account.faults.rule([])
        if rerun.fault:
            world.begin_fault(
                Fault(at=0.0, seconds=rerun.seconds, kind=rerun.fault, chance=rerun.chance)
            )
        replayer = Replayer(f"replay{number}", world, await _steps(world))
        if rerun.killed_after:
            later(rerun.killed_after, replayer.kill)
        world.played["replay"] += 1
        await asyncio.wait({replayer.root}, timeout=PATIENCE)
        world.heal()
        await _settled(world)
        for name, plan in _told(replayer):
            told.pop(name, None)  # what a killed one had told already is told anew
            told[name] = plan
        await _ended(replayer)
    return list(told.values())


async def _steps(world: "World") -> list[Step]:
    """Return what becomes of each letter there is."""
    logs = [log for place, log in world.broker.logs.items() if place.topic == DEAD_LETTERS]
    records = _each([record for log in logs for record in log])
    found = newest([one async for one in read_letters(records, Reading())])
    return decide(
        found,
        known=await remembered(_each(world.notes)),
        max_attempts=world.loaded.settings.replay.max_attempts,
        in_doubt=False,
    )


async def _each(records: Sequence[Record]) -> AsyncIterator[Record]:
    for record in records:
        yield record


async def _settled(world: "World") -> None:
    """Wait until all that was sent has come to something, awaited or not."""
    await asyncio.sleep(SETTLING)
    world.history.look(world.network.now)
    while world.history.is_pending():
        await asyncio.sleep(1)
        world.history.look(world.network.now)


def _told(replayer: Replayer) -> Iterator[tuple[str, Planned]]:
    """Return what a replay told, by letter; I3: what it counts as delivered was executed."""
    world = replayer.world
    entries = {letter_id("main", entry.record): entry for entry in world.watch.entries.values()}
    ends = {one.letter.id: one.outcome for one in replayer.replay.tally.ended}
    for name, step in replayer.steps.items():
        entry, end = entries[name], ends.get(name)
        is_executed = _is_executed(entry, replayer)
        if end == "delivered" and not is_executed and entry.told.kind not in MERGED:
            world.watch.broken("I3", f"{replayer.name} did not deliver a {entry.told.kind}")
        is_told = end == "delivered" or (end is None and is_executed)
        if is_told and isinstance(entry.plan, Planned):
            yield name, _left(entry.plan, step)


def _is_executed(entry: Entry, replayer: Replayer) -> bool:
    """Tell whether what a record asks for was executed by this replay, if only in part."""
    history, told = replayer.world.history, entry.told
    found = [history.targets[target] for target in told.targets] or [history.stamps[told.stamp]]
    return any(one.epoch == replayer.epoch for each in found for one in each)


def _left(plan: Planned, step: Step) -> Planned:
    """Return a plan without the calls that were delivered before its letter was written."""
    fates = step.found.letter.fates
    delivered = {(fate.intent, fate.slot) for fate in fates if fate.state == "D"}
    return plan._replace(
        calls=tuple(call for call in plan.calls if (call.intent, call.slot) not in delivered)
    )


async def _ended(replayer: Replayer) -> None:
    """I16, L1, L2: a replay comes to an end, and leaves nothing behind."""
    broken, root = replayer.world.watch.broken, replayer.root
    if not root.done():
        broken("L1", f"{replayer.name} does not end")
    elif not root.cancelled() and root.exception() is not None:
        broken("L2", f"{replayer.name} ended by {root.exception()!r}")
    this_loop().cancel_all(replayer.name)
    await asyncio.sleep(1)
    check_stopped(replayer)


def _states(world: "World") -> dict[str, bytes | None]:
    """Return what replays have written down, by letter."""
    return {(note.key or b"").decode(): note.value for note in world.notes}
