"""Where a member begins to read: what the group committed, or the rule for what it never did."""

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from consumer.kafka.reading import READ_COMMITTED, partition
from consumer.progress import is_known
from consumer.record import Partition, Point

log = structlog.get_logger()

LATEST = "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOptions:
    """How the group reads. `gaps` are the partitions whose lost offsets were accepted."""

    group_id: str
    instance_id: str | None = None
    isolation_level: str = READ_COMMITTED
    offset_reset: str = "earliest"
    gaps: frozenset[Partition] = frozenset()


class Committed(Protocol):
    """Who knows what the group has committed."""

    async def read(self, places: Collection[TopicPartition]) -> dict[TopicPartition, Point]:
        """Return what was committed of these partitions; those never committed are left out."""
        ...


class Starts:
    """Finds the first offset to read of partitions that were assigned.

    A partition is new where neither it nor one of a higher index was ever committed; its start is
    committed before anything is read, so that a later absence means loss. Members that start
    together would take each other's starts for such a loss; so they go by index: a partition waits
    for the start of all lower ones.
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        commits: Committed,
        offset_reset: str,
        gaps: set[Partition],
    ) -> None:
        self._consumer = consumer
        self._commits = commits
        self._offset_reset = offset_reset
        self._gaps = gaps

    async def find(
        self, places: Iterable[TopicPartition], is_over: Callable[[], bool] = lambda: False
    ) -> dict[TopicPartition, Point | None]:
        """Return where to begin, as it was committed; None where records may have been lost unseen.

        Those left out must wait for a lower partition of another member: ask again. `is_over` tells
        whether the assignment has ended meanwhile: who had them since may have committed more, so
        nothing is committed then.
        """
        wanted = set(places)
        found: dict[TopicPartition, Point | None] = {}
        fresh: list[TopicPartition] = []
        for topic in sorted({place.topic for place in wanted}):
            mine = {place for place in wanted if place.topic == topic}
            committed = await self._committed(topic, mine)
            top = max((place.partition for place in committed), default=-1)
            found |= {place: committed.get(place) for place in mine if place.partition <= top}
            found |= {place: committed[place] for place in mine if place in committed}
            fresh += list(_next_in_order(topic, mine, top))
        gaps = [place for place, at in found.items() if at is None and self.accepts(place)]
        for place in sorted(place for place, at in found.items() if at is None):
            log.error("offset_missing", topic=place.topic, partition=place.partition)
        return found | await self._begin(fresh, is_over) | await self.skip_gaps(gaps, is_over)

    async def skip_gaps(
        self,
        places: Collection[TopicPartition],
        is_over: Callable[[], bool] = lambda: False,
        lost_from: int | None = None,
    ) -> dict[TopicPartition, Point]:
        """Begin where the log does; each loss is accepted once. `lost_from`: the first offset."""
        starts = await self._begin_at(places, is_over, at_end=False)
        for place, (offset, _) in starts.items():
            log.warning(
                "gap_accepted",
                topic=place.topic,
                partition=place.partition,
                from_offset=lost_from,
                offset=offset,
                uid=os.getuid(),
            )
        self._gaps.difference_update(partition(place) for place in starts)
        return starts

    def accepts(self, place: TopicPartition) -> bool:
        """Tell whether an operator accepted what was lost of a partition."""
        return partition(place) in self._gaps

    async def _committed(
        self, topic: str, mine: Collection[TopicPartition]
    ) -> dict[TopicPartition, Point]:
        numbers = self._consumer.partitions_for_topic(topic) or set()
        places = {TopicPartition(topic, number) for number in numbers} | set(mine)
        points = await self._commits.read(places)
        unknown = {place for place, point in points.items() if not is_known(*point)}
        accepted = {place: points[place].offset for place in unknown if self.accepts(place)}
        return points | {place: Point(offset) for place, offset in accepted.items()}

    async def _begin(
        self, places: Collection[TopicPartition], is_over: Callable[[], bool]
    ) -> dict[TopicPartition, Point]:
        return await self._begin_at(places, is_over, at_end=self._offset_reset == LATEST)

    async def _begin_at(
        self, places: Collection[TopicPartition], is_over: Callable[[], bool], *, at_end: bool
    ) -> dict[TopicPartition, Point]:
        if not places:
            return {}
        find = self._consumer.end_offsets if at_end else self._consumer.beginning_offsets
        starts: dict[TopicPartition, int] = await find(list(places))
        if is_over():  # who has it had since may have committed more
            return {}
        await self._consumer.commit(starts)
        return {place: Point(offset) for place, offset in starts.items()}


def _next_in_order(
    topic: str, mine: Collection[TopicPartition], top: int
) -> Iterable[TopicPartition]:
    """Return my new partitions that follow the highest committed one without a gap."""
    for number in count(top + 1):
        place = TopicPartition(topic, number)
        if place not in mine:
            return
        yield place
