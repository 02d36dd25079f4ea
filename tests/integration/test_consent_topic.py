"""The memory's topic on real brokers keeps what the one in memory keeps."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CorruptRecordException, KafkaTimeoutError

from consumer.clock import SystemClock
from consumer.consent.memory import Memory
from consumer.consent.ports import Followed, Page
from consumer.consent.records import encode, encode_fingerprint
from consumer.consent.topic import ConsentTopic, prepare
from consumer.consent.words import EMAIL, Known
from consumer.errors import KafkaUnreachableError, SettingsError
from consumer.kafka import Connection, FollowedTopic, KafkaAdmin, KafkaWriter
from consumer.ports import Writer
from consumer.record import Partition
from tests.brokers.kafka import Kafka
from tests.brokers.tansu import Tansu
from tests.brokers.topics import fresh, make_topics
from tests.fakes.topic import FakeFollowed, FakeTopic, FakeWriter
from tests.unit.consumer.consent.given import ANN, NOON, THERE, an_opt_in, an_opt_out

pytestmark = pytest.mark.timeout(120)  # the first test to need the broker waits for its start

KEY = "ab12"
MANY = 2500  # more than one poll brings


@dataclass
class Place:
    """A topic that exists, somewhere; `connection` is None for the one in memory."""

    writer: Writer
    topic: str
    connection: Connection | None = None
    fake: FakeTopic = field(default_factory=FakeTopic)

    def followed(self) -> "FollowedTopic | nullcontext[Followed]":
        if self.connection is None:
            return nullcontext(FakeFollowed(self.fake))
        return FollowedTopic(self.connection, self.topic)

    async def put(self, key: bytes, value: bytes) -> None:
        await self.writer.send(self.topic, key=key, value=value, near=0)


@pytest.fixture(
    params=[
        "memory",
        pytest.param("embedded", marks=pytest.mark.broker),
        pytest.param("kafka", marks=pytest.mark.kafka),
    ]
)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    if request.param == "memory":
        fake = FakeTopic()
        yield Place(FakeWriter(fake), fake.name, fake=fake)
        return
    async with on_broker(request.getfixturevalue(request.param).bootstrap) as made:
        yield made


@asynccontextmanager
async def on_broker(bootstrap: str) -> AsyncIterator[Place]:
    """A topic of a test's own, made as the service makes it."""
    connection = Connection(bootstrap_servers=bootstrap)
    topic = fresh("consent")
    async with KafkaAdmin(connection) as admin:
        await prepare(admin, topic)
    writer = KafkaWriter(connection)
    await writer.start()
    yield Place(writer, topic, connection)
    await writer.stop()


@dataclass
class Replica:
    memory: Memory
    shelf: ConsentTopic


@asynccontextmanager
async def replica(place: Place, fingerprint: str = KEY) -> AsyncIterator[Replica]:
    """One that has loaded the topic, and follows it while the context is open."""
    memory = Memory()
    async with place.followed() as followed:
        shelf = ConsentTopic(
            memory=memory,
            followed=followed,
            writer=place.writer,
            topic=place.topic,
            fingerprint=fingerprint,
            clock=SystemClock(),
            rng=random.Random(0),  # noqa: S311 - jitter
        )
        await shelf.load()
        following = asyncio.create_task(shelf.run())
        try:
            yield Replica(memory, shelf)
        finally:
            following.cancel()
            await asyncio.wait({following})


async def read_to(followed: Followed, position: int) -> list[Page]:
    pages = [await followed.poll()]
    while sum(pages[-1].position.values()) < position:
        pages.append(await followed.poll())
    return pages


# -- what a followed topic is relied on for ------------------------------------------------------


async def test_a_followed_topic_begins_at_its_beginning_and_goes_on(place: Place) -> None:
    await place.put(b"a", b"1")
    async with place.followed() as followed:
        first = await read_to(followed, 1)
        await place.put(b"b", b"2")
        second = await read_to(followed, 2)

    assert [(one.key, one.value, one.offset) for page in first for one in page.records] == [
        (b"a", b"1", 0)
    ]
    assert [(one.key, one.value, one.offset) for page in second for one in page.records] == [
        (b"b", b"2", 1)
    ]


async def test_what_was_acknowledged_lies_before_the_ends_and_is_read_by_then(place: Place) -> None:
    partition = Partition(place.topic, 0)
    async with place.followed() as followed:
        assert await followed.ends() == {partition: 0}
        for number in range(3):
            await place.put(b"%d" % number, b"v")
            assert await followed.ends() == {partition: number + 1}
        await read_to(followed, 3)

        assert (await followed.poll()).position == {partition: 3}


async def test_a_quiet_topic_brings_an_empty_page(place: Place) -> None:
    async with place.followed() as followed:
        assert await followed.poll() == Page([], {Partition(place.topic, 0): 0})


@pytest.mark.broker
async def test_what_a_failed_fetch_had_drained_comes_again(
    embedded: Tansu, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with on_broker(embedded.bootstrap) as place, place.followed() as followed:
        await place.put(b"a", b"1")
        with monkeypatch.context() as patched:
            patched.setattr(AIOKafkaConsumer, "getmany", _drained_and_lost)
            assert await followed.poll() == Page((), {Partition(place.topic, 0): 0})

        (page,) = await read_to(followed, 1)

        assert [record.key for record in page.records] == [b"a"]


async def _drained_and_lost(consumer: AIOKafkaConsumer, **_: object) -> None:
    (place,) = consumer.assignment()
    consumer.seek(place, 1)
    raise CorruptRecordException


@pytest.mark.broker
async def test_a_broker_that_does_not_tell_the_ends_is_no_end(
    embedded: Tansu, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> None:
        raise KafkaTimeoutError

    async with on_broker(embedded.bootstrap) as place, place.followed() as followed:
        with monkeypatch.context() as patched:
            patched.setattr(AIOKafkaConsumer, "end_offsets", silent)
            assert await followed.ends() is None

        assert await followed.ends() == {Partition(place.topic, 0): 0}


async def test_a_topic_that_cannot_be_reached_leaves_nothing_open() -> None:
    nobody = Connection(bootstrap_servers="127.0.0.1:1", start_timeout=0.1)

    with pytest.raises(KafkaUnreachableError):
        async with FollowedTopic(nobody, "t"):
            pytest.fail("it connected")


# -- the memory ----------------------------------------------------------------------------------


async def test_what_one_wrote_the_other_knows_and_so_does_the_next_that_starts(
    place: Place,
) -> None:
    async with replica(place) as here, replica(place) as there:
        here.memory.note((ANN,), an_opt_out())
        await here.shelf.write((ANN,))

        assert await there.shelf.catch_up()
        assert there.memory.words(ANN, EMAIL) == [an_opt_out()]

    async with replica(place) as later:
        assert later.memory.words(ANN, EMAIL) == [an_opt_out()]


async def test_a_long_topic_is_known_whole_after_the_start(place: Place) -> None:
    names = [number.to_bytes(15) for number in range(MANY)]
    await place.put(*encode_fingerprint(KEY))
    for some in range(0, MANY, 500):
        entries = [encode(name, Known(deleted_at=NOON)) for name in names[some : some + 500]]
        await asyncio.gather(*(place.put(*entry) for entry in entries))

    async with replica(place) as one:
        assert set(one.memory.names()) == set(names)


async def test_another_key_is_told_and_nothing_written(place: Place) -> None:
    async with replica(place):
        pass

    with pytest.raises(SettingsError, match="ESPUTNIK_SYNC_PRIVACY__HASH_KEY"):
        async with replica(place, "another"):
            pytest.fail("it started")

    async with replica(place) as one:
        assert list(one.memory.names()) == []


async def test_two_that_write_of_one_name_at_once_lose_nothing(place: Place) -> None:
    older = an_opt_in(NOON - 5, place=THERE)
    async with replica(place) as here, replica(place) as there:
        here.memory.note((ANN,), an_opt_out())
        there.memory.note((ANN,), older)
        await asyncio.gather(here.shelf.write((ANN,)), there.shelf.write((ANN,)))
        while here.memory.known(ANN) != there.memory.known(ANN):
            assert await here.shelf.catch_up()
            assert await there.shelf.catch_up()

    async with replica(place) as later:
        assert set(later.memory.words(ANN, EMAIL)) == {an_opt_out(), older}


# -- Kafka alone ---------------------------------------------------------------------------------


@pytest.mark.kafka
async def test_the_topic_is_made_compacted_and_one_that_forgets_is_refused(kafka: Kafka) -> None:
    connection = Connection(bootstrap_servers=kafka.bootstrap)
    made, forgetful = fresh("consent"), fresh("forgetful")
    await make_topics(kafka.bootstrap, {forgetful: 1}, {"cleanup.policy": "delete"})
    async with KafkaAdmin(connection) as admin:
        for _ in range(2):
            await prepare(admin, made)
        config = await admin.config(made)

        with pytest.raises(SettingsError, match="would lose opt-outs"):
            await prepare(admin, forgetful)

    assert (config["cleanup.policy"], config["min.compaction.lag.ms"]) == ("compact", "86400000")


@pytest.mark.kafka
async def test_all_partitions_of_a_topic_are_read(kafka: Kafka) -> None:
    topic, connection = fresh("wide"), Connection(bootstrap_servers=kafka.bootstrap)
    await make_topics(kafka.bootstrap, {topic: 3}, {"cleanup.policy": "compact"})
    writer = KafkaWriter(connection)
    await writer.start()
    place = Place(writer, topic, connection)
    try:
        await place.put(*encode_fingerprint(KEY))
        for number in (1, 2):
            key, value = encode(bytes([number]) * 15, Known(deleted_at=NOON))
            await writer.send(topic, key=key, value=value, near=number)
        async with replica(place) as one:
            assert set(one.memory.names()) == {b"\1" * 15, b"\2" * 15}
    finally:
        await writer.stop()
