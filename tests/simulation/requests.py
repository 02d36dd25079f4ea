"""What must hold of every request, whoever sends it. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from esputnik.call import Action, Request

CONSENT_FIELDS = (b'"subscriptions"', b'"subscribed"', b'"confirmed"', b'"unsubscribed"')
CONSENT_CALLS = {Action.SET_SUBSCRIPTIONS}
# Where the items of a bulk request lie, how many there may be, and what each is about.
ITEMS: Mapping[Action, tuple[str, str, Callable[[Any], object]]] = {
    Action.BULK_CONTACTS: (
        "contacts",
        "batch.max_contacts",
        lambda item: item.get("externalCustomerId") or str(item.get("channels")),
    ),
    Action.ADD_ORDERS: ("orders", "batch.max_orders", lambda item: item["externalOrderId"]),
    Action.ADD_UNSUBSCRIBED: ("emails", "batch.max_unsubscribed", str),
    Action.REMOVE_UNSUBSCRIBED: ("emails", "batch.max_unsubscribed", str),
    Action.ATTACH_CONTACTS: ("externalCustomerIds", "batch.max_segment_contacts", str),
    Action.DETACH_CONTACTS: ("externalCustomerIds", "batch.max_segment_contacts", str),
}


def faults(request: Request, settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """I7, I13: return what does not hold of a request, by its number."""
    body = request.body or b""
    if request.action in ITEMS:
        yield from _of_items(request.action, body, settings)
    if request.action not in CONSENT_CALLS and any(name in body for name in CONSENT_FIELDS):
        yield "I13", f"{request.action} tells of consent"


def _of_items(
    action: Action, body: bytes, settings: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    name, setting, about = ITEMS[action]
    items = orjson.loads(body)[name]
    if len(items) > settings[setting]:
        yield "I7", f"{action} carries {len(items)} items"
    if len({about(item) for item in items}) < len(items):
        yield "I7", f"{action} names one twice"
