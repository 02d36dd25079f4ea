"""The memory and its topic keep in step, whoever writes, and whatever hangs."""

import asyncio
from collections.abc import Mapping

import orjson
import pytest

from consumer.consent.memory import Memory
from consumer.consent.records import FINGERPRINT, decode, encode, encode_fingerprint
from consumer.consent.topic import prepare
from consumer.consent.words import EMAIL, Known
from consumer.errors import SettingsError
from tests.fakes.time import LoopClock, run
from tests.fakes.topic import FakeTopic
from tests.unit.consumer.consent.given import ANN, BOB, NOON, THERE, USER, an_opt_in, an_opt_out
from tests.unit.consumer.consent.replicas import KEY, Replica

LONG = 60.0  # s


def last_told(topic: FakeTopic, name: bytes) -> Known:
    """What whoever starts now reads of a name, once all else was compacted away."""
    (record,) = [record for record in topic.compact() if record.key == name]
    return decode(record.value or b"")


# -- at start -----------------------------------------------------------------------------------


def test_an_empty_topic_is_marked_with_the_keys_fingerprint_before_anything_else() -> None:
    async def story() -> None:
        topic = FakeTopic()

        await Replica(topic).shelf.load()

        assert [(record.key, record.value) for record in topic.log] == [encode_fingerprint(KEY)]

    run(story())


def test_what_was_written_is_known_to_the_next_that_starts() -> None:
    async def story() -> None:
        topic = FakeTopic()
        first, second = Replica(topic), Replica(topic)
        async with first.running():
            first.memory.note((ANN, USER), an_opt_out())
            await first.shelf.write((ANN, USER))

        await second.shelf.load()

        assert second.memory.words(ANN, EMAIL) == second.memory.words(USER, EMAIL) == [an_opt_out()]
        assert [record.key for record in topic.log] == [FINGERPRINT, ANN, USER]

    run(story())


def test_all_of_a_long_topic_is_read_before_the_start_is_over() -> None:
    async def story() -> None:
        topic = FakeTopic()
        topic.put(*encode_fingerprint(KEY))
        names = [number.to_bytes(15) for number in range(3500)]
        for name in names:
            topic.put(*encode(name, Known(deleted_at=NOON)))
        replica = Replica(topic)

        await replica.shelf.load()

        assert set(replica.memory.names()) == set(names)

    run(story())


def test_another_key_ends_the_start_and_names_the_setting() -> None:
    async def story() -> None:
        topic = FakeTopic()
        await Replica(topic, "another").shelf.load()

        with pytest.raises(SettingsError, match="ESPUTNIK_SYNC_PRIVACY__HASH_KEY") as told:
            await Replica(topic).shelf.load()

        assert told.value.exit_code == 78
        assert len(topic.log) == 1

    run(story())


def test_records_without_a_fingerprint_end_the_start() -> None:
    async def story() -> None:
        topic = FakeTopic()
        topic.put(*encode(ANN, Known(deleted_at=NOON)))

        with pytest.raises(SettingsError, match="ESPUTNIK_SYNC_CONSENT__MEMORY_TOPIC"):
            await Replica(topic).shelf.load()

    run(story())


@pytest.mark.parametrize(
    ("key", "value"),
    [(ANN, b'{"v":2}'), (ANN, b"no json"), (FINGERPRINT, b'{"v":1}'), (FINGERPRINT, b"7")],
)
def test_what_this_version_cannot_read_ends_the_start_and_is_named_by_its_place(
    key: bytes, value: bytes
) -> None:
    async def story() -> None:
        topic = FakeTopic()
        topic.put(*encode_fingerprint(KEY))
        topic.put(key, value)

        with pytest.raises(SettingsError, match="partition 0, offset 1"):
            await Replica(topic).shelf.load()

    run(story())


def test_what_an_operator_took_away_is_passed_over() -> None:
    async def story() -> None:
        topic = FakeTopic()
        topic.put(*encode_fingerprint(KEY))
        topic.put(ANN, None)
        topic.put(None, b"?")
        replica = Replica(topic)

        await replica.shelf.load()

        assert list(replica.memory.names()) == []

    run(story())


def test_a_start_waits_until_the_brokers_can_tell_how_much_there_is() -> None:
    async def story() -> None:
        topic = FakeTopic(is_down=True)
        loading = asyncio.create_task(Replica(topic).shelf.load())
        await asyncio.sleep(LONG)
        assert not loading.done()

        topic.is_down = False

        await asyncio.wait_for(loading, LONG)

    run(story())


# -- while running ------------------------------------------------------------------------------


def test_what_another_replica_writes_is_known_after_catching_up() -> None:
    async def story() -> None:
        topic = FakeTopic()
        here, there = Replica(topic), Replica(topic)
        async with here.running(), there.running():
            there.memory.note((ANN,), an_opt_out())
            await there.shelf.write((ANN,))

            assert await here.shelf.catch_up()

            assert here.memory.words(ANN, EMAIL) == [an_opt_out()]

    run(story())


def test_catching_up_waits_for_a_reader_that_lags_and_gives_up_in_time() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            replica.followed.is_held = True
            topic.put(*encode(ANN, Known(deleted_at=NOON)))
            began = LoopClock().now()
            assert not await replica.shelf.catch_up()
            assert LoopClock().now() - began < LONG

            replica.followed.is_held = False

            assert await replica.shelf.catch_up()
            assert replica.memory.deleted_at(ANN) == NOON

    run(story())


def test_nobody_catches_up_while_the_brokers_do_not_tell() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            topic.is_down = True
            assert not await replica.shelf.catch_up()

            topic.is_down = False

            assert await replica.shelf.catch_up()

    run(story())


def test_many_who_catch_up_at_once_ask_together_and_none_by_an_old_answer() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            replica.followed.asked = 0
            first = asyncio.create_task(replica.shelf.catch_up())
            await asyncio.sleep(0.001)  # it has asked, and waits for the answer
            topic.put(*encode(ANN, Known(deleted_at=NOON)))

            others = [asyncio.create_task(replica.shelf.catch_up()) for _ in range(50)]
            await asyncio.gather(*others)

            assert replica.memory.deleted_at(ANN) == NOON
            assert (first.done(), replica.followed.asked) == (True, 2)

    run(story())


def test_one_who_gives_up_waiting_leaves_the_others_waiting() -> None:
    async def story() -> None:
        replica = Replica(FakeTopic())
        async with replica.running():
            one, other = (asyncio.create_task(replica.shelf.catch_up()) for _ in range(2))
            await asyncio.sleep(0.001)

            one.cancel()

            assert await other

    run(story())


def test_what_nobody_waits_for_any_more_is_given_up() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            replica.followed.is_held = True
            topic.put(*encode(ANN, Known(deleted_at=NOON)))
            await asyncio.sleep(0.001)  # the replica has begun
            before = asyncio.all_tasks()
            waiting = [asyncio.create_task(replica.shelf.catch_up()) for _ in range(2)]
            await asyncio.sleep(0.001)

            for one in waiting:
                one.cancel()
            await asyncio.wait(waiting)
            await asyncio.sleep(0.001)

            assert asyncio.all_tasks() == before
            replica.followed.is_held = False
            assert await replica.shelf.catch_up()

    run(story())


def test_another_key_that_is_written_meanwhile_ends_the_run() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        await replica.shelf.load()
        topic.put(*encode_fingerprint("another"))

        with pytest.raises(ExceptionGroup) as told:
            await replica.shelf.run()

        assert [type(one) for one in told.value.exceptions] == [SettingsError]

    run(story())


# -- writing ------------------------------------------------------------------------------------


def test_a_record_that_tells_less_is_written_again_on_a_busy_topic_too() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            for word in (an_opt_out(), an_opt_in()):
                topic.put(*encode(ANN, Known(words=(word,))))
            for number in range(1000):
                topic.put(*encode(number.to_bytes(15), Known(deleted_at=NOON)))
                await asyncio.sleep(0.1)

        assert len(last_told(topic, ANN).words) == 2

    run(story())


def test_a_write_waits_as_long_as_it_takes() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            topic.is_down = True
            replica.memory.note((ANN,), an_opt_out())
            writing = asyncio.create_task(replica.shelf.write((ANN,)))
            await asyncio.sleep(3600)
            assert not writing.done()

            topic.is_down = False

            await asyncio.wait_for(writing, LONG)
            assert last_told(topic, ANN).words == (an_opt_out(),)

    run(story())


def test_a_write_that_waited_tells_what_became_known_meanwhile() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replica = Replica(topic)
        async with replica.running():
            topic.refusals = 3
            replica.memory.note((ANN,), an_opt_out())
            writing = asyncio.create_task(replica.shelf.write((ANN, BOB)))
            await asyncio.sleep(0.1)

            replica.memory.note((BOB,), an_opt_out())
            await writing

            assert last_told(topic, BOB).words == (an_opt_out(),)

    run(story())


def test_two_who_write_of_one_name_at_once_lose_nothing_of_what_either_knew() -> None:
    async def story() -> None:
        topic = FakeTopic()
        here, there = Replica(topic), Replica(topic)
        async with here.running(), there.running():
            here.memory.note((ANN,), an_opt_out())
            there.memory.note((ANN,), an_opt_in(NOON - 5, place=THERE))
            await asyncio.gather(here.shelf.write((ANN,)), there.shelf.write((ANN,)))

            await asyncio.sleep(LONG)

            assert here.memory.known(ANN) == there.memory.known(ANN)
            assert set(last_told(topic, ANN).words) == {
                an_opt_out(),
                an_opt_in(NOON - 5, place=THERE),
            }

    run(story())


def test_mending_comes_to_an_end() -> None:
    async def story() -> None:
        topic = FakeTopic()
        replicas = [Replica(topic) for _ in range(3)]
        async with replicas[0].running(), replicas[1].running(), replicas[2].running():
            for number, replica in enumerate(replicas):
                replica.memory.note((ANN,), an_opt_out(NOON, offset=number, place=THERE))
                replica.memory.note((ANN,), an_opt_out(NOON - number))
            await asyncio.gather(*(replica.shelf.write((ANN,)) for replica in replicas))
            await asyncio.sleep(LONG)
            written = len(topic.log)

            await asyncio.sleep(10 * LONG)

            assert len(topic.log) == written < 12

    run(story())


def test_a_record_that_tells_less_is_mended_by_the_next_that_starts() -> None:
    async def story() -> None:
        topic = FakeTopic()
        topic.put(*encode_fingerprint(KEY))
        topic.put(*encode(ANN, Known(words=(an_opt_out(),))))
        topic.put(*encode(ANN, Known(words=(an_opt_in(NOON - 5),))))
        async with Replica(topic).running():
            await asyncio.sleep(LONG)

        assert an_opt_out() in last_told(topic, ANN).words

    run(story())


def test_no_address_is_written() -> None:
    memory = Memory()
    memory.note((ANN,), an_opt_out())

    assert set(orjson.loads(encode(ANN, memory.known(ANN)).value)) == {"v", "words"}


# -- the topic itself ---------------------------------------------------------------------------


class StubAdmin:
    """Tells what topics there are; takes note of those it makes."""

    def __init__(self, **topics: dict[str, str]) -> None:
        self._topics = topics
        self.made: list[tuple[str, int, str, Mapping[str, str]]] = []

    async def topics(self) -> frozenset[str]:
        return frozenset(self._topics)

    async def config(self, topic: str) -> dict[str, str]:
        return self._topics[topic]

    async def create(
        self, topic: str, *, partitions: int, config: Mapping[str, str], setting: str
    ) -> None:
        self.made.append((topic, partitions, setting, config))


def prepared(**topics: dict[str, str]) -> StubAdmin:
    admin = StubAdmin(**topics)
    run(prepare(admin, "memory"))
    return admin


def test_a_topic_that_is_missing_is_made_to_be_compacted_with_time_to_mend_it() -> None:
    ((name, partitions, setting, config),) = prepared(other={}).made

    assert (name, partitions, setting) == ("memory", 1, "ESPUTNIK_SYNC_CONSENT__MEMORY_TOPIC")
    assert config == {"cleanup.policy": "compact", "min.compaction.lag.ms": "86400000"}


@pytest.mark.parametrize("config", [{}, {"cleanup.policy": "compact"}])
def test_a_topic_that_is_compacted_or_does_not_tell_is_taken_as_it_is(
    config: dict[str, str],
) -> None:
    assert prepared(memory=config).made == []


@pytest.mark.parametrize("policy", ["delete", "compact,delete", ""])
def test_a_topic_that_forgets_is_refused(policy: str) -> None:
    with pytest.raises(SettingsError, match=r"CONSENT__MEMORY_TOPIC: .*would lose opt-outs"):
        prepared(memory={"cleanup.policy": policy})
