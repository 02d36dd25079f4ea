"""What all Python peers do alike: from a record's bytes to the API's request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import BaseModel

from bench.peers.events import ContactEvent, OrderEvent, contact_item, order_item

JSON = {"Content-Type": "application/json; charset=UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One kind of work. `one` and `many` are the paths for a single item and for `size` of them."""

    model: type[BaseModel]
    item: Callable[[Any], dict[str, Any]]
    one: str
    many: str
    size: int
    body: Callable[[Sequence[dict[str, Any]]], dict[str, Any]]
    single: Callable[[dict[str, Any]], dict[str, Any]]

    def read(self, value: bytes) -> dict[str, Any]:
        """Return the API's item of a record's value.

        Raises:
            ValidationError: It is no such event.
        """
        return self.of(self.model.model_validate_json(value))

    def of(self, event: Any) -> dict[str, Any]:  # noqa: ANN401 - either of the two models
        """Return the API's item of an event."""
        return self.item(event.data)

    def alone(self, item: dict[str, Any]) -> bytes:
        """Return the body of a request for one item."""
        return orjson.dumps(self.single(item))

    def together(self, items: Sequence[dict[str, Any]]) -> bytes:
        """Return the body of a request for many items."""
        return orjson.dumps(self.body(items))


def _orders(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"orders": items}


def _contacts(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "contacts": items,
        "dedupeOn": "externalCustomerId",
        "contactFields": ["firstName", "lastName", "languageCode", "timeZone", "town", "postcode"],
    }


ERRANDS = {
    "orders": Errand(
        model=OrderEvent,
        item=order_item,
        one="/v1/orders",
        many="/v1/orders",
        size=1000,
        body=_orders,
        single=lambda item: _orders([item]),
    ),
    "contacts": Errand(
        model=ContactEvent,
        item=contact_item,
        one="/v1/contact",
        many="/v1/contacts",
        size=3000,
        body=_contacts,
        single=lambda item: item,
    ),
}
