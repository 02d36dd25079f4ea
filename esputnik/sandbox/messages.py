"""Messages: the templates of the app inbox, and sending a prepared message."""

import random
from typing import Any

import orjson

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.checks import is_email
from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.segments import page
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    text_answer,
    text_of,
)

MAX_RECIPIENTS = 1000
FIRST_MESSAGE = 3_894_567


class Messages:
    """The app-inbox messages of an account, and what was sent."""

    def __init__(self, book: Book, contacts: Contacts, switches: Switches, seed: int) -> None:
        self._book = book
        self._contacts = contacts
        self._switches = switches
        self._rng = random.Random(f"messages {seed}")  # noqa: S311 - chance, not secrecy
        self.inbox: dict[int, dict[str, Any]] = {}
        self.sent: list[dict[str, Any]] = []

    # -- app inbox --------------------------------------------------------------------------

    def create(self, asked: Asked) -> SandboxAnswer:
        """Create a message in its base language.

        Source: docs.yespo.io/reference/addappinboxmessage.
        """
        body = asked.fields()
        _check(body, ("name", "title", "text"))
        number = FIRST_MESSAGE + len(self.inbox)
        told = body.get("translations") if self._switches.store_translations else None
        translations = {
            str(one.get("languageCode")): dict(one) for one in told or () if isinstance(one, dict)
        }
        self.inbox[number] = {**body, "id": number, "translations": translations}
        return json_answer({"id": number})

    def translate(self, asked: Asked) -> SandboxAnswer:
        """Write one translation of a message."""
        message, body = self._message(asked), asked.fields()
        _check(body, ("title", "text"))
        message["translations"][asked.parts[1]] = dict(body)
        return text_answer(f"Message with id='{message['id']}' has been updated")

    def untranslate(self, asked: Asked) -> SandboxAnswer:
        """Take one translation of a message away."""
        message = self._message(asked)
        if message["translations"].pop(asked.parts[1], None) is None:
            raise RefusedError("Translation not found", 404)
        return text_answer(f"Message with id='{message['id']}' has been updated")

    def update(self, asked: Asked) -> SandboxAnswer:
        """Replace the base version of a message."""
        message, body = self._message(asked), asked.fields()
        _check(body, ("name", "title", "text"))
        kept = {name: message[name] for name in ("id", "translations")}
        self.inbox[message["id"]] = {**body, **kept}
        return text_answer(f"Message with id='{message['id']}' has been updated")

    def delete(self, asked: Asked) -> SandboxAnswer:
        """Delete a message."""
        message = self._message(asked)
        del self.inbox[message["id"]]
        return text_answer(f"Message with id='{message['id']}' has been deleted")

    def get(self, asked: Asked) -> SandboxAnswer:
        """Return a message with its translations."""
        return json_answer(_shown(self._message(asked)))

    def listed(self, asked: Asked) -> SandboxAnswer:
        """List the messages."""
        wanted = asked.query.get("search", "").lower()
        rows = [_shown(one) for one in self.inbox.values() if wanted in str(one["name"]).lower()]
        return page(rows, asked)

    def _message(self, asked: Asked) -> dict[str, Any]:
        message = self.inbox.get(asked.number())
        if message is None:
            raise RefusedError(f"Message with id='{asked.parts[0]}' not found", 404)
        return message

    # -- sending ----------------------------------------------------------------------------

    def send(self, asked: Asked) -> SandboxAnswer:
        """Send a prepared message; the verdict on each recipient stands in a 200.

        Source: docs.yespo.io/docs/using-smartsend-api-resource.
        """
        number, body = asked.number(), asked.fields()
        recipients = items_of(body, "recipients", MAX_RECIPIENTS)
        if self._switches.unknown_message == "404" and number not in self.inbox:
            raise RefusedError(f"Message with id='{number}' not found", 404)
        by_email = body.get("email") is True
        results = [self._send(number, one, by_email=by_email, asked=asked) for one in recipients]
        return json_answer({"id": 0, **collapsed("results", results)})

    def _send(self, number: int, given: Object, *, by_email: bool, asked: Asked) -> dict[str, Any]:
        request_id = f"{self._rng.getrandbits(128):032x}"
        locator = text_of(given.get("locator"))
        shown = {"id": 0, "locator": locator, "requestId": request_id}
        error = asked.planned_error(given) or _recipient_error(given, by_email=by_email)
        contact = None if error else self._recipient(given, by_email=by_email)
        if contact is None:
            return {**shown, "status": "ERROR", "message": error or "Contact not found"}
        self.sent.append(
            {
                **given,
                "messageId": number,
                "email": by_email,
                "contactId": contact.id,
                "requestId": request_id,
            }
        )
        return {**shown, "status": "OK"}

    def _recipient(self, given: Object, *, by_email: bool) -> Contact | None:
        """Return who is meant; a locator that nobody has makes a contact."""
        identifier, locator = text_of(given.get("contactId")), text_of(given.get("locator"))
        if identifier:
            found = self._book.get(int(identifier)) if identifier.isdecimal() else None
        elif external := text_of(given.get("externalCustomerId")):
            found = self._book.by_external(external)
        else:
            channel = {"type": "email" if by_email else "sms", "value": locator}
            holders = self._book.holders(channel["type"], locator)
            if not holders:
                holders = [self._book.create()]
                self._contacts.write(holders[0], {"channels": [channel]})
            found = holders[0]
        return found if found is not None and not found.is_deleted else None


def _recipient_error(given: Object, *, by_email: bool) -> str:
    locator = text_of(given.get("locator"))
    if not (locator or text_of(given.get("contactId")) or text_of(given.get("externalCustomerId"))):
        return "One of contactId, externalCustomerId, locator is required"
    if by_email and locator and not is_email(locator):
        return f"'{locator}' is not valid email"
    return "" if _is_json_text(given.get("jsonParam")) else "jsonParam must be a text of JSON"


def _check(body: Object, required: tuple[str, ...]) -> None:
    for name in required:
        if not text_of(body.get(name)):
            raise RefusedError(f"{name} is required")
    if not _is_json_text(body.get("customData")):
        raise RefusedError("customData must be a text of JSON")


def _is_json_text(value: object) -> bool:
    """Tell whether a value is absent, or a text that holds JSON."""
    if value is None or value == "":
        return True
    try:
        return isinstance(value, str) and orjson.loads(value) is not Ellipsis
    except orjson.JSONDecodeError:
        return False


def _shown(message: Object) -> dict[str, Any]:
    translations = [
        {**one, "languageCode": language} for language, one in message["translations"].items()
    ]
    languages = [str(message.get("languageCode", "")), *message["translations"]]
    return {**message, "translations": translations, "languages": [one for one in languages if one]}
