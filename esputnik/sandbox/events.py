"""Events: those sent, those of the past, and those the account raises itself."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.checks import check_key, check_length
from esputnik.sandbox.order_forms import date_of
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    items_of,
    json_answer,
    number_of,
    silent_answer,
    text_of,
)

MAX_EVENT_BYTES = 20_000
MAX_PAST_EVENTS = 500
MAX_TYPE, MAX_KEY, MAX_NAME = 100, 300, 100

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

Who = tuple[str, str]  # a kind of identifier, and its value


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
        """Take an event; its values may be objects and lists.

        Source: docs.yespo.io/reference/registerevent_1.
        """
        return self._generate(asked, takes_objects=True)

    def generate_v1(self, asked: Asked) -> SandboxAnswer:
        """Take an event of the first version, whose values are texts.

        Source: docs.yespo.io/reference/registerevent.
        """
        return self._generate(asked, takes_objects=False)

    def add_past(self, asked: Asked) -> SandboxAnswer:
        """Take events of the past, which start nothing; each has a status of its own.

        Source: docs.yespo.io/reference/sendhistoryevents_1.
        """
        return self._add_past(asked, takes_objects=True)

    def add_past_v1(self, asked: Asked) -> SandboxAnswer:
        """Take past events of the first version. Source: docs.yespo.io/reference."""
        return self._add_past(asked, takes_objects=False)

    def _generate(self, asked: Asked, *, takes_objects: bool) -> SandboxAnswer:
        """Take an event, which must identify a contact; its key may do so too."""
        if asked.size > MAX_EVENT_BYTES:
            raise RefusedError("The event is larger than 20 kB")
        event = asked.fields()
        who = _checked(event, takes_objects=takes_objects)
        key = text_of(event.get("keyValue")) or (who[1] if who else "")
        if not key:
            required = '[{"name":"EmailAddress","required":true}]'
            raise RefusedError(f"The event should have the following params: {required}")
        self.sent.append({**event, "keyValue": key, "contactId": self._contact_id(who)})
        return silent_answer(self._switches.silent_form)

    def _add_past(self, asked: Asked, *, takes_objects: bool) -> SandboxAnswer:
        limit, status = MAX_PAST_EVENTS, self._switches.oversized_status
        events = items_of(asked.fields(), "events", limit, status)
        for event in events:
            if not text_of(event.get("keyValue")):
                raise RefusedError("keyValue is required")
        found = [(event, _checked(event, takes_objects=takes_objects)) for event in events]
        statuses = []
        for event, who in found:
            statuses.append(verdict := self._past_status(event.get("occurred"), asked.now))
            if verdict == "ACCEPTED":
                self.past.append({**event, "contactId": self._contact_id(who)})
        good = statuses.count("ACCEPTED")
        results = [{"status": verdict} for verdict in statuses]
        counts = {"successCount": good, "errorCount": len(statuses) - good}
        return json_answer({"results": results, **counts})

    def _past_status(self, occurred: object, now: float) -> str:
        if not text_of(occurred):
            return "OCCURRED_DATE_IS_REQUIRED"
        moment = date_of(occurred)
        if moment is None:
            return "INCORRECT_OCCURRED_DATE_FORMAT"
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        age = datetime.fromtimestamp(now, UTC) - moment
        if age < timedelta(0):
            return "OCCURRED_TIME_IN_FUTURE"
        is_old = age > timedelta(days=self._switches.max_past_days)
        return "OCCURRED_TIME_TOO_DEPTH" if is_old else "ACCEPTED"

    def _contact_id(self, who: Who | None) -> int | None:
        found = self._contact(*who) if who is not None else None
        return found.id if found is not None and not found.is_deleted else None

    def _contact(self, kind: str, value: str) -> Contact | None:
        if kind == "id":
            return self._book.get(number_of(value) or 0)
        if kind == "external":
            return self._book.by_external(value)
        if kind == "key":
            return next((one for one in self._book if one.texts.get("contactKey") == value), None)
        return next(iter(self._book.holders(kind, value)), None)


def _checked(event: Object, *, takes_objects: bool) -> Who | None:
    """Return whom an event is about.

    Raises:
        RefusedError: The event has not the form of one.
    """
    check_key("eventTypeKey", text_of(event.get("eventTypeKey")), MAX_TYPE)
    if key := text_of(event.get("keyValue")):
        check_length("keyValue", key, MAX_KEY)
    params = event.get("params") or []
    if not isinstance(params, list) or not all(isinstance(one, dict) for one in params):
        raise RefusedError("params must be a list of objects")
    values: dict[str, str] = {}
    for one in params:
        name, value = text_of(one.get("name")), one.get("value")
        check_length("The name of a parameter", name, MAX_NAME)
        if not takes_objects and isinstance(value, dict | list):
            raise RefusedError("The value of a parameter must be a text")
        values[name] = text_of(value)
    if len(values) < len(params):
        raise RefusedError("The names of parameters must be unique")
    return _identified({name.lower(): value for name, value in values.items()})


def _identified(values: dict[str, str]) -> Who | None:
    """Return the first that identifies a contact; an external id of "null" is none."""
    for name, kind in _IDENTIFIERS.items():
        value = values.get(name)
        if value and not (kind == "external" and value == "null"):
            return kind, value
    return None
