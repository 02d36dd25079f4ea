"""The calls about one contact."""

from collections.abc import Mapping
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.given import EXTERNAL
from esputnik.sandbox.segments import Segments, page
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    json_answer,
    silent_answer,
    text_answer,
    text_of,
)
from esputnik.sandbox.writer import Writer

_FILTERS = (EXTERNAL, "email", "sms", "firstname", "lastname")


class Contacts:
    """Add, get, update, delete and search contacts."""

    def __init__(self, book: Book, segments: Segments, writer: Writer, switches: Switches) -> None:
        self._book = book
        self._segments = segments
        self._writer = writer
        self._switches = switches

    def add(self, asked: Asked) -> SandboxAnswer:
        """Create or update a contact at once.

        Source: docs.yespo.io/reference/addcontact-1.
        """
        given = self._writer.checked(asked.fields())
        contact = self._writer.known(given) or self._book.create()
        self._writer.write(contact, given)
        if self._switches.join_groups:
            self._join(contact, asked.fields().get("groups"))
        return json_answer({"id": self._writer.shown_id(contact)})

    def get(self, asked: Asked) -> SandboxAnswer:
        """Return one contact."""
        contact = self.existing(asked.number())
        return json_answer(self._segments.contact_view(contact))

    def update(self, asked: Asked) -> SandboxAnswer:
        """Update a contact by its id; a deleted one is restored.

        Source: docs.yespo.io/reference/updatecontact-1.
        """
        contact = self._book.get(asked.number())
        if contact is None:
            raise RefusedError(f"Contact with id='{asked.parts[0]}' not found", 404)
        given = self._writer.checked(asked.fields())
        if self._book.by_external(given.external) not in {None, contact}:
            raise RefusedError("externalCustomerId belongs to another contact")
        self._writer.write(contact, given)
        return text_answer(f"Contact with id='{contact.id}' has been updated")

    def delete(self, asked: Asked) -> SandboxAnswer:
        """Delete a contact by its id, or its external id; for good with `erase`.

        Source: docs.yespo.io/reference/deletecontact-1 and deletecontact_1-1.
        """
        if not asked.parts:
            return self._delete_customer(asked)
        named = f"Contact with id='{asked.number()}'"
        contact = self._to_delete(self._book.get(asked.number()), named)
        self._delete(contact, asked)
        return text_answer(f"Contact with id='{contact.id}' has been deleted")

    def search(self, asked: Asked) -> SandboxAnswer:
        """Find contacts; an external id goes alone.

        Source: docs.yespo.io/reference/searchcontacts-1.
        """
        given = {name: value for name in _FILTERS if (value := asked.query.get(name))}
        if EXTERNAL in given and len(given) > 1:
            raise RefusedError("externalCustomerId can not be combined with other filters")
        order = asked.query.get("sortBy")
        if order is not None and (given or order != "contactId"):
            raise RefusedError("sortBy is not valid")
        found = [one for one in self._found(given) if not one.is_deleted]
        found.sort(key=lambda one: -one.updated if order is None else one.id)
        return page([one.brief() for one in found], asked)

    def existing(self, contact_id: int) -> Contact:
        """Return a contact that is not deleted; 404 without one."""
        contact = self._book.get(contact_id)
        if contact is None or contact.is_deleted:
            raise RefusedError(f"Contact with id='{contact_id}' not found", 404)
        return contact

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

    def _join(self, contact: Contact, groups: object) -> None:
        for group in groups if isinstance(groups, list) else ():
            name = text_of(group.get("name")) if isinstance(group, dict) else ""
            if name:
                self._segments.join(contact, self._segments.named(name).id)

    def _delete_customer(self, asked: Asked) -> SandboxAnswer:
        external = asked.query.get(EXTERNAL, "")
        if not external:
            raise RefusedError("externalCustomerId is required")
        self._delete(self._to_delete(self._book.by_external(external), "Contact"), asked)
        return silent_answer(self._switches.silent_form)

    def _to_delete(self, contact: Contact | None, named: str) -> Contact:
        finds_deleted = self._switches.delete_deleted == "200"
        if contact is None or (contact.is_deleted and not finds_deleted):
            raise RefusedError(f"{named} not found", 404)
        return contact

    def _delete(self, contact: Contact, asked: Asked) -> None:
        if asked.query.get("erase", "false").lower() == "true":
            for number in list(contact.segments):
                self._segments.leave(contact, number)
            self._book.erase(contact)
        contact.is_deleted = True

    def _found(self, given: Mapping[str, str]) -> list[Contact]:
        if external := given.get(EXTERNAL):
            found = self._book.by_external(external)
            return [] if found is None else [found]
        search = self._book.containing if self._switches.loose_search else self._book.holders
        groups = [search(kind, given[kind]) for kind in ("email", "sms") if kind in given]
        first, *others = groups or [list(self._book)]
        return [one for one in first if all(one in more for more in others) and _fits(one, given)]


def _fits(contact: Contact, given: Object) -> bool:
    return all(
        given.get(asked, "").lower() in contact.texts.get(name, "").lower()
        for asked, name in (("firstname", "firstName"), ("lastname", "lastName"))
    )
