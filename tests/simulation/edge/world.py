"""What befalls the edge to Kafka: brokers in memory, members that read, and what goes wrong."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from aiokafka import TopicPartition

from consumer.record import Partition, Point
from tests.fakes.brokers import Brokers
from tests.fakes.coordinator import Coordinator
from tests.fakes.schedule import begin_as, later, this_loop
from tests.fakes.wire import Wire
from tests.simulation.edge.member import TOPICS, Member

TROUBLE = 20.0  # s in which things go wrong
PATIENCE = 180.0  # s in which all must have been read afterwards
LOOK = 0.5  # s
UNHEARD = "never retrieved"  # as aiokafka leaves the errors of a commit that took too long
HAPPENINGS = 60
MEMBERS = 3  # at most, at a time


# What may happen, and how often for each other.
ACTS = {
    "produce": 12,
    "hold": 6,
    "rebalance": 3,
    "spoil": 1,
    "delete": 1,
    "join": 2,
    "leave": 1,
    "put_out": 1,
    "break_off": 2,
    "stall": 1,
    "forbid": 1,
    "resubscribe": 1,
    "rebuild": 1,
}


class World:
    """Brokers, members and what befalls them."""

    def __init__(self, seed: int, dice: random.Random) -> None:
        self.dice = dice
        self.log: list[str] = []
        self.violations: list[str] = []
        self.played = Counter[str]()
        group = Coordinator(self._name_of, on_commit=self._committed, rebalance_seconds=10.0)
        self.brokers = Brokers(dice, group)
        self.wire = Wire(self.brokers, seed=str(seed), slowest=dice.choice([0.002, 0.02, 0.2]))
        self.members: list[Member] = []
        self.given: dict[Partition, int] = {}  # up to where somebody was handed it out
        self._put = 0

    # -- what happens ---------------------------------------------------------------------

    async def play(self) -> None:
        """Play from the first record to the end."""
        for topic in TOPICS:
            self.brokers.make(topic, self.dice.randint(1, 3))
        for _ in range(self.dice.randint(0, 10)):
            self.produce()
        for _ in range(self.dice.randint(1, 2)):
            self.join()
        drawn = self.dice.choices(list(ACTS), list(ACTS.values()), k=HAPPENINGS)
        for at, act in sorted((self.dice.uniform(0, TROUBLE), act) for act in drawn):
            await asyncio.sleep(max(0.0, at - this_loop().time()))
            self.note(act)
            self.played[act] += 1
            doing: Callable[[], None] = getattr(self, act)
            doing()
        await asyncio.sleep(max(0.0, TROUBLE - this_loop().time()))
        self.heal()
        await self._rest()
        await asyncio.gather(*(member.stop() for member in self.members))
        self.violations += [f"E7: {text}" for text in this_loop().troubles if UNHEARD not in text]

    def produce(self) -> None:
        """Append a few records, here and there with a hole."""
        place = self.dice.choice(list(self.brokers.logs))
        if (kind := self.dice.random()) < 0.1:
            self.brokers.logs[place].skip(self.dice.randint(1, 3))
        elif kind < 0.2:
            self.brokers.logs[place].put_marker()
        self.brokers.put(place, *self._values())

    def spoil(self) -> None:
        """Append a batch with a record that nobody can decode, and good ones elsewhere."""
        for _ in range(self.dice.randint(0, 3)):
            self.produce()
        place = self.dice.choice(list(self.brokers.logs))
        values = self._values()
        self.brokers.put(place, *values, bad=self.dice.randrange(len(values)))

    def delete(self) -> None:
        """Lose the beginning of a log, read or not."""
        log = self.brokers.logs[self.dice.choice(list(self.brokers.logs))]
        log.first = self.dice.randint(log.first, log.end)
        self.brokers.arrived.set()

    def join(self) -> None:
        """Have a member come."""
        if len([one for one in self.members if not one.is_leaving]) < MEMBERS:
            member = Member(self, f"m{len(self.members)}")
            self.members.append(member)
            begin_as(member.name, member.run())

    def leave(self) -> None:
        """Have a member go, unless it is the last one."""
        living = [one for one in self.members if not one.is_leaving]
        if len(living) > 1:
            member = self.dice.choice(living)
            begin_as(member.name, member.stop())

    def rebalance(self) -> None:
        """Have all join again."""
        self.brokers.group.rebalance()

    def put_out(self) -> None:
        """Have the group forget a member that thinks it belongs to it."""
        if self.brokers.group.members:
            self.brokers.group.put_out(self.dice.choice(list(self.brokers.group.members)))

    def break_off(self) -> None:
        """Break a member's connections; for a while it gets no new ones."""
        name = self.dice.choice(self.members).name
        self.wire.break_off(name)
        if self.dice.random() < 0.5:
            self.wire.cut.add(name)
            later(self.dice.uniform(0, 4), lambda: self.wire.cut.discard(name))

    def stall(self) -> None:
        """Let nothing pass to and from a member for a while."""
        name = self.dice.choice(self.members).name
        self.wire.stall(name)
        later(self.dice.uniform(0, 15), lambda: self.wire.flow(name))

    def forbid(self) -> None:
        """Let nobody read a topic for a moment."""
        topic = self.dice.choice(TOPICS)
        self.brokers.forbidden.add(topic)
        self.brokers.arrived.set()
        later(self.dice.uniform(0, 3), lambda: self.brokers.forbidden.discard(topic))

    def hold(self) -> None:
        """Have a member hold some partitions from its next poll on."""
        places = sorted(Partition(*place) for place in self.brokers.logs)
        wanted = self.dice.sample(places, self.dice.randint(0, len(places)))
        self.dice.choice(self.members).wants_held = frozenset(wanted)

    def resubscribe(self) -> None:
        """Have a member find its topics anew, as after one was made."""
        member = self.dice.choice(self.members)
        if member.is_up and not member.is_leaving:
            begin_as(member.name, member.resubscribe())

    def rebuild(self) -> None:
        """Have a member take another client."""
        member = self.dice.choice(self.members)
        if member.is_up and not member.is_leaving:
            begin_as(member.name, member.rebuild())

    def heal(self) -> None:
        """End all trouble."""
        self.brokers.forbidden.clear()
        self.wire.cut.clear()
        for member in self.members:
            self.wire.flow(member.name)
            member.wants_held = frozenset()

    # -- what must hold -------------------------------------------------------------------

    def expected(self, place: Partition, offset: int) -> int | None:
        """Return what is due from an offset on, lost or not; None: nothing, or nothing yet."""
        log = self.brokers.logs[TopicPartition(*place)]
        wall = log.wall(offset)
        end = log.end if wall is None else wall
        return min((one for one in log.values() if offset <= one < end), default=None)

    def broken(self, text: str) -> None:
        """Note that something did not hold."""
        self.note(text)
        self.violations.append(text)

    def note(self, text: str) -> None:
        """Write a line of the log."""
        self.log.append(f"{this_loop().time():8.3f} {text}")

    async def _rest(self) -> None:
        deadline = this_loop().time() + PATIENCE
        while (left := self._unread()) and this_loop().time() < deadline:  # noqa: ASYNC110 - nobody says when
            await asyncio.sleep(LOOK)
        self.violations += [f"E6: {text}" for text in left]

    def _unread(self) -> list[str]:
        """Tell what was not read or committed, is blocked without need, or said to lag."""
        blocked: dict[Partition, str] = {}
        told = []
        for member in self.members:
            if not member.is_leaving:
                blocked |= member.source.blocked
                told += member.lagging()
        for one, log in self.brokers.logs.items():
            place = Partition(*one)
            at = self.brokers.group.commits.get(one, Point(0)).offset
            if at < log.first:
                if not blocked.pop(place, "").startswith(("out_of_range", "unreadable")):
                    told.append(f"{place} is read on at {at}, which was lost")
            elif (offset := self.expected(place, at)) is not None:
                told.append(f"{place} ends at {offset} of {log.end}")
            elif (bad := log.wall(at)) is not None:
                why = blocked.pop(place, "")
                what, _, blocked_at = why.rpartition(" ")
                if what != "unreadable at offset" or not at <= int(blocked_at) <= bad:
                    told.append(f"{place} is not blocked at {bad}, but {why or 'read'}")
        return told + [f"{place} is blocked: {why}" for place, why in sorted(blocked.items())]

    def _committed(self, name: str, place: TopicPartition, point: Point) -> None:
        before = self.brokers.group.commits.get(place, Point(0)).offset
        self.note(f"{name} commits {place.topic}-{place.partition} {point.offset}")
        if not self.brokers.group.members:
            self.broken("E4: a commit by nobody was taken")
        elif place not in self.brokers.group.owned(name):
            self.broken(f"E4: {name} commits {place}, which is another's")
        if point.offset < before:
            self.broken(f"E5: {place} goes back from {before} to {point.offset}")
        ours, log = Partition(*place), self.brokers.logs[place]
        is_new = place not in self.brokers.group.commits
        if point.offset <= log.first and (is_new or any(ours in one.gaps for one in self.members)):
            self.given[ours] = max(point.offset, self.given.get(ours, 0))
        if point.offset > self.given.get(ours, 0):
            self.broken(f"E5: {place} is committed to {point.offset} and was not read so far")

    def _name_of(self, number: int) -> str:
        return f"{self.dice.randrange(1000):03}-{number}"

    def _values(self) -> list[bytes]:
        self._put += 1
        return [b"%d-%d" % (self._put, one) for one in range(self.dice.randint(1, 12))]
