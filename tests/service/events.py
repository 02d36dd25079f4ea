"""Events for stories of the worker: a test names only what it is about."""

from typing import Any

from consumer.record import Partition

HERE, THERE = Partition("events", 0), Partition("events", 1)
TWO: Any = {"events": 2}  # partitions of a world


def an_order(number: int, status: str = "delivered", **data: Any) -> dict[str, Any]:
    """Return the order of that number; each has a buyer of its own."""
    given = {
        "order_id": f"o{number}",
        "status": status,
        "total": "10.00",
        "currency": "UAH",
        "date": "2025-11-24T10:00:00Z",
        "email": f"p{number}@example.com",
    }
    return given | data


def a_message(number: int) -> dict[str, Any]:
    """Return a message to the person of that number."""
    return {"message_id": 5, "email": f"p{number}@example.com"}


def an_opt_out(email: str, channel: str = "email") -> dict[str, Any]:
    """Return the word of somebody who wants no more."""
    return {"channel": channel, "email": email}
