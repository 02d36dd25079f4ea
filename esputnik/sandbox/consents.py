"""Consent: the list of unsubscribed addresses, categories, double opt-in, the activity feed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from esputnik.sandbox.book import Book, Contact, canonical
from esputnik.sandbox.checks import channels_in, is_email
from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.events import Events
from esputnik.sandbox.segments import Segments
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

MAX_ACTIVITY = 25_000


class Consents:
    """Who may be written to. `unsubscribed` holds addresses in lower case, whoever has them."""

    def __init__(
        self,
        book: Book,
        contacts: Contacts,
        segments: Segments,
        events: Events,
        switches: Switches,
    ) -> None:
        self._book = book
        self._contacts = contacts
        self._segments = segments
        self._events = events
        self._switches = switches
        self._categories: dict[str, int] = {}
        self.unsubscribed: dict[str, None] = {}
        self.activity: list[dict[str, Any]] = []

    # -- the list of unsubscribed addresses -------------------------------------------------

    def add_unsubscribed(self, asked: Asked) -> SandboxAnswer:
        """Put addresses on the list. Source: docs.yespo.io/reference/addtounsubscribed-1."""
        self.unsubscribed |= dict.fromkeys(self._emails(asked))
        return SandboxAnswer()

    def remove_unsubscribed(self, asked: Asked) -> SandboxAnswer:
        """Take addresses off the list."""
        for email in self._emails(asked):
            self.unsubscribed.pop(email, None)
        return SandboxAnswer()

    def _emails(self, asked: Asked) -> list[str]:
        emails, limit = asked.fields().get("emails"), self._switches.max_emails
        if not isinstance(emails, list) or not emails:
            raise RefusedError("emails must not be empty")
        if limit is not None and len(emails) > limit:
            raise RefusedError(f"emails: at most {limit} are allowed in a request")
        if not all(isinstance(email, str) and is_email(email.strip()) for email in emails):
            raise RefusedError("emails holds an address that is not valid")
        return [canonical("email", email) for email in emails]

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
        """Replace a contact's categories."""
        contact = self._contacts.existing(asked.number())
        keys = asked.fields().get("subscriptions")
        if not isinstance(keys, list) or not all(isinstance(key, str) and key for key in keys):
            raise RefusedError("subscriptions must be a list of keys")
        self._join(contact, keys)
        return text_answer(f"Subscriptions of contact with id='{contact.id}' have been updated")

    def _join(self, contact: Contact, keys: Iterable[str]) -> None:
        wanted = set(keys)
        if unknown := sorted(wanted - self._categories.keys()):
            if self._switches.unknown_category == "400":
                raise RefusedError("subscriptions names an unknown category")
            self._categories |= {key: self._segments.named(key).id for key in unknown}
        for key in contact.subscriptions | wanted:
            change = contact.segments.add if key in wanted else contact.segments.discard
            change(self._categories[key])
        contact.subscriptions = wanted

    def _category(self, key: str) -> dict[str, Any]:
        number = self._categories[key]
        return {"id": number, "key": key, "groupId": number, "name": key}

    # -- double opt-in ----------------------------------------------------------------------

    def subscribe(self, asked: Asked) -> SandboxAnswer:
        """Create a contact whose address is yet to be confirmed, or update one, channels apart.

        Source: docs.yespo.io/reference/subscribecontact-1.
        """
        body = asked.fields()
        told = body.get("contact")
        given = self._contacts.checked(told if isinstance(told, dict) else {})
        contact = self._contacts.known(given)
        is_new = contact is None
        if contact is None:
            contact = self._book.create()
            contact.is_confirmed = False
            self._contacts.write(contact, given)
        else:
            self._contacts.write(contact, _without_held(given, contact))
        contact.segments.update(self._segments.named(str(one)).id for one in _texts(body, "groups"))
        self._join(contact, contact.subscriptions | set(_texts(body, "subscriptions")))
        self._tell(contact, text_of(body.get("formType")), is_new=is_new)
        status = "ALREADY_SUBSCRIBED" if contact.is_confirmed else "NEED_CONFIRMATION"
        identifier = self._contacts.shown_id(contact)
        return json_answer({"id": identifier, "emailStatus": status, "new": is_new})

    def _tell(self, contact: Contact, form: str, *, is_new: bool) -> None:
        name = "subscribeFromApi" if is_new else "subscribeUpdateFromApi"
        self._events.raised(f"{name}-{form}" if form else name, contact)

    # -- what happened at eSputnik ----------------------------------------------------------

    def happened(self, rows: Iterable[Object]) -> None:
        """Take note of rows of the activity feed; an opt-out by e-mail is one in fact.

        `activityDateTime` is UTC without a zone, as the feed writes it.
        """
        for row in rows:
            self.activity.append(dict(row))
            email = text_of(row.get("email"))
            if row.get("activityStatus") == "UNSUBSCRIBED" and email:
                self.unsubscribed[canonical("email", email)] = None

    def feed(self, asked: Asked) -> SandboxAnswer:
        """List the activity between two times. Source: docs.yespo.io/docs/webhooks."""
        start, end = _moment(asked.query.get("dateFrom")), _moment(asked.query.get("dateTo"))
        if start is None or end is None:
            raise RefusedError("dateFrom and dateTo are required")
        rows = [row for row in self.activity if _is_within(row, start, end)]
        for asked_for in ("activityStatus", "email", "sms", "messageTag"):
            if wanted := asked.query.get(asked_for):
                rows = [row for row in rows if text_of(row.get(asked_for)) == wanted]
        first, most = asked.query.get("offset", "0"), asked.query.get("maxrows", str(MAX_ACTIVITY))
        if not (first.isdecimal() and most.isdecimal()):
            raise RefusedError("offset or maxrows is not valid")
        last = int(first) + min(int(most), MAX_ACTIVITY)
        shown = [{**row, "offset": number} for number, row in enumerate(rows, 1)]
        return json_answer(shown[int(first) : last])


def _without_held(given: Object, contact: Contact) -> dict[str, Any]:
    """Return a contact without the kinds of channel that the held one has."""
    kept = [
        one
        for kind, channels in channels_in(given).items()
        if kind not in contact.channels
        for one in channels
    ]
    return {**given, "channels": kept}


def _texts(body: Object, name: str) -> list[str]:
    return [one for one in body.get(name) or () if isinstance(one, str)]


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(text_of(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _is_within(row: Object, start: datetime, end: datetime) -> bool:
    happened = _moment(row.get("activityDateTime"))
    return happened is not None and start <= happened <= end
