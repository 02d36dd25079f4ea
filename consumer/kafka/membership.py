"""One client in the group, from joining to leaving."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from consumer.kafka.answers import renew
from consumer.kafka.assignment import Assignment
from consumer.kafka.commits import Commits
from consumer.kafka.connection import AUTHENTICATION_FAULTS, Connection, refused, start, stop
from consumer.kafka.fence import fence
from consumer.kafka.fetching import BrokenError, Fetching
from consumer.kafka.reading import FETCH_BYTES, partition, topic_partition
from consumer.kafka.starts import GroupOptions, Starts
from consumer.lease import Lease
from consumer.ports import Listener
from consumer.progress import NOTHING_TOLD
from consumer.record import Partition, Point

log = structlog.get_logger()

SESSION_MS = 45_000
LOOPBACK_SESSION_MS = 10_000  # no network can cut off a member: a crash is noticed sooner
HEARTBEAT_MS = 1_000  # so soon the others learn that a member comes or goes
REBALANCE_MS = 30_000  # longer than a drain on revoke
COMMIT_SECONDS = 10.0
FIRST_FETCH_SECONDS = 0.2
FIRST_FETCH_RECORDS = 1  # it comes with the first poll, whatever that asks for

# Fetches answer at once when there is anything. An idle one holds up a partition that is resumed
# meanwhile, so it is short; a busy one is large, since the next begins when it was read to its end.
FETCH_WAIT_MS = 100
FETCH_TOTAL_BYTES = 32 * 1024 * 1024  # of a broker: what may lie in memory before it is polled


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A client and what watches over it."""

    consumer: AIOKafkaConsumer
    commits: Commits
    assignment: Assignment
    fetching: Fetching
    listener: Listener

    async def first_assignment(self, connection: Connection) -> None:
        """Wait for it, though not longer than for a start: others may be slow to let go.

        Raises:
            CredentialsError: The group is refused, as the first fetch tells.
        """
        fetch = self.fetching.begin(FIRST_FETCH_RECORDS, FIRST_FETCH_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(connection.start_timeout):
                joined = asyncio.get_running_loop().create_task(self.assignment.joined.wait())
                try:
                    await asyncio.wait({joined, fetch}, return_when=asyncio.FIRST_COMPLETED)
                    if not fetch.done() or fetch.result().trouble is None:
                        await joined  # to find where to begin may take longer than the fetch
                finally:
                    joined.cancel()
        trouble = fetch.result().trouble if fetch.done() else None
        if type(trouble).__name__ in AUTHENTICATION_FAULTS:
            raise refused(connection, type(trouble).__name__)

    def subscribe(self, topics: Collection[str]) -> None:
        """Read these topics from now on; the group rebalances."""
        self.assignment.is_over = False
        self.consumer.subscribe(topics=list(topics), listener=self.assignment)

    async def let_go(self) -> None:
        """Have the listener finish and commit; after this nothing may be committed any more."""
        self.assignment.end()
        await self.listener.revoking([partition(place) for place in self.consumer.assignment()])

    def look(self) -> None:
        """See that the client still deals with the group.

        A subscription that changes at a bad moment cancels aiokafka's own tasks: a fetch waits for
        ever then, or ends as if it had been cancelled.

        Raises:
            BrokenError: It does not.
        """
        if self.consumer._coordinator._coordination_task.done():  # noqa: SLF001 - nothing public tells
            raise BrokenError("CancelledError")

    async def commit(self, points: Mapping[Partition, Point]) -> bool:
        """Commit; False where the group did not take it, or did not say in time."""
        offsets = {topic_partition(p): OffsetAndMetadata(*point) for p, point in points.items()}
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self.consumer.commit(offsets)
        except (KafkaError, TimeoutError) as trouble:
            log.warning("commit_not_taken", error=type(trouble).__name__)
            return False
        return True

    def share(self, topics: Collection[str]) -> float:
        """Return our part of all partitions of these topics, 0 to 1."""
        parts = [self.consumer.partitions_for_topic(topic) or () for topic in topics]
        return len(self.consumer.assignment()) / max(1, sum(map(len, parts)))

    async def keeps_progress(self) -> bool | None:
        """Tell whether the broker gives back what is told beside an offset; None: not found out.

        To be asked before anything is read: it commits the start of a partition once more.
        """
        place = min(self.assignment.readable, default=None)
        if place is None:
            return None
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                held = (await self.commits.read([place]))[place]
                if held.progress:
                    return True
                await self.consumer.commit({place: OffsetAndMetadata(held.offset, NOTHING_TOLD)})
                found = await self.commits.read([place])
        except (KafkaError, KeyError, TimeoutError) as trouble:
            log.warning("progress_not_tried", error=type(trouble).__name__)
            return None
        return found[place].progress == NOTHING_TOLD

    async def behind(self) -> int | None:
        """Return how many records wait at the broker; None where it does not tell in time."""
        readable, read_to = self.assignment.readable, self.assignment.read_to
        if not readable:
            return 0
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                ends = await self.consumer.end_offsets(list(readable))
        except (KafkaError, TimeoutError):
            return None
        taken = self.listener.next_to_take()
        ours = {p: max(taken.get(partition(p), 0), read_to.get(p, 0)) for p in readable}
        return sum(max(0, int(end) - ours[place]) for place, end in ends.items())

    async def leave(self) -> None:
        """Leave the group, within bounds."""
        self.fetching.cancel()
        await self.commits.close()
        await stop(self.consumer)


async def join(  # noqa: PLR0913 - the parts it is built of
    connection: Connection,
    group: GroupOptions,
    topics: Collection[str],
    *,
    listener: Listener,
    lease: Lease,
    gaps: set[Partition],
) -> Membership:
    """Connect and join the group; without topics, only connect.

    Raises:
        CredentialsError: The brokers refuse the credentials.
        KafkaUnreachableError: No broker answered in time.
    """
    consumer = _client(connection, group)
    try:
        # Not subscribed yet: a start would wait for the assignment, however long others take.
        await start(consumer, connection)
    except BaseException:
        await stop(consumer)
        raise
    renew(lease, consumer)
    fence(consumer)
    commits = Commits(connection, group.group_id)
    starts = Starts(consumer, commits, group.offset_reset, gaps)
    assignment = Assignment(consumer, starts, listener)
    fetching = Fetching(consumer, assignment, starts, listener, group.isolation_level)
    member = Membership(
        consumer=consumer,
        commits=commits,
        assignment=assignment,
        fetching=fetching,
        listener=listener,
    )
    if topics:
        member.subscribe(topics)
    return member


def lease_of(connection: Connection) -> Lease:
    """Return a lease that ends before the group gives to others what was ours."""
    return Lease(session=_session_ms(connection) / 1000, rebalance=REBALANCE_MS / 1000)


def _session_ms(connection: Connection) -> int:
    return LOOPBACK_SESSION_MS if connection.is_loopback else SESSION_MS


def _client(connection: Connection, group: GroupOptions) -> AIOKafkaConsumer:
    """Return a client that commits nothing and jumps nowhere by itself."""
    return AIOKafkaConsumer(
        **connection.options(),
        group_id=group.group_id,
        group_instance_id=group.instance_id,
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level=group.isolation_level,
        partition_assignment_strategy=[RangePartitionAssignor],
        session_timeout_ms=_session_ms(connection),
        heartbeat_interval_ms=HEARTBEAT_MS,
        rebalance_timeout_ms=REBALANCE_MS,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=FETCH_TOTAL_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
