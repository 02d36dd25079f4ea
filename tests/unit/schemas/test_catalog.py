"""The JSON Schema of an event says what the code takes."""

import json
from typing import Any

import pytest

from handlers.routes import ROUTES
from schemas.catalog import DIALECT, json_schema
from schemas.model import named


@pytest.mark.parametrize("kind", ROUTES)
def test_a_schema_is_that_of_an_envelope(kind: str) -> None:
    told = json_schema(kind, ROUTES[kind].model)

    assert (told["$schema"], told["title"]) == (DIALECT, kind)
    assert told["description"]
    assert told["required"] == ["type", "data"]
    assert told["properties"]["type"] == {"const": kind}
    assert set(told["properties"]) == {"id", "type", "occurred_at", "version", "source", "data"}


def references(told: Any) -> set[str]:
    """All that a schema refers to."""
    if isinstance(told, dict):
        own = {told["$ref"]} if "$ref" in told else set()
        return own.union(*map(references, told.values()))
    return set().union(*map(references, told)) if isinstance(told, list) else set()


@pytest.mark.parametrize("kind", ROUTES)
def test_a_schema_refers_to_what_it_holds(kind: str) -> None:
    told = json_schema(kind, ROUTES[kind].model)

    assert references(told) == {f"#/$defs/{name}" for name in told.get("$defs", {})}
    assert json.loads(json.dumps(told)) == told


def data(kind: str) -> Any:
    return json_schema(kind, ROUTES[kind].model)["properties"]["data"]


def test_a_schema_says_what_is_required_and_who_may_be_named() -> None:
    order = data("order.changed")

    assert set(order["required"]) == {"order_id", "status", "total", "date"}
    assert order["anyOf"] == [named(name) for name in ("user_id", "email", "phone")]
    assert "anyOf" not in data("site.registered")


def test_a_schema_says_what_holds_between_fields() -> None:
    joined, requested = data("segment.joined"), data("message.requested")

    assert joined["oneOf"] == [named("contact_ids"), named("user_ids")]
    assert (requested["if"], requested["then"]) == (named("user_id"), named("channel"))


def test_a_schema_says_the_limits() -> None:
    order, joined = data("order.changed")["properties"], data("segment.joined")["properties"]

    assert order["order_id"].items() >= {"minLength": 1, "maxLength": 256}.items()
    assert order["status"]["enum"][0] == "initialized"
    assert order["source"]["anyOf"][0]["maxLength"] == 255
    assert order["total"]["anyOf"][0].items() >= {"type": "number", "minimum": 0}.items()
    assert joined["segment_id"].items() >= {"minimum": 1, "exclusiveMaximum": 2**31}.items()
    assert joined["user_ids"]["anyOf"][0].items() >= {"minItems": 1, "maxItems": 500}.items()
