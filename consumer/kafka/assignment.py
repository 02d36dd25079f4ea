"""Which partitions are ours and where each is read from; the group tells, the listener is told.

What aiokafka does, and this file therefore does not trust:

- Its fetcher begins at committed offsets as soon as there is an assignment, before the listener is
  asked: every partition stays paused until it was sought to its start.
- Pauses and positions are forgotten at every rebalance: both are laid down again.
- Errors of a listener are swallowed: they are kept in `fault`, and the next poll raises them.
- While the listener is told of an assignment no heartbeats go out: whatever asks the broker there
  is bounded, and what it did not answer is asked again by later polls.
"""

import asyncio
from collections.abc import Collection, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from consumer.errors import KafkaUnreachableError
from consumer.kafka.reading import partition, topic_partition
from consumer.kafka.starts import Starts
from consumer.kafka.trouble import NO_OFFSET, UNKNOWN_PROGRESS
from consumer.ports import Listener
from consumer.progress import is_known
from consumer.record import Partition, Point

log = structlog.get_logger()

ASK_SECONDS = 10.0  # for what the listener must ask the broker
ASK_AGAIN = 0.5  # s


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """What one client was assigned. `epoch` counts assignments begun and ended.

    While `is_over` nothing is begun: the client is given up, or about to subscribe anew.

    `read_to` holds the client's own positions: beyond what was taken, they pass over control
    records and holes. They tell the lag, nothing else.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        starts: Starts,
        listener: Listener,
    ) -> None:
        self.epoch = 0
        self.is_over = False
        self.joined = asyncio.Event()
        self.fault: Exception | None = None
        self.read_to: dict[TopicPartition, int] = {}
        self._consumer = consumer
        self._starts = starts
        self._listener = listener
        self._held: frozenset[Partition] = frozenset()
        self._waiting: set[TopicPartition] = set()  # where to begin is not known yet
        self._asking = asyncio.Lock()
        self._ask_at = 0.0
        self._blocked: dict[TopicPartition, str] = {}
        self._unblock_at: dict[TopicPartition, float] = {}

    # -- told by the group ----------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the listener finish what it can."""
        self.epoch += 1
        self.joined.clear()
        if not revoked:
            return
        try:
            await self._listener.revoking([partition(place) for place in sorted(revoked)])
        except Exception as fault:  # noqa: BLE001 - raised by the next poll
            self.fault = fault

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Find where to begin in each partition, then let the listener begin."""
        self.epoch += 1
        epoch = self.epoch
        self.read_to.clear()
        self._blocked.clear()
        self._unblock_at.clear()
        self._waiting = set(assigned)
        self._apply_pauses()
        if self.is_over:
            return
        log.info("assigned", partitions=_names(assigned))
        for place in assigned:
            self._consumer.seek(place, 0)  # paused; without a position its fetcher asks and asks
        try:
            await self._ask()
        except Exception as fault:  # noqa: BLE001 - raised by the next poll
            self.fault = fault
        if epoch == self.epoch:
            self.joined.set()

    def end(self) -> None:
        """Begin nothing more, and hand out nothing of what was fetched."""
        self.epoch += 1
        self.is_over = True
        self.joined.clear()

    # -- beginnings -----------------------------------------------------------------------

    async def go_on(self) -> None:
        """Ask again, now and then, for the starts not known yet; read on where a block is over."""
        now = asyncio.get_running_loop().time()
        over = [place for place, at in self._unblock_at.items() if at <= now]
        for place in over:
            del self._blocked[place], self._unblock_at[place]
        if over:
            self._apply_pauses()
        if self._waiting and self.joined.is_set() and now >= self._ask_at:
            await self._ask()

    async def skip(self, place: TopicPartition) -> None:
        """Give up what the log has lost, as an operator allowed: begin where it begins now."""
        epoch = self.epoch
        lost_from = self._listener.next_to_take().get(partition(place))
        self._waiting.add(place)
        self._apply_pauses()
        await self._listener.revoking([partition(place)])
        try:
            async with asyncio.timeout(ASK_SECONDS):
                starts = await self._starts.skip_gaps(
                    [place], lambda: epoch != self.epoch, lost_from
                )
        except (KafkaError, TimeoutError) as trouble:
            log.warning("starts_not_known", error=type(trouble).__name__)
            return
        if epoch == self.epoch:
            self._begin(dict(starts))

    async def _ask(self) -> None:
        if self._asking.locked():  # two at once could commit a start over what was read since
            return
        epoch = self.epoch
        self._ask_at = asyncio.get_running_loop().time() + ASK_AGAIN
        async with self._asking:
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    found = await self._starts.find(self._waiting, lambda: epoch != self.epoch)
            except (KafkaError, KafkaUnreachableError, TimeoutError) as trouble:
                log.warning("starts_not_known", error=type(trouble).__name__)
                return
        if epoch == self.epoch:
            self._begin(found)

    def _begin(self, found: dict[TopicPartition, Point | None]) -> None:
        """Seek and tell in one step: no record may come in between."""
        begun: dict[Partition, Point] = {}
        for place in self._waiting & found.keys():
            self._waiting.discard(place)
            start_at = found[place]
            if start_at is None:
                self._blocked[place] = NO_OFFSET
            elif not self._is_known(place, start_at):
                self._blocked[place] = UNKNOWN_PROGRESS
            else:
                self._consumer.seek(place, start_at.offset)
                begun[partition(place)] = start_at
        if begun:
            self._listener.assigned(begun)
        self._apply_pauses()

    def _is_known(self, place: TopicPartition, start: Point) -> bool:
        """Tell whether what stands beside an offset can be read: it tells of sends in doubt."""
        if is_known(*start):
            return True
        # By an operator's word it can be accepted, as a gap is.
        log.warning("progress_not_known", topic=place.topic, partition=place.partition)
        return False

    # -- what may be read -----------------------------------------------------------------

    @property
    def blocked(self) -> dict[Partition, str]:
        """Return the partitions that cannot be read on, and why."""
        return {partition(place): why for place, why in self._blocked.items()}

    @property
    def begun(self) -> set[TopicPartition]:
        """Return the partitions that were sought to their starts."""
        owned: set[TopicPartition] = self._consumer.assignment()
        return owned - self._waiting

    @property
    def readable(self) -> set[TopicPartition]:
        """Return the partitions that are read, or would be if none was held."""
        return self.begun - self._blocked.keys()

    @property
    def fetched(self) -> set[TopicPartition]:
        """Return the partitions that are read just now."""
        return {place for place in self.readable if partition(place) not in self._held}

    @property
    def polled(self) -> Sequence[TopicPartition]:
        """Return the partitions to poll, as `getmany` takes them: none means all of them.

        Where all are paused it is one of them, since a member that polls nothing leaves the group.
        """
        return sorted(self.fetched) or sorted(self._consumer.assignment())[:1]

    def block(
        self,
        place: TopicPartition,
        why: str,
        *,
        offset: int | None = None,
        retry_in: float | None = None,
    ) -> None:
        """Read this partition no more: until the next assignment, or for so many seconds.

        `offset`: the first that cannot be read, where that is known.
        """
        log.error(
            "partition_blocked",
            topic=place.topic,
            partition=place.partition,
            offset=offset,
            why=why,
        )
        self._blocked[place] = why
        if retry_in is not None:
            self._unblock_at[place] = asyncio.get_running_loop().time() + retry_in
        self._apply_pauses()

    def hold(self, partitions: frozenset[Partition]) -> None:
        """Fetch nothing of these partitions, and all others; blocked ones stay paused."""
        self._held = partitions
        self._apply_pauses()

    def seek_back(self) -> None:
        """Read everything again that was not taken."""
        self.read_to.clear()
        readable = self.readable
        for place, offset in self._listener.next_to_take().items():
            if topic_partition(place) in readable:
                self._consumer.seek(topic_partition(place), offset)

    def _apply_pauses(self) -> None:
        owned: set[TopicPartition] = self._consumer.assignment()
        wanted = {topic_partition(place) for place in self._held}
        held = owned & (wanted | self._waiting | self._blocked.keys())
        paused: set[TopicPartition] = self._consumer.paused()
        if held - paused:
            self._consumer.pause(*(held - paused))
        if paused - held:
            self._consumer.resume(*(paused - held))


def _names(places: Collection[TopicPartition]) -> list[str]:
    return [f"{place.topic}:{place.partition}" for place in sorted(places)]
