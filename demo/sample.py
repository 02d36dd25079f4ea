"""One sample event: the record that carries it, and what is expected of it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, assert_never

import orjson

Form = Literal["envelope", "structured", "binary", "bare"]
Headers = tuple[tuple[str, bytes | None], ...]

SOURCE = "/demo/shop"
APPLIED = "applied"
SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A record for Kafka. `verdict` is `applied`, `skipped` or the reason it is buried for.

    `wave`: what is in a later wave relies on what an earlier one did at eSputnik, by way of
    another topic; between topics nothing else keeps an order. `type` is the event's, or what it
    pretends to be.
    """

    wave: int
    type: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    verdict: str = APPLIED

    @property
    def is_buried(self) -> bool:
        """Tell whether it belongs among the dead letters."""
        return self.verdict not in {APPLIED, SKIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened, before a form is chosen for it. `data` is JSON-ready."""

    id: str
    type: str
    at: datetime
    data: dict[str, Any]


def write(fact: Fact, form: Form) -> tuple[bytes, Headers]:
    """Return the value and the headers that carry a fact in one of the record forms."""
    match form:
        case "envelope":
            return orjson.dumps(_envelope(fact)), (("trace-id", fact.id.encode()),)
        case "structured":
            kind = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
            return orjson.dumps(_attributes(fact) | {"data": fact.data}), kind
        case "binary":
            attributes = tuple((f"ce_{k}", v.encode()) for k, v in _attributes(fact).items())
            return orjson.dumps(fact.data), (("content-type", b"application/json"), *attributes)
        case "bare":
            return orjson.dumps(fact.data), (("idempotency-key", fact.id.encode()),)
        case _ as never:
            assert_never(never)


def _envelope(fact: Fact) -> dict[str, Any]:
    return {
        "id": fact.id,
        "type": fact.type,
        "occurred_at": fact.at.isoformat(),
        "version": 1,
        "source": SOURCE,
        "data": fact.data,
    }


def _attributes(fact: Fact) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": fact.id,
        "type": fact.type,
        "source": SOURCE,
        "time": fact.at.isoformat(),
    }
