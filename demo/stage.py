"""What the scenes share: the people, the passing time, the samples told so far. Pure."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from demo.model import Expected
from demo.people import Person
from demo.sample import APPLIED, Fact, Form, Headers, Sample, write

TOPICS = {
    "user.signed_up": "users",
    "user.updated": "users",
    "user.deleted": "users",
    "order.changed": "orders",
    "contact.opted_out": "opt-outs",
    "contact.opted_in": "opt-outs",
    "device_token.changed": "device-tokens",
    "device_token.registered": "device-tokens",
    "segment.joined": "segments",
    "segment.left": "segments",
    "site.registered": "sites",
    "webpush_site.registered": "sites",
    "inbox_message.published": "inbox-messages",
    "activity.recorded": "activities",
    "message.requested": "messages",
}
# Topics of one type can do without naming it.
BARE_TYPES = frozenset(
    {"order.changed", "inbox_message.published", "activity.recorded", "message.requested"}
)
MEAN_GAP = 0.05  # s between events


@dataclass(slots=True, kw_only=True)
class Order:
    """An order on its way, and the statuses still to come."""

    order_id: str
    buyer: dict[str, str]
    total: str
    currency: str
    placed_at: datetime
    items: int
    statuses: list[str]


@dataclass(slots=True, kw_only=True)
class Stage:
    """One telling of the story. `now` moves on with every event.

    The people by what they will do (see `people.Role`); `devices` as user id, app id, token.
    """

    rng: random.Random
    now: datetime
    staying: list[Person]
    moving: list[Person]
    leaving: list[Person]
    devices: list[tuple[str, str, str]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    expected: Expected = field(default_factory=Expected)
    open_orders: list[Order] = field(default_factory=list)
    wave: int = 1
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, of: str) -> int:
        """Return the next number of a kind of thing, 1 first."""
        self._numbers[of] = self._numbers.get(of, 0) + 1
        return self._numbers[of]

    def somebody(self) -> Person:
        """Return one of the people who do things on every topic."""
        return self.rng.choice(self.staying)

    def fact(self, event_type: str, data: dict[str, Any]) -> Fact:
        """Return a fact that happens a moment after the last one."""
        self.now += timedelta(seconds=self.rng.expovariate(1 / MEAN_GAP))
        return Fact(id=f"ev-{self.number('event'):06d}", type=event_type, at=self.now, data=data)

    def form(self, event_type: str) -> Form:
        """Return a record form for an event of this type."""
        forms: list[Form] = ["envelope", "structured", "binary", "bare"]
        share = 1.0 if event_type in BARE_TYPES else 0.0
        return self.rng.choices(forms, weights=[5, 2, 2, share])[0]

    def tell(
        self, event_type: str, data: dict[str, Any], *, key: str, verdict: str = APPLIED
    ) -> None:
        """Add an event in one of the record forms."""
        value, headers = write(self.fact(event_type, data), self.form(event_type))
        self.add(event_type, value, headers, key=key.encode(), verdict=verdict)

    def add(
        self,
        event_type: str,
        value: bytes | None,
        headers: Headers = (),
        *,
        key: bytes | None,
        verdict: str,
    ) -> None:
        """Add a record as it stands."""
        self.samples.append(
            Sample(
                wave=self.wave,
                type=event_type,
                topic=TOPICS[event_type],
                key=key,
                value=value,
                headers=headers,
                verdict=verdict,
            )
        )
