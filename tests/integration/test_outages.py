"""What an outage, a changed key or a stop does to a run: nothing is buried, nothing is lost."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.kafka import Kafka
from tests.integration.deployment import Consumer, Deployment, deployed, until
from tests.integration.events import an_event, an_order

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]


def orders(numbers: range) -> list[dict[str, Any]]:
    return [an_order(number, email=f"buyer{number % 50}@example.com") for number in numbers]


def activities(numbers: range) -> list[dict[str, Any]]:
    return [
        an_event("activity.recorded", number, name="seen", email=f"buyer{number}@example.com")
        for number in numbers
    ]


async def requests_of(deployment: Deployment, status: int) -> int:
    return sum(one["status"] == status for one in await deployment.account.requests())


async def hears_of(consumer: Consumer, words: str) -> None:
    """Wait until the log of a consumer says something."""

    async def says() -> bool:
        consumer.part.check()
        return words in consumer.log

    await until(says)


async def test_an_outage_of_esputnik_buries_nothing_and_ends_by_itself(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"orders": 4}) as deployment:
        consumer = await deployment.start()
        await deployment.tell("orders", *orders(range(100)))
        await deployment.done()

        await deployment.account.close()
        await deployment.tell("orders", *orders(range(100, 300)))
        async with asyncio.timeout(60):
            await until(lambda: buffered(consumer, 200))
        alive = (await consumer.get("/livez")).is_success
        await deployment.account.open()
        await deployment.done()

        assert alive
        assert set((await deployment.account.state())["orders"]) == {f"o-{n}" for n in range(300)}
        assert await deployment.letters() == []


async def buffered(consumer: Consumer, records: int) -> bool:
    return (await consumer.figures()).buffered == records


async def test_it_starts_during_an_outage_of_esputnik(kafka: Kafka, tmp_path: Path) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"orders": 1}) as deployment:
        await deployment.account.close()
        await deployment.tell("orders", *orders(range(10)))
        consumer = await deployment.start()
        await until(lambda: buffered(consumer, 10))
        await deployment.account.open()
        await deployment.done()

        assert "key_not_checked" in consumer.log
        assert len((await deployment.account.state())["orders"]) == 10
        assert await deployment.letters() == []


async def test_an_outage_at_the_start_buries_no_call_whose_repeats_count(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"activities": 1}) as deployment:
        await deployment.account.rules({"status": 502, "times": None})
        await deployment.tell("activities", *activities(range(10)))
        consumer = await deployment.start()

        async def is_probed() -> bool:
            return await requests_of(deployment, 502) > 2

        async with asyncio.timeout(60):
            await until(lambda: buffered(consumer, 10))
            await until(is_probed)
        asked = {one["action"] for one in await deployment.account.requests()}
        await deployment.account.rules()
        await deployment.done()

        assert asked == {"account-info"}
        assert len((await deployment.account.state())["events"]) == 10
        assert await deployment.letters() == []


async def test_a_key_that_is_changed_in_its_file_is_taken_at_once(
    kafka: Kafka, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("first")
    async with deployed(
        kafka.bootstrap,
        tmp_path,
        {"orders": 1},
        ESPUTNIK__API_KEY=None,
        ESPUTNIK__API_KEY_FILE=str(key),
    ) as deployment:
        await deployment.account.use_key("first")
        consumer = await deployment.start()
        await deployment.tell("orders", *orders(range(5)))
        await deployment.done()

        key.write_text("second")
        await deployment.account.use_key("second")
        await deployment.tell("orders", *orders(range(5, 10)))
        await deployment.done()

        assert await requests_of(deployment, 401) == 1
        assert len((await deployment.account.state())["orders"]) == 10
        assert consumer.log.count("hash_key_needed") == 1
        assert await deployment.letters() == []


async def test_a_refused_key_pauses_everything_until_the_file_has_another(
    kafka: Kafka, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("first")
    async with deployed(
        kafka.bootstrap,
        tmp_path,
        {"orders": 1},
        ESPUTNIK__API_KEY=None,
        ESPUTNIK__API_KEY_FILE=str(key),
    ) as deployment:
        await deployment.account.use_key("first")
        consumer = await deployment.start()
        await deployment.account.use_key("second")
        await deployment.tell("orders", *orders(range(10)))
        await until(lambda: unready(consumer))
        told = (await consumer.get("/readyz")).json()
        refused_before = await requests_of(deployment, 401)
        key.write_text("second")
        await deployment.done()

        assert told["joined"]
        assert "401" in str(told["held"])
        assert refused_before <= 2
        assert len((await deployment.account.state())["orders"]) == 10
        assert await deployment.letters() == []


async def unready(consumer: Consumer) -> bool:
    return not await consumer.ready()


async def test_a_stop_finishes_what_was_begun_and_repeats_nothing(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(
        kafka.bootstrap,
        tmp_path,
        {"activities": 4},
        ESPUTNIK__REQUESTS_PER_SECOND={"default": 200, "search": 50, "event": 60, "past_event": 60},
    ) as deployment:
        first = await deployment.start()
        await deployment.tell("activities", *activities(range(200)))
        await until(lambda: raised(deployment, 40))
        code = await first.stop()
        at_the_stop = await events(deployment)
        await deployment.start()
        await deployment.drained()

        state = await deployment.account.state()
        assert code == 0
        assert 40 <= at_the_stop <= 200
        assert len(state["executions"]) == 200
        assert set(state["executions"].values()) == {1}
        assert await deployment.letters() == []


async def events(deployment: Deployment) -> int:
    return len((await deployment.account.state())["executions"])


async def raised(deployment: Deployment, count: int) -> bool:
    return await events(deployment) >= count


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker that a test may end."""
    broker = Kafka.launch(tmp_path_factory.mktemp("own"))
    yield broker
    broker.close()


async def test_an_outage_of_kafka_makes_it_unready_and_ends_by_itself(
    own: Kafka, tmp_path: Path
) -> None:
    async with deployed(own.bootstrap, tmp_path, {"orders": 1}) as deployment:
        consumer = await deployment.start()
        await deployment.tell("orders", *orders(range(5)))
        await deployment.done()

        own.kill()
        await until(lambda: unready(consumer))
        await hears_of(consumer, '"scope":"kafka"')
        told, alive = (await consumer.get("/readyz")).json(), await consumer.get("/livez")
        away = 'esputnik_sync_paused{reason="kafka"} 1.0' in (await consumer.get("/metrics")).text
        own.restart()
        await until(consumer.ready)
        await deployment.tell("orders", *orders(range(5, 10)))
        await deployment.done()

        (why,) = told.pop("held")
        assert why.pop("seconds") >= 10
        assert why == {"what": "kafka", "kind": "outage", "why": "the group does not answer"}
        assert told == {"ready": False, "joined": False}
        assert away
        assert consumer.log.count('"scope":"kafka"') == 2  # held, and resumed
        assert alive.is_success
        assert len((await deployment.account.state())["orders"]) == 10


@pytest.mark.parametrize(("signals", "code"), [(1, 0), (2, 1)])
async def test_a_stop_that_cannot_finish_ends_in_time_and_loses_nothing(
    kafka: Kafka, tmp_path: Path, *, signals: int, code: int
) -> None:
    deadline = 6 if code == 0 else 60  # s; without the second signal the latter would last
    async with deployed(
        kafka.bootstrap, tmp_path, {"orders": 2}, STOP__DEADLINE=deadline
    ) as deployment:
        await deployment.account.rules({"action": "add-orders", "delay": 30.0})
        consumer = await deployment.start()
        await deployment.tell("orders", *orders(range(10)))
        await until(lambda: sends(consumer))
        async with asyncio.timeout(10):
            for _ in range(signals):
                consumer.part.process.send_signal(signal.SIGTERM)
                await hears_of(consumer, '"event":"stopping"')
            ended = await consumer.part.ended()
        await deployment.account.rules()
        await deployment.start()
        await deployment.drained()

        assert ended == code
        assert ('"unfinished":10' in consumer.log) == (code == 0)
        assert len((await deployment.account.state())["orders"]) == 10
        assert await deployment.letters() == []


@pytest.mark.parametrize(("deadline", "delay"), [(4, 2.0), (10, 6.5)])
async def test_a_stop_waits_for_a_request_that_ends_within_its_deadline(
    kafka: Kafka, tmp_path: Path, *, deadline: float, delay: float
) -> None:
    async with deployed(
        kafka.bootstrap, tmp_path, {"orders": 1}, STOP__DEADLINE=deadline
    ) as deployment:
        await deployment.account.rules({"action": "add-orders", "delay": delay})
        consumer = await deployment.start()
        await deployment.tell("orders", *orders(range(1)))
        await until(lambda: is_asked(consumer))
        code = await consumer.stop()

        assert code == 0
        assert "stop_not_finished" not in consumer.log
        await deployment.drained(1)


async def is_asked(consumer: Consumer) -> bool:
    """Tell whether a request is under way."""
    page = (await consumer.get("/metrics")).text
    return 'esputnik_sync_in_flight{action="add-orders"} 1.0' in page


@pytest.mark.parametrize("is_frozen", [False, True])
async def test_a_stop_ends_well_and_in_time_though_no_broker_answers(
    own: Kafka, tmp_path: Path, *, is_frozen: bool
) -> None:
    deadline = 4  # s
    async with deployed(own.bootstrap, tmp_path, {"orders": 1}, STOP__DEADLINE=deadline) as made:
        await made.account.rules({"action": "add-orders", "delay": 30.0})
        consumer = await made.start()
        await made.tell("orders", *orders(range(10)))
        await until(lambda: is_asked(consumer))
        if is_frozen:
            own.freeze()
        else:
            own.kill()
        async with asyncio.timeout(deadline + 1):  # one more for a machine that is busy
            code = await consumer.stop()
        own.kill()

        assert code == 0
        assert "Traceback" not in consumer.log
        assert ("stop_not_finished" in consumer.log) is is_frozen


async def sends(consumer: Consumer) -> bool:
    return (await consumer.figures()).buffered > 0


async def test_a_process_that_finds_none_of_its_topics_says_so_and_is_ready(
    own: Kafka, tmp_path: Path
) -> None:
    async with deployed(own.bootstrap, tmp_path, {}, TOPICS=None) as deployment:
        consumer = await deployment.start()
        told = (await consumer.get("/readyz")).json()

        why = {"what": "topics", "kind": "missing", "why": "there is none to read"}
        assert told == {"ready": True, "joined": True, "held": [why]}
        assert consumer.log.count("topics_missing") == 1
