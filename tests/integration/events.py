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
