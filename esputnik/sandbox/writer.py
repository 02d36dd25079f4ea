"""How a contact is found by what a request tells of it, and how it is written."""

from collections.abc import Iterable, Mapping

from esputnik.sandbox.book import SINGLE, Book, Channels, Contact
from esputnik.sandbox.given import Given, read_contact
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.tokens import PUSH, Tokens
from esputnik.sandbox.wire import RefusedError


class Writer:
    """Finds and writes contacts, for all calls that do."""

    def __init__(self, book: Book, tokens: Tokens, switches: Switches) -> None:
        self._book = book
        self._tokens = tokens
        self._switches = switches

    def checked(self, raw: object) -> Given:
        """Return a contact of a single call, which has a channel and nothing wrong with it."""
        if not isinstance(raw, dict) or not raw.get("channels"):
            raise RefusedError("channels must not be empty")
        return read_contact(raw, self._book, self._switches)

    def known(self, given: Given) -> Contact | None:
        """Return the contact that Add Contact would update: by external id, then by channels."""
        if given.external and (found := self._book.by_external(given.external)):
            return found
        if given.external and not self._switches.adopt_by_address:
            return None
        addresses = [
            (kind, value)
            for kind in sorted(given.channels, key=_rank)
            for value in given.channels[kind]
        ]
        found = holder(self._book, given.external, addresses)
        if found is None and self._switches.restore_by_address:
            return holder(self._book, given.external, addresses, deleted=True)
        return found

    def write(self, contact: Contact, given: Given) -> None:
        """Write what is given into a contact, restore it if it was deleted, keep the rest."""
        contact.is_deleted = False
        self._book.touch(contact)
        if not self._switches.keep_omitted:
            self._clear(contact, given)
        if given.external:
            self._book.set_external(contact, given.external)
        contact.texts |= {name: value for name, value in given.texts.items() if value}
        for kind, channels in given.channels.items():
            self.write_channels(contact, kind, channels, adds=kind not in SINGLE)
        contact.custom |= {number: value for number, value in given.custom.items() if value}

    def write_channels(
        self, contact: Contact, kind: str, channels: Channels, *, adds: bool
    ) -> None:
        """Write channels of one kind, in place of those the contact has or beside them."""
        if kind == PUSH:
            channels = {value: self._tokens.told(value, one) for value, one in channels.items()}
        if kind == "email" and self._switches.resubscribe:
            for email in channels:
                self._book.unsubscribed.pop(email, None)
        if not adds:
            self._book.set_channels(contact, kind, channels)
            return
        for value, channel in channels.items():
            self._book.add_channel(contact, kind, value, channel)

    def create(
        self, addresses: Mapping[str, str], texts: Mapping[str, str], external: str
    ) -> Contact:
        """Return a new contact with addresses by kind; "" for those it has not."""
        channels = {
            kind: {self._book.key(kind, value): {"type": kind, "value": value}}
            for kind, value in addresses.items()
            if value
        }
        contact = self._book.create()
        self.write(contact, Given(external=external, channels=dict(channels), texts=dict(texts)))
        return contact

    def shown_id(self, contact: Contact) -> int | str:
        """Return a contact's id as this account writes ids."""
        return str(contact.id) if self._switches.ids_as_strings else contact.id

    def _clear(self, contact: Contact, given: Given) -> None:
        contact.texts.clear()
        contact.custom.clear()
        for kind in contact.channels.keys() - given.channels.keys():
            self._book.set_channels(contact, kind, {})


def holder(
    book: Book, external: str, addresses: Iterable[tuple[str, str]], *, deleted: bool = False
) -> Contact | None:
    """Return the contact that is meant by addresses, the first that anybody holds.

    With an external id, only a contact without one is meant: the one that was updated last; if all
    have others, nobody. Source: docs.yespo.io/docs/api-methods-adding-contacts.
    """
    for kind, value in addresses:
        if holders := book.holders(kind, value, deleted=deleted):
            return next((one for one in holders if not external or not one.external_id), None)
    return None


def _rank(kind: str) -> int:
    """Order kinds as eSputnik searches: e-mail, phone, then devices."""
    order = ("email", "sms")
    return order.index(kind) if kind in order else len(order)
