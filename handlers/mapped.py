"""What a handler is given and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from esputnik.call import Call

Data = TypeVar("Data")


class Event(NamedTuple, Generic[Data]):
    """A validated fact. `identity` is what its idempotency keys are derived from.

    `data` is a dict of the type's model. `occurred_at` is aware, in UTC; `has_time` tells whether
    the event named it itself. `now` is when it is mapped, in seconds since 1970 UTC.
    """

    identity: str
    type: str
    occurred_at: datetime
    has_time: bool
    now: float
    data: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings that decide how an event maps; see docs/settings.md."""

    dedupe_on: str = "email"
    single: str = "sign-ups"
    custom_fields: Mapping[str, int] = field(default_factory=dict)
    default_currency: str | None = None
    consent_routes: Mapping[str, Mapping[str, int | str]] = field(default_factory=dict)
    events_max_age: float | None = None
    invalid_field: str = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why (a part of) an event goes to the dead letters. `field` is a path such as `data.email`."""

    reason: str
    field: str = ""
    detail: str = ""


class Mapped(NamedTuple):
    """The calls of one event, in order. `refusal` is buried after the calls were made.

    `dropped` names what was left out by a rule that counts it: attributes without a field id.
    `targets`, of consent alone: what each call is about, by its slot; `email`, `sms` or `push`, or
    `category:` and its name.
    """

    calls: tuple[Call, ...] = ()
    refusal: Refusal | None = None
    dropped: tuple[str, ...] = ()
    targets: Mapping[str, str] | None = None
