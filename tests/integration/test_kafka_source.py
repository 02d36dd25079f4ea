"""What only Apache Kafka can show of the source: its codecs, transactions, losses and outages."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from structlog.testing import capture_logs

from consumer.errors import KafkaUnreachableError
from consumer.kafka import Connection, GroupOptions, KafkaSource
from consumer.kafka.membership import LOOPBACK_SESSION_MS
from consumer.record import Partition, Point
from tests.brokers.kafka import Kafka
from tests.brokers.topics import entry, fresh, in_transaction, make_topics, produce
from tests.contract.groups import KafkaGroup
from tests.contract.reader import Reader, while_polling

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

CODECS = [None, "gzip", "snappy", "lz4", "zstd"]
MIB = 1024 * 1024


@pytest.fixture
def group(kafka: Kafka) -> KafkaGroup:
    return KafkaGroup(kafka.bootstrap)


@pytest.fixture
async def readers() -> AsyncIterator[list[Reader]]:
    started: list[Reader] = []
    yield started
    for reader in started:
        await reader.source.stop()


async def joined(readers: list[Reader], reader: Reader, *topics: str) -> Reader:
    readers.append(reader)
    await reader.source.start(topics, reader)
    return reader


@pytest.mark.parametrize("codec", CODECS)
async def test_every_codec_is_read(
    group: KafkaGroup, readers: list[Reader], codec: str | None
) -> None:
    topic = await group.topic()
    sent = entry(topic, b"again and again " * 99, key=b"k", headers=(("h", b"\xff"), ("h", None)))
    await produce(group.bootstrap, [sent, sent], compression=codec)

    reader = await joined(readers, group.member(), topic)
    await reader.until_taken(2)

    found = [(record.key, record.value, record.headers) for record in reader.taken]
    assert found == [(sent.key, sent.value, sent.headers)] * 2


async def test_aborted_records_and_markers_are_passed_over_and_leave_no_lag(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    await in_transaction(group.bootstrap, entry(topic, b"kept"), commits=True)
    await in_transaction(group.bootstrap, entry(topic, b"aborted"), commits=False)
    await in_transaction(group.bootstrap, entry(topic, b"kept too"), commits=True)

    reader = await joined(readers, group.member(), topic)
    await reader.until_taken(2)
    await reader.until_caught_up()

    assert reader.values() == [b"kept", b"kept too"]
    assert reader.source.lags() == {Partition(topic, 0): 0}


async def test_an_open_transaction_is_no_lag_for_nobody_could_read_it(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, b"readable")
    producer = AIOKafkaProducer(
        bootstrap_servers=group.bootstrap, transactional_id=fresh("transaction")
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"not yet")
        reader = await joined(readers, group.member(), topic)
        await reader.until_taken(1)
        await reader.until_caught_up()
        lags_before = reader.source.lags()
        await producer.commit_transaction()
        await reader.until_taken(2)
    finally:
        await producer.stop()

    assert lags_before == {Partition(topic, 0): 0}
    assert reader.values() == [b"readable", b"not yet"]


async def test_a_record_larger_than_a_fetch_is_not_skipped(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = fresh("large")
    await make_topics(group.bootstrap, {topic: 2}, {"max.message.bytes": str(4 * MIB)})
    large = entry(topic, b"x" * (3 * MIB), partition=1)
    small = [entry(topic, b"%d" % n, partition=n % 2) for n in range(20)]
    await produce(group.bootstrap, [*small[:10], large, *small[10:]], max_request_size=4 * MIB)

    reader = await joined(readers, group.member(), topic)
    await reader.until_taken(21)

    assert max(len(value) for value in reader.values(1)) == 3 * MIB
    assert reader.source.blocked == {}


async def test_an_accepted_gap_goes_on_where_the_log_begins_now(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    place = Partition(topic, 0)
    await group.commit({place: 0})
    await group.put(topic, 0, b"0", b"1", b"2", b"3")
    await group.delete_before(topic, 0, 2)

    reader = await joined(readers, group.member(gaps=frozenset({place})), topic)
    await reader.until_taken(2)

    assert reader.values() == [b"2", b"3"]
    assert reader.source.blocked == {}
    assert await group.committed(topic, 0) == 2


async def test_a_gap_is_accepted_once(group: KafkaGroup, readers: list[Reader]) -> None:
    topic = await group.topic()
    place = Partition(topic, 0)
    await group.commit({place: 0})
    await group.put(topic, 0, b"0", b"1")
    await group.delete_before(topic, 0, 1)
    reader = await joined(readers, group.member(gaps=frozenset({place})), topic)
    await reader.until_taken(1)

    reader.source.hold(reader.owned)
    await reader.poll()  # a fetch that was under way ends
    await reader.poll()
    await group.put(topic, 0, b"2", b"3", b"4")
    await group.delete_before(topic, 0, 4)
    reader.source.hold(())
    await reader.until(lambda: bool(reader.source.blocked))

    assert reader.values() == [b"1"]
    assert reader.source.blocked == {place: "out_of_range at offset 2"}


async def test_an_accepted_loss_of_a_commit_begins_where_the_log_does(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    await group.put(topic, 0, b"a")
    await group.commit({Partition(topic, 1): 0})

    options = {"gaps": frozenset({Partition(topic, 0)}), "offset_reset": "latest"}
    reader = await joined(readers, group.member(**options), topic)
    await reader.until_taken(1)

    assert reader.values() == [b"a"]


async def test_what_a_later_version_told_beside_an_offset_blocks_until_it_is_accepted(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    place = Partition(topic, 0)
    await group.put(topic, 0, b"0", b"1")
    later = await joined(readers, group.member(), topic)
    await later.until_taken(2)
    assert await later.source.commit({place: Point(1, "9AAAA.")})
    later.commits_on_revoke = False
    await later.source.stop()

    older = await joined(readers, group.member(), topic)
    await older.until(lambda: bool(older.source.blocked))
    told = older.source.blocked
    await older.source.stop()
    accepting = await joined(readers, group.member(gaps=frozenset({place})), topic)
    await accepting.until_taken(1)

    assert told == {place: "unknown_progress"}
    assert older.values() == []
    assert accepting.starts == {place: Point(1)}


async def test_a_new_topic_may_be_begun_at_its_end(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, b"before")

    reader = await joined(readers, group.member(offset_reset="latest"), topic)
    await group.put(topic, 0, b"after")
    await reader.until_taken(1)

    assert reader.values() == [b"after"]
    assert await group.committed(topic, 0) == 1


async def test_members_read_the_same_partitions_of_topics_that_belong_together(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topics = [await group.topic(partitions=4), await group.topic(partitions=4)]
    first = await joined(readers, group.member(), *topics)
    second = await while_polling(joined(readers, group.member(), *topics), first)
    await while_polling(second.until(lambda: len(first.owned) == len(second.owned) == 4), first)

    for reader in (first, second):
        assert len({place.number for place in reader.owned}) == 2


async def test_a_static_member_that_restarts_gets_its_partitions_back_without_a_rebalance(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    first = await joined(readers, group.member(instance_id="a"), topic)
    await first.until(lambda: len(first.owned) == 2)
    other = await while_polling(joined(readers, group.member(instance_id="b"), topic), first)
    await while_polling(other.until(lambda: len(other.owned) == 1), first)
    told_before, had = list(other.told), set(first.owned)

    await while_polling(first.source.stop(), other)
    again = await while_polling(joined(readers, group.member(instance_id="a"), topic), other)
    for number in range(2):
        await group.put(topic, number, b"after")
    await while_polling(again.until_taken(1), other)

    assert again.owned == had
    assert other.told == told_before


async def test_a_member_is_sure_of_what_it_has_for_a_session_from_its_last_heartbeat(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    session, now = LOOPBACK_SESSION_MS / 1000, asyncio.get_running_loop().time
    reader = await joined(readers, group.member(), await group.topic())
    lease, began = reader.source.lease, now()

    was_sure_longer = lease.holds(began + session)
    await reader.until(lambda: lease.holds(began + session))

    assert not was_sure_longer
    assert not lease.holds(now() + session)


async def test_a_cancelled_poll_loses_nothing(group: KafkaGroup, readers: list[Reader]) -> None:
    topic = await group.topic()
    reader = await joined(readers, group.member(), topic)
    await reader.until_caught_up()

    polling = asyncio.ensure_future(reader.source.poll(100, 20.0))
    await asyncio.wait({polling}, timeout=0.2)
    polling.cancel()
    await group.put(topic, 0, b"a", b"b")
    await reader.until_taken(2)

    assert reader.values() == [b"a", b"b"]


async def test_without_topics_it_waits_for_the_first(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    reader = await joined(readers, group.member())
    assert await reader.poll() == []
    assert reader.source.is_joined

    topic = await group.topic()
    await group.put(topic, 0, b"a")
    reader.source.resubscribe([topic])
    await reader.until_taken(1)

    assert reader.values() == [b"a"]


class SlowToLetGo(Reader):
    """Drains for long, as a worker may that waits for eSputnik."""

    may_go: asyncio.Event

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        await self.may_go.wait()
        await super().revoking(partitions)


async def test_a_member_that_joins_waits_for_one_that_is_slow_to_let_go(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    slow = SlowToLetGo(group.member().source)
    slow.may_go = asyncio.Event()
    await joined(readers, slow, topic)
    hurried = Connection(bootstrap_servers=group.bootstrap, start_timeout=1.0)
    second = Reader(KafkaSource(hurried, GroupOptions(group_id=group.name)))

    await while_polling(joined(readers, second, topic), slow)
    had_joined = second.source.is_joined
    slow.may_go.set()
    await while_polling(second.until(lambda: len(second.owned) == 1), slow)

    assert not had_joined
    assert slow.took_commit == [True]


class Failing(Reader):
    """A listener with a bug."""

    async def revoking(self, partitions: Iterable[Partition]) -> None:
        raise ZeroDivisionError(partitions)


async def test_an_error_of_the_listener_comes_out_of_the_next_poll(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic(partitions=2)
    first = await joined(readers, Failing(group.member().source), topic)
    second = group.member()
    joining = asyncio.ensure_future(joined(readers, second, topic))

    with pytest.raises(ZeroDivisionError):
        await first.until(lambda: False)
    await joining


async def test_a_client_given_up_is_replaced_and_nothing_is_lost(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, b"a", b"b")
    reader = await joined(readers, group.member(), topic)
    await reader.until_taken(2)

    reader.source.hold(reader.owned)
    source = reader.source
    assert isinstance(source, KafkaSource)
    source.rebuild()
    await group.put(topic, 0, b"c")
    await reader.until(lambda: len(reader.told) == 3)
    paused = [await reader.poll() for _ in range(3)]
    source.hold(())
    await reader.until_taken(3)

    assert [word for word, _ in reader.told] == ["assigned", "revoking", "assigned"]
    assert paused == [[]] * 3
    assert reader.values() == [b"a", b"b", b"c"]


async def test_a_client_that_breaks_at_once_is_not_replaced_again_and_again(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    unwritable = GroupOptions(group_id="g" * 40_000)  # no request can hold the name
    source = KafkaSource(Connection(bootstrap_servers=group.bootstrap), unwritable)
    await joined(readers, Reader(source), topic)

    with capture_logs() as logs:
        for _ in range(20):
            await source.poll(1, 0.1)

    broken = [line for line in logs if line["event"] == "kafka_client_broken"]
    assert 1 <= len(broken) <= 3


async def test_what_waits_at_the_broker_is_known_without_a_fetch(
    group: KafkaGroup, readers: list[Reader]
) -> None:
    topic = await group.topic()
    await group.put(topic, 0, b"a")
    reader = await joined(readers, group.member(), topic)
    await reader.until_taken(1)
    reader.source.hold(reader.owned)
    await group.put(topic, 0, b"b", b"c")

    source = reader.source
    assert isinstance(source, KafkaSource)
    assert await source.behind() == 2


@pytest.mark.timeout(200)
async def test_an_outage_of_the_broker_is_waited_out(tmp_path: Path, readers: list[Reader]) -> None:
    broker = await asyncio.to_thread(Kafka.launch, tmp_path)
    try:
        group = KafkaGroup(broker.bootstrap)
        topic = await group.topic()
        await group.put(topic, 0, b"0", b"1")
        reader = await joined(readers, group.member(), topic)
        await reader.until_taken(2)

        await asyncio.to_thread(broker.kill)
        polled = [await reader.poll() for _ in range(5)]
        took_commit = await reader.source.commit({Partition(topic, 0): Point(2)})
        await asyncio.to_thread(broker.restart)
        await while_polling(group.put(topic, 0, b"2"), reader)
        await reader.until_taken(3)

        assert polled == [[]] * 5
        assert not took_commit
        assert reader.values() == [b"0", b"1", b"2"]

        await asyncio.to_thread(broker.kill)
        async with asyncio.timeout(15):  # leaving is bounded where nobody answers
            await reader.source.stop()
    finally:
        await asyncio.to_thread(broker.close)


async def test_no_broker_is_an_error_once_the_time_to_start_is_over() -> None:
    nowhere = Connection(bootstrap_servers="127.0.0.1:1", start_timeout=1.0)
    reader = Reader(KafkaSource(nowhere, GroupOptions(group_id="g")))

    with pytest.raises(KafkaUnreachableError, match=r"no Kafka broker answered .* within 1 s"):
        await reader.source.start(["topic"], reader)
