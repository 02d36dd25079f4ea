"""Orders. Source: docs.yespo.io/reference/ordersbulkinsert-1 and docs/orders-automation."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.checks import is_email, is_phone
from esputnik.sandbox.order_forms import date_of, is_amount, items_error
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    silent_answer,
    text_of,
)
from esputnik.sandbox.writer import Writer

MAX_ORDERS = 1000
STATUSES = frozenset(
    {"INITIALIZED", "IN_PROGRESS", "DELIVERED", "CANCELLED", "ABANDONED_SHOPPING_CART"}
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_REQUIRED = ("externalOrderId", "totalCost", "status", "date", "currency")
_AMOUNTS = ("shipping", "discount", "taxes")


class Orders:
    """The orders of an account by their external id (and store), each as it was last sent."""

    def __init__(
        self,
        book: Book,
        writer: Writer,
        switches: Switches,
        raise_event: Callable[[str, Contact], None],
    ) -> None:
        self._book = book
        self._writer = writer
        self._switches = switches
        self._raise = raise_event
        self._deletions: list[tuple[float, Callable[[Object], bool]]] = []
        self.held: dict[str, dict[str, Any]] = {}

    def add(self, asked: Asked) -> SandboxAnswer:
        """Create or update orders; those that are refused are named in the answer."""
        failed = []
        orders = items_of(asked.fields(), "orders", MAX_ORDERS, self._switches.oversized_status)
        for order in orders:
            error = self._error(order) or asked.planned_error(order)
            if error:
                failed.append({"order": order, "error": error})
            else:
                self._write(order)
        return json_answer(collapsed("failedOrders", failed))

    def delete(self, asked: Asked) -> SandboxAnswer:
        """Delete one order, or those of at most a day, `from` and `to` in UTC; some time later.

        Source: docs.esputnik.com/reference/removehistoryorders.
        """
        told = asked.query if self._switches.delete_by == "query" else asked.fields()
        is_meant = _deletion(told)
        self._deletions.append((asked.now + self._switches.import_seconds, is_meant))
        return silent_answer(self._switches.silent_form)

    def advance(self, now: float) -> None:
        """Delete what is due to be."""
        while self._deletions and self._deletions[0][0] <= now:
            _, is_meant = self._deletions.pop(0)
            self.held = {name: one for name, one in self.held.items() if not is_meant(one)}

    def _write(self, order: Object) -> None:
        contact = self._contact(order)
        name, store = text_of(order["externalOrderId"]), text_of(order.get("storeId"))
        if self._switches.orders_by_store and store:
            name = f"{store}/{name}"
        before = self.held.get(name, {}) if self._switches.keep_order else {}
        self.held[name] = {**before, **order, "contactId": contact.id}
        self._raise(f"order{order['status']}", contact)

    def _contact(self, order: Object) -> Contact:
        """Return whose order it is; nobody's makes a new contact, and none is ever changed."""
        external = text_of(order.get("externalCustomerId"))
        found = self._book.by_external(external) if external else None
        if found is not None and not found.is_deleted:
            return found
        addresses = {"sms": text_of(order.get("phone")), "email": text_of(order.get("email"))}
        for kind, value in addresses.items():
            if value and (holders := self._book.holders(kind, value)):
                return holders[0]
        names = {name: text_of(order.get(name)) for name in ("firstName", "lastName")}
        return self._writer.create(addresses, names, external if found is None else "")

    def _error(self, order: Object) -> str:
        for name in _REQUIRED:
            if not text_of(order.get(name)):
                return f"{name} is required"
        return self._form_error(order) or _customer_error(order) or self._items_error(order)

    def _form_error(self, order: Object) -> str:
        takes_text = self._switches.numeric_strings
        for name in ("totalCost", *_AMOUNTS):
            if order.get(name) is not None and not is_amount(order[name], takes_text=takes_text):
                return f"{name} is not valid"
        if self._switches.strict_status and order["status"] not in STATUSES:
            return "status is not valid"
        currency, known = text_of(order["currency"]), self._switches.currencies
        if not _CURRENCY.fullmatch(currency) or (known and currency not in known):
            return "currency is not valid"
        date = date_of(order["date"])
        if date is None or (self._switches.offset_needed and date.tzinfo is None):
            return "date is not valid"
        return ""

    def _items_error(self, order: Object) -> str:
        if not isinstance(order.get("additionalInfo") or {}, dict):
            return "additionalInfo must be an object"
        return items_error(order.get("items") or [], takes_text=self._switches.numeric_strings)


def _customer_error(order: Object) -> str:
    email, phone = text_of(order.get("email")), text_of(order.get("phone"))
    if not (email or phone or text_of(order.get("externalCustomerId"))):
        return "One of externalCustomerId, email, phone is required"
    if email and not is_email(email):
        return f"'{email}' is not valid email"
    if phone and not is_phone(phone):
        return f"'{phone}' is not valid phone number"
    return ""


def _deletion(told: Object) -> Callable[[Object], bool]:
    """Return which orders a deletion means, by what they tell."""
    if wanted := text_of(told.get("externalOrderId")):
        return lambda order: text_of(order["externalOrderId"]) == wanted
    start, end = _utc(told.get("from")), _utc(told.get("to"))
    if start is None or end is None or not timedelta(0) < end - start <= timedelta(days=1):
        raise RefusedError("Give externalOrderId, or from and to within 24 hours")
    return lambda order: start <= (_utc(order["date"]) or end) < end


def _utc(value: object) -> datetime | None:
    date = date_of(value)
    return date.replace(tzinfo=UTC) if date and date.tzinfo is None else date
