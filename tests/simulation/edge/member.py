"""A member that reads as a worker does, and looks at what it is handed out."""

import asyncio
import random
from collections.abc import Iterable, Mapping
from typing import Protocol

from aiokafka import TopicPartition

from consumer.errors import KafkaUnreachableError
from consumer.kafka import Connection, GroupOptions, KafkaSource
from consumer.record import Partition, Point, Record
from tests.fakes.brokers import Brokers
from tests.fakes.schedule import begin_as

ADDRESS = Connection(bootstrap_servers="127.0.0.1:9092", start_timeout=5.0)
TOPICS = ("a", "b")


class Around(Protocol):
    """What a member knows of its world. `given`: up to where anybody was handed a partition out."""

    dice: random.Random
    brokers: Brokers
    given: dict[Partition, int]

    def expected(self, place: Partition, offset: int) -> int | None: ...
    def note(self, text: str) -> None: ...
    def broken(self, text: str) -> None: ...


class Member:
    """`wants_held` is what it holds from its next poll on; `gaps` what may be lost."""

    def __init__(self, world: Around, name: str) -> None:
        self.world = world
        self.name = name
        places = [place for place in world.brokers.logs if world.dice.random() < 0.5]
        self.gaps = frozenset(Partition(*place) for place in places)
        self.source = self._new_source()
        self.is_up = False
        self.is_leaving = False
        self.wants_held: frozenset[Partition] = frozenset()
        self._next: dict[Partition, int] = {}
        self._held: frozenset[Partition] = frozenset()
        self._just_held: frozenset[Partition] = frozenset()  # a fetch may have ended before
        self._over = asyncio.Event()
        self._committing = asyncio.Lock()
        self._at_once = world.dice.randint(1, 40)  # records of a poll

    # -- what the source tells ------------------------------------------------------------

    def assigned(self, starts: Mapping[Partition, Point]) -> None:
        """Begin where the group has committed."""
        for place, start in sorted(starts.items()):
            self.note(f"begins {place.topic}-{place.number} at {start.offset}")
            if place in self._next:
                self.broken(f"E3: {place} was not taken away before it is given")
            if self.world.brokers.group.commits[TopicPartition(*place)] != start:
                self.broken(f"E3: {place} begins at {start}, which is not committed")
            self._next[place] = start.offset

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        """Take some time, commit, forget."""
        places = sorted(partitions)
        self.note(f"lets go of {[f'{place.topic}-{place.number}' for place in places]}")
        await asyncio.sleep(self.world.dice.choice([0.0, 0.01, 1.0]))
        await self._commit(places)
        for place in places:
            self._next.pop(place, None)

    def next_to_take(self) -> Mapping[Partition, int]:
        """Return what must be read next."""
        return dict(self._next)

    # -- a member's life ------------------------------------------------------------------

    async def run(self) -> None:
        """Read until told to leave."""
        try:
            await self._start()
            while not self.is_leaving:
                await self._poll()
                await asyncio.sleep(self.world.dice.choice([0.0, 0.0, 0.3]))  # it has work to do
                if self.world.dice.random() < 0.2:
                    begin_as(self.name, self._commit(sorted(self._next)))
        except Exception as trouble:  # noqa: BLE001 - whatever it is, it must not be
            self.broken(f"E7: {trouble!r}")
        finally:
            self._over.set()

    async def stop(self) -> None:
        """Leave the group with all committed, as far as it can be."""
        self.is_leaving = True
        await self._over.wait()
        await self._commit(sorted(self._next))
        self._next.clear()
        await self.source.stop()
        self.is_up = False

    async def resubscribe(self) -> None:
        """Find the topics anew."""
        self.source.resubscribe(TOPICS)

    async def rebuild(self) -> None:
        """Take another client."""
        self.source.rebuild()

    def lagging(self) -> list[str]:
        """Return what says that it has not read everything that is not blocked."""
        blocked, lags = self.source.blocked, sorted(self.source.lags().items())
        told = [f"{place} lags {lag}" for place, lag in lags if lag and place not in blocked]
        return told if self.source.caught_up() else [*told, f"{self.name} has not caught up"]

    def note(self, text: str) -> None:
        """Write a line of the log."""
        self.world.note(f"{self.name} {text}")

    def broken(self, text: str) -> None:
        """Note that something did not hold."""
        self.world.broken(f"{text} ({self.name})")

    def _new_source(self) -> KafkaSource:
        return KafkaSource(ADDRESS, GroupOptions(group_id="group", gaps=self.gaps))

    async def _start(self) -> None:
        while not self.is_up and not self.is_leaving:
            try:
                await self.source.start(TOPICS, self)
                self.is_up = True
            except KafkaUnreachableError:
                self.note("does not start")
                self.source = self._new_source()

    async def _poll(self) -> None:
        if self.wants_held != self._held:
            self._just_held |= self.wants_held - self._held
            self._held = self.wants_held
            self.note(f"holds {[f'{place.topic}-{place.number}' for place in sorted(self._held)]}")
            self.source.hold(self._held)
        most, seconds = self._at_once, self.world.dice.choice([0.05, 0.2, 1.0])
        blocked = self.source.blocked
        records = await self.source.poll(most, seconds)
        if len(records) > most:
            self.broken(f"E1: {len(records)} records, {most} wanted")
        for record in records:
            self._take(record)
            if record.place in blocked.keys() & self.source.blocked.keys():
                self.broken(f"E2: {record.place} is blocked")
            if record.place in self._held - self._just_held:
                self.broken(f"E2: {record.place} is held")
        if records:
            self._just_held = frozenset()

    def _take(self, record: Record) -> None:
        place, offset = record.place, record.offset
        self.note(f"takes {place.topic}-{place.number} {offset}")
        at = self._next.get(place)
        if at is None:
            self.broken(f"E3: {place} {offset} is handed out, which was taken away")
            return
        if offset != (wanted := self.world.expected(place, at)):
            self.broken(f"E1: {place} {offset} is handed out, {wanted} was due")
        if record.value != self.world.brokers.logs[TopicPartition(*place)].values().get(offset):
            self.broken(f"E1: {place} {offset} is not what lies there")
        self._next[place] = offset + 1
        self.world.given[place] = max(offset + 1, self.world.given.get(place, 0))

    async def _commit(self, places: Iterable[Partition]) -> None:
        async with self._committing:
            points = {place: Point(self._next[place]) for place in places if place in self._next}
            if points and not await self.source.commit(points):
                self.note("commits in vain")
