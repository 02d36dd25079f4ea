"""A source of records: a member of the consumer group that outlives the clients it is made of."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from consumer.errors import SyncError
from consumer.kafka.connection import Connection
from consumer.kafka.fetching import BrokenError
from consumer.kafka.membership import Membership, join, lease_of
from consumer.kafka.starts import GroupOptions
from consumer.ports import Listener
from consumer.record import Partition, Point, Record

log = structlog.get_logger()

REJOIN_SECONDS = 5.0  # between tries to get a client that works
BREATH = 1.0  # s before a new client: what broke the last one may break it at once


class KafkaSource:
    """Reads for the group. A client that breaks, or is given up, is replaced by a new one.

    Whatever takes long runs as a chore beside the polls, which bring nothing meanwhile.
    """

    def __init__(self, connection: Connection, group: GroupOptions) -> None:
        self._connection = connection
        self._group = group
        self._gaps = set(group.gaps)
        self.lease = lease_of(connection)
        self._topics: frozenset[str] = frozenset()
        self._listener: Listener | None = None
        self._member: Membership | None = None
        self._held: frozenset[Partition] = frozenset()
        self._chore: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None

    # -- beginning and end ----------------------------------------------------------------

    async def start(self, topics: Iterable[str], listener: Listener) -> None:
        """Join the group; `listener` is told of every assignment from now on.

        Raises:
            CredentialsError: The brokers refuse the credentials, or the group.
            KafkaUnreachableError: No broker answered in time.
        """
        self._topics, self._listener = frozenset(topics), listener
        self._member = await self._join()
        if not self._topics:
            return
        try:
            await self._member.first_assignment(self._connection)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Leave the group, within bounds even where no broker answers."""
        if self._chore is not None:
            self._chore.cancel()
            await asyncio.wait({self._chore})
        if self._leaving is not None:
            await asyncio.wait({self._leaving})
        if self._member is not None:
            await self._member.leave()

    def resubscribe(self, topics: Iterable[str]) -> None:
        """Read these topics from now on; the group rebalances."""
        self._topics = frozenset(topics)
        self._begin_chore(self._resubscribe)

    def rebuild(self) -> None:
        """Leave the group and join it anew with another client."""
        self._begin_chore(self._rebuild)

    # -- records --------------------------------------------------------------------------

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return the next records, none if all is quiet (or paused) for that long."""
        member = await self._readable(seconds)
        if member is None:
            return ()
        if member.assignment.fault is not None:
            raise member.assignment.fault
        await member.assignment.go_on()
        try:
            member.look()
            return await member.fetching.poll(max_records, seconds)
        except BrokenError as trouble:
            log.warning("kafka_client_broken", error=str(trouble))
            self.rebuild()
            return ()

    def hold(self, partitions: Collection[Partition]) -> None:
        """Fetch nothing of these partitions, and all others; blocked ones stay paused."""
        held = frozenset(partitions)
        if held != self._held:
            self._held = held
            if self._member is not None:
                self._member.assignment.hold(held)

    async def commit(self, points: Mapping[Partition, Point]) -> bool:
        """Commit; False where the group did not take it (the assignment is over, or later)."""
        return self._member is not None and await self._member.commit(points)

    # -- how things stand -----------------------------------------------------------------

    @property
    def has_topics(self) -> bool:
        """Tell whether there is a topic to read."""
        return bool(self._topics)

    @property
    def is_joined(self) -> bool:
        """Tell whether the group has given an assignment; an empty one counts."""
        member = self._member
        return member is not None and (member.assignment.joined.is_set() or not self._topics)

    @property
    def blocked(self) -> dict[Partition, str]:
        """Return the partitions that cannot be read on, and why."""
        return self._member.assignment.blocked if self._member is not None else {}

    def caught_up(self) -> bool:
        """Tell whether everything fetchable was handed out."""
        return self._member is not None and self._member.fetching.is_caught_up

    def lags(self) -> dict[Partition, int]:
        """Return how many records lie between what was taken and the fetched ends."""
        return self._member.fetching.lags() if self._member is not None else {}

    def share(self) -> float:
        """Return this member's part of all partitions that the group reads, 0 to 1."""
        return self._member.share(self._topics) if self._member is not None else 0.0

    async def keeps_progress(self) -> bool | None:
        """Tell whether the broker gives back what is told beside an offset; None: not found out.

        To be asked before the first poll.
        """
        return await self._member.keeps_progress() if self._member is not None else None

    async def behind(self) -> int | None:
        """Return how many records wait at the broker; None where it does not tell in time.

        Asks for the ends of the logs: what fetches showed says nothing where they have ceased.
        """
        return await self._member.behind() if self._member is not None else None

    async def topics(self) -> frozenset[str]:
        """Return the topics that exist and may be seen; none while no broker tells."""
        if self._member is None:
            return frozenset()
        try:
            return frozenset(await self._member.consumer.topics())
        except KafkaError as trouble:
            log.warning("topics_not_known", error=type(trouble).__name__)
            return frozenset()

    # -- chores ---------------------------------------------------------------------------

    async def _resubscribe(self) -> None:
        if self._member is not None:  # else the next one subscribes to them
            await self._member.let_go()
            self._member.subscribe(self._topics)

    async def _rebuild(self) -> None:
        if self._member is not None:
            await self._member.let_go()
            leaving, self._member = self._member, None
            # A task of its own: a stop meanwhile must not leave it in the group.
            self._leaving = asyncio.get_running_loop().create_task(leaving.leave())
            await asyncio.wait({self._leaving})
            self._leaving.result()
            await asyncio.sleep(BREATH)
        while self._member is None:
            try:
                self._member = await self._join()
            except SyncError as trouble:
                log.warning("kafka_not_rejoined", error=str(trouble))
                await asyncio.sleep(REJOIN_SECONDS)

    async def _join(self) -> Membership:
        member = await join(
            self._connection,
            self._group,
            self._topics,
            listener=self._told,
            lease=self.lease,
            gaps=self._gaps,
        )
        member.assignment.hold(self._held)  # as it is by now: to connect takes a while
        return member

    def _begin_chore(self, chore: Callable[[], Coroutine[Any, Any, None]]) -> None:
        before = self._chore

        async def in_turn() -> None:
            if before is not None:
                await before
            await chore()

        self._chore = asyncio.get_running_loop().create_task(in_turn())

    async def _readable(self, seconds: float) -> Membership | None:
        """Return the client to read from; None where there is nothing to read for now."""
        if self._chore is not None:
            await asyncio.wait({self._chore}, timeout=seconds)
            if not self._chore.done():
                return None
            chore, self._chore = self._chore, None
            chore.result()
        if not self._topics:
            await asyncio.sleep(seconds)
            return None
        return self._member

    @property
    def _told(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("the source was not started")
        return self._listener
