"""Orders. Source: docs.yespo.io/reference/ordersbulkinsert-1."""

from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat
from esputnik.json_text import json_text
from handlers.identity import digits, lanes
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
# Ours → eSputnik's. Orders are many, so they are renamed while they are read.
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


MODEL = ORDER_CHANGED.renamed({OrderChanged: _NAMES, OrderItem: _ITEM_NAMES})


def order_changed(event: Event[dict[str, Any]], options: Options) -> Mapped:
    """Tell the order as it is now; each status is told, none is skipped."""
    order = event.data
    currency = order.get("currency") or options.default_currency
    if currency is None:
        return Mapped(refusal=_NO_CURRENCY)
    order_id, phone = order["externalOrderId"], order.get("phone")
    call = Call(
        action=Action.ADD_ORDERS,
        intent=INTENT,
        identity=event.identity,
        repeat=Repeat.KEYED,
        lanes=(
            "o:" + order_id,
            *lanes(order.get("externalCustomerId"), order.get("email"), phone),
        ),
        shape=requests.ORDERS,
        item=json_text(_finished(order, currency)),
        marks=frozenset(("order:" + order_id,)),
    )
    return Mapped((call,))


def _finished(order: dict[str, Any], currency: str) -> dict[str, Any]:
    """Return the order as it is sent; nulls are left out."""
    if None in order.values():
        order = _without_nulls(order)
    order["status"] = STATUSES[order["status"]]
    order["currency"] = currency
    if "phone" in order:
        order["phone"] = digits(order["phone"])
    if "items" in order:
        order["items"] = [
            _without_nulls(item) if None in item.values() else item for item in order["items"]
        ]
    return order


def _without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


_NO_CURRENCY = Refusal(
    reason="schema.missing",
    field="data.currency",
    detail="send the currency, or set ESPUTNIK_SYNC_ORDERS__DEFAULT_CURRENCY",
)

ROUTES = {
    "order.changed": Route(model=MODEL, handle=order_changed, topic="orders"),
}
