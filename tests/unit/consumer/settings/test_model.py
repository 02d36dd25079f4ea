"""Every setting is known with its default, and refuses what cannot work."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from consumer.errors import SettingsError
from consumer.settings.model import LEAVES, Loaded, Settings, env_name, value_at

DEFAULTS: dict[str, Any] = {
    "kafka.bootstrap_servers": "localhost:9092",
    "kafka.group_id": "esputnik-sync",
    "kafka.group_instance_id": None,
    "kafka.security_protocol": "PLAINTEXT",
    "kafka.sasl_mechanism": None,
    "kafka.sasl_username": None,
    "kafka.sasl_password": None,
    "kafka.ssl_cafile": None,
    "kafka.ssl_certfile": None,
    "kafka.ssl_keyfile": None,
    "kafka.auto_offset_reset": "earliest",
    "kafka.isolation_level": "read_committed",
    "kafka.start_timeout": 30.0,
    "kafka.cluster_alias": "main",
    "dead_letter.topic": "esputnik-sync.dead-letter",
    "dead_letter.max_ratio": 0.5,
    "dead_letter.parking_topic": "esputnik-sync.parking",
    "replay.max_attempts": 3,
    "replay.memory_topic": "esputnik-sync.replays",
    "esputnik.base_url": "https://esputnik.com/api",
    "esputnik.api_key": None,
    "esputnik.login": "api",
    "esputnik.allow_http": False,
    "esputnik.timeout": 30.0,
    "esputnik.requests_per_second": {
        "default": 200,
        "search": 50,
        "event": 350,
        "past_event": 100,
    },
    "esputnik.max_in_flight": 8,
    "esputnik.max_imports": 64,
    "esputnik.acknowledge": "applied",
    "batch.max_wait": 0.25,
    "batch.max_contacts": 3000,
    "batch.max_orders": 1000,
    "batch.max_segment_contacts": 500,
    "batch.max_unsubscribed": 500,
    "batch.max_bytes": 4 * 1024 * 1024,
    "buffer.max_records": 100_000,
    "buffer.max_bytes": 64 * 1024 * 1024,
    "contacts.dedupe_on": "email",
    "contacts.single": "sign-ups",
    "contacts.invalid_field": "drop",
    "contacts.custom_fields": {},
    "contacts.phone_region": None,
    "orders.default_currency": None,
    "orders.coalesce": "status",
    "consent.routes": {},
    "consent.skew": 300.0,
    "consent.memory_topic": "esputnik-sync.consent",
    "events.strict": False,
    "events.max_bytes": 1024 * 1024,
    "events.max_age": None,
    "sends.delivery": "at_most_once",
    "ledger.url": "offsets:",
    "privacy.hash_key": None,
    "audit.topic": "esputnik-sync.audit",
    "admin.host": "127.0.0.1",
    "admin.port": 8080,
    "admin.token": None,
    "admin.allow_replay": False,
    "webhooks.enabled": False,
    "webhooks.secrets": {},
    "stop.deadline": 25.0,
    "log.format": None,
    "log.level": "info",
}
SECRETS = {"kafka.sasl_password", "esputnik.api_key", "privacy.hash_key", "admin.token"}


def settings(path: str, value: Any) -> Settings:
    """Return the settings where one has a value and all others their defaults."""
    *above, name = path.split(".")
    nested: dict[str, Any] = {name: value}
    for part in reversed(above):
        nested = {part: nested}
    return Settings(**nested)


def test_every_setting_has_the_documented_default() -> None:
    found = {path: value_at(Settings(), path) for path in LEAVES if path != "topics"}

    assert found == DEFAULTS


def test_the_default_topics_are_those_of_the_events() -> None:
    topics = {name: (one.type, one.tombstone) for name, one in Settings().topics.items()}

    assert topics == {
        "users": (None, "skip"),
        "orders": ("order.changed", "skip"),
        "opt-outs": (None, "skip"),
        "device-tokens": (None, "skip"),
        "segments": (None, "skip"),
        "sites": (None, "skip"),
        "inbox-messages": ("inbox_message.published", "skip"),
        "activities": ("activity.recorded", "skip"),
        "messages": ("message.requested", "skip"),
    }
    assert Settings().has_default_topics


def test_topics_that_are_named_replace_the_table() -> None:
    found = settings("topics", {"shop": {"type": "order.changed", "tombstone": "delete"}})

    assert list(found.topics) == ["shop"]
    assert not found.has_default_topics


@pytest.mark.parametrize("path", sorted(SECRETS))
def test_a_secret_does_not_show_itself(path: str) -> None:
    found = settings(path, "canary-1")

    assert "canary-1" not in repr(found)
    assert "canary-1" not in found.model_dump_json()
    assert isinstance(value_at(found, path), SecretStr)


def test_secrets_of_webhooks_do_not_show_themselves() -> None:
    found = settings("webhooks.secrets", {"users": "canary-1"})

    assert "canary-1" not in repr(found) + found.model_dump_json()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kafka.security_protocol", "sasl_ssl"),
        ("kafka.auto_offset_reset", "none"),
        ("kafka.start_timeout", 0),
        ("kafka.start_timeout", "inf"),
        ("kafka.group_id", ""),
        ("topics", {}),
        ("topics", {"users": {"type": "user.left"}}),
        ("topics", {"users": {"tombstone": "drop"}}),
        ("topics", {"users": {"kind": "user.updated"}}),
        ("dead_letter.topic", ""),
        ("dead_letter.max_ratio", 0),
        ("dead_letter.max_ratio", 1.1),
        ("replay.max_attempts", 0),
        ("esputnik.timeout", -1),
        ("esputnik.requests_per_second", {"default": 0}),
        ("esputnik.requests_per_second", {"reads": 5}),
        ("esputnik.max_in_flight", 257),
        ("esputnik.max_imports", 0),
        ("esputnik.acknowledge", "sent"),
        ("batch.max_wait", -0.1),
        ("batch.max_contacts", 3001),
        ("batch.max_orders", 1001),
        ("batch.max_segment_contacts", 501),
        ("batch.max_unsubscribed", 3001),
        ("batch.max_bytes", 65_535),
        ("buffer.max_records", 0),
        ("buffer.max_bytes", 1023),
        ("contacts.dedupe_on", "phone"),
        ("contacts.single", "some"),
        ("contacts.invalid_field", "keep"),
        ("contacts.custom_fields", {"colour": 0}),
        ("contacts.phone_region", "UK"),
        ("orders.default_currency", "uah"),
        ("orders.default_currency", "ABC"),
        ("orders.coalesce", "all"),
        ("consent.routes", {"sms": {}}),
        ("consent.routes", {"sms": {"segment": 5, "subscription": "news"}}),
        ("consent.routes", {"sms": {"segment": 0}}),
        ("consent.skew", -1),
        ("events.strict", "perhaps"),
        ("events.max_bytes", 1023),
        ("events.max_age", 0),
        ("sends.delivery", "exactly_once"),
        ("ledger.url", "redis:"),
        ("admin.port", 65_536),
        ("admin.host", ""),
        ("stop.deadline", 0),
        ("log.format", "text"),
        ("log.level", "INFO"),
        ("log.colour", "red"),
        ("logs", {}),
    ],
)
def test_what_cannot_work_is_refused(path: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        settings(path, value)


@pytest.mark.parametrize(
    ("path", "value", "meant"),
    [
        ("kafka.start_timeout", "0.5", 0.5),
        ("batch.max_wait", 0, 0.0),
        ("batch.max_contacts", "3000", 3000),
        ("contacts.phone_region", "ua", "UA"),
        ("contacts.custom_fields", {"colour": "104"}, {"colour": 104}),
        ("events.strict", "true", True),
        ("admin.port", 0, 0),
        ("orders.default_currency", "UAH", "UAH"),
        ("kafka.ssl_cafile", "/ca.pem", Path("/ca.pem")),
        (
            "esputnik.requests_per_second",
            {"search": 5},
            {"default": 200.0, "search": 5.0, "event": 350.0, "past_event": 100.0},
        ),
    ],
)
def test_a_text_is_read_as_what_it_stands_for(path: str, value: Any, meant: Any) -> None:
    assert value_at(settings(path, value), path) == meant


def test_routes_are_told_as_plain_values() -> None:
    routes = {"sms": {"segment": 5}, "news": {"subscription": "daily"}}

    assert settings("consent.routes", routes).consent.plain_routes() == routes


def test_the_environment_name_shows_the_levels() -> None:
    assert env_name("batch.max_wait") == "ESPUTNIK_SYNC_BATCH__MAX_WAIT"


# -- the key --------------------------------------------------------------------------------


def loaded(key: str | None, file: Path | None = None) -> Loaded:
    return Loaded(settings=settings("esputnik.api_key", key), origins={}, key_file=file)


@pytest.mark.parametrize("key", [None, ""])
def test_a_missing_key_is_named_with_what_to_write(key: str | None) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(key).api_key()

    (line,) = caught.value.faults
    assert line.startswith("ESPUTNIK_SYNC_ESPUTNIK__API_KEY: is missing; set it to ")


def test_the_key_is_read_again_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("second\n")

    assert loaded("first", file).reread_api_key() == "second"


@pytest.mark.parametrize("content", [None, b"", b"\xff"])
def test_the_last_key_stays_where_its_file_cannot_be_used(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)

    assert loaded("first", file).reread_api_key() == "first"


def test_a_key_that_came_from_no_file_stays() -> None:
    assert loaded("first").reread_api_key() == "first"
