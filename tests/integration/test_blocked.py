"""What cannot be read on blocks its partition alone, says where, and waits for an operator."""

from pathlib import Path
from typing import Any

import pytest

from consumer.kafka import Connection, KafkaWriter
from consumer.record import Partition
from tests.brokers.kafka import Kafka
from tests.brokers.raw import batch, produce_raw
from tests.brokers.topics import entry, lag
from tests.contract.groups import KafkaGroup
from tests.integration.deployment import Consumer, Deployment, deployed, until

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


def sites(name: str, count: int) -> list[bytes]:
    """Events that add domains, as bytes."""
    return [b'{"domain": "%s%d.example.com"}' % (name.encode(), number) for number in range(count)]


async def put(deployment: Deployment, partition: int, *values: bytes) -> None:
    await KafkaGroup(deployment.bootstrap).put(deployment.topic("sites"), partition, *values)


async def domains(deployment: Deployment) -> set[str]:
    """The domains that the account was asked to add."""
    asked = await deployment.account.requests()
    return {one["body"]["domain"] for one in asked if one["path"] == "/v1/site/domains"}


async def held(consumer: Consumer) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (await consumer.get("/readyz")).json()["held"]
    return told


def typed(deployment: Deployment) -> dict[str, Any]:
    return {"TOPICS": {deployment.topic("sites"): {"type": "site.registered"}}}


async def test_an_unreadable_record_blocks_its_partition_and_readyz_says_where(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"sites": 2}) as deployment:
        await put(deployment, 0, *sites("before", 2))
        bad = entry(deployment.topic("sites"), b"", partition=0)
        await produce_raw(kafka.bootstrap, bad, batch([b"{}"], bad=0))
        await put(deployment, 1, *sites("beside", 3))
        consumer = await deployment.begin(**typed(deployment))

        await until(lambda: held(consumer))
        await until(lambda: asked_for(deployment, 5))
        told = await held(consumer)
        ready, alive = await consumer.get("/readyz"), await consumer.get("/livez")
        code = await consumer.stop()

        assert [(one["what"], one["why"]) for one in told] == [
            (f"{deployment.topic('sites')}:0", "unreadable at offset 2")
        ]
        assert (ready.status_code, alive.status_code, code) == (503, 200, 0)
        behind = await lag(kafka.bootstrap, deployment.prefix, deployment.topic("sites"))
        assert list(behind.values()) == [1, 0]


async def asked_for(deployment: Deployment, count: int) -> bool:
    return len(await domains(deployment)) == count


async def test_lost_records_block_until_an_operator_accepts_the_gap(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"sites": 2}) as deployment:
        topic = deployment.topic("sites")
        await put(deployment, 0, *sites("first", 1))
        first = await deployment.start(**typed(deployment))
        await until(lambda: asked_for(deployment, 1))
        await first.stop()
        await put(deployment, 0, *sites("later", 5))
        await KafkaGroup(kafka.bootstrap).delete_before(topic, 0, 4)

        second = await deployment.begin(**typed(deployment))
        await until(lambda: held(second))
        told = await held(second)
        before = await domains(deployment)
        await second.stop()
        await deployment.start("--accept-gap", f"{topic}:0", **typed(deployment))
        await until(lambda: asked_for(deployment, 3))

        assert [(one["what"], one["why"]) for one in told] == [
            (f"{topic}:0", "out_of_range at offset 1")
        ]
        assert before == {"first0.example.com"}
        assert await domains(deployment) - before == {"later3.example.com", "later4.example.com"}


async def test_a_gap_of_what_is_not_read_is_not_accepted(kafka: Kafka, tmp_path: Path) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"sites": 1}) as deployment:
        topic = deployment.topic("sites")
        unknown = await deployment.command("run", "--accept-gap", "stes:0")
        beyond = await deployment.command("run", "--accept-gap", f"{topic}:1")

        assert [(told.code, told.err.decode().strip()) for told in (unknown, beyond)] == [
            (2, f"--accept-gap stes:0: this topic is not consumed; use one of {topic}"),
            (2, f"--accept-gap {topic}:1: the topic has no such partition; the last one is 0"),
        ]


async def test_a_group_that_is_set_behind_an_unreadable_record_goes_on(
    kafka: Kafka, tmp_path: Path
) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"sites": 1}) as deployment:
        topic = deployment.topic("sites")
        await put(deployment, 0, *sites("before", 1))
        bad = entry(topic, b"", partition=0)
        await produce_raw(kafka.bootstrap, bad, batch([b"{}"], bad=0))
        await put(deployment, 0, *sites("behind", 2))
        first = await deployment.begin(**typed(deployment))
        await until(lambda: held(first))
        await until(lambda: asked_for(deployment, 1))
        await first.stop()

        group = KafkaGroup(kafka.bootstrap)
        group.name = deployment.prefix
        await group.commit({Partition(topic, 0): 2})
        await deployment.start(**typed(deployment))
        await until(lambda: asked_for(deployment, 3))

        assert await domains(deployment) == {
            *("before0.example.com", "behind0.example.com", "behind1.example.com"),
        }


async def test_a_record_of_nothing_at_all_is_buried_as_it_was(kafka: Kafka, tmp_path: Path) -> None:
    async with deployed(kafka.bootstrap, tmp_path, {"people": 1}) as deployment:
        topic = deployment.topic("people")
        writer = KafkaWriter(Connection(bootstrap_servers=kafka.bootstrap))
        await writer.start()
        headers = (("h", None), ("h", b""), ("h", b"\xff"))
        await writer.send(topic, key=None, value=None, headers=headers)
        await writer.stop()
        await deployment.start(TOPICS={topic: {"tombstone": "delete"}})
        await deployment.drained()

        (letter,) = await deployment.letters()
        assert letter.reason == "decode.tombstone"
        original = letter.original
        assert (original.key, original.value, original.headers) == (None, None, headers)
        assert original.place == Partition(topic, 0)
