"""Inbox messages, events and sends. Pure. Source: docs.yespo.io/reference."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from esputnik.sandbox.contacts import Contacts, valid_email
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import RefusedError, items_of, text_of

MAX_EVENT_BYTES = 20_000
MAX_PAST_EVENTS = 500
MAX_RECIPIENTS = 1000
LONGEST_TYPE = 100
FORBIDDEN = re.compile("[<;’\\\\/|\"`'^?!,>]")  # noqa: RUF001 - the vendor's own list
IDENTIFIERS = frozenset(
    {"contactid", "contact_id", "externalcustomerid", "email", "emailaddress", "useremail"}
    | {"contactemail", "phone", "sms", "phonenumber", "pushtoken", "contactkey", "contact_key"}
)


class Messages:
    """What was created, raised and sent. Plain state, one owner."""

    def __init__(self, contacts: Contacts, switches: Switches) -> None:
        self.inbox: dict[int, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []
        self.past_events: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self._contacts = contacts
        self._switches = switches

    # -- app inbox --------------------------------------------------------------------------

    def create(self, body: dict[str, Any]) -> int:
        """Create the base version; translations count only by their own call."""
        message = _checked(body)
        translations = message.pop("translations", None) or []
        number = 3_894_001 + len(self.inbox)
        kept = {one["languageCode"]: one for one in translations}
        stored = kept if self._switches.stores_translations else {}
        self.inbox[number] = message | {"id": number, "translations": stored}
        return number

    def translate(self, number: int, language: str, body: dict[str, Any]) -> None:
        """Write one translation."""
        self.message(number)["translations"][language] = _checked(body)

    def message(self, number: int) -> dict[str, Any]:
        """Return a message. Raises `RefusedError` for an unknown one."""
        if number not in self.inbox:
            raise RefusedError(404, "Message not found")
        return self.inbox[number]

    # -- events -----------------------------------------------------------------------------

    def raise_event(self, body: dict[str, Any], size: int) -> None:
        """Take one event; its params must identify a contact."""
        if size > MAX_EVENT_BYTES:
            raise RefusedError(413, "Event is too large, maximum size is 20 kB")
        self.events.append(_event(body))

    def take_past(self, body: dict[str, Any]) -> dict[str, Any]:
        """Take events of the past, each with a verdict of its own."""
        results = []
        for one in items_of(body, "events", MAX_PAST_EVENTS):
            event = _event(one)
            status = "ACCEPTED" if one.get("occurred") else "OCCURRED_DATE_IS_REQUIRED"
            if status == "ACCEPTED":
                self.past_events.append(event)
            results.append({"status": status})
        good = sum(one["status"] == "ACCEPTED" for one in results)
        return {"results": results, "successCount": good, "errorCount": len(results) - good}

    # -- sends ------------------------------------------------------------------------------

    def send(self, message_id: int, body: dict[str, Any]) -> dict[str, Any]:
        """Send a prepared message; a refusal of one recipient stands inside the 200."""
        results = [
            self._send(message_id, one, by_email=bool(body.get("email")))
            for one in items_of(body, "recipients", MAX_RECIPIENTS)
        ]
        return {"id": 0, "results": results[0] if len(results) == 1 else results}

    def _send(self, message_id: int, recipient: Any, *, by_email: bool) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        locator = recipient.get("locator")
        told = {"id": 0, "locator": locator, "requestId": f"send-{len(self.sent) + 1}"}
        if not locator and not recipient.get("externalCustomerId"):
            return told | {"status": "ERROR", "message": "Recipient must be specified"}
        if locator and by_email and not valid_email(locator):
            return told | {"status": "ERROR", "message": f"'{locator}' is not valid email"}
        if locator:
            kind = "email" if by_email else "sms"
            if self._contacts.find(None, [(kind, locator)]) is None:
                self._contacts.add({"channels": [{"type": kind, "value": locator}]})
        self.sent.append({"message": message_id, "email": by_email, **recipient})
        return told | {"status": "OK"}


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    for name in ("name", "title", "text"):
        text_of(body, name)
    custom = body.get("customData")
    if custom is not None:
        try:
            orjson.loads(custom)
        except (orjson.JSONDecodeError, TypeError):
            raise RefusedError(400, "customData is not valid JSON") from None
    return dict(body)


def _event(body: Mapping[str, Any]) -> dict[str, Any]:
    name = text_of(body, "eventTypeKey")
    if len(name) > LONGEST_TYPE or FORBIDDEN.search(name):
        raise RefusedError(400, "eventTypeKey is not valid")
    params = body.get("params") or []
    named = [str(one.get("name", "")) for one in params]
    if len(set(named)) < len(named):
        raise RefusedError(400, "Parameter name must be unique")
    if IDENTIFIERS.isdisjoint(one.lower() for one in named):
        raise RefusedError(400, 'The event should have the following params: [{"name":"email"}]')
    return dict(body)
