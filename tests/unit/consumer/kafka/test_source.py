"""The real source and the real aiokafka on brokers in memory, where what happens must be timed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiokafka import TopicPartition

from consumer.kafka import Connection, GroupOptions, KafkaSource
from consumer.record import Partition
from tests.contract.reader import Reader
from tests.fakes.brokers import Brokers
from tests.fakes.schedule import OWNER
from tests.fakes.time import run
from tests.fakes.wire import Dice, Wire, in_place_of_sockets

PLACE = TopicPartition("a", 0)


class Stage:
    """A topic of two partitions, and a member that reads them."""

    def __init__(self, dice: Dice, slowest: float) -> None:
        self.brokers = Brokers(dice)
        self.brokers.make(PLACE.topic, 2)
        self.wire = Wire(self.brokers, slowest=slowest)
        here = Connection(bootstrap_servers="127.0.0.1:9092")
        self.source = KafkaSource(here, GroupOptions(group_id="group"))
        self.reader = Reader(self.source)


def staged(story: Callable[[Stage], Awaitable[None]], slowest: float = 0.01) -> None:
    """Play a story in virtual time; a request travels `slowest` seconds at the most."""
    dice = Dice(0)

    async def play() -> None:
        stage = Stage(dice, slowest)
        with in_place_of_sockets(stage.wire, dice):
            await stage.source.start([PLACE.topic], stage.reader)
            try:
                await story(stage)
            finally:
                await stage.source.stop()

    run(play())


def test_a_poll_that_a_new_client_interrupts_ends_and_reading_goes_on() -> None:
    async def story(stage: Stage) -> None:
        polling = asyncio.ensure_future(stage.source.poll(100, 60.0))
        await asyncio.sleep(1)

        stage.source.rebuild()
        stage.brokers.put(PLACE, b"v")

        assert list(await polling) == []
        await stage.reader.until_taken(1)

    staged(story)


@pytest.mark.parametrize("ms", range(0, 60, 2))
def test_a_stop_leaves_the_group_while_another_client_is_made(ms: int) -> None:
    async def story(stage: Stage) -> None:
        stage.source.rebuild()
        await asyncio.sleep(ms / 1000)

        await stage.source.stop()

        assert stage.brokers.group.members == {}

    staged(story)


def test_what_is_held_while_another_client_connects_is_held_by_it() -> None:
    async def story(stage: Stage) -> None:
        stage.wire.cut.add("")
        stage.source.rebuild()
        await asyncio.sleep(3)
        stage.source.hold([Partition(*PLACE)])
        stage.wire.cut.clear()
        stage.brokers.put(PLACE, b"v")

        await stage.reader.until(lambda: stage.source.is_joined)
        for _ in range(5):
            await stage.reader.poll()
        assert stage.reader.taken == []

        stage.source.hold([])
        await stage.reader.until_taken(1)

    staged(story)


def test_what_was_read_ahead_of_a_held_partition_is_kept() -> None:
    async def story(stage: Stage) -> None:
        stage.brokers.put(PLACE, b"1", b"2", b"3")
        await stage.reader.until_taken(1, at_a_time=1)

        stage.source.hold([Partition(*PLACE)])
        await stage.reader.poll()
        stage.brokers.logs[PLACE].first = 3  # who asks for them again gets none
        stage.source.hold([])

        await stage.reader.until_taken(3)

    staged(story)


@pytest.mark.parametrize("ms", range(0, 1200, 10))
def test_reading_goes_on_whenever_topics_are_found_in_a_rebalance(ms: int) -> None:
    async def story(stage: Stage) -> None:
        stage.brokers.group.rebalance()
        await asyncio.sleep(ms / 1000)
        stage.source.resubscribe([PLACE.topic])
        stage.brokers.put(PLACE, b"v")

        await stage.reader.until_taken(1)

    staged(story)


def test_no_topics_are_known_while_no_broker_tells() -> None:
    async def story(stage: Stage) -> None:
        known, owner = await stage.source.topics(), OWNER.get()
        stage.wire.cut.add(owner)
        stage.wire.break_off(owner)

        assert await stage.source.topics() == frozenset()

        stage.wire.cut.clear()
        assert known == {PLACE.topic}

    staged(story)


def test_a_start_waits_for_the_assignment_though_where_to_begin_is_found_slowly() -> None:
    async def story(stage: Stage) -> None:
        assert stage.source.is_joined

    staged(story, slowest=2.0)
