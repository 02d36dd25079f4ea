"""What a worker may rely on of a source: of the broker in memory as of Apache Kafka."""

import random
from collections.abc import AsyncIterator, Iterator

import pytest

from consumer.progress import write_progress
from consumer.record import Partition, Point
from tests.contract.groups import FakeGroup, Group, KafkaGroup, SimulatedGroup, WiredGroup
from tests.contract.reader import Reader, while_polling
from tests.fakes.brokers import Brokers
from tests.fakes.wire import Wire, in_place_of_sockets

pytestmark = pytest.mark.timeout(120)  # the first test to need the broker waits for its start


KINDS = ["memory", "simulated", "wired", pytest.param("kafka", marks=pytest.mark.kafka)]


@pytest.fixture(params=KINDS)
def group(request: pytest.FixtureRequest) -> Iterator[Group]:
    match request.param:
        case "memory":
            yield FakeGroup()
        case "simulated":
            yield SimulatedGroup()
        case "wired":
            brokers = Brokers(random.Random(0))  # noqa: S311 - chance, not secrecy
            with in_place_of_sockets(Wire(brokers)):
                yield WiredGroup(brokers)
        case _:
            yield KafkaGroup(request.getfixturevalue("kafka").bootstrap)


@pytest.fixture
async def members() -> AsyncIterator[list[Reader]]:
    """The members a test has started; they leave in the end."""
    started: list[Reader] = []
    yield started
    for member in started:
        await member.source.stop()


async def joined(group: Group, members: list[Reader], *topics: str) -> Reader:
    member = group.member()
    members.append(member)
    await member.source.start(topics, member)
    return member


def numbers(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


async def test_records_come_in_the_order_of_their_partition(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    await group.put(topic, 0, *numbers(250))
    await group.put(topic, 1, b"a", b"b")

    reader = await joined(group, members, topic)
    await reader.until_taken(252)

    assert reader.values(0) == numbers(250)
    assert reader.values(1) == [b"a", b"b"]


async def test_a_poll_brings_no_more_than_was_asked_for(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, *numbers(10))

    reader = await joined(group, members, topic)
    sizes = [len(await reader.poll(max_records=3)) for _ in range(20)]

    assert sum(sizes) == 10
    assert max(sizes) == 3


async def test_a_hole_in_a_log_is_passed_over(group: Group, members: list[Reader]) -> None:
    topic = await group.topic()
    await group.put(topic, 0, b"a")
    await group.leave_hole(topic, 0)
    await group.put(topic, 0, b"b")
    await group.leave_hole(topic, 0)

    reader = await joined(group, members, topic)
    await reader.until_taken(2)
    await reader.until_caught_up()

    assert reader.values() == [b"a", b"b"]
    assert reader.taken[1].offset > 1
    assert reader.source.lags() == {Partition(topic, 0): 0}


async def test_the_start_of_a_new_partition_is_committed_before_anything_is_read(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    await group.put(topic, 0, b"a")

    await joined(group, members, topic)

    assert await group.committed(topic, 0) == 0
    assert await group.committed(topic, 1) == 0


async def test_what_is_told_beside_an_offset_comes_back_with_it(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, *numbers(3))
    first = await joined(group, members, topic)
    await first.until_taken(3)
    told = Point(1, write_progress(1, [2], [1]))

    assert await first.source.commit({Partition(topic, 0): told})
    first.commits_on_revoke = False
    await first.source.stop()
    second = await joined(group, members, topic)

    assert second.starts == {Partition(topic, 0): told}


async def test_reading_begins_after_what_was_committed(group: Group, members: list[Reader]) -> None:
    topic = await group.topic()
    await group.put(topic, 0, *numbers(5))
    await group.commit({Partition(topic, 0): 3})

    reader = await joined(group, members, topic)
    await reader.until_taken(2)

    assert reader.values() == [b"3", b"4"]


async def test_what_was_taken_and_not_committed_comes_again(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, *numbers(5))
    first = await joined(group, members, topic)
    await first.until_taken(5)
    assert await first.source.commit({Partition(topic, 0): Point(2)})
    await first.source.stop()

    second = await joined(group, members, topic)
    await second.until_taken(3)

    assert second.values() == [b"2", b"3", b"4"]


async def test_a_missing_commit_below_a_committed_partition_is_a_loss_and_no_jump(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=3)
    for partition in range(3):
        await group.put(topic, partition, b"%d" % partition)
    await group.commit({Partition(topic, 1): 0})

    reader = await joined(group, members, topic)
    await reader.until_taken(2)
    await reader.poll()

    assert sorted(reader.values()) == [b"1", b"2"]
    assert reader.source.blocked == {Partition(topic, 0): "no_offset"}
    assert await group.committed(topic, 0) is None


async def test_what_was_deleted_unread_blocks_its_partition_alone(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    await group.commit({Partition(topic, 0): 0, Partition(topic, 1): 0})
    await group.put(topic, 0, *numbers(5))
    await group.put(topic, 1, b"a")
    await group.delete_before(topic, 0, 3)

    reader = await joined(group, members, topic)
    await reader.until(lambda: bool(reader.source.blocked))
    await reader.until_taken(1)
    await reader.poll()

    assert reader.source.blocked == {Partition(topic, 0): "out_of_range at offset 0"}
    assert reader.values() == [b"a"]


async def test_an_unreadable_record_costs_nobody_else_anything(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=3)
    for partition in (0, 2):
        await group.put(topic, partition, *numbers(150))
    await group.put(topic, 1, b"good", b"too")
    await group.put_unreadable(topic, 1)
    await group.put(topic, 1, b"behind it")

    reader = await joined(group, members, topic)
    await reader.until(lambda: bool(reader.source.blocked))
    await group.put(topic, 2, b"later")
    await reader.until_taken(303)

    assert reader.values(0) == numbers(150)
    assert reader.values(1) == [b"good", b"too"]
    assert reader.values(2) == [*numbers(150), b"later"]
    assert reader.source.blocked == {Partition(topic, 1): "unreadable at offset 2"}


async def test_a_blocked_partition_does_not_keep_us_from_having_caught_up(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    await group.put_unreadable(topic, 0)
    await group.put(topic, 1, b"a")

    reader = await joined(group, members, topic)
    await reader.until(lambda: bool(reader.source.blocked))
    await reader.until_caught_up()

    assert reader.values() == [b"a"]
    assert reader.source.lags()[Partition(topic, 0)] == 1


async def test_a_held_partition_brings_nothing_and_then_everything(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, b"0")
    reader = await joined(group, members, topic)
    await reader.until_taken(1)

    reader.source.hold([Partition(topic, 0)])
    await group.put(topic, 0, b"1", b"2")
    while_paused = [await reader.poll() for _ in range(5)]
    reader.source.hold([])
    await reader.until_taken(3)

    assert while_paused == [[]] * 5
    assert reader.values() == numbers(3)


async def test_only_what_is_held_is_held_and_through_a_rebalance(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    for partition in range(2):
        await group.put(topic, partition, *numbers(3))
    first = await joined(group, members, topic)
    first.source.hold([Partition(topic, 0), Partition(topic, 1)])

    second = await while_polling(joined(group, members, topic), first)
    await while_polling(second.until(lambda: len(first.owned) == 1), first)
    taken_while_paused = list(first.taken)
    first.source.hold([])
    await first.until_taken(3)

    assert taken_while_paused == []
    assert first.values() == numbers(3)


async def test_what_is_not_held_is_read_on(group: Group, members: list[Reader]) -> None:
    topic = await group.topic(partitions=2)
    reader = await joined(group, members, topic)

    reader.source.hold([Partition(topic, 0)])
    await group.put(topic, 0, b"held")
    await group.put(topic, 1, b"read")
    await reader.until_taken(1)
    await reader.until_caught_up()

    assert reader.values() == [b"read"]


async def test_a_members_share_is_its_part_of_the_partitions(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=4)
    first = await joined(group, members, topic)
    alone = first.source.share()

    second = await while_polling(joined(group, members, topic), first)
    await while_polling(second.until(lambda: len(first.owned) == 2), first)

    assert (alone, first.source.share(), second.source.share()) == (1.0, 0.5, 0.5)


async def test_caught_up_is_when_the_end_was_handed_out(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, *numbers(50))
    reader = await joined(group, members, topic)

    await reader.until_taken(7, at_a_time=7)
    in_the_middle = (
        reader.source.caught_up(),
        len(reader.taken) + sum(reader.source.lags().values()),
    )
    await reader.until_caught_up()

    assert in_the_middle == (False, 50)
    assert len(reader.taken) == 50
    assert reader.source.lags() == {Partition(topic, 0): 0}


async def test_a_second_member_takes_its_share_from_where_the_first_committed(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=4)
    for partition in range(4):
        await group.put(topic, partition, b"%d" % partition)
    first = await joined(group, members, topic)
    await first.until_taken(4)

    second = await while_polling(joined(group, members, topic), first)
    for partition in range(4):
        await group.put(topic, partition, b"%d again" % partition)
    await while_polling(second.until_taken(2), first)
    await first.until_taken(6)

    assert first.owned | second.owned == {Partition(topic, n) for n in range(4)}
    assert not first.owned & second.owned
    assert sorted(first.values() + second.values()) == sorted(
        [b"%d" % n for n in range(4)] + [b"%d again" % n for n in range(4)]
    )
    assert ("revoking", {Partition(topic, n) for n in range(4)}) in first.told
    assert first.took_commit == [True]


async def test_a_commit_of_what_is_another_members_is_not_taken(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    first = await joined(group, members, topic)
    second = await while_polling(joined(group, members, topic), first)
    await while_polling(first.until(lambda: len(first.owned) == 1), second)
    (lost,) = {Partition(topic, 0), Partition(topic, 1)} - first.owned

    assert not await first.source.commit({lost: Point(7)})
    assert await group.committed(topic, lost.number) == 0


async def test_a_member_without_partitions_gets_them_when_the_other_leaves(
    group: Group, members: list[Reader]
) -> None:
    topic = await group.topic(partitions=1)
    first = await joined(group, members, topic)
    second = await while_polling(joined(group, members, topic), first)
    await while_polling(first.until(lambda: len(first.owned) + len(second.owned) == 1), second)
    idle, busy = (first, second) if second.owned else (second, first)
    assert idle.source.is_joined

    await while_polling(busy.source.stop(), idle)
    await group.put(topic, 0, b"for the one that waited")
    await idle.until_taken(1)

    assert idle.values() == [b"for the one that waited"]


async def test_a_topic_found_later_is_read_and_nothing_taken_is_lost_over_it(
    group: Group, members: list[Reader]
) -> None:
    topic, later = await group.topic(), await group.topic()
    await group.put(topic, 0, b"a")
    await group.put(later, 0, b"b")
    reader = await joined(group, members, topic)
    await reader.until_taken(1)

    reader.source.resubscribe([topic, later])
    await reader.until_taken(2)
    await reader.until(lambda: reader.source.is_joined)

    assert reader.values() == [b"a", b"b"]
    assert reader.took_commit == [True]
    assert reader.owned == {Partition(topic, 0), Partition(later, 0)}
