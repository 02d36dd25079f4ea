"""Orders. Pure. Source: docs.yespo.io/reference/ordersbulkinsert-1."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import items_of

MAX_ORDERS = 1000
STATUSES = frozenset(
    {"INITIALIZED", "IN_PROGRESS", "DELIVERED", "CANCELLED", "ABANDONED_SHOPPING_CART"}
)


class Orders:
    """All orders, and the events they raised. Plain state, one owner."""

    def __init__(self, contacts: Contacts, switches: Switches) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}
        self.events: Counter[str] = Counter()
        self._contacts = contacts
        self._switches = switches

    def take(self, body: Mapping[str, Any], refused: Mapping[str, str]) -> dict[str, Any]:
        """Create or update each order; return those that failed, as the API does."""
        failed = []
        for order in items_of(body, "orders", MAX_ORDERS):
            error = self._wrong(order) or _told_to_refuse(order, refused)
            if error is None:
                self._write(order)
            else:
                failed.append({"order": order, "error": error})
        if not failed:
            return {}
        is_object = len(failed) == 1 and self._switches.one_as_object
        return {"failedOrders": failed[0] if is_object else failed}

    def _write(self, order: dict[str, Any]) -> None:
        """Every order sent raises an event; a contact is made where nobody matches."""
        name = str(order["externalOrderId"])
        self.by_id[name] = self.by_id.get(name, {}) | order
        self.events[f"order{order['status']}"] += 1
        channels = [
            (kind, str(order[field]).lstrip("+"))
            for kind, field in (("email", "email"), ("sms", "phone"))
            if order.get(field)
        ]
        if self._contacts.find(order.get("externalCustomerId"), channels) is None:
            item = {
                "channels": [{"type": kind, "value": value} for kind, value in channels],
                "externalCustomerId": order.get("externalCustomerId"),
                "firstName": order.get("firstName"),
                "lastName": order.get("lastName"),
            }
            self._contacts.add(item)

    def _wrong(self, order: object) -> str | None:
        if not isinstance(order, dict):
            return "Order is not valid"
        for name in ("externalOrderId", "totalCost", "status", "date", "currency"):
            if order.get(name) in {None, ""}:
                return f"{name} is required"
        if not any(order.get(name) for name in ("externalCustomerId", "email", "phone")):
            return "externalCustomerId, email or phone is required"
        if order["status"] not in STATUSES and not self._switches.order_statuses_free:
            return "status is not valid"
        return _wrong_values(order)


def _wrong_values(order: Mapping[str, Any]) -> str | None:
    try:
        float(order["totalCost"])
        datetime.fromisoformat(str(order["date"]))
    except (TypeError, ValueError):
        return "totalCost or date is not valid"
    if len(str(order["currency"])) != 3:  # noqa: PLR2004 - ISO 4217
        return "currency is not valid"
    for item in order.get("items") or ():
        if not item.get("externalItemId") or item.get("quantity") is None:
            return "externalItemId and quantity are required"
    return None


def _told_to_refuse(order: object, refused: Mapping[str, str]) -> str | None:
    spelled = str(order)
    return next((error for text, error in refused.items() if text in spelled), None)
