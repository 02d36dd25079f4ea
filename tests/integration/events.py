"""Events for runs of the whole product."""

from typing import Any


def an_event(event_type: str, number: int = 1, **data: Any) -> dict[str, Any]:
    """An envelope with an id of its own."""
    return {
        "id": f"{event_type}-{number}",
        "type": event_type,
        "source": "/shop",
        "occurred_at": "2026-11-01T10:00:00Z",
        "data": data,
    }


def an_order(number: int, **data: Any) -> dict[str, Any]:
    """An order with an id of its own; `data` overrules what it holds."""
    order = {
        "order_id": f"o-{number}",
        "status": "delivered",
        "total": "10.00",
        "currency": "UAH",
        "date": "2026-11-01T10:00:00Z",
        "email": "buyer@example.com",
    }
    return an_event("order.changed", number, **(order | data))
