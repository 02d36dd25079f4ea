"""The calls about one contact, and how a contact is found and written."""

from typing import Any

from esputnik.sandbox.book import ADDRESS, SINGLE, TEXTS, Book, Contact
from esputnik.sandbox.checks import channels_in, contact_error, field_id
from esputnik.sandbox.segments import Segments, page
from esputnik.sandbox.sites import Tokens
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    json_answer,
    text_answer,
    text_of,
)


class Contacts:
    """Add, get, update, delete and search contacts. `fields`: the additional fields there are."""

    def __init__(self, book: Book, segments: Segments, tokens: Tokens, switches: Switches) -> None:
        self._book = book
        self._segments = segments
        self._tokens = tokens
        self._switches = switches
        self.fields = set(range(1, switches.custom_fields + 1))

    def add(self, asked: Asked) -> SandboxAnswer:
        """Create or update a contact at once; what is left out is kept.

        Source: docs.yespo.io/reference/addcontact-1.
        """
        given = self.checked(asked.fields())
        contact = self.known(given)
        if contact is None:
            contact = self._book.create()
        self.write(contact, given)
        return json_answer({"id": self.shown_id(contact)})

    def known(self, given: Object) -> Contact | None:
        """Return the contact that Add Contact would update: by external id, then by channels."""
        external = text_of(given.get("externalCustomerId"))
        if external and (found := self._book.by_external(external)):
            return found
        if external and not self._switches.adopt_by_address:
            return None
        addresses = [
            (kind, str(one["value"]))
            for kind, channels in sorted(channels_in(given).items(), key=_rank)
            for one in channels
        ]
        found = holder(self._book, external, addresses)
        if found is None and self._switches.restore_by_address:
            return holder(self._book, external, addresses, deleted=True)
        return found

    def write(self, contact: Contact, given: Object) -> None:
        """Write what is given into a contact, restore it if it was deleted, keep the rest."""
        contact.is_deleted = False
        self._book.touch(contact)
        if external := text_of(given.get("externalCustomerId")):
            self._book.set_external(contact, external)
        for name, value in texts_in(given).items():
            if value:
                contact.texts[name] = value
        for kind, channels in channels_in(given).items():
            self.write_channels(contact, kind, channels)
        for field in given.get("fields") or ():
            if field_id(field) in self.fields and (value := text_of(field.get("value"))):
                contact.custom[field_id(field)] = value

    def write_channels(self, contact: Contact, kind: str, channels: list[dict[str, Any]]) -> None:
        """Write channels of one kind: addresses and phones are replaced, tokens are added."""
        if kind in SINGLE:
            self._book.set_channel(contact, kind, channels)
            return
        for channel in channels:
            self._book.add_channel(contact, kind, channel)
            if kind == "mobilepush":
                self._tokens.register(contact, channel)

    def get(self, asked: Asked) -> SandboxAnswer:
        """Return one contact."""
        contact = self.existing(asked.number())
        return json_answer(self._segments.contact_view(contact))

    def update(self, asked: Asked) -> SandboxAnswer:
        """Update a contact by its id; a deleted one is restored."""
        contact = self._book.get(asked.number())
        if contact is None:
            raise RefusedError(f"Contact with id='{asked.parts[0]}' not found", 404)
        given = self.checked(asked.fields())
        other = self._book.by_external(text_of(given.get("externalCustomerId")))
        if other is not None and other is not contact:
            raise RefusedError("externalCustomerId belongs to another contact")
        self.write(contact, given)
        return text_answer(f"Contact with id='{contact.id}' has been updated")

    def delete(self, asked: Asked) -> SandboxAnswer:
        """Delete a contact by its id, or its external id; for good with `erase`."""
        if not asked.parts:
            return self._delete_customer(asked)
        contact = self.existing(asked.number())
        self._delete(contact, asked)
        return text_answer(f"Contact with id='{contact.id}' has been deleted")

    def _delete_customer(self, asked: Asked) -> SandboxAnswer:
        external = asked.query.get("externalCustomerId", "")
        if not external:
            raise RefusedError("externalCustomerId is required")
        contact = self._book.by_external(external)
        if contact is None or contact.is_deleted:
            raise RefusedError("Contact not found", 404)
        self._delete(contact, asked)
        return SandboxAnswer()

    def search(self, asked: Asked) -> SandboxAnswer:
        """Find contacts; an external id goes alone.

        Source: docs.yespo.io/reference/searchcontacts-1.
        """
        filters = {"externalCustomerId", "email", "sms", "firstname", "lastname"}
        given = {name: value for name, value in asked.query.items() if name in filters}
        if "externalCustomerId" in given and len(given) > 1:
            raise RefusedError("externalCustomerId can not be combined with other filters")
        found = sorted(self._found(given), key=lambda one: -one.updated)
        return page([one.view() for one in found if not one.is_deleted], asked)

    def checked(self, given: Object) -> Object:
        """Return a contact of a single call, which has a channel and nothing wrong with it."""
        if not given.get("channels"):
            raise RefusedError("channels must not be empty")
        if error := contact_error(given, self.fields, self._switches):
            raise RefusedError(error)
        return given

    def existing(self, contact_id: int) -> Contact:
        """Return a contact that is not deleted; 404 without one."""
        contact = self._book.get(contact_id)
        if contact is None or contact.is_deleted:
            raise RefusedError(f"Contact with id='{contact_id}' not found", 404)
        return contact

    def shown_id(self, contact: Contact) -> int | str:
        """Return a contact's id as this account writes ids."""
        return str(contact.id) if self._switches.ids_as_strings else contact.id

    def state(self) -> list[dict[str, Any]]:
        """Return the contacts, deleted ones too."""
        return [
            {
                **self._segments.contact_view(contact),
                "subscriptions": sorted(contact.subscriptions),
                "confirmed": contact.is_confirmed,
                "deleted": contact.is_deleted,
            }
            for contact in self._book
        ]

    def _delete(self, contact: Contact, asked: Asked) -> None:
        if asked.query.get("erase", "false").lower() == "true":
            self._tokens.forget(contact)
            self._book.erase(contact)
        contact.is_deleted = True

    def _found(self, given: Object) -> list[Contact]:
        if external := given.get("externalCustomerId"):
            found = self._book.by_external(external)
            return [found] if found else []
        for kind in ("email", "sms"):
            if value := given.get(kind):
                return [one for one in self._book.holders(kind, value) if _is_named(one, given)]
        return [one for one in self._book if _is_named(one, given)]


def holder(
    book: Book, external: str, addresses: list[tuple[str, str]], *, deleted: bool = False
) -> Contact | None:
    """Return the contact that is meant by addresses, the first that anybody holds.

    With an external id, only a contact without one is meant: the one that was updated last; if all
    have others, nobody. Source: docs.yespo.io/docs/api-methods-adding-contacts.
    """
    for kind, value in addresses:
        holders = book.holders(kind, value, deleted=deleted)
        if holders:
            return next((one for one in holders if not external or not one.external_id), None)
    return None


def texts_in(given: Object) -> dict[str, str]:
    """Return the plain fields that a contact names, as text; "" for those without a value."""
    address = given.get("address")
    parts = address if isinstance(address, dict) else {}
    return {name: text_of(given[name]) for name in TEXTS if name in given} | {
        name: text_of(parts[name]) for name in ADDRESS if name in parts
    }


def _rank(entry: tuple[str, object]) -> int:
    """Order kinds as eSputnik searches: e-mail, phone, then devices."""
    order = ("email", "sms")
    return order.index(entry[0]) if entry[0] in order else len(order)


def _is_named(contact: Contact, given: Object) -> bool:
    return all(
        given.get(asked, "").lower() in contact.texts.get(name, "").lower()
        for asked, name in (("firstname", "firstName"), ("lastname", "lastName"))
    )
