"""Orders. Source: docs.yespo.io/reference/ordersbulkinsert-1."""

from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat
from esputnik.json_text import json_text
from handlers.identity import digits, lanes_of
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from schemas.orders import ORDER_CHANGED, OrderChanged, OrderItem

INTENT = "order.add"
STATUSES = {
    "initialized": "INITIALIZED",
    "in_progress": "IN_PROGRESS",
    "delivered": "DELIVERED",
    "cancelled": "CANCELLED",
    "abandoned": "ABANDONED_SHOPPING_CART",
}
# Ours → eSputnik's. What is not among them cannot come: the model knows no more.
_NAMES = {
    "order_id": "externalOrderId",
    "status": "status",
    "total": "totalCost",
    "date": "date",
    "currency": "currency",
    "user_id": "externalCustomerId",
    "email": "email",
    "phone": "phone",
    "first_name": "firstName",
    "last_name": "lastName",
    "shipping": "shipping",
    "discount": "discount",
    "taxes": "taxes",
    "restore_url": "restoreUrl",
    "status_description": "statusDescription",
    "store_id": "storeId",
    "source": "source",
    "delivery_method": "deliveryMethod",
    "payment_method": "paymentMethod",
    "delivery_address": "deliveryAddress",
    "additional_info": "additionalInfo",
    "items": "items",
}
_ITEM_NAMES = {
    "product_id": "externalItemId",
    "quantity": "quantity",
    "name": "name",
    "price": "cost",
    "category": "category",
    "url": "url",
    "image_url": "imageUrl",
    "description": "description",
}


def order_changed(event: Event[OrderChanged], options: Options) -> Mapped:
    """Tell the order as it is now; each status is told, none is skipped."""
    data = event.data
    currency = data.get("currency") or options.default_currency
    if currency is None:
        return Mapped(refusal=_NO_CURRENCY)
    order_id = data["order_id"]
    call = Call(
        action=Action.ADD_ORDERS,
        intent=INTENT,
        identity=event.identity,
        repeat=Repeat.KEYED,
        lanes=("o:" + order_id, *lanes_of(data)),
        shape=requests.ORDERS,
        item=json_text(_order(data, currency)),
        marks=frozenset(("order:" + order_id,)),
    )
    return Mapped((call,))


def _order(data: OrderChanged, currency: str) -> dict[str, Any]:
    """Return the order by eSputnik's names; nulls are left out."""
    order: dict[str, Any] = {
        _NAMES[ours]: value for ours, value in data.items() if value is not None
    }
    order["status"] = STATUSES[data["status"]]
    order["currency"] = currency
    if "phone" in order:
        order["phone"] = digits(order["phone"])
    if "items" in order:
        order["items"] = list(map(_item, order["items"]))
    return order


def _item(data: OrderItem) -> dict[str, Any]:
    return {_ITEM_NAMES[ours]: value for ours, value in data.items() if value is not None}


_NO_CURRENCY = Refusal(
    reason="schema.missing",
    field="data.currency",
    detail="name the currency, or set ESPUTNIK_SYNC_ORDERS__DEFAULT_CURRENCY",
)

ROUTES = {
    "order.changed": Route(model=ORDER_CHANGED, handle=order_changed, topic="orders"),
}
