"""The contacts of an account, and how they are found."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

FIRST_ID = 10_000_001
TEXTS = ("firstName", "lastName", "contactKey", "languageCode", "timeZone")
ADDRESS = ("region", "town", "address", "postcode")
SINGLE = frozenset({"email", "sms", "viber"})  # kinds of which a contact has one, or two


@dataclass(slots=True, kw_only=True)
class Contact:
    """One contact. `channels` by kind, then by value, with what else the channel told."""

    id: int
    external_id: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    channels: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    custom: dict[int, str] = field(default_factory=dict)
    segments: set[int] = field(default_factory=set)
    subscriptions: set[str] = field(default_factory=set)
    is_confirmed: bool = True
    is_deleted: bool = False
    updated: int = 0

    def view(self) -> dict[str, Any]:
        """Return the contact as the API shows it, save for its segments."""
        shown: dict[str, Any] = {"id": self.id}
        if self.external_id is not None:
            shown["externalCustomerId"] = self.external_id
        shown |= {name: self.texts[name] for name in TEXTS if name in self.texts}
        if address := {name: self.texts[name] for name in ADDRESS if name in self.texts}:
            shown["address"] = address
        shown["channels"] = [
            {"type": kind, "value": value, **more}
            for kind, values in self.channels.items()
            for value, more in values.items()
        ]
        shown["fields"] = [{"id": number, "value": text} for number, text in self.custom.items()]
        return shown


class Book:
    """All contacts, by id, by external id and by the value of each channel."""

    def __init__(self) -> None:
        self._contacts: dict[int, Contact] = {}
        self._external: dict[str, Contact] = {}
        self._channels: defaultdict[tuple[str, str], dict[int, Contact]] = defaultdict(dict)
        self._next_id = FIRST_ID
        self._changes = 0

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._contacts.values())

    def create(self) -> Contact:
        """Return a new contact."""
        contact = Contact(id=self._next_id)
        self._next_id += 1
        self._contacts[contact.id] = contact
        self.touch(contact)
        return contact

    def touch(self, contact: Contact) -> None:
        """Make this the contact that was updated last."""
        self._changes += 1
        contact.updated = self._changes

    def get(self, contact_id: int) -> Contact | None:
        """Return the contact with this id, deleted or not."""
        return self._contacts.get(contact_id)

    def by_external(self, external_id: str) -> Contact | None:
        """Return the contact with this external id, deleted or not."""
        return self._external.get(external_id)

    def holders(self, kind: str, value: str, *, deleted: bool = False) -> list[Contact]:
        """Return the contacts that hold a channel, the one updated last first."""
        found = self._channels.get((kind, canonical(kind, value)), {}).values()
        held = (contact for contact in found if contact.is_deleted is deleted)
        return sorted(held, key=lambda contact: -contact.updated)

    def set_external(self, contact: Contact, external_id: str | None) -> None:
        """Give a contact its external id, or take it away."""
        if contact.external_id is not None:
            self._external.pop(contact.external_id, None)
        contact.external_id = external_id
        if external_id is not None:
            self._external[external_id] = contact

    def set_channel(self, contact: Contact, kind: str, values: Iterable[dict[str, Any]]) -> None:
        """Replace all channels of a kind by these."""
        for value in list(contact.channels.get(kind, ())):
            self._drop(contact, kind, value)
        for channel in values:
            self.add_channel(contact, kind, channel)

    def add_channel(self, contact: Contact, kind: str, channel: dict[str, Any]) -> None:
        """Give a contact one more channel; a push token leaves whoever had it.

        Source: docs.yespo.io/docs/customer-identifiers-and-matching.
        """
        value = canonical(kind, str(channel["value"]))
        if kind not in SINGLE:
            for holder in list(self._channels[kind, value].values()):
                self._drop(holder, kind, value)
        more = {name: told for name, told in channel.items() if name not in {"type", "value"}}
        contact.channels.setdefault(kind, {})[value] = more
        self._channels[kind, value][contact.id] = contact

    def erase(self, contact: Contact) -> None:
        """Remove a contact for good."""
        for kind in list(contact.channels):
            self.set_channel(contact, kind, ())
        self.set_external(contact, None)
        del self._contacts[contact.id]

    def _drop(self, contact: Contact, kind: str, value: str) -> None:
        del contact.channels[kind][value]
        if not contact.channels[kind]:
            del contact.channels[kind]
        holders = self._channels[kind, value]
        del holders[contact.id]
        if not holders:
            del self._channels[kind, value]


def canonical(kind: str, value: str) -> str:
    """Return a channel's value as it is compared: addresses in lower case, phones in digits."""
    if kind == "email":
        return value.strip().lower()
    if kind in SINGLE:
        return "".join(sign for sign in value if sign.isdecimal())
    return value
