"""Every setting: its name, its default, its unit. Reading them is `settings_sources`' work.

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
    "is missing; write the key of your account, or the path of a file that holds it to "
    f"{env_name('esputnik.api_key')}_FILE"
)


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _region(value: str) -> str:
    if value.upper() not in SUPPORTED_REGIONS:
        raise ValueError("is no country; write two letters of ISO 3166, such as UA or GB")
    return value.upper()


def _event_type(value: str) -> str:
    if value not in ROUTES:
        raise ValueError("is no event type; write one that `esputnik-sync schemas` lists")
    return value


def _rates(given: dict[str, float]) -> dict[str, float]:
    if strangers := set(given) - set(RATES):
        raise ValueError(f"{min(strangers)} is no class of calls; write {', '.join(RATES)}")
    return RATES | given


def _topic(value: str) -> str:
    if not _TOPIC.fullmatch(value) or value in {".", ".."}:
        raise ValueError(
            "is no name of a topic; write 1 to 249 ASCII letters, digits, dots, _ and -"
        )
    return value


def _login(value: str) -> str:
    if ":" in value or not value.isprintable():
        raise ValueError("cannot be a user name of HTTP; write any name without a colon")
    return value


EventType = Annotated[str, AfterValidator(_event_type)]
TopicName = Annotated[str, AfterValidator(_topic)]  # by Kafka's rule
Login = Annotated[str, AfterValidator(_login)]
Region = Annotated[str, AfterValidator(_region)]


class Kafka(Section):
    """Where records come from."""

    bootstrap_servers: str = Field(
        "localhost:9092", min_length=1, description="brokers as host:port, commas between"
    )
    group_id: str = Field("esputnik-sync", min_length=1, description="the consumer group")
    group_instance_id: str | None = Field(
        None, description="a name of this replica alone, for static membership; off by default"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to talk to the brokers, in Kafka's own words"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="how to log in, in Kafka's own words"
    )
    sasl_username: str | None = Field(None, description="user name for SASL")
    sasl_password: SecretStr | None = Field(None, description="password for SASL")
    ssl_cafile: Path | None = Field(
        None, description="PEM file of the authorities to trust; by default those of the system"
    )
    ssl_certfile: Path | None = Field(None, description="PEM file of our own certificate")
    ssl_keyfile: Path | None = Field(None, description="PEM file of our own key")
    auto_offset_reset: Literal["earliest", "latest"] = Field(
        "earliest",
        description="where to begin in a partition the group never committed; a commit that is "
        "missing below such a partition is never jumped over (`run --accept-gap`)",
    )
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed", description="whether records of unfinished transactions are read"
    )
    start_timeout: Seconds = Field(30.0, description="s to reach a broker at start, then exit 69")
    cluster_alias: str = Field(
        "main",
        min_length=1,
        description="name of the cluster in the idempotency keys of events without an id; keep it",
    )


class TopicSettings(Section):
    """How a topic is read."""

    type: EventType | None = Field(None, description="type of all the topic's events")
    tombstone: Literal["skip", "delete"] = Field(
        "skip", description="what a null value means; delete: the key is a user id to delete"
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
    """Where records go that can never succeed."""

    topic: TopicName = Field(
        "esputnik-sync.dead-letter",
        description="where bad records go; created if absent and allowed",
    )
    max_ratio: float = Field(
        0.5,
        gt=0,
        le=1,
        description="share of an action's calls, refused for one cause, that pauses the action",
    )
    parking_topic: TopicName = Field(
        "esputnik-sync.parking", description="where letters are put aside"
    )


class Replay(Section):
    """Dead letters sent again."""

    max_attempts: Count = Field(3, description="replays of one letter, then it is refused")
    memory_topic: TopicName = Field(
        "esputnik-sync.replays",
        description="which letters were delivered; compacted, made when first needed",
    )


class Esputnik(Section):
    """The account, and how it is called."""

    base_url: str = Field(
        "https://esputnik.com/api",
        description="plain http only to loopback, or with `esputnik.allow_http`",
    )
    api_key: SecretStr | None = Field(
        None, description="the account's key; `explain`, `schemas`, `sandbox`, `config` do without"
    )
    login: Login = Field("api", description="any name; eSputnik looks at the key alone")
    allow_http: bool = Field(
        default=False, description="send the key over plain http to other hosts"
    )
    timeout: Seconds = Field(30.0, description="s, one request in all")
    requests_per_second: Annotated[dict[str, Rate], AfterValidator(_rates)] = Field(
        default_factory=lambda: dict(RATES),
        description="the account's limits by class of calls; a class left out keeps its default",
    )
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = Field(
        8, description="requests at a time, a replica"
    )
    max_imports: Count = Field(64, description="imports under way, a replica")
    acknowledge: Literal["applied", "accepted"] = Field(
        "applied",
        description="an event is done when its import is finished, or when the API took it",
    )


class Batch(Section):
    """How events are gathered."""

    max_wait: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.25, description="s an event may wait for company; an idle lane sends at once"
    )
    max_contacts: Annotated[int, Field(ge=1, le=3000)] = Field(
        3000, description="contacts in one import, 1 to 3000"
    )
    max_orders: Annotated[int, Field(ge=1, le=1000)] = Field(
        1000, description="orders in one request, 1 to 1000"
    )
    max_segment_contacts: Annotated[int, Field(ge=1, le=500)] = Field(
        500, description="members in one request, 1 to 500"
    )
    max_unsubscribed: Annotated[int, Field(ge=1, le=3000)] = Field(
        500, description="addresses in one request, 1 to 3000"
    )
    max_bytes: Annotated[int, Field(ge=65536, le=10 * 1024 * 1024)] = Field(
        4 * 1024 * 1024, description="bytes of one request, 65536 to 10485760"
    )


class Buffer(Section):
    """How much may be unfinished in a replica."""

    max_records: Count = Field(
        100_000, description="records unfinished in a replica, then partitions pause"
    )
    max_bytes: Annotated[int, Field(ge=1024)] = Field(
        64 * 1024 * 1024, description="bytes of them, then partitions pause"
    )


class Contacts(Section):
    """How contacts are found and written."""

    dedupe_on: Literal["email", "sms", "email_or_sms"] = Field(
        "email", description="the identifier tried first for events without `user_id`"
    )
    single: Literal["sign-ups", "always", "never"] = Field(
        "sign-ups", description="which lone contact events go by Add Contact"
    )
    invalid_field: Literal["drop", "reject"] = Field(
        "drop",
        description="an unusable field beside a usable identifier: left out and counted, or "
        "the event is buried",
    )
    custom_fields: dict[str, Count] = Field(
        default_factory=dict,
        description="attribute name to the id of eSputnik's custom field; others are dropped",
    )
    phone_region: Region | None = Field(None, description="country of phones written without +")


class Orders(Section):
    """How orders are read and gathered."""

    default_currency: Currency | None = Field(
        None, description="ISO 4217, for orders that name none"
    )
    coalesce: Literal["status", "latest"] = Field(
        "status",
        description="which successive events of one order become one: those of one status, or all; "
        "never where a later one leaves out what an earlier one names, or names another store",
    )


class ConsentRoute(Section):
    """What tells eSputnik: those who opted out join the segment, or leave the category."""

    segment: Count | None = Field(None, description="id of a static segment")
    subscription: str | None = Field(None, min_length=1, description="key of a category")

    @model_validator(mode="after")
    def _names_one(self) -> "ConsentRoute":
        if (self.segment is None) == (self.subscription is None):
            raise ValueError(
                'names neither or both; write {"segment": ID} or {"subscription": KEY}'
            )
        return self


class Consent(Section):
    """How opt-outs and opt-ins are told."""

    routes: dict[str, ConsentRoute] = Field(
        default_factory=dict,
        description='channel or category to `{"segment": ID}` or `{"subscription": KEY}`',
    )
    skew: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        300.0, description="s of difference within which an opt-out wins over an opt-in"
    )
    memory_topic: TopicName = Field(
        "esputnik-sync.consent", description="who opted out, as keyed hashes"
    )

    def plain_routes(self) -> Mapping[str, Mapping[str, int | str]]:
        """Return the routes as plain values."""
        return {name: route.model_dump(exclude_none=True) for name, route in self.routes.items()}


class Events(Section):
    """How events are read."""

    strict: bool = Field(default=False, description="refuse unknown fields in `data`")
    max_bytes: Annotated[int, Field(ge=1024)] = Field(
        1024 * 1024, description="bytes of a record's value, 1024 or more"
    )
    max_age: Seconds | None = Field(
        None, description="s; older activities go to past events and start no workflow"
    )


class Sends(Section):
    """Calls of which each execution counts."""

    delivery: Literal["at_most_once", "at_least_once"] = Field(
        "at_most_once",
        description="what becomes of a call whose repeat counts and that may have run: "
        "buried, or sent again",
    )


class Ledger(Section):
    """Where sends in doubt are remembered."""

    url: Literal["offsets:", "memory:"] = Field(
        "offsets:", description="where sends in doubt are remembered: with the offsets, or not"
    )


class Privacy(Section):
    """How contacts are named where nobody may read who they are."""

    hash_key: SecretStr | None = Field(
        None,
        description="secret of the hashes that name contacts; by default derived from the key",
    )


class Audit(Section):
    """Decisions about consent, written down."""

    topic: str = Field("esputnik-sync.audit", description="every decision; empty turns it off")


class Admin(Section):
    """Where probes and metrics are served."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address to listen on; one that is not loopback needs `admin.token`",
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8080, description="port to listen on; 0 picks a free one"
    )
    token: SecretStr | None = Field(
        None, description="asked for by all but the probes, on a host that is not loopback"
    )
    allow_replay: bool = Field(default=False, description="allow replays from the dashboard")


class Webhooks(Section):
    """Events over HTTP."""

    enabled: bool = Field(default=False, description="take events at `POST /ingest/{topic}`")
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="topic to the secret of its signatures"
    )


class Stop(Section):
    """How the process ends."""

    deadline: Seconds = Field(25.0, description="s to finish and commit after SIGTERM")


class Log(Section):
    """Logs, on standard error."""

    format: Literal["json", "console"] | None = Field(
        None, description="by default json, and console on a terminal"
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least level that is logged"
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
