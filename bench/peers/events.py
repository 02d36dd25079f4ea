"""The events as a team of today would model them in an afternoon, and the API's items from them.

Far fewer checks than the service makes: no e-mail, phone, currency or URL is looked at.
"""

from typing import Any, Literal

from pydantic import BaseModel

Status = Literal["initialized", "in_progress", "delivered", "cancelled", "abandoned"]
STATUSES = {
    "initialized": "INITIALIZED",
    "in_progress": "IN_PROGRESS",
    "delivered": "DELIVERED",
    "cancelled": "CANCELLED",
    "abandoned": "ABANDONED_SHOPPING_CART",
}


class Line(BaseModel):
    """One line of an order."""

    product_id: str
    quantity: int
    name: str | None = None
    price: float | None = None
    url: str | None = None


class Order(BaseModel):
    """An order as it is now."""

    order_id: str
    status: Status
    total: float
    date: str
    currency: str
    user_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    items: list[Line] = []


class OrderEvent(BaseModel):
    """An order in its envelope."""

    id: str
    type: str
    occurred_at: str
    data: Order


class Address(BaseModel):
    """Where somebody lives."""

    city: str | None = None
    postal_code: str | None = None


class Contact(BaseModel):
    """Somebody as they are now."""

    user_id: str
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None
    time_zone: str | None = None
    address: Address = Address()


class ContactEvent(BaseModel):
    """A contact in its envelope."""

    id: str
    type: str
    occurred_at: str
    data: Contact


def order_item(order: Order) -> dict[str, Any]:
    """Return an order in the API's words."""
    return {
        "externalOrderId": order.order_id,
        "externalCustomerId": order.user_id,
        "totalCost": order.total,
        "status": STATUSES[order.status],
        "date": order.date,
        "currency": order.currency,
        "email": order.email,
        "firstName": order.first_name,
        "lastName": order.last_name,
        "items": [
            {
                "externalItemId": line.product_id,
                "name": line.name,
                "quantity": line.quantity,
                "cost": line.price,
                "url": line.url,
            }
            for line in order.items
        ],
    }


def contact_item(contact: Contact) -> dict[str, Any]:
    """Return a contact in the API's words."""
    channels = [{"type": "email", "value": contact.email}]
    if contact.phone is not None:
        channels.append({"type": "sms", "value": contact.phone.lstrip("+")})
    return {
        "externalCustomerId": contact.user_id,
        "channels": channels,
        "firstName": contact.first_name,
        "lastName": contact.last_name,
        "languageCode": contact.language,
        "timeZone": contact.time_zone,
        "address": {"town": contact.address.city, "postcode": contact.address.postal_code},
    }
