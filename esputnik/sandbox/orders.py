"""Orders. Source: docs.yespo.io/reference/ordersbulkinsert-1 and docs/orders-automation."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.checks import is_email, is_phone
from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    text_of,
)

MAX_ORDERS = 1000
STATUSES = frozenset(
    {"INITIALIZED", "IN_PROGRESS", "DELIVERED", "CANCELLED", "ABANDONED_SHOPPING_CART"}
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_REQUIRED = ("externalOrderId", "totalCost", "status", "date", "currency")


class Orders:
    """The orders of an account by their external id, each as it was last sent."""

    def __init__(
        self,
        book: Book,
        contacts: Contacts,
        switches: Switches,
        raise_event: Callable[[str, Contact], None],
    ) -> None:
        self._book = book
        self._contacts = contacts
        self._switches = switches
        self._raise = raise_event
        self.held: dict[str, dict[str, Any]] = {}

    def add(self, asked: Asked) -> SandboxAnswer:
        """Create or update orders; those that are refused are named in the answer."""
        failed = []
        for order in items_of(asked.fields(), "orders", MAX_ORDERS):
            error = self._error(order) or asked.planned_error(order)
            if error:
                failed.append({"order": order, "error": error})
            else:
                self._write(order)
        return json_answer(collapsed("failedOrders", failed))

    def delete(self, asked: Asked) -> SandboxAnswer:
        """Delete one order, or those of at most a day, `from` and `to` in UTC.

        Source: docs.esputnik.com/reference/removehistoryorders.
        """
        if order := asked.query.get("externalOrderId"):
            self.held.pop(order, None)
            return SandboxAnswer()
        start, end = _utc(asked.query.get("from", "")), _utc(asked.query.get("to", ""))
        if start is None or end is None or not timedelta(0) < end - start <= timedelta(days=1):
            raise RefusedError("Give externalOrderId, or from and to within 24 hours")
        kept = {
            name: order
            for name, order in self.held.items()
            if not start <= (_utc(order["date"]) or end) < end
        }
        self.held = kept
        return SandboxAnswer()

    def _write(self, order: Object) -> None:
        contact = self._contact(order)
        name = text_of(order["externalOrderId"])
        self.held[name] = {**order, "contactId": contact.id}
        self._raise(f"order{order['status']}", contact)

    def _contact(self, order: Object) -> Contact:
        """Return whose order it is; nobody's makes a new contact, and none is ever changed."""
        external = text_of(order.get("externalCustomerId"))
        found = self._book.by_external(external) if external else None
        if found is not None and not found.is_deleted:
            return found
        for kind, name in (("sms", "phone"), ("email", "email")):
            value = text_of(order.get(name))
            if value and (holders := self._book.holders(kind, value)):
                return holders[0]
        contact = self._book.create()
        self._contacts.write(contact, _new_contact(order, is_free=found is None))
        return contact

    def _error(self, order: Object) -> str:
        for name in _REQUIRED:
            if not text_of(order.get(name)):
                return f"{name} is required"
        return self._form_error(order) or self._customer_error(order) or _items_error(order)

    def _form_error(self, order: Object) -> str:
        if not _is_number(order["totalCost"]):
            return "totalCost is not valid"
        if self._switches.strict_status and order["status"] not in STATUSES:
            return "status is not valid"
        currency = str(order["currency"])
        known = self._switches.currencies
        if not _CURRENCY.fullmatch(currency) or (known and currency not in known):
            return "currency is not valid"
        date = _date(order["date"])
        if date is None or (self._switches.offset_needed and date.tzinfo is None):
            return "date is not valid"
        return ""

    def _customer_error(self, order: Object) -> str:
        email, phone = text_of(order.get("email")), text_of(order.get("phone"))
        if not (email or phone or text_of(order.get("externalCustomerId"))):
            return "One of externalCustomerId, email, phone is required"
        if email and not is_email(email):
            return f"'{email}' is not valid email"
        if phone and not is_phone(phone):
            return f"'{phone}' is not valid phone number"
        return ""


def _items_error(order: Object) -> str:
    items = order.get("items") or []
    if not isinstance(items, list):
        return "items must be a list"
    for item in items:
        if not isinstance(item, dict) or not text_of(item.get("externalItemId")):
            return "externalItemId is required"
        if not _is_number(item.get("quantity")):
            return "quantity is required"
    return ""


def _is_number(value: object) -> bool:
    """Tell whether a value is a number, which may come as text."""
    try:
        return bool(text_of(value)) and float(text_of(value)) >= 0
    except ValueError:
        return False


def _date(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(text_of(value))
    except ValueError:
        return None


def _utc(value: object) -> datetime | None:
    date = _date(value)
    return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date


def _new_contact(order: Object, *, is_free: bool) -> dict[str, Any]:
    """Return what an order tells of its customer; the external id only if nobody has it."""
    channels = [
        {"type": kind, "value": text_of(order[name])}
        for kind, name in (("email", "email"), ("sms", "phone"))
        if text_of(order.get(name))
    ]
    names = (
        ("firstName", "lastName", "externalCustomerId") if is_free else ("firstName", "lastName")
    )
    return {"channels": channels} | {name: order[name] for name in names if name in order}
