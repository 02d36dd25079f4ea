"""Every setting: its name, its default, its unit. Reading them is the work of `sources`.

`docs/settings.md` is generated from these models. A validator's message says what is wrong and,
after a semicolon, what to write.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo

from consumer.errors import SettingsError
from handlers.routes import ROUTES
from schemas.money import Currency

PREFIX = "ESPUTNIK_SYNC_"
RATES = {"default": 200.0, "search": 50.0, "event": 350.0, "past_event": 100.0}
_TOPIC = re.compile("[a-zA-Z0-9._-]{1,249}")
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def env_name(path: str) -> str:
    """Return the environment name of a setting's path."""
    return PREFIX + path.upper().replace(".", "__")


KEY_MISSING = (
    "is missing; set it to the API key of your account, or set "
    f"{env_name('esputnik.api_key')}_FILE to the path of a file with the key"
)


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _region(value: str) -> str:
    if value.upper() not in SUPPORTED_REGIONS:
        raise ValueError("is not a country code; write two letters (ISO 3166), such as UA or GB")
    return value.upper()


def _event_type(value: str) -> str:
    if value not in ROUTES:
        raise ValueError("is not an event type; use one that `esputnik-sync schemas` lists")
    return value


def _rates(given: dict[str, float]) -> dict[str, float]:
    if strangers := set(given) - set(RATES):
        raise ValueError(f"{min(strangers)} is not a request class; use one of {', '.join(RATES)}")
    return RATES | given


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value) or value in {".", ".."}:
        raise ValueError("is not a topic name; use 1 to 249 ASCII letters, digits, dots, _ and -")
    return value


def _login(value: str) -> str:
    if ":" in value or not value.isprintable():
        raise ValueError("is not an HTTP user name; use any name without a colon")
    return value


EventType = Annotated[str, AfterValidator(_event_type)]
TopicName = Annotated[str, AfterValidator(_topic)]  # by Kafka's rule
Login = Annotated[str, AfterValidator(_login)]
Region = Annotated[str, AfterValidator(_region)]


class Kafka(Section):
    """Brokers, consumer group and login."""

    bootstrap_servers: str = Field(
        "localhost:9092", min_length=1, description="brokers as host:port, separated by commas"
    )
    group_id: str = Field("esputnik-sync", min_length=1, description="the consumer group")
    group_instance_id: str | None = Field(
        None, description="unique name of this replica, for static membership; off by default"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="protocol of the brokers, as Kafka names it"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="login mechanism, as Kafka names it"
    )
    sasl_username: str | None = Field(None, description="user name for SASL")
    sasl_password: SecretStr | None = Field(None, description="password for SASL")
    ssl_cafile: Path | None = Field(
        None, description="PEM file of the trusted CA certificates; by default those of the system"
    )
    ssl_certfile: Path | None = Field(None, description="PEM file of the client certificate")
    ssl_keyfile: Path | None = Field(None, description="PEM file of the client key")
    auto_offset_reset: Literal["earliest", "latest"] = Field(
        "earliest",
        description="where to start in a partition the group never committed; a lost commit blocks "
        "its partition instead (`run --accept-gap`)",
    )
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed", description="whether records of uncommitted transactions are read"
    )
    start_timeout: Seconds = Field(
        30.0, description="seconds to reach a broker at start; then exit code 69"
    )
    cluster_alias: str = Field(
        "main",
        min_length=1,
        description="cluster name in the idempotency keys of events without an id; never change it",
    )


class TopicSettings(Section):
    """How a topic is read."""

    type: EventType | None = Field(None, description="event type of all records of the topic")
    tombstone: Literal["skip", "delete"] = Field(
        "skip",
        description="what a null value does; delete: deletes the contact whose user id is the key",
    )


def _default_topics() -> dict[str, TopicSettings]:
    """Return the default table: a topic with one type of event can do without naming it."""
    types: dict[str, list[str]] = {}
    for event_type, route in ROUTES.items():
        types.setdefault(route.topic, []).append(event_type)
    return {
        topic: TopicSettings(type=named[0] if len(named) == 1 else None)
        for topic, named in types.items()
    }


class DeadLetter(Section):
    """Records that can never succeed."""

    topic: TopicName = Field(
        "esputnik-sync.dead-letter",
        description="topic of the dead letters; created if it is missing and this user may "
        "create it",
    )
    max_ratio: float = Field(
        0.5,
        gt=0,
        le=1,
        description="an action is paused when a larger share of its calls is rejected for one "
        "cause",
    )
    parking_topic: TopicName = Field(
        "esputnik-sync.parking", description="topic of parked dead letters"
    )


class Replay(Section):
    """Replay of dead letters."""

    max_attempts: Count = Field(3, description="maximum number of replays of one dead letter")
    memory_topic: TopicName = Field(
        "esputnik-sync.replays",
        description="topic that records which letters were delivered; compacted, created when "
        "first needed",
    )


class Esputnik(Section):
    """The eSputnik account and its limits."""

    base_url: str = Field(
        "https://esputnik.com/api",
        description="base URL of the API; plain http only for loopback, or with "
        "`esputnik.allow_http`",
    )
    api_key: SecretStr | None = Field(
        None,
        description="API key of the account; `explain`, `schemas`, `sandbox`, `config` do not "
        "need it",
    )
    login: Login = Field("api", description="any name; eSputnik checks only the key")
    allow_http: bool = Field(
        default=False,
        description="allow sending the key over plain http to hosts other than loopback",
    )
    timeout: Seconds = Field(30.0, description="seconds for one request in total")
    requests_per_second: Annotated[dict[str, Rate], AfterValidator(_rates)] = Field(
        default_factory=lambda: dict(RATES),
        description="rate limits of the account, by request class; a class left out keeps its "
        "default",
    )
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = Field(
        8, description="concurrent requests per replica"
    )
    max_imports: Count = Field(64, description="unfinished imports per replica")
    acknowledge: Literal["applied", "accepted"] = Field(
        "applied",
        description="an event is done when its import has finished, or when eSputnik has "
        "accepted it",
    )


class Batch(Section):
    """How calls are batched."""

    max_wait: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.25,
        description="maximum seconds an event waits to be batched; under low load it is sent at "
        "once",
    )
    max_contacts: Annotated[int, Field(ge=1, le=3000)] = Field(
        3000, description="contacts per import, 1 to 3000"
    )
    max_orders: Annotated[int, Field(ge=1, le=1000)] = Field(
        1000, description="orders per request, 1 to 1000"
    )
    max_segment_contacts: Annotated[int, Field(ge=1, le=500)] = Field(
        500, description="segment members per request, 1 to 500"
    )
    max_unsubscribed: Annotated[int, Field(ge=1, le=3000)] = Field(
        500, description="addresses per request, 1 to 3000"
    )
    max_bytes: Annotated[int, Field(ge=65536, le=10 * 1024 * 1024)] = Field(
        4 * 1024 * 1024, description="bytes per request, 65536 to 10485760"
    )


class Buffer(Section):
    """Limits of unfinished records; above them, partitions are paused."""

    max_records: Count = Field(100_000, description="unfinished records per replica")
    max_bytes: Annotated[int, Field(ge=1024)] = Field(
        64 * 1024 * 1024, description="bytes of unfinished records per replica"
    )


class Contacts(Section):
    """How contacts are found and written."""

    dedupe_on: Literal["email", "sms", "email_or_sms"] = Field(
        "email",
        description="identifier tried first to find the contact of a sign-up or of an event "
        "without "
        "`user_id`",
    )
    single: Literal["sign-ups", "always", "never"] = Field(
        "sign-ups",
        description="which contact events are sent by Add Contact when there is nothing to batch "
        "them with",
    )
    invalid_field: Literal["drop", "reject"] = Field(
        "drop",
        description="an invalid field in an event with a valid identifier: drop the field and "
        "count it, or dead-letter the event",
    )
    custom_fields: dict[str, Count] = Field(
        default_factory=dict,
        description="attribute name to the id of its eSputnik custom field; other attributes are "
        "dropped",
    )
    phone_region: Region | None = Field(None, description="country of phone numbers without +")


class Orders(Section):
    """How orders are read and merged."""

    default_currency: Currency | None = Field(
        None, description="ISO 4217 code for orders without a currency"
    )
    coalesce: Literal["status", "latest"] = Field(
        "status",
        description="which successive events of one order are merged: those with the same "
        "status, or all; never if the later one lacks a field of the earlier one, or has another "
        "store",
    )


class ConsentRoute(Section):
    """What tells eSputnik: those who opted out join the segment, or leave the category."""

    segment: Count | None = Field(None, description="id of a static segment")
    subscription: str | None = Field(None, min_length=1, description="key of a category")

    @model_validator(mode="after")
    def _names_one(self) -> "ConsentRoute":
        if (self.segment is None) == (self.subscription is None):
            raise ValueError(
                'must have exactly one of them; write {"segment": ID} or {"subscription": KEY}'
            )
        return self


class Consent(Section):
    """How opt-outs and opt-ins are applied at eSputnik."""

    routes: dict[str, ConsentRoute] = Field(
        default_factory=dict,
        description='channel or category to `{"segment": ID}` or `{"subscription": KEY}`',
    )
    skew: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        300.0,
        description="seconds; where times differ by no more than this, an opt-out wins over an "
        "opt-in",
    )
    memory_topic: TopicName = Field(
        "esputnik-sync.consent", description="topic that stores who opted out, as keyed hashes"
    )

    def plain_routes(self) -> Mapping[str, Mapping[str, int | str]]:
        """Return the routes as plain values."""
        return {name: route.model_dump(exclude_none=True) for name, route in self.routes.items()}


class Events(Section):
    """How events are read."""

    strict: bool = Field(
        default=False, description="dead-letter events with unknown fields in `data`"
    )
    max_bytes: Annotated[int, Field(ge=1024)] = Field(
        1024 * 1024, description="maximum bytes of a record's value, 1024 or more"
    )
    max_age: Seconds | None = Field(
        None, description="seconds; older activities are sent as past events and start no workflow"
    )


class Sends(Section):
    """Non-idempotent calls: messages, activities, inbox messages."""

    delivery: Literal["at_most_once", "at_least_once"] = Field(
        "at_most_once",
        description="a non-idempotent call that may have run: dead-letter it (`sync.in_doubt`), "
        "or send it again",
    )


class Ledger(Section):
    """Where non-idempotent calls in flight are recorded."""

    url: Literal["offsets:", "memory:"] = Field(
        "offsets:",
        description="record non-idempotent calls in flight: in the offset metadata, or in memory "
        "only",
    )


class Privacy(Section):
    """How contacts are identified in logs and in the consent topic."""

    hash_key: SecretStr | None = Field(
        None,
        description="secret key of the contact hashes; by default derived from the API key",
    )


class Audit(Section):
    """Record of consent decisions."""

    topic: str = Field(
        "esputnik-sync.audit", description="topic of all consent decisions; empty turns it off"
    )


class Admin(Section):
    """The HTTP server of probes and metrics."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="listen address; any other than loopback needs `admin.token`",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8080, description="listen port; 0 picks a free one"
    )
    token: SecretStr | None = Field(
        None,
        description="bearer token for everything except the probes, if `admin.host` is not "
        "loopback",
    )
    allow_replay: bool = Field(default=False, description="allow replays from the dashboard")


class Webhooks(Section):
    """Events over HTTP."""

    enabled: bool = Field(default=False, description="accept events at `POST /ingest/{topic}`")
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="topic to its signing secret"
    )


class Stop(Section):
    """Graceful shutdown."""

    deadline: Seconds = Field(25.0, description="seconds to finish and commit after SIGTERM")


class Log(Section):
    """Logs, on standard error."""

    format: Literal["json", "console"] | None = Field(
        None, description="by default json, on a terminal console"
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="lowest level that is logged"
    )


class Settings(Section):
    """All settings."""

    kafka: Kafka = Kafka()
    topics: dict[TopicName, TopicSettings] = Field(
        default_factory=_default_topics,
        min_length=1,
        description="topic to `{type?, tombstone?}`; replaces the default table",
    )
    dead_letter: DeadLetter = DeadLetter()
    replay: Replay = Replay()
    esputnik: Esputnik = Esputnik()
    batch: Batch = Batch()
    buffer: Buffer = Buffer()
    contacts: Contacts = Contacts()
    orders: Orders = Orders()
    consent: Consent = Consent()
    events: Events = Events()
    sends: Sends = Sends()
    ledger: Ledger = Ledger()
    privacy: Privacy = Privacy()
    audit: Audit = Audit()
    admin: Admin = Admin()
    webhooks: Webhooks = Webhooks()
    stop: Stop = Stop()
    log: Log = Log()

    @property
    def has_default_topics(self) -> bool:
        """Tell whether the default table is read."""
        return "topics" not in self.model_fields_set


def _leaves(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from _leaves(kind, f"{above}{name}.")
        else:
            yield above + name, field


LEAVES: Mapping[str, FieldInfo] = dict(_leaves(Settings))
"""Every setting's field by its path, in the order of the models."""

UNBUILT = (
    "dead_letter.parking_topic",
    "audit.topic",
    "admin.allow_replay",
    "webhooks.enabled",
    "webhooks.secrets",
)
"""Settings of parts that are not built yet: checked, named in a warning, and without effect."""


def value_at(settings: Settings, path: str) -> object:
    """Return the value of a setting."""
    node: object = settings
    for name in path.split("."):
        node = getattr(node, name)
    return node


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings in force, where each came from by path, and what is worth a warning.

    `key_file`: the file that the API key was read from, and is read from again.
    """

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    key_file: Path | None = None

    def api_key(self) -> str:
        """Return eSputnik's API key. Raises SettingsError where there is none."""
        key = self.settings.esputnik.api_key
        if key is None or not key.get_secret_value():
            raise SettingsError([f"{env_name('esputnik.api_key')}: {KEY_MISSING}"])
        return key.get_secret_value()

    def reread_api_key(self) -> str:
        """Return the key as its file holds it now; the last one where it cannot be read."""
        try:
            if self.key_file is not None and (key := self.key_file.read_text("utf-8").strip()):
                return key
        except (OSError, UnicodeDecodeError):
            pass
        return self.api_key()
