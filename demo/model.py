"""What the account must hold in the end: the events applied one after the other. Pure.

It knows nothing of batches, imports or retries: that is the point of comparing it with what the
sandbox holds after the real consumer went about it in its own way.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

K = TypeVar("K")


@dataclass(slots=True)
class Contact:
    """A contact, by eSputnik's own field names; custom fields by id, segments by name."""

    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[int, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    subscriptions: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Order:
    """An order as it was last told. `total` in plain digits."""

    status: str
    total: str
    currency: str
    items: int


@dataclass(slots=True)
class Expected:
    """The account. Contacts by user id; those that orders made by their address."""

    contacts: dict[str, Contact] = field(default_factory=dict)
    guests: set[str] = field(default_factory=set)
    orders: dict[str, Order] = field(default_factory=dict)
    unsubscribed: set[str] = field(default_factory=set)
    segments: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    tokens: dict[str, bool] = field(default_factory=dict)
    token_owners: dict[str, str] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    webpush_domains: set[str] = field(default_factory=set)
    inbox: dict[str, frozenset[str]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    sends: Counter[tuple[int, str]] = field(default_factory=Counter)

    def tell_contact(
        self,
        user_id: str,
        fields: Mapping[str, str | None],
        custom: Mapping[int, str | None] | None = None,
        groups: Iterable[str] = (),
    ) -> None:
        """Write what an event names: None clears, what is not named stays."""
        contact = self.contacts.setdefault(user_id, Contact())
        _write(contact.fields, fields)
        _write(contact.custom, custom or {})
        contact.groups.update(groups)

    def delete_contact(self, user_id: str) -> None:
        """Take a contact away."""
        self.contacts.pop(user_id, None)

    def subscribe(self, user_id: str, category: str, *, joins: bool) -> None:
        """Put a contact into a subscription category, or take it out."""
        held = self.contacts[user_id].subscriptions
        (held.add if joins else held.discard)(category)

    def join(self, segment: int, user_ids: Iterable[str]) -> None:
        """Put contacts into a segment."""
        self.segments[segment].update(user_ids)

    def leave(self, segment: int, user_ids: Iterable[str]) -> None:
        """Take contacts out of a segment."""
        self.segments[segment].difference_update(user_ids)

    def register_token(self, user_id: str, token: str) -> None:
        """Give a contact a device."""
        self.tokens[token] = True
        self.token_owners[token] = user_id


def _write(held: dict[K, str], named: Mapping[K, str | None]) -> None:
    for name, value in named.items():
        if value is None:
            held.pop(name, None)
        else:
            held[name] = value
