"""Orders. Source: docs.yespo.io/reference/ordersbulkinsert-1."""

from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, idempotency_key
from esputnik.json_text import json_text
from handlers.identity import digits, lanes_of
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from schemas.orders import OrderChanged, OrderItem

INTENT = "order.add"
STATUSES = {
    "initialized": "INITIALIZED",
    "in_progress": "IN_PROGRESS",
    "delivered": "DELIVERED",
    "cancelled": "CANCELLED",
    "abandoned": "ABANDONED_SHOPPING_CART",
}
# Ours → eSputnik's, where a value goes out as it came.
_FIELDS = {
    "user_id": "externalCustomerId",
    "email": "email",
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
}
_ITEM_FIELDS = {
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
    currency = data.currency or options.default_currency
    if currency is None:
        return Mapped(
            refusal=Refusal(
                reason="schema.missing",
                field="data.currency",
                detail="name the currency, or set ESPUTNIK_SYNC_ORDERS__DEFAULT_CURRENCY",
            )
        )
    call = Call(
        action=Action.ADD_ORDERS,
        intent=INTENT,
        repeat=Repeat.KEYED,
        key=idempotency_key(event.identity, INTENT),
        lanes=(f"o:{data.order_id}", *lanes_of(data)),
        shape=requests.ORDERS,
        item=json_text(_order(data, currency)),
        marks=frozenset({f"order:{data.order_id}"}),
    )
    return Mapped(calls=(call,))


def _order(data: OrderChanged, currency: str) -> dict[str, Any]:
    order: dict[str, Any] = {
        "externalOrderId": data.order_id,
        "totalCost": data.total,
        "status": STATUSES[data.status],
        "date": data.date,
        "currency": currency,
    }
    order |= _renamed(data, _FIELDS)
    if data.phone is not None:
        order["phone"] = digits(data.phone)
    if data.items:
        order["items"] = [_item(item) for item in data.items]
    return order


def _item(item: OrderItem) -> dict[str, Any]:
    known = {"externalItemId": item.product_id, "quantity": item.quantity}
    return known | _renamed(item, _ITEM_FIELDS)


def _renamed(data: OrderChanged | OrderItem, names: dict[str, str]) -> dict[str, Any]:
    values = ((theirs, getattr(data, ours)) for ours, theirs in names.items())
    return {theirs: value for theirs, value in values if value is not None}


ROUTES = {"order.changed": Route(model=OrderChanged, handle=order_changed, topic="orders")}
