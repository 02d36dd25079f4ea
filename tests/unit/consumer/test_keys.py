"""Idempotency keys never change: a replay, a restart and the next version derive the same ones.

The examples hold keys as well: those of a type that is added later are pinned there.
"""

import json
from pathlib import Path

import orjson
import pytest

from consumer.build import planner
from consumer.plan import Planned
from consumer.settings.sources import load
from esputnik.call import event_identity, idempotency_key, record_identity
from handlers.routes import ROUTES
from tests.builders import a_record
from tests.corpus import NOW

TESTS = Path(__file__).resolve().parents[2]
GOLDEN = json.loads((TESTS / "golden" / "keys.json").read_text("utf-8"))
ROUTED = load(
    config=None,
    overrides=('consent.routes={"sms":{"segment":1},"push":{"subscription":"push"}}',),
    environ={},
    needs_api_key=False,
).settings


def keys(kind: str) -> list[list[str]]:
    """Intent, slot and key of each call of the type's example; consents are about all channels."""
    file = TESTS / "examples" / f"{kind.replace('.', '_')}.json"
    event = json.loads(file.read_text("utf-8"))["event"]
    if kind.startswith("contact.opted"):
        event["data"]["channel"] = "all"
    planned = planner(ROUTED).plan(a_record(value=orjson.dumps(event)), NOW)
    assert isinstance(planned, Planned)
    return [[call.intent, call.slot, call.key] for call in planned.calls]


@pytest.mark.parametrize("kind", GOLDEN)
def test_the_keys_of_an_event_are_what_they_have_always_been(kind: str) -> None:
    assert keys(kind) == GOLDEN[kind]


def test_a_key_is_derived_from_source_and_id() -> None:
    key = idempotency_key(event_identity("/shop", "ev-1"), "contact.upsert")

    assert key == "es1-rsbp5fnubcmw6tni73i74s22coozymjqyydbdide"


def test_a_key_without_an_id_is_derived_from_where_the_record_lies() -> None:
    key = idempotency_key(record_identity("main", "users", 0, 42), "inbox.translate", "uk")

    assert key == "es1-eokcqarsjpumsec7rexold5wkpyo34ruu2vvc3ec"


def test_the_calls_of_one_event_have_keys_of_their_own() -> None:
    every = [key for kind in ROUTES for _, _, key in keys(kind)]

    assert len(set(every)) == len(every)
