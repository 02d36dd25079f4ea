"""Events: those sent, those of the past, and those the account raises itself."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    items_of,
    json_answer,
    text_of,
)

MAX_EVENT_BYTES = 20_000
MAX_PAST_EVENTS = 500
MAX_TYPE, MAX_KEY, MAX_NAME = 100, 300, 100
FORBIDDEN = frozenset("<;’\\/|\"`'^?!,>")  # noqa: RUF001 - the vendor's own list

# Parameter names that identify a contact, in lower case, by what they hold; the first wins.
# Source: docs.yespo.io/docs/validating-event-parameters and how-send-events-resource-v1event.
_IDENTIFIERS = {
    "contactid": "id",
    "contact_id": "id",
    "externalcustomerid": "external",
    "email": "email",
    "emailaddress": "email",
    "useremail": "email",
    "contactemail": "email",
    "phone": "sms",
    "sms": "sms",
    "phonenumber": "sms",
    "pushtoken": "mobilepush",
    "contactkey": "key",
    "contact_key": "key",
}


class Events:
    """The events of an account. `sent` and `past` in the order they came."""

    def __init__(self, book: Book, switches: Switches) -> None:
        self._book = book
        self._switches = switches
        self.sent: list[dict[str, Any]] = []
        self.past: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()

    def raised(self, event_type: str, _contact: Contact) -> None:
        """Count an event that the account raised itself."""
        self.counts[event_type] += 1

    def generate(self, asked: Asked) -> SandboxAnswer:
        """Take an event, of either version: it must identify a contact.

        Source: docs.yespo.io/reference/registerevent_1.
        """
        if asked.size > MAX_EVENT_BYTES:
            raise RefusedError("The event is larger than 20 kB")
        event = asked.fields()
        who = _checked(event)
        if who is None and not text_of(event.get("keyValue")):
            required = '[{"name":"EmailAddress","required":true}]'
            raise RefusedError(f"The event should have the following params: {required}")
        self.sent.append({**event, "contactId": self._contact_id(who)})
        return SandboxAnswer()

    def add_past(self, asked: Asked) -> SandboxAnswer:
        """Take events of the past, which start nothing; each has a status of its own.

        Source: docs.yespo.io/reference/sendhistoryevents_1.
        """
        events = items_of(asked.fields(), "events", MAX_PAST_EVENTS)
        for event in events:
            if not text_of(event.get("keyValue")):
                raise RefusedError("keyValue is required")
        found = [(event, _checked(event)) for event in events]
        statuses = []
        for event, who in found:
            statuses.append(status := self._past_status(event.get("occurred"), asked.now))
            if status == "ACCEPTED":
                self.past.append({**event, "contactId": self._contact_id(who)})
        good = statuses.count("ACCEPTED")
        results = [{"status": status} for status in statuses]
        counts = {"successCount": good, "errorCount": len(statuses) - good}
        return json_answer({"results": results, **counts})

    def _past_status(self, occurred: object, now: float) -> str:
        if not text_of(occurred):
            return "OCCURRED_DATE_IS_REQUIRED"
        try:
            moment = datetime.fromisoformat(text_of(occurred))
        except ValueError:
            return "INCORRECT_OCCURRED_DATE_FORMAT"
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        today = datetime.fromtimestamp(now, UTC)
        if moment > today:
            return "OCCURRED_TIME_IN_FUTURE"
        is_old = today - moment > timedelta(days=self._switches.max_past_days)
        return "OCCURRED_TIME_TOO_DEPTH" if is_old else "ACCEPTED"

    def _contact_id(self, who: tuple[str, str] | None) -> int | None:
        if who is None:
            return None
        kind, value = who
        if kind == "id":
            found = self._book.get(int(value)) if value.isdecimal() else None
        elif kind == "external":
            found = self._book.by_external(value)
        elif kind == "key":
            found = next((one for one in self._book if one.texts.get("contactKey") == value), None)
        else:
            found = next(iter(self._book.holders(kind, value)), None)
        return found.id if found is not None and not found.is_deleted else None


def _checked(event: Object) -> tuple[str, str] | None:
    """Return whom an event is about, as a kind of identifier and its value.

    Raises:
        RefusedError: The event has not the form of one.
    """
    _check_text("eventTypeKey", text_of(event.get("eventTypeKey")), MAX_TYPE)
    if key := text_of(event.get("keyValue")):
        _check_text("keyValue", key, MAX_KEY, may_hold_all=True)
    params = event.get("params") or []
    if not isinstance(params, list) or not all(isinstance(one, dict) for one in params):
        raise RefusedError("params must be a list of objects")
    named: dict[str, object] = {}
    for one in params:
        name = text_of(one.get("name"))
        _check_text("The name of a parameter", name, MAX_NAME, may_hold_all=True)
        if name in named:
            raise RefusedError("The names of parameters must be unique")
        named[name] = one.get("value")
    values = {name.lower(): text_of(value) for name, value in named.items()}
    for name, kind in _IDENTIFIERS.items():
        if values.get(name) and values[name] != "null":
            return kind, values[name]
    return None


def _check_text(name: str, text: str, limit: int, *, may_hold_all: bool = False) -> None:
    if not 0 < len(text) <= limit:
        raise RefusedError(f"{name} must have 1 to {limit} characters")
    if not may_hold_all and not FORBIDDEN.isdisjoint(text):
        raise RefusedError(f"{name} holds a forbidden character")
