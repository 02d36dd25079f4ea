"""Consent: the list of unsubscribed addresses, categories, double opt-in."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.checks import check_key, is_email
from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.events import MAX_TYPE, Events
from esputnik.sandbox.given import Given
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    RefusedError,
    SandboxAnswer,
    json_answer,
    silent_answer,
    text_answer,
    text_of,
    texts_of,
)
from esputnik.sandbox.writer import Writer


class Consents:
    """Who may be written to. A category's segment has its name and its number."""

    def __init__(  # noqa: PLR0913 - consent touches all that a contact is in
        self,
        *,
        book: Book,
        contacts: Contacts,
        writer: Writer,
        segments: Segments,
        events: Events,
        switches: Switches,
    ) -> None:
        self._book = book
        self._contacts = contacts
        self._writer = writer
        self._segments = segments
        self._events = events
        self._switches = switches
        self._categories: dict[str, int] = {}

    # -- the list of unsubscribed addresses -------------------------------------------------

    def add_unsubscribed(self, asked: Asked) -> SandboxAnswer:
        """Put addresses on the list. Source: docs.yespo.io/reference/addtounsubscribed-1."""
        for email in self._emails(asked):
            if self._switches.unsubscribe_strangers or self._book.holders("email", email):
                self._book.unsubscribed[email] = None
        return silent_answer(self._switches.silent_form)

    def remove_unsubscribed(self, asked: Asked) -> SandboxAnswer:
        """Take addresses off the list.

        Source: docs.yespo.io/reference/deletefromunsubscribed-1.
        """
        for email in self._emails(asked):
            self._book.unsubscribed.pop(email, None)
        return silent_answer(self._switches.silent_form)

    def _emails(self, asked: Asked) -> list[str]:
        emails, limit = texts_of(asked.fields(), "emails"), self._switches.max_emails
        if not emails:
            raise RefusedError("emails must not be empty")
        if limit is not None and len(emails) > limit:
            message = f"emails: at most {limit} are allowed in a request"
            raise RefusedError(message, self._switches.oversized_status)
        good = [self._book.key("email", email) for email in emails if is_email(email)]
        if len(good) < len(emails) and self._switches.bad_email == "400":
            raise RefusedError("emails holds an address that is not valid")
        return good

    # -- categories -------------------------------------------------------------------------

    def categories(self, _asked: Asked) -> SandboxAnswer:
        """List the subscription categories."""
        return json_answer([self._category(key) for key in self._categories])

    def get_subscriptions(self, asked: Asked) -> SandboxAnswer:
        """List a contact's categories; one alone comes as a bare object."""
        contact = self._contacts.existing(asked.number())
        found = [self._category(key) for key in sorted(contact.subscriptions)]
        return json_answer(found[0] if len(found) == 1 else found)

    def set_subscriptions(self, asked: Asked) -> SandboxAnswer:
        """Replace a contact's categories.

        Source: docs.yespo.io/reference/changecontactsubscriptioncategories.
        """
        contact = self._contacts.existing(asked.number())
        if not isinstance(asked.fields().get("subscriptions"), list):
            raise RefusedError("subscriptions must be a list of texts")
        keys = set(texts_of(asked.fields(), "subscriptions"))
        kept = set() if self._switches.replace_subscriptions else contact.subscriptions
        self._join(contact, keys | kept)
        return text_answer(f"Subscriptions of contact with id='{contact.id}' have been updated")

    def _join(self, contact: Contact, wanted: set[str]) -> None:
        self._make(wanted - self._categories.keys())
        for key in contact.subscriptions | wanted:
            change = self._segments.join if key in wanted else self._segments.leave
            change(contact, self._categories[key])
        contact.subscriptions = wanted

    def _make(self, unknown: Iterable[str]) -> None:
        for key in sorted(unknown):
            if self._switches.unknown_category == "400":
                raise RefusedError("subscriptions names an unknown category")
            self._categories[key] = self._segments.named(key).id

    def _category(self, key: str) -> dict[str, Any]:
        number = self._categories[key]
        return {"id": number, "key": key, "groupId": number, "name": key}

    # -- double opt-in ----------------------------------------------------------------------

    def subscribe(self, asked: Asked) -> SandboxAnswer:
        """Create a contact whose address is yet to be confirmed, or update one, channels apart.

        Source: docs.yespo.io/reference/subscribecontact-1.
        """
        body = asked.fields()
        given = self._writer.checked(body.get("contact"))
        groups, keys = texts_of(body, "groups"), set(texts_of(body, "subscriptions"))
        if form := text_of(body.get("formType")):
            check_key("formType", form, MAX_TYPE)
        self._make(keys - self._categories.keys())
        contact, is_new = self._subscriber(given)
        for name in groups:
            self._segments.join(contact, self._segments.named(name).id)
        self._join(contact, contact.subscriptions | keys)
        name = "subscribeFromApi" if is_new else "subscribeUpdateFromApi"
        self._events.raised(f"{name}-{form}" if form else name, contact)
        status = "ALREADY_SUBSCRIBED" if contact.is_confirmed else "NEED_CONFIRMATION"
        identifier = self._writer.shown_id(contact)
        return json_answer({"id": identifier, "emailStatus": status, "new": is_new})

    def _subscriber(self, given: Given) -> tuple[Contact, bool]:
        """Return the contact, written; of an existing one the kinds of channel it has are kept."""
        contact = self._writer.known(given)
        if contact is None:
            contact = self._book.create()
            contact.is_confirmed = False
            self._writer.write(contact, given)
            return contact, True
        kept = {kind: told for kind, told in given.channels.items() if kind not in contact.channels}
        self._writer.write(contact, replace(given, channels=kept))
        return contact, False
