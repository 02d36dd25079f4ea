"""Every setting: its name, its default, its unit. Reading them is `settings_sources`' work.

`docs/settings.md` is generated from these models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from consumer.errors import SettingsError
from handlers.routes import ROUTES

PREFIX = "ESPUTNIK_SYNC_"
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
LOOPBACKS = frozenset({"localhost", "127.0.0.1", "::1"})


def env_name(path: str) -> str:
    """Return the environment name of a setting's path."""
    return PREFIX + path.upper().replace(".", "__")


class Section(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _region(value: str) -> str:
    if len(value) != 2 or not value.isalpha():  # noqa: PLR2004 - ISO 3166
        raise ValueError("must be a two-letter country code")
    return value.upper()


def _event_type(value: str) -> str:
    if value not in ROUTES:
        raise ValueError("is no event type; `esputnik-sync schemas` lists them")
    return value


EventType = Annotated[str, AfterValidator(_event_type)]
Region = Annotated[str, AfterValidator(_region)]


class Kafka(Section):
    """Where records come from."""

    bootstrap_servers: str = Field(
        "localhost:9092", min_length=1, description="brokers, host:port, commas between"
    )
    group_id: str = Field("esputnik-sync", min_length=1, description="consumer group")
    group_instance_id: str | None = Field(None, description="for static membership; off by default")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Kafka's own words"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="Kafka's own words"
    )
    sasl_username: str | None = Field(None, description="user name for SASL")
    sasl_password: SecretStr | None = Field(None, description="password for SASL")
    ssl_cafile: Path | None = Field(None, description="PEM file of the authorities to trust")
    ssl_certfile: Path | None = Field(None, description="PEM file of our own certificate")
    ssl_keyfile: Path | None = Field(None, description="PEM file of our own key")
    auto_offset_reset: Literal["earliest", "latest"] = Field(
        "earliest",
        description="where to begin in a partition the group never committed; a commit that is "
        "missing below such a partition is never jumped over (`run --accept-gap`)",
    )
    isolation_level: Literal["read_committed", "read_uncommitted"] = Field(
        "read_committed", description="Kafka's own words"
    )
    start_timeout: Seconds = Field(30.0, description="s to reach a broker at start")
    cluster_alias: str = Field(
        "main", min_length=1, description="name of the cluster in keys of events without an id"
    )


class TopicSettings(Section):
    """How a topic is read."""

    type: EventType | None = Field(None, description="type of the topic's events")
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

    topic: str = Field(
        "esputnik-sync.dead-letter", min_length=1, description="created if absent and allowed"
    )
    max_ratio: float = Field(
        0.5, gt=0, le=1, description="share of refused calls that pauses an action"
    )
    parking_topic: str = Field("esputnik-sync.parking", description="where letters are put aside")


class Replay(Section):
    """Dead letters sent again."""

    max_attempts: Count = Field(3, description="replays of one letter")
    memory_topic: str = Field(
        "esputnik-sync.replays",
        min_length=1,
        description="which letters were delivered; compacted, made when first needed",
    )


class Esputnik(Section):
    """The account."""

    base_url: str = Field(
        "https://esputnik.com/api", description="plain http only to loopback, or with allow_http"
    )
    api_key: SecretStr | None = Field(None, description="required by what talks to eSputnik")
    login: str = Field("api", description="any name; eSputnik looks at the key alone")
    allow_http: bool = Field(
        default=False, description="send the key over plain http to other hosts"
    )
    timeout: Seconds = Field(30.0, description="s, one request in all")
    requests_per_second: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="the account's limits by method class"
    )
    max_in_flight: Annotated[int, Field(ge=1, le=256)] = Field(8, description="requests at a time")
    max_imports: Count = Field(64, description="imports under way at a time")
    acknowledge: Literal["applied", "accepted"] = Field(
        "applied",
        description="an event is done when the import is finished, or when the API took it",
    )

    @model_validator(mode="after")
    def _fill_limits(self) -> "Esputnik":
        limits = {"default": 200.0, "search": 50.0, "event": 350.0, "past_event": 100.0}
        if strangers := set(self.requests_per_second) - set(limits):
            raise ValueError(f"{min(strangers)}: not known; the classes are {', '.join(limits)}")
        object.__setattr__(self, "requests_per_second", limits | self.requests_per_second)
        return self


class Batch(Section):
    """How events are gathered."""

    max_wait: Seconds = Field(0.25, description="s an event may wait for company")
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

    max_records: Count = Field(100_000, description="records, then partitions pause")
    max_bytes: Annotated[int, Field(ge=1024)] = Field(
        64 * 1024 * 1024, description="bytes of records, then partitions pause"
    )


class Contacts(Section):
    """How contacts are found and written."""

    dedupe_on: Literal["email", "sms", "email_or_sms"] = Field(
        "email", description="the identifier tried first for events without user_id"
    )
    single: Literal["sign-ups", "always", "never"] = Field(
        "sign-ups", description="which lone contact events go by Add Contact"
    )
    invalid_field: Literal["drop", "reject"] = Field(
        "drop", description="an unusable field beside a usable identifier"
    )
    custom_fields: dict[str, Count] = Field(
        default_factory=dict, description="attribute name to the id of eSputnik's custom field"
    )
    phone_region: Region | None = Field(None, description="country of phones without a plus")


class Orders(Section):
    """Orders."""

    default_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = Field(
        None, description="ISO 4217, for orders that name none"
    )
    coalesce: Literal["status", "latest"] = Field(
        "status", description="which successive events of one order become one"
    )


class ConsentRoute(Section):
    """What tells eSputnik: those who opted out join the segment, or leave the category."""

    segment: Count | None = Field(None, description="id of a static segment")
    subscription: str | None = Field(None, min_length=1, description="key of a category")

    @model_validator(mode="after")
    def _names_one(self) -> "ConsentRoute":
        if (self.segment is None) == (self.subscription is None):
            raise ValueError("names neither or both of segment and subscription")
        return self


class Consent(Section):
    """Opt-outs and opt-ins."""

    routes: dict[str, ConsentRoute] = Field(
        default_factory=dict,
        description='channel or category to {"segment": ID} or {"subscription": KEY}',
    )
    skew: Annotated[float, Field(ge=0)] = Field(300.0, description="s within which an opt-out wins")
    memory_topic: str = Field("esputnik-sync.consent", description="compacted, keyed hashes")

    def plain_routes(self) -> Mapping[str, Mapping[str, int | str]]:
        """Return the routes as plain values."""
        return {name: route.model_dump(exclude_none=True) for name, route in self.routes.items()}


class Events(Section):
    """How events are read."""

    strict: bool = Field(default=False, description="refuse unknown fields in data")
    max_bytes: Annotated[int, Field(ge=1024)] = Field(1024 * 1024, description="bytes of a value")
    max_age: Seconds | None = Field(
        None, description="s; older activities start no workflow (past events)"
    )


class Sends(Section):
    """Calls of which each execution counts."""

    delivery: Literal["at_most_once", "at_least_once"] = Field(
        "at_most_once", description="what becomes of one that may have run"
    )


class Ledger(Section):
    """Where sends in doubt are remembered."""

    url: Literal["offsets:", "memory:"] = Field("offsets:", description="offsets: or memory:")


class Privacy(Section):
    """Keyed hashes of contacts."""

    hash_key: SecretStr | None = Field(None, description="derived from the API key by default")


class Audit(Section):
    """Decisions about consent, written down."""

    topic: str = Field("esputnik-sync.audit", description="compacted; empty turns it off")


class Admin(Section):
    """Probes and metrics."""

    host: str = Field("127.0.0.1", description="a host that is not loopback needs the token")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="0 picks a free one")
    token: SecretStr | None = Field(None, description="asked for by all but the probes")
    allow_replay: bool = Field(default=False, description="replays from the dashboard")


class Webhooks(Section):
    """Events over HTTP."""

    enabled: bool = Field(default=False, description="take events at POST /ingest/{topic}")
    secrets: dict[str, SecretStr] = Field(default_factory=dict, description="by topic")


class Stop(Section):
    """How the process ends."""

    deadline: Seconds = Field(25.0, description="s to finish and commit after SIGTERM")


class Log(Section):
    """Logs, on standard error."""

    format: Literal["json", "console"] | None = Field(
        None, description="json, or console on a terminal"
    )
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level")


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        env_prefix=PREFIX,
        env_nested_delimiter="__",
    )

    kafka: Kafka = Kafka()
    topics: dict[str, TopicSettings] = Field(
        default_factory=_default_topics,
        min_length=1,
        description="topic to {type?, tombstone?}; replaces the default table",
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

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's form
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `settings_sources` merged, and look nowhere else."""
        return (init_settings,)

    @property
    def has_default_topics(self) -> bool:
        """Tell whether the default table is read."""
        return "topics" not in self.model_fields_set


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings in force, where each came from by path, and what is worth a warning."""

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    key_file: Path | None = None

    def api_key(self) -> str:
        """Return eSputnik's API key. Raises SettingsError where there is none."""
        key = self.settings.esputnik.api_key
        if key is None or not key.get_secret_value():
            name = env_name("esputnik.api_key")
            raise SettingsError(
                [f"{name}: is missing; write the key, or its file's path to {name}_FILE"]
            )
        return key.get_secret_value()

    def reread_api_key(self) -> str:
        """Return the key as its file holds it now; the last one where it cannot be read."""
        try:
            if self.key_file is not None and (key := self.key_file.read_text("utf-8").strip()):
                return key
        except (OSError, UnicodeDecodeError):
            pass
        return self.api_key()


def leaves(model: type[BaseModel] = Settings, above: str = "") -> dict[str, Any]:
    """Return every setting's field by path, in the order of the models."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            found |= leaves(kind, f"{above}{name}.")
        else:
            found[above + name] = field
    return found


def conflicts(settings: Settings) -> list[str]:
    """Return what no single setting shows to be wrong, a line each."""
    return [*_kafka_conflicts(settings.kafka), *_http_conflicts(settings)]


def _kafka_conflicts(kafka: Kafka) -> list[str]:
    missing = [
        f"{env_name(f'kafka.{name}')}: is missing; {kafka.security_protocol} needs it"
        for name in ("sasl_mechanism", "sasl_username", "sasl_password")
        if kafka.security_protocol.startswith("SASL") and getattr(kafka, name) is None
    ]
    files = {name: getattr(kafka, name) for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile")}
    lost = [
        f"{env_name(f'kafka.{name}')}: there is no such file; write its path"
        for name, path in files.items()
        if path is not None and not path.is_file()
    ]
    return missing + lost


def _http_conflicts(settings: Settings) -> list[str]:
    faults = []
    base, api = urlsplit(settings.esputnik.base_url), settings.esputnik
    name = env_name("esputnik.base_url")
    if base.scheme not in {"http", "https"} or not base.hostname or base.username:
        faults.append(f"{name}: is no web address; write https://esputnik.com/api")
    elif base.scheme == "http" and not (is_loopback(base.hostname) or api.allow_http):
        faults.append(
            f"{name}: would send the key over plain http; write https://, or set "
            f"{env_name('esputnik.allow_http')}=true"
        )
    if not is_loopback(settings.admin.host) and settings.admin.token is None:
        faults.append(
            f"{env_name('admin.token')}: is missing; a host that is not loopback needs it"
        )
    return faults


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, by its name or address alone."""
    try:
        return host in LOOPBACKS or ip_address(host).is_loopback
    except ValueError:
        return False
