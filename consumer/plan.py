"""A record becomes calls, or a reason why not. Pure: bytes in, values out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from consumer.record import Record
from esputnik.call import Call, event_identity, record_identity
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from handlers.routes import ROUTES
from schemas.base import Valid, validate
from schemas.decode import has_repeated_keys
from schemas.forms import Envelope, Unreadable, read_form
from schemas.problem import Problem
from schemas.times import parse_time

UNKNOWN = "unknown"  # the type of an event that could not be read
LONGEST_TYPE = 256  # of a type that is not known, as a dead letter names it
CONSENT_TYPES = frozenset({"contact.opted_out", "contact.opted_in"})
OPT_OUT = "contact.opted_out"
AMBIGUOUS = Refusal(
    reason="consent.ambiguous", detail="a key stands twice; which one is meant cannot be told"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """How a topic is read: the type of its bare events, and what a tombstone means there.

    `is_type_fixed`: an event of another type does not belong on the topic.
    """

    type: str | None = None
    is_type_fixed: bool = False
    deletes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The calls a record asks for, in order; `refusal` is buried after they were made."""

    type: str
    event_id: str | None
    occurred_at: datetime
    calls: tuple[Call, ...]
    refusal: Refusal | None = None
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


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
        topic = self.topics.get(record.topic, Topic())
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
        return self._plan_event(record, topic, read, now)

    def _tombstone(self, record: Record, topic: Topic, now: float) -> Plan:
        if not topic.deletes:
            return Skipped(rule="tombstone")
        try:
            user_id = (record.key or b"").decode()
        except UnicodeDecodeError:
            user_id = ""
        if not user_id:
            return Refused(
                refusal=Refusal(
                    reason="decode.tombstone",
                    field="key",
                    detail="a deletion's key must be the user id, as UTF-8 text",
                )
            )
        deletion = Envelope(
            id=None,
            type="user.deleted",
            source="",
            time=None,
            version=1,
            data={"user_id": user_id},
            form="bare",
        )
        return self._plan_event(record, topic, deletion, now)

    def _plan_event(self, record: Record, topic: Topic, read: Envelope, now: float) -> Plan:
        def refused(refusal: Refusal) -> Refused:
            return Refused(
                refusal=refusal,
                type=read.type[:LONGEST_TYPE],
                event_id=read.id,
            )

        route = self.routes.get(read.type)
        if route is None:
            return refused(
                Refusal(
                    reason="schema.type_unknown",
                    field="type",
                    detail="no such event type; `esputnik-sync schemas` lists them",
                )
            )
        if topic.is_type_fixed and topic.type not in {None, read.type}:
            return refused(
                Refusal(
                    reason="schema.conflict",
                    field="type",
                    detail="the topic is set to another type in ESPUTNIK_SYNC_TOPICS",
                )
            )
        occurred_at, notes = _time(record, read, now)
        if isinstance(occurred_at, Refusal):
            return refused(occurred_at)
        valid = validate(
            route.model,
            read.data,
            phone_region=self.phone_region,
            invalid_field=self.options.invalid_field,
            strict=self.strict,
        )
        if isinstance(valid, Problem):
            return refused(_refusal(valid))
        event = self._event(record, read, occurred_at, valid, now)
        mapped = self._map(route, event)
        if isinstance(mapped, Refusal):
            return refused(mapped)
        if read.type in CONSENT_TYPES and has_repeated_keys(record.value or b""):
            # An opt-out is applied if any reading is one; an opt-in is not.
            calls = mapped.calls if read.type == OPT_OUT else ()
            mapped = Mapped(calls=calls, refusal=AMBIGUOUS)
        if not mapped.calls and mapped.refusal is not None:
            return refused(mapped.refusal)
        return Planned(
            type=read.type,
            event_id=read.id,
            occurred_at=occurred_at,
            calls=mapped.calls,
            refusal=mapped.refusal,
            ignored=valid.ignored,
            notes=(*notes, *valid.dropped, *mapped.dropped),
        )

    def _map(self, route: Route, event: Event[object]) -> Mapped | Refusal:
        try:
            return route.handle(event, self.options)
        except Exception as bug:  # noqa: BLE001 - a bug in a handler costs its event alone
            return Refusal(
                reason="map.handler_error", detail=f"{type(bug).__name__} in the handler"
            )

    def _event(
        self, record: Record, read: Envelope, occurred_at: datetime, valid: Valid, now: float
    ) -> Event[object]:
        if read.id is not None:
            identity = event_identity(read.source, read.id)
        else:
            identity = record_identity(self.cluster, record.topic, record.partition, record.offset)
        return Event(
            identity=identity,
            type=read.type,
            occurred_at=occurred_at,
            has_time=read.time is not None,
            age_seconds=now - occurred_at.timestamp(),
            data=valid.data,
        )


def _time(record: Record, read: Envelope, now: float) -> tuple[datetime | Refusal, tuple[str, ...]]:
    """Return when the event happened, and which fault of its time was overlooked."""
    present = datetime.fromtimestamp(now, UTC)
    is_opt_out = read.type == OPT_OUT
    if read.time is not None:
        parsed = parse_time(read.time, now=present)
        if isinstance(parsed, datetime):
            return parsed, ()
        if not is_opt_out:
            return _refusal(parsed), ()
    fault = ("occurred_at",) if read.time is not None else ()
    stamped = _stamped(record, present)
    if isinstance(stamped, datetime):
        return stamped, fault
    return (present, ("timestamp",)) if is_opt_out else (stamped, ())


def _stamped(record: Record, present: datetime) -> datetime | Refusal:
    if record.timestamp < 0:
        return Refusal(
            reason="time.format",
            field="occurred_at",
            detail="neither the event nor its record names a time; send occurred_at",
        )
    try:
        stamped = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return Refusal(reason="time.format", field="timestamp", detail="no such time")
    checked = parse_time(stamped.isoformat(), now=present)
    return stamped if isinstance(checked, datetime) else _refusal(checked)


def _refusal(problem: Problem) -> Refusal:
    return Refusal(reason=str(problem.reason), field=problem.field, detail=problem.detail)
