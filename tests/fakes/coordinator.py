"""A group's coordinator, by Kafka's own protocol: what it answers to each request of a member.

Eager generations, as aiokafka has them: a round begins when a member comes, goes, is silent for a
session or asks anew, and ends when all have joined again or the time for that is over. A commit
counts if it names the present generation.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import (
    IllegalGenerationError,
    NoError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from consumer.record import Point
from tests.fakes.schedule import later

CALM: int = NoError.errno
UNKNOWN: int = UnknownMemberIdError.errno
OUTDATED: int = IllegalGenerationError.errno
REBALANCING: int = RebalanceInProgressError.errno

Answer = dict[str, Any]  # the fields of a response


class Phase(Enum):
    """Where a group is between two generations."""

    EMPTY = "empty"
    JOINING = "joining"  # members are waited for
    SYNCING = "syncing"  # the leader is waited for
    STABLE = "stable"


@dataclass(eq=False, kw_only=True)
class Guest:
    """A member as the group knows it. Futures are set while it waits for that answer."""

    name: str
    session: float  # s
    metadata: bytes = b""
    share: bytes = b""
    joining: asyncio.Future[Answer] | None = None
    syncing: asyncio.Future[Answer] | None = None
    silences: int = 0


@dataclass(eq=False)
class Coordinator:
    """One group. `name_of` makes the ids of members: partitions are shared out in their order."""

    name_of: Callable[[int], str] = "member-{:03}".format
    commits: dict[TopicPartition, Point] = field(default_factory=dict)
    members: dict[str, Guest] = field(default_factory=dict)
    on_commit: Callable[[str, TopicPartition, Point], None] = lambda *_: None
    generation: int = 0
    phase: Phase = Phase.EMPTY
    rebalance_seconds: float = 30.0
    _leader: str = ""
    _named: int = 0
    _rounds: int = 0

    # -- what members ask -----------------------------------------------------------------

    async def join(self, asked: Any) -> Answer:
        """Take a member into the next generation, and answer when that has begun."""
        guest = self.members.get(asked.member_id)
        if guest is None and asked.member_id:
            return _not_joined(UNKNOWN)
        if guest is None:
            guest = self._welcome(asked.session_timeout / 1000)
        (_, metadata), *_ = asked.group_protocols
        is_known = self.phase is Phase.STABLE and metadata == guest.metadata
        if is_known and guest.name != self._leader:
            return self._joined(guest)
        _tell(guest.joining, _not_joined(UNKNOWN))  # it asked before, and was not answered
        guest.metadata = metadata
        guest.silences += 1  # who waits for an answer is not put out
        joining: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        guest.joining = joining
        self.rebalance()
        return await joining

    async def sync(self, asked: Any) -> Answer:
        """Give a member its share, once the leader has shared out."""
        guest = self.members.get(asked.member_id)
        if guest is None:
            return _synced(UNKNOWN)
        if asked.generation_id != self.generation:
            return _synced(OUTDATED)
        if self.phase is Phase.JOINING:
            return _synced(REBALANCING)
        self._hear(guest)
        if self.phase is Phase.STABLE:
            return _synced(CALM, guest.share)
        syncing: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        guest.syncing = syncing
        if guest.name == self._leader:
            self._share_out(dict(asked.group_assignment))
        return await syncing

    async def heartbeat(self, asked: Any) -> Answer:
        """Tell a member how things stand."""
        guest = self.members.get(asked.member_id)
        if guest is None:
            return {"error_code": UNKNOWN}
        if asked.generation_id != self.generation:
            return {"error_code": OUTDATED}
        self._hear(guest)
        return {"error_code": REBALANCING if self.phase is Phase.JOINING else CALM}

    async def leave(self, asked: Any) -> Answer:
        """Let a member go."""
        if asked.member_id not in self.members:
            return {"error_code": UNKNOWN}
        self.put_out(asked.member_id)
        return {"error_code": CALM}

    async def commit(self, asked: Any) -> Answer:
        """Take a commit, or say why not."""
        error = self._refusal(asked.consumer_id, asked.consumer_group_generation_id)
        told = []
        for topic, places in asked.topics:
            told.append((topic, [(number, error) for number, _, _ in places]))
            for number, offset, beside in places if error == CALM else ():
                place, point = TopicPartition(topic, number), Point(offset, beside)
                self.on_commit(asked.consumer_id, place, point)
                self.commits[place] = point
        return {"topics": told}

    async def committed(self, asked: Any) -> Answer:
        """Tell what was committed; -1 where nothing was."""
        none = Point(-1)
        told = []
        for topic, numbers in asked.topics:
            found = [(one, self.commits.get(TopicPartition(topic, one), none)) for one in numbers]
            told.append((topic, [(one, *point, CALM) for one, point in sorted(found)]))
        return {"topics": told, "error_code": CALM}

    # -- what befalls the group -----------------------------------------------------------

    def rebalance(self) -> None:
        """Begin a round, unless there is one."""
        if self.phase is not Phase.JOINING:
            for guest in self.members.values():
                _tell(guest.syncing, _synced(REBALANCING))
            self.phase = Phase.JOINING
            self._rounds += 1
            this = self._rounds

            def give_up() -> None:
                if self._rounds == this:
                    self._begin()

            later(self.rebalance_seconds, give_up)
        if all(guest.joining is not None for guest in self.members.values()):
            self._begin()

    def put_out(self, name: str) -> None:
        """Forget a member, which learns of it when it asks next."""
        guest = self.members.pop(name, None)
        if guest is None:
            return
        guest.silences += 1
        _tell(guest.joining, _not_joined(UNKNOWN))
        _tell(guest.syncing, _synced(UNKNOWN))
        self.rebalance()

    def owned(self, name: str) -> set[TopicPartition]:
        """Return what a member was given in this generation."""
        share = self.members[name].share
        return set(ConsumerProtocol.ASSIGNMENT.decode(share).partitions()) if share else set()

    # -- within ---------------------------------------------------------------------------

    def _welcome(self, session: float) -> Guest:
        self._named += 1
        guest = Guest(name=self.name_of(self._named), session=session)
        self.members[guest.name] = guest
        return guest

    def _refusal(self, name: str, generation: int) -> int:
        if name not in self.members:
            return CALM if generation < 0 and not self.members else UNKNOWN
        if generation != self.generation:
            return OUTDATED
        self._hear(self.members[name])
        return REBALANCING if self.phase is Phase.SYNCING else CALM

    def _begin(self) -> None:
        """Begin the next generation with those that have joined."""
        self._rounds += 1
        joined = {one.name: one for one in self.members.values() if one.joining is not None}
        for late in self.members.keys() - joined.keys():
            self.members[late].silences += 1
        self.members = joined
        self.generation += 1
        self.phase = Phase.SYNCING if joined else Phase.EMPTY
        if self._leader not in joined:
            self._leader = next(iter(joined), "")
        for guest in joined.values():
            guest.share = b""
            _tell(guest.joining, self._joined(guest))
            guest.joining = guest.syncing = None
            self._hear(guest)

    def _share_out(self, shares: dict[str, bytes]) -> None:
        self.phase = Phase.STABLE
        for guest in self.members.values():
            guest.share = shares.get(guest.name, b"")
            _tell(guest.syncing, _synced(CALM, guest.share))
            guest.syncing = None

    def _hear(self, guest: Guest) -> None:
        guest.silences += 1
        was = guest.silences

        def expire() -> None:
            if guest.silences == was:
                self.put_out(guest.name)

        later(guest.session, expire)

    def _joined(self, guest: Guest) -> Answer:
        is_leader = guest.name == self._leader
        all_members = [(one.name, one.metadata) for one in self.members.values()]
        return {
            "error_code": CALM,
            "generation_id": self.generation,
            "group_protocol": "range",
            "leader_id": self._leader,
            "member_id": guest.name,
            "members": all_members if is_leader else [],
        }


def _not_joined(error: int) -> Answer:
    return {
        "error_code": error,
        "generation_id": -1,
        "group_protocol": "",
        "leader_id": "",
        "member_id": "",
        "members": [],
    }


def _synced(error: int, share: bytes = b"") -> Answer:
    return {"error_code": error, "member_assignment": share}


def _tell(waiting: asyncio.Future[Answer] | None, answer: Answer) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(answer)
