import asyncio
from collections.abc import Iterable

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError, OffsetOutOfRangeError
from structlog.testing import capture_logs

from consumer.errors import KafkaUnreachableError
from consumer.kafka.assignment import ASK_AGAIN, Assignment
from consumer.kafka.fetching import BrokenError, Fetching
from consumer.kafka.starts import Starts
from consumer.record import Partition
from tests.fakes.time import run
from tests.unit.consumer.kafka.stubs import StubClient, StubListener, a_message, place

NO_TEXT = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


class Stage:
    """The parts of one membership around a client that does as it is told."""

    def __init__(self, numbers: Iterable[int] = (0, 1), gaps: Iterable[Partition] = ()) -> None:
        self.client = StubClient(numbers=set(numbers))
        self.listener = StubListener()
        starts = Starts(self.client, self.client, "earliest", set(gaps))
        self.assignment = Assignment(self.client, starts, self.listener)
        self.fetching = Fetching(
            self.client, self.assignment, starts, self.listener, "read_committed"
        )

    async def assign(self, *places: TopicPartition) -> None:
        self.client.owned = set(places)
        await self.assignment.on_partitions_assigned(set(places))

    async def poll(self) -> list[tuple[int, int]]:
        found = await self.fetching.poll(100, 0.0)
        self.listener.taken |= {record.place: record.offset + 1 for record in found}
        return [(record.partition, record.offset) for record in found]


@pytest.fixture
async def stage() -> Stage:
    made = Stage()
    await made.assign(place(0), place(1))
    return made


async def test_records_are_handed_out(stage: Stage) -> None:
    stage.client.answer({place(0): [a_message(0, 0), a_message(0, 1)]})

    assert await stage.poll() == [(0, 0), (0, 1)]


async def test_a_fetch_that_lasts_is_taken_up_by_a_later_poll(stage: Stage) -> None:
    assert await stage.poll() == []

    stage.client.answer({place(0): [a_message(0, 0)]})

    assert await stage.poll() == [(0, 0)]
    assert len(stage.client.asked) == 1


async def test_what_was_fetched_before_a_rebalance_is_dropped_after_it(stage: Stage) -> None:
    await stage.poll()
    stage.client.answer({place(0): [a_message(0, 5)]})
    await stage.fetching.begin(100, 0.0)

    await stage.assignment.on_partitions_revoked({place(0), place(1)})
    await stage.assign(place(0), place(1))

    assert await stage.poll() == []
    assert stage.client.positions[place(0)] == 0


async def test_after_an_error_everything_is_sought_back_to_what_was_taken(stage: Stage) -> None:
    stage.listener.taken = {Partition("t", 0): 3, Partition("t", 1): 4}
    stage.client.positions = {place(0): 50, place(1): 60}
    stage.client.answer(NO_TEXT)

    await stage.poll()

    assert stage.client.positions == {place(0): 3, place(1): 4}


async def test_the_bad_partition_is_found_by_reading_each_by_itself(stage: Stage) -> None:
    stage.client.answer(NO_TEXT, {}, {place(1): [a_message(1, 0)]}, NO_TEXT)

    handed_out = [await stage.poll() for _ in range(3)]

    assert handed_out == [[], [], [(1, 0)]]
    assert stage.client.asked == [(place(0), place(1)), (place(0),), (place(1),), (place(1),)]
    assert stage.assignment.blocked == {Partition("t", 1): "unreadable at offset 1"}
    assert stage.client.asleep == {place(1)}


async def test_an_error_that_has_passed_blocks_nobody(stage: Stage) -> None:
    stage.client.answer(NO_TEXT, {}, {}, {place(0): [a_message(0, 0)]})

    handed_out = [await stage.poll() for _ in range(4)]

    assert handed_out[-1] == [(0, 0)]
    assert stage.assignment.blocked == {}


async def test_a_lost_offset_blocks_its_partition_and_resets_nothing(stage: Stage) -> None:
    stage.listener.taken = {Partition("t", 0): 3}
    stage.client.answer(OffsetOutOfRangeError({place(0): 3}))

    await stage.poll()

    assert stage.assignment.blocked == {Partition("t", 0): "out_of_range at offset 3"}
    assert stage.client.positions[place(0)] == 3


async def test_where_a_lost_offset_blocks_is_one_line_of_the_log(stage: Stage) -> None:
    stage.listener.taken = {Partition("t", 0): 3}
    stage.client.answer(OffsetOutOfRangeError({place(0): 3}))

    with capture_logs() as logs:
        await stage.poll()

    assert [line for line in logs if line["event"] == "partition_blocked"] == [
        {"event": "partition_blocked", "log_level": "error", "topic": "t", "partition": 0}
        | {"offset": 3, "why": "out_of_range at offset 3"}
    ]


async def test_an_accepted_gap_is_told_from_where_to_where() -> None:
    stage = Stage(gaps=[Partition("t", 0)])
    await stage.assign(place(0), place(1))
    stage.client.first = 8
    stage.listener.taken = {Partition("t", 0): 3}
    stage.client.answer(OffsetOutOfRangeError({place(0): 3}))

    with capture_logs() as logs:
        await stage.poll()

    (told,) = [line for line in logs if line["event"] == "gap_accepted"]
    assert (told["partition"], told["from_offset"], told["offset"]) == (0, 3, 8)
    assert stage.client.positions[place(0)] == 8


async def test_an_assignment_is_one_line_of_the_log() -> None:
    with capture_logs() as logs:
        await Stage().assign(place(1), place(0))

    (told,) = [line for line in logs if line["event"] == "assigned"]
    assert told["partitions"] == ["t:0", "t:1"]


async def test_a_client_that_is_broken_says_so(stage: Stage) -> None:
    stage.client.answer(KafkaError("Unexpected error during coordination"))

    with pytest.raises(BrokenError, match="KafkaError"):
        await stage.poll()


async def test_a_partition_is_read_no_sooner_than_its_start_is_committed() -> None:
    stage = Stage(numbers={0})
    stage.client.refuses_commits = CommitFailedError("rebalanced meanwhile")
    await stage.assign(place(0))
    told_before, asleep_before = list(stage.listener.told), set(stage.client.asleep)

    stage.client.refuses_commits = None
    await stage.assignment.on_partitions_revoked({place(0)})
    await stage.assign(place(0))

    assert (told_before, asleep_before) == ([], {place(0)})
    assert stage.listener.told == ["revoking", "assigned"]
    assert stage.client.asleep == set()


async def test_a_start_that_is_told_after_a_rebalance_begins_nothing() -> None:
    stage = Stage(numbers={0})
    stage.client.tells.clear()
    asking = asyncio.ensure_future(stage.assign(place(0)))
    await asyncio.sleep(0)

    await stage.assignment.on_partitions_revoked({place(0)})
    await stage.assign(place(0))
    stage.client.tells.set()
    await asking

    assert stage.listener.told == ["revoking"]
    assert stage.client.asleep == {place(0)}


async def test_a_held_partition_is_not_read_after_a_rebalance_either(stage: Stage) -> None:
    stage.assignment.hold(frozenset({Partition("t", 0)}))

    await stage.assignment.on_partitions_revoked({place(0), place(1)})
    stage.client.asleep.clear()  # as aiokafka forgets it together with the assignment
    await stage.assign(place(0), place(1))

    assert stage.client.asleep == {place(0)}


async def test_a_held_partition_is_not_polled_unless_all_are(stage: Stage) -> None:
    stage.client.answer({}, {})

    stage.assignment.hold(frozenset({Partition("t", 0)}))
    await stage.poll()
    stage.assignment.hold(frozenset({Partition("t", 0), Partition("t", 1)}))
    await stage.poll()

    assert stage.client.asked == [(place(1),), (place(0),)]


async def test_a_client_that_is_given_up_while_it_is_polled_brings_nothing(stage: Stage) -> None:
    polling = asyncio.ensure_future(stage.fetching.poll(100, 60.0))
    await asyncio.sleep(0)

    stage.fetching.cancel()

    assert await polling == ()


async def test_what_was_fetched_before_the_listener_let_go_is_dropped(stage: Stage) -> None:
    await stage.poll()
    stage.client.answer({place(0): [a_message(0, 5)]})
    await stage.fetching.begin(100, 0.0)

    stage.assignment.end()

    assert await stage.poll() == []


def test_no_start_is_asked_for_between_two_subscriptions() -> None:
    async def play() -> Stage:
        stage = Stage(numbers={0})
        stage.client.tells.clear()
        asking = asyncio.ensure_future(stage.assign(place(0)))
        await asyncio.sleep(0)
        stage.assignment.end()
        stage.client.owned = set()  # as aiokafka has it once it subscribed anew
        stage.assignment.is_over = False
        stage.client.tells.set()
        await asking
        await asyncio.sleep(ASK_AGAIN)
        await stage.assignment.go_on()
        return stage

    assert run(play()).listener.told == []


async def test_a_client_that_was_given_up_is_told_of_nothing_more(stage: Stage) -> None:
    stage.assignment.end()

    await stage.assign(place(0))

    assert stage.listener.told == ["assigned"]  # before


def test_starts_that_no_broker_tells_are_asked_for_again() -> None:
    async def play() -> Stage:
        stage = Stage(numbers={0})
        stage.client.no_broker = KafkaUnreachableError("none")
        await stage.assign(place(0))
        stage.client.no_broker = None
        await asyncio.sleep(ASK_AGAIN)
        await stage.assignment.go_on()
        return stage

    stage = run(play())

    assert stage.assignment.fault is None
    assert stage.listener.told == ["assigned"]


async def test_while_nothing_is_taken_of_a_partition_no_lag_is_told(stage: Stage) -> None:
    stage.listener.taken = {Partition("t", 0): 90}
    told = stage.fetching.lags()

    stage.listener.taken = {}

    assert told == {Partition("t", 0): 10}
    assert stage.fetching.lags() == {}


async def test_a_start_that_was_found_too_late_overrules_no_later_commit() -> None:
    stage = Stage([0])
    stage.client.tells.clear()
    assigning = asyncio.create_task(stage.assign(place(0)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await stage.assignment.on_partitions_revoked({place(0)})
    await stage.assignment.on_partitions_assigned(set())
    stage.client.commits[place(0)] = 100  # by whoever had it meanwhile

    stage.client.tells.set()
    await assigning

    assert stage.client.commits[place(0)] == 100
