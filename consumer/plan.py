"""A record becomes calls, or a reason why not. Pure: bytes in, values out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from consumer.record import Record
from esputnik.call import Call, event_identity, record_identity
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from handlers.routes import ROUTES
from schemas.base import validate
from schemas.consents import CHANNELS
from schemas.decode import has_repeated_keys, readings
from schemas.forms import OPT_OUT, Envelope, Unreadable, read_form
from schemas.problem import Problem
from schemas.times import judged, parse_time

UNKNOWN = "unknown"  # the type of an event that could not be read
LONGEST_TYPE = 256  # of a type that is not known, as a dead letter names it
DELETED = "user.deleted"
CONSENT_TYPES = frozenset({OPT_OUT, "contact.opted_in"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """How a topic is read: the type of its bare events, and what a tombstone means there.

    `is_type_fixed`: an event of another type does not belong on the topic.
    """

    type: str | None = None
    is_type_fixed: bool = False
    deletes: bool = False


class Planned(NamedTuple):
    """The calls a record asks for, in order; `refusal` is buried after they were made.

    `ignored` are the paths of unknown fields, `notes` those of unusable ones that were left out.
    `targets`: see `Mapped`.
    """

    type: str
    event_id: str | None
    occurred_at: datetime
    calls: tuple[Call, ...]
    refusal: Refusal | None = None
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    targets: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A record that asks for nothing, by a rule that is counted."""

    rule: str
    type: str = UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A record that goes to the dead letters."""

    refusal: Refusal
    type: str = UNKNOWN
    event_id: str | None = None


Plan = Planned | Skipped | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What planning needs of the settings."""

    topics: Mapping[str, Topic]
    options: Options = field(default_factory=Options)
    cluster: str = "main"
    max_bytes: int = 1024 * 1024
    strict: bool = False
    phone_region: str | None = None
    routes: Mapping[str, Route] = field(default_factory=lambda: ROUTES)

    def plan(self, record: Record, now: float) -> Plan:
        """Return what a record asks for. `now` in seconds since 1970 UTC."""
        topic = self.topics.get(record.topic, ORDINARY)
        if record.value is None:
            return self._tombstone(record, topic, now)
        read = read_form(
            record.value, record.headers, topic_type=topic.type, max_bytes=self.max_bytes
        )
        if isinstance(read, Unreadable):
            return Refused(
                refusal=_refusal(read.problem),
                type=(read.event_type or UNKNOWN)[:LONGEST_TYPE],
                event_id=read.event_id,
            )
        if topic.is_type_fixed and topic.type not in {None, read.type} and read.type in self.routes:
            return _refused(read, ANOTHER_TYPE)
        return self._plan_event(record, read, now)

    def _tombstone(self, record: Record, topic: Topic, now: float) -> Plan:
        if not topic.deletes:
            return Skipped(rule="tombstone")
        try:
            user_id = (record.key or b"").decode()
        except UnicodeDecodeError:
            user_id = ""
        if not user_id:
            return Refused(refusal=NO_USER_ID, type=DELETED)
        deletion = Envelope(None, DELETED, "", None, {"user_id": user_id}, "bare")
        return self._plan_event(record, deletion, now)

    def _plan_event(self, record: Record, read: Envelope, now: float) -> Plan:
        route = self.routes.get(read.type)
        if route is None:
            return _refused(read, UNKNOWN_TYPE)
        occurred_at, notes = _time(record, read, now)
        if isinstance(occurred_at, Problem):
            return _refused(read, _refusal(occurred_at))
        is_clear = read.type not in CONSENT_TYPES or not has_repeated_keys(record.value or b"")
        channels = frozenset() if is_clear else _channels(read, record.value or b"")
        valid = validate(
            route.model,
            _about(read.data, channels),
            phone_region=self.phone_region,
            invalid_field=self.options.invalid_field,
            strict=self.strict,
        )
        if isinstance(valid, Problem):
            return _refused(read, _refusal(valid))
        identity = self._identity(record, read)
        event = Event(identity, read.type, occurred_at, read.time is not None, now, valid.data)
        mapped = self._map(route, event)
        if not is_clear:
            mapped = _unclear(mapped, read.type, channels)
        if not mapped.calls and mapped.refusal is not None:
            return _refused(read, mapped.refusal)
        return Planned(
            read.type,
            read.id,
            occurred_at,
            mapped.calls,
            mapped.refusal,
            valid.ignored,
            read.faults + notes + valid.dropped + mapped.dropped,
            mapped.targets,
        )

    def _identity(self, record: Record, read: Envelope) -> str:
        if read.id is not None:
            return event_identity(read.source, read.id)
        return record_identity(self.cluster, record.topic, record.partition, record.offset)

    def _map(self, route: Route, event: Event[Any]) -> Mapped:
        try:
            return route.handle(event, self.options)
        except Exception as bug:  # noqa: BLE001 - a bug in a handler costs its event alone
            detail = f"{type(bug).__name__} in the handler"
            return Mapped(refusal=Refusal(reason="map.handler_error", detail=detail))


def _channels(read: Envelope, value: bytes) -> frozenset[str]:
    """Return the channels that an opt-out names if it names its channel twice: all are meant."""
    if read.type != OPT_OUT:
        return frozenset()
    return readings(value, read.data, "channel") & CHANNELS


def _about(data: dict[str, Any], channels: frozenset[str]) -> dict[str, Any]:
    """Return the data of an event, about all of these channels, if any, or more."""
    if not channels:
        return data
    return {**data, "channel": "all" if len(channels) > 1 else min(channels)}


def _unclear(mapped: Mapped, event_type: str, channels: frozenset[str]) -> Mapped:
    """Return the calls of a consent in which a key stands twice.

    An opt-out is applied in every reading of its channel; an opt-in is not.
    """
    calls = mapped.calls if event_type == OPT_OUT else ()
    if channels and "all" not in channels:
        targets, unnamed = mapped.targets or {}, CHANNELS - channels
        calls = tuple(call for call in calls if targets.get(call.slot) not in unnamed)
    return mapped._replace(calls=calls, refusal=AMBIGUOUS)


def _time(record: Record, read: Envelope, now: float) -> tuple[datetime | Problem, tuple[str, ...]]:
    """Return when the event happened, and which fault of its time was overlooked."""
    if read.time is not None:
        named = parse_time(read.time, now=now)
        if isinstance(named, datetime) or read.type != OPT_OUT:
            return named, ()
    fault = ("occurred_at",) if read.time is not None else ()
    stamped = _stamped(record, now)
    if isinstance(stamped, datetime) or read.type != OPT_OUT:
        return stamped, fault
    return datetime.fromtimestamp(now, UTC), ("timestamp",)


def _stamped(record: Record, now: float) -> datetime | Problem:
    if record.timestamp < 0:
        return NO_TIME
    try:
        stamped = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return NO_SUCH_TIME
    return judged(stamped, now=now)


def _refused(read: Envelope, refusal: Refusal) -> Refused:
    return Refused(refusal=refusal, type=read.type[:LONGEST_TYPE], event_id=read.id)


def _refusal(problem: Problem) -> Refusal:
    return Refusal(reason=str(problem.reason), field=problem.field, detail=problem.detail)


ORDINARY = Topic()
AMBIGUOUS = Refusal(
    reason="consent.ambiguous", detail="duplicate JSON key: it is unclear which value is meant"
)
UNKNOWN_TYPE = Refusal(
    reason="schema.type_unknown",
    field="type",
    detail="no such event type; `esputnik-sync schemas` lists them",
)
ANOTHER_TYPE = Refusal(
    reason="schema.conflict",
    field="type",
    detail="ESPUTNIK_SYNC_TOPICS sets another type for the topic",
)
NO_USER_ID = Refusal(
    reason="decode.tombstone",
    field="key",
    detail="the key of a deletion must be the user id as UTF-8 text",
)
NO_TIME = Problem(
    reason="time.format",
    field="occurred_at",
    detail="neither the event nor its record has a time; send occurred_at",
)
NO_SUCH_TIME = Problem(reason="time.format", field="timestamp", detail="is not a valid time")
