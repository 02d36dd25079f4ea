"""The contacts of an account, and how they are found."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from esputnik.sandbox.switches import Switches

FIRST_ID = 10_000_001
TEXTS = ("firstName", "lastName", "contactKey", "languageCode", "timeZone")
ADDRESS = ("region", "town", "address", "postcode")
SINGLE = frozenset({"email", "sms", "viber"})  # kinds of which a contact has one, or two
_TOLD = ("device", "webPushSubscription")  # what a channel tells beside its value
_NO_DIGITS = re.compile(r"[^0-9]+")

# The channels of one kind: as a request told each, by its value as it is compared.
Channels = Mapping[str, Mapping[str, Any]]


@dataclass(slots=True, kw_only=True, eq=False)
class Contact:
    """One contact. `channels` by kind. `updated` counts the changes of the whole account."""

    id: int
    external_id: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    channels: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    custom: dict[int, str] = field(default_factory=dict)
    segments: set[int] = field(default_factory=set)
    subscriptions: set[str] = field(default_factory=set)
    is_confirmed: bool = True
    is_deleted: bool = False
    updated: int = 0

    def brief(self) -> dict[str, Any]:
        """Return the contact as a search shows it."""
        names = ("firstName", "lastName")
        return {
            "id": self.id,
            **{name: self.texts[name] for name in names if name in self.texts},
            "channels": [
                {"type": kind, "value": value}
                | {name: channel[name] for name in _TOLD if name in channel}
                for kind, channels in self.channels.items()
                for value, channel in channels.items()
            ],
            "fields": [{"id": number, "value": text} for number, text in self.custom.items()],
        }

    def view(self) -> dict[str, Any]:
        """Return the contact as the API shows it alone, save for its segments."""
        texts = {name: self.texts[name] for name in TEXTS if name in self.texts}
        address = {name: self.texts[name] for name in ADDRESS if name in self.texts}
        customer = {} if self.external_id is None else {"externalCustomerId": self.external_id}
        return self.brief() | customer | texts | ({"address": address} if address else {})


class Book:
    """All contacts, by id, by external id and by the value of each channel.

    `unsubscribed` holds the addresses that get no bulk e-mail, whoever has them, in order.
    """

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._contacts: dict[int, Contact] = {}
        self._external: dict[str, Contact] = {}
        self._channels: dict[tuple[str, str], dict[int, Contact]] = {}
        self.unsubscribed: dict[str, None] = {}
        self._next_id = FIRST_ID
        self._changes = 0

    def __iter__(self) -> Iterator[Contact]:
        return iter(self._contacts.values())

    def __len__(self) -> int:
        return len(self._contacts)

    def key(self, kind: str, value: str) -> str:
        """Return a channel's value as it is compared: e-mails in lower case, phones in digits."""
        if kind == "email":
            return value.strip().lower() if self._switches.fold_emails else value.strip()
        if kind not in SINGLE:
            return value
        return value if value.isascii() and value.isdecimal() else _NO_DIGITS.sub("", value)

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
        found = self._channels.get((kind, self.key(kind, value)))
        if not found:
            return []
        held = [contact for contact in found.values() if contact.is_deleted is deleted]
        return sorted(held, key=_newest)

    def containing(self, kind: str, part: str) -> list[Contact]:
        """Return the contacts with a channel that contains a text, deleted ones left out."""
        wanted = self.key(kind, part)
        found = {
            contact.id: contact
            for (held, value), contacts in self._channels.items()
            if held == kind and wanted in value
            for contact in contacts.values()
        }
        return sorted((one for one in found.values() if not one.is_deleted), key=_newest)

    def set_external(self, contact: Contact, external_id: str | None) -> None:
        """Give a contact its external id, or take it away."""
        if contact.external_id is not None:
            self._external.pop(contact.external_id, None)
        contact.external_id = external_id
        if external_id is not None:
            self._external[external_id] = contact

    def set_channels(self, contact: Contact, kind: str, channels: Channels) -> None:
        """Replace all channels of a kind by these."""
        held = contact.channels.get(kind, {})
        for value in held.keys() - channels.keys():
            self._drop(contact, kind, value)
        for value, channel in channels.items():
            self.add_channel(contact, kind, value, channel)

    def add_channel(
        self, contact: Contact, kind: str, value: str, channel: Mapping[str, Any]
    ) -> None:
        """Give a contact one more channel; a push token leaves whoever had it.

        Source: docs.yespo.io/docs/customer-identifiers-and-matching.
        """
        if kind not in SINGLE:
            for holder in list(self._channels.get((kind, value), {}).values()):
                self._drop(holder, kind, value)
        contact.channels.setdefault(kind, {})[value] = channel
        self._channels.setdefault((kind, value), {})[contact.id] = contact

    def erase(self, contact: Contact) -> None:
        """Remove a contact for good."""
        for kind in list(contact.channels):
            self.set_channels(contact, kind, {})
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


def _newest(contact: Contact) -> int:
    return -contact.updated
