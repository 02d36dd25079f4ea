"""The least rights of the runbook are enough, and losing one loses no event."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.rights import Kind, Operation, Right, grant, take_away
from tests.brokers.scram import set_password
from tests.brokers.secure import SecureKafka
from tests.brokers.topics import fresh, lag, make_topics
from tests.integration.deployment import Consumer, Deployment, deployed, until
from tests.integration.events import an_event, an_order
from tests.integration.test_secure_kafka import complaint

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

PASSWORD = "correct-horse"
RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
ROW = re.compile(r"^\| `(\w+)` \| [^|]*`([a-z_.]+)`[^|]* \| ([A-Z_, ]+) \|$", re.MULTILINE)


def needed(deployment: Deployment, *commands: str) -> list[Right]:
    """What the runbook says that these commands need, for the topics of a deployment."""
    topics = [deployment.topic(name) for name in deployment.topics]
    names = {
        "topics": topics,
        "kafka.group_id": [deployment.prefix],
        "dead_letter.topic": [deployment.topic("dead")],
        "replay.memory_topic": [deployment.topic("replays")],
        "consent.memory_topic": [deployment.topic("consent")],
    }
    return [
        Right(Kind.GROUP if setting == "kafka.group_id" else Kind.TOPIC, name, Operation[word])
        for command, setting, words in ROW.findall(RUNBOOK.read_text("utf-8"))
        if command in commands
        for name in names[setting]
        for word in words.split(", ")
    ]


@asynccontextmanager
async def user_of(
    broker: SecureKafka, folder: Path, topics: Iterable[str] = ("events",)
) -> AsyncIterator["User"]:
    """A deployment of a user of its own, who may do nothing yet. All topics are there."""
    name = fresh("user")
    await set_password(broker.plain, name, "SCRAM-SHA-256", PASSWORD)
    settings = {
        "KAFKA__BOOTSTRAP_SERVERS": broker.by_password,
        "KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA__SASL_MECHANISM": "SCRAM-SHA-256",
        "KAFKA__SASL_USERNAME": name,
        "KAFKA__SASL_PASSWORD": PASSWORD,
        "KAFKA__SSL_CAFILE": str(broker.authority.certificate),
        "LEDGER__URL": "offsets:",
    }
    async with deployed(broker.plain, folder, dict.fromkeys(topics, 1), **settings) as made:
        others = [made.topic(name) for name in ("dead", "replays", "consent")]
        await make_topics(broker.plain, dict.fromkeys(others, 1))
        yield User(broker.plain, name, made)


class User:
    """Who runs a deployment, by what rights."""

    def __init__(self, plain: str, name: str, deployment: Deployment) -> None:
        self.deployment = deployment
        self.plain = plain
        self._name = name

    def right(self, topic: str, operation: Operation) -> Right:
        """A right to a topic of the deployment, or to its group, which has no name of its own."""
        if not topic:
            return Right(Kind.GROUP, self.deployment.prefix, operation)
        return Right(Kind.TOPIC, self.deployment.topic(topic), operation)

    async def may(self, rights: Iterable[Right]) -> None:
        await grant(self.plain, self._name, rights)

    async def may_not(self, *rights: Right) -> None:
        await take_away(self.plain, self._name, rights)


def broken(number: int) -> dict[str, Any]:
    return an_event("order.changed", number)


async def orders(deployment: Deployment) -> set[str]:
    return set((await deployment.account.state())["orders"])


async def holds(consumer: Consumer, why: str) -> bool:
    return why in str((await consumer.get("/readyz")).json()["held"])


async def says(consumer: Consumer, words: str) -> bool:
    consumer.part.check()
    return words in consumer.log


async def committed(deployment: Deployment, topic: str) -> bool:
    """Whether the group has committed all of a topic."""
    behind = await lag(deployment.bootstrap, deployment.prefix, deployment.topic(topic))
    return not any(behind.values())


def test_every_row_of_the_runbook_is_read() -> None:
    table = RUNBOOK.read_text("utf-8").split("<!-- rights -->")[1].split("<!-- end")[0]

    assert len(ROW.findall(table)) == table.count("\n|") - 2  # the head and its rule


# -- enough ---------------------------------------------------------------------------------


async def test_the_least_rights_are_enough_for_everything(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        deployment = user.deployment
        await user.may({*needed(deployment, "run", "dlq", "replay")})

        checked = await deployment.command("check")
        await deployment.start()
        await deployment.tell(
            "events",
            an_order(1),
            broken(2),
            an_event("message.requested", 3, message_id=5, email="a@example.com"),
        )
        await deployment.done()
        listed = await deployment.command("dlq", "list")
        replayed = await deployment.command("replay", "--yes")

        assert checked.code == 0
        assert await orders(deployment) == {"o-1"}
        assert [line["reason"] for line in listed.lines] == ["schema.missing"]
        assert [line["outcome"] for line in replayed.lines] == ["buried"]


async def test_whoever_replays_needs_no_right_to_run(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        deployment = user.deployment
        await user.may(needed(deployment, "run"))
        await deployment.account.rules({"action": "remove-unsubscribed", "status": 400})
        consumer = await deployment.start()
        opt_in = {"channel": "email", "email": "ann@example.com"}
        await deployment.tell("events", an_event("contact.opted_in", 1, **opt_in))
        await deployment.drained()
        await consumer.stop()
        await user.may_not(*needed(deployment, "run"))
        await user.may({*needed(deployment, "replay")})
        await deployment.account.rules()
        replayed = await deployment.command("replay", "--yes")

        assert [line.get("outcome") for line in replayed.lines] == ["delivered"], replayed.err


@pytest.mark.parametrize(
    ("resource", "operation", "may_also", "code", "words"),
    [
        ("events", Operation.READ, "run", 78, "let this user read it"),
        ("", Operation.READ, "run", 77, "lacks a right to a group"),
        ("dead", Operation.WRITE, "run", 78, "create it, or allow this user to"),
        ("dead", Operation.WRITE, "dlq", 77, "write the dead-letter topic"),
        ("consent", Operation.READ, "run", 77, "read the consent topic"),
        ("consent", Operation.WRITE, "run", 77, "write the consent topic"),
    ],
)
async def test_a_right_that_is_missing_at_the_start_is_named(  # noqa: PLR0913 - a row
    secure_kafka: SecureKafka,
    tmp_path: Path,
    *,
    resource: str,
    operation: Operation,
    may_also: str,
    code: int,
    words: str,
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        lost = user.right(resource, operation)
        rights = needed(user.deployment, "run", may_also)
        await user.may({right for right in rights if right != lost})

        ended = await user.deployment.command("run")

    assert (ended.code, words in complaint(ended)) == (code, True)


@pytest.mark.parametrize(
    ("operation", "wrong"),
    [(Operation.READ, "may not be read"), (Operation.WRITE, "may not be written")],
)
async def test_a_right_to_the_topic_of_consent_that_is_missing_is_told_by_check(
    secure_kafka: SecureKafka, tmp_path: Path, operation: Operation, wrong: str
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        lost = user.right("consent", operation)
        rights = needed(user.deployment, "run")
        await user.may({right for right in rights if right != lost})

        ended = await user.deployment.command("check")

    (failure,) = [line for line in ended.lines if line["verdict"] == "failed"]
    assert (ended.code, failure["detail"]) == (1, wrong)
    assert failure["remedy"] == f"allow {operation.name} on {lost.name} to this user"


@pytest.mark.parametrize(("command", "resource"), [("dlq list", "dead"), ("replay", "replays")])
async def test_a_topic_that_a_command_may_not_read_is_no_empty_one(
    secure_kafka: SecureKafka, tmp_path: Path, command: str, resource: str
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        lost = user.right(resource, Operation.READ)
        rights = needed(user.deployment, "dlq", "replay")
        await user.may({right for right in rights if right != lost})

        ended = await user.deployment.command(*command.split())

    assert (ended.code, "lacks a right to a topic" in complaint(ended)) == (77, True)


async def test_a_topic_that_a_replay_may_not_create_is_told_by_the_setting_that_names_it(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        deployment = user.deployment
        await user.may({*needed(deployment, "run", "dlq", "replay")})
        await deployment.start()
        await deployment.tell("events", broken(1))
        await deployment.done()
        absent = deployment.topic("absent")

        ended = await deployment.command(
            "replay", "--yes", "--set", f"replay.memory_topic={absent}"
        )

    *_, line = ended.err.decode().splitlines()
    assert ended.code == 78
    assert line.startswith(f"ESPUTNIK_SYNC_REPLAY__MEMORY_TOPIC: {absent} cannot be created")


# -- lost under way -------------------------------------------------------------------------


async def test_a_topic_that_may_not_be_read_any_more_waits_alone(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with user_of(secure_kafka, tmp_path, ("events", "others")) as user:
        deployment = user.deployment
        await user.may(needed(deployment, "run"))
        consumer = await deployment.start()
        await user.may_not(user.right("events", Operation.READ))
        await until(lambda: holds(consumer, "not_authorized"))
        await deployment.tell("events", an_order(1))
        await deployment.tell("others", an_order(2))
        await until(lambda: committed(deployment, "others"))
        before = await orders(deployment)
        await user.may([user.right("events", Operation.READ)])
        await deployment.done()

        assert before == {"o-2"}
        assert await orders(deployment) == {"o-1", "o-2"}
        assert await deployment.letters() == []


async def test_a_group_that_may_not_be_used_any_more_loses_nothing(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with user_of(secure_kafka, tmp_path) as user:
        deployment = user.deployment
        await user.may(needed(deployment, "run"))
        consumer = await deployment.start()
        await user.may_not(user.right("", Operation.READ))
        await deployment.tell("events", *map(an_order, range(20)))
        await until(lambda: says(consumer, "GroupAuthorizationFailedError"))
        await user.may([user.right("", Operation.READ)])
        await deployment.drained()

        assert await orders(deployment) == {f"o-{n}" for n in range(20)}
        assert await deployment.letters() == []


async def test_letters_that_may_not_be_written_any_more_hold_their_partition_alone(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with user_of(secure_kafka, tmp_path, ("events", "others")) as user:
        deployment = user.deployment
        await user.may(needed(deployment, "run"))
        consumer = await deployment.start()
        await user.may_not(user.right("dead", Operation.WRITE))
        await deployment.tell("events", broken(1), an_order(2))
        await deployment.tell("others", an_order(3))
        await until(lambda: says(consumer, "dead_letter_not_acknowledged"))
        await until(lambda: committed(deployment, "others"))
        held = (await lag(user.plain, deployment.prefix, deployment.topic("events"))).values()
        alive = (await consumer.get("/livez")).is_success
        await user.may([user.right("dead", Operation.WRITE)])
        await deployment.drained()

        assert (list(held), alive) == ([2], True)
        assert [letter.reason for letter in await deployment.letters()] == ["schema.missing"]
        assert await orders(deployment) == {"o-2", "o-3"}
