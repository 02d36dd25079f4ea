"""Sending a prepared message. Source: docs.yespo.io/docs/using-smartsend-api-resource."""

import random
from collections.abc import Container
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.checks import is_email
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    is_json_text,
    items_of,
    json_answer,
    number_of,
    text_of,
)
from esputnik.sandbox.writer import Writer

MAX_RECIPIENTS = 1000


class Messages:
    """What an account sent. `known` holds the ids of the messages it was told of."""

    def __init__(
        self, book: Book, writer: Writer, known: Container[int], switches: Switches, seed: int
    ) -> None:
        self._book = book
        self._writer = writer
        self._known = known
        self._switches = switches
        self._rng = random.Random(f"messages {seed}")  # noqa: S311 - chance, not secrecy
        self.sent: list[dict[str, Any]] = []

    def send(self, asked: Asked) -> SandboxAnswer:
        """Send a prepared message; the verdict on each recipient stands in a 200."""
        number, body = asked.number(), asked.fields()
        limit, status = MAX_RECIPIENTS, self._switches.oversized_status
        recipients = items_of(body, "recipients", limit, status)
        if self._switches.unknown_message == "404" and number not in self._known:
            raise RefusedError(f"Message with id='{number}' not found", 404)
        by_email = body.get("email") is True
        results = [self._send(number, one, by_email=by_email, asked=asked) for one in recipients]
        return json_answer({"id": 0, **collapsed("results", results)})

    def _send(self, number: int, given: Object, *, by_email: bool, asked: Asked) -> dict[str, Any]:
        request_id = f"{self._rng.getrandbits(128):032x}"
        shown = {"id": 0, "locator": text_of(given.get("locator")), "requestId": request_id}
        error = asked.planned_error(given) or _error(given, by_email=by_email)
        contact = None if error else self._recipient(given, by_email=by_email)
        if contact is None:
            return {**shown, "status": "ERROR", "message": error or "Contact not found"}
        told = {"messageId": number, "email": by_email, "contactId": contact.id}
        self.sent.append({**given, **told, "requestId": request_id})
        return {**shown, "status": "OK"}

    def _recipient(self, given: Object, *, by_email: bool) -> Contact | None:
        """Return who is meant; a locator that nobody has makes a contact."""
        if identifier := text_of(given.get("contactId")):
            found = self._book.get(number_of(identifier) or 0)
        elif external := text_of(given.get("externalCustomerId")):
            found = self._book.by_external(external)
        else:
            return self._holder("email" if by_email else "sms", text_of(given["locator"]))
        return found if found is not None and not found.is_deleted else None

    def _holder(self, kind: str, locator: str) -> Contact:
        holders = self._book.holders(kind, locator)
        return holders[0] if holders else self._writer.create({kind: locator}, {}, "")


def _error(given: Object, *, by_email: bool) -> str:
    names = ("locator", "contactId", "externalCustomerId")
    locator, *ids = (text_of(given.get(name)) for name in names)
    if not (locator or any(ids)):
        return "One of contactId, externalCustomerId, locator is required"
    if by_email and locator and not is_email(locator):
        return f"'{locator}' is not valid email"
    return "" if is_json_text(given.get("jsonParam")) else "jsonParam must be a text of JSON"
