"""The preflight against real brokers and accounts: what holds, and each thing that may not."""

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from consumer.cli.check import findings
from consumer.consent.hashing import Hasher
from consumer.consent.records import Entry, encode, encode_fingerprint
from consumer.consent.words import Known
from consumer.kafka import Connection, KafkaAdmin
from consumer.settings.model import Loaded
from consumer.settings.sources import load
from tests.brokers.topics import entry, fresh, make_topics, produce
from tests.integration.commands import Ended, run, sandbox

ROOM = 64 * 1024
DELETION = encode(b"a" * 15, Known(deleted_at=1))


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, Any]]:
    """The settings by which a sandbox account is reached."""
    with sandbox() as settings:
        yield settings


async def _make(bootstrap: str, topic: str, config: dict[str, str]) -> None:
    """Make a topic, and ask until the broker tells of it."""
    await make_topics(bootstrap, {topic: 1}, config)
    async with KafkaAdmin(Connection(bootstrap_servers=bootstrap)) as admin:
        while topic not in await admin.topics():
            pass


class Place:
    """Topics of a test's own, and the settings that name them."""

    def __init__(self, bootstrap: str, account: dict[str, Any]) -> None:
        self.bootstrap = bootstrap
        self.source, self.dead, self.group = fresh("orders"), fresh("dead"), fresh("group")
        self.memory = fresh("consent")
        self._account = account

    def make(self, topic: str, largest: int) -> None:
        config = {"max.message.bytes": str(largest)}
        asyncio.run(_make(self.bootstrap, topic, config))

    def remember(self, *entries: Entry, policy: str = "compact") -> None:
        """Make the topic of consent, and write there."""
        asyncio.run(_make(self.bootstrap, self.memory, {"cleanup.policy": policy}))
        records = [entry(self.memory, one.value, key=one.key) for one in entries]
        asyncio.run(produce(self.bootstrap, records))

    def settings(self, **changes: Any) -> dict[str, Any]:
        own: dict[str, Any] = {
            "KAFKA__BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA__GROUP_ID": self.group,
            "TOPICS": json.dumps({self.source: {}}),
            "DEAD_LETTER__TOPIC": self.dead,
            "CONSENT__MEMORY_TOPIC": self.memory,
        }
        return own | self._account | changes

    def loaded(self, **changes: Any) -> Loaded:
        named = self.settings(**changes).items()
        environ = {f"ESPUTNIK_SYNC_{name}": str(value) for name, value in named}
        return load(config=None, overrides=[], environ=environ, needs_api_key=True)

    def check(self, **changes: Any) -> Ended:
        return run("check", **self.settings(**changes))


def mark_of(key: str) -> Entry:
    """What tells that a topic of consent was written with this key."""
    return encode_fingerprint(Hasher(key).fingerprint)


@pytest.fixture
def place(bootstrap: str, account: dict[str, Any]) -> Place:
    return Place(bootstrap, account)


def verdicts(done: Ended) -> dict[str, str]:
    assert done.complaints == []
    return {line["check"]: line["verdict"] for line in done.results}


def failures(done: Ended) -> list[dict[str, str]]:
    assert (done.code, done.complaints) == (1, [])
    return [line for line in done.results if line["verdict"] == "failed"]


# -- Kafka ----------------------------------------------------------------------------------


@pytest.mark.kafka
def test_all_that_holds_is_told_in_one_line_each(place: Place, account: dict[str, Any]) -> None:
    place.make(place.source, 100_000)
    place.make(place.dead, 100_000 + ROOM)
    place.remember(mark_of("sandbox"))
    control = account["ESPUTNIK__BASE_URL"].removesuffix("/api")
    httpx.put(
        f"{control}/sandbox/segments", json=[{"id": 5, "name": "No SMS", "type": "Static"}]
    ).raise_for_status()

    done = place.check(
        CONTACTS__CUSTOM_FIELDS='{"colour": 1}', CONSENT__ROUTES='{"sms": {"segment": 5}}'
    )

    assert done.code == 0
    assert verdicts(done) == {
        "settings": "ok",
        "kafka": "ok",
        f"topic {place.source}": "ok",
        f"dead letters {place.dead}": "ok",
        f"dead letters {place.dead} size": "ok",
        f"consent {place.memory}": "ok",
        f"consent {place.memory} policy": "ok",
        f"consent {place.memory} key": "ok",
        f"group {place.group}": "ok",
        "eSputnik": "ok",
        "clock": "ok",
        "custom field colour": "ok",
        "segment of sms": "ok",
    }


@pytest.mark.kafka
def test_topics_that_are_missing_or_too_small_are_told_with_what_to_do(place: Place) -> None:
    place.make(place.source, 100_000)
    place.make(place.dead, 100_000)

    done = place.check(TOPICS=json.dumps({place.source: {}, "no-such-topic": {}}))

    missing, small = failures(done)
    assert (missing["check"], missing["remedy"]) == (
        "topic no-such-topic",
        "create it, let this user read it, or remove it from ESPUTNIK_SYNC_TOPICS",
    )
    assert small["remedy"] == f"set its max.message.bytes to {100_000 + ROOM} or more"


@pytest.mark.kafka
def test_topics_of_ours_that_are_missing_are_no_failure(place: Place) -> None:
    place.make(place.source, 100_000)

    done = place.check()

    assert done.code == 0
    assert verdicts(done)[f"dead letters {place.dead}"] == "warning"
    assert verdicts(done)[f"consent {place.memory}"] == "warning"


@pytest.mark.kafka
def test_a_topic_of_consent_in_which_nothing_is_written_yet_is_no_failure(place: Place) -> None:
    place.make(place.source, 100_000)
    place.remember()

    done = place.check()

    assert done.code == 0
    assert verdicts(done)[f"consent {place.memory} key"] == "ok"


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("entries", "policy", "what", "remedy"),
    [
        ((), "delete", "policy", "set it to compact"),
        ((mark_of("another"),), "compact", "key", "set this setting to the old key "),
        ((DELETION,), "compact", "key", "use another topic"),
        ((Entry(b"a", b"b"),), "compact", "key", "run the version that wrote it, or "),
    ],
)
def test_what_run_refuses_of_the_topic_of_consent_is_told_in_its_words(
    place: Place, entries: tuple[Entry, ...], policy: str, what: str, remedy: str
) -> None:
    place.make(place.source, 100_000)
    place.remember(*entries, policy=policy)

    (failure,) = failures(place.check())
    refused = run("run", **place.settings(ADMIN__PORT=0))

    wrong, code = failure["detail"].rsplit(" (`run` ends with ", 1)
    assert (refused.code, code) == (78, "78)")
    assert f"{wrong}; {failure['remedy']}" in refused.err
    assert failure["check"] == f"consent {place.memory} {what}"
    assert failure["remedy"].startswith(remedy)


@pytest.mark.kafka
async def test_a_topic_of_consent_that_takes_too_long_to_read_is_a_warning(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object, **__: object) -> dict[object, object]:
        await asyncio.sleep(0)
        return {}

    await asyncio.to_thread(place.remember, mark_of("sandbox"))
    monkeypatch.setattr(AIOKafkaConsumer, "getmany", nothing)

    found = [one async for one in findings(place.loaded(KAFKA__START_TIMEOUT="2"))]

    (key,) = [one for one in found if one.check == f"consent {place.memory} key"]
    assert (key.verdict.value, "within 2 s" in key.detail) == ("warning", True)


@pytest.mark.broker
def test_without_any_topic_of_the_default_table_there_is_nothing_to_read(place: Place) -> None:
    done = place.check(TOPICS=json.dumps({fresh("none"): {}}))

    assert failures(done)[-1]["check"] == "topics"


def test_a_broker_that_does_not_answer_is_told_and_the_account_is_tried_all_the_same(
    account: dict[str, Any],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"127.0.0.1:{listener.getsockname()[1]}"

    done = run("check", KAFKA__BOOTSTRAP_SERVERS=nobody, KAFKA__START_TIMEOUT="0.5", **account)

    (failure,) = failures(done)
    assert failure["check"] == "kafka"
    assert failure["remedy"].startswith("check ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS and ")
    assert verdicts(done)["eSputnik"] == "ok"


# -- eSputnik -------------------------------------------------------------------------------


UNREACHED: dict[str, Any] = {
    "KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KAFKA__START_TIMEOUT": "0.1",
}


def esputnik(**settings: Any) -> list[dict[str, str]]:
    """What the checks of the account find wrong; Kafka is not asked."""
    return [
        one for one in failures(run("check", **UNREACHED, **settings)) if one["check"] != "kafka"
    ]


def test_a_key_that_is_refused_is_told_with_its_setting(account: dict[str, Any]) -> None:
    (failure,) = esputnik(**(account | {"ESPUTNIK__API_KEY": "wrong"}))

    assert (failure["check"], failure["detail"]) == ("eSputnik", "the API key is refused (401)")
    assert "ESPUTNIK_SYNC_ESPUTNIK__API_KEY" in failure["remedy"]


def test_an_account_that_does_not_answer_is_told_with_its_setting() -> None:
    (failure,) = esputnik(ESPUTNIK__BASE_URL="http://127.0.0.1:1/api", ESPUTNIK__API_KEY="k")

    assert failure["detail"].startswith("http://127.0.0.1:1/api does not answer (")
    assert "ESPUTNIK_SYNC_ESPUTNIK__BASE_URL" in failure["remedy"]


def test_fields_and_segments_that_do_not_exist_are_told_with_their_settings(
    account: dict[str, Any],
) -> None:
    field, segment = esputnik(
        CONTACTS__CUSTOM_FIELDS='{"colour": 404404}',
        CONSENT__ROUTES='{"sms": {"segment": 404405}, "news": {"subscription": "daily"}}',
        **account,
    )

    assert (field["check"], field["detail"]) == ("custom field colour", "404404 does not exist")
    assert field["remedy"] == "correct ESPUTNIK_SYNC_CONTACTS__CUSTOM_FIELDS"
    assert (segment["check"], segment["detail"]) == ("segment of sms", "404405 does not exist")
    assert segment["remedy"] == "correct ESPUTNIK_SYNC_CONSENT__ROUTES"


# -- settings -------------------------------------------------------------------------------


def test_each_fault_of_the_settings_is_a_finding() -> None:
    done = run("check", ADMIN__PORT="eighty", KAFKA__GROUP="a")

    assert [line["detail"] for line in failures(done)] == [
        "ESPUTNIK_SYNC_KAFKA__GROUP: is not a setting",
        "ESPUTNIK_SYNC_ADMIN__PORT: is not a whole number",
        "ESPUTNIK_SYNC_ESPUTNIK__API_KEY: is missing",
    ]
    assert all(line["remedy"] for line in done.results)
