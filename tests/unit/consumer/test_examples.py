"""Each file of tests/examples shows an event, some settings, and what `explain` prints for it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from consumer.build import limits, planner
from consumer.cli.explain import explain
from consumer.settings.sources import load
from handlers.routes import ROUTES
from tests.corpus import NOW

CONSENT = {"contact.opted_out", "contact.opted_in"}
LISTS = {"add-unsubscribed", "remove-unsubscribed", "set-subscriptions"}
WORDS = {"subscriptions", "subscribed", "confirmed", "unsubscribed"}  # fields of consent
FILES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.json"))


def exactly(text: str | bytes) -> Any:
    """JSON with all the digits of its numbers."""
    return json.loads(text, parse_float=Decimal)


def written(value: object) -> str:
    """A setting as the command line takes it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def explained(event: str, settings: dict[str, Any]) -> Any:
    overrides = [f"{path}={written(value)}" for path, value in settings.items()]
    read = load(config=None, overrides=overrides, environ={}, needs_api_key=False).settings
    skew = read.consent.skew
    lines = explain(
        [event.encode()], planner(read), limits(read), now=NOW, batches=False, skew=skew
    )
    (line,) = map(orjson.dumps, lines)
    return exactly(line)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_event_becomes_the_calls_that_are_expected(file: Path) -> None:
    example = exactly(file.read_text("utf-8"))
    event = json.dumps(example["event"], default=float)

    assert explained(event, example.get("settings", {})) == example["expected"]


def calls_of(kind: str) -> list[dict[str, Any]]:
    """All calls of all examples of a type."""
    examples = [exactly(file.read_text("utf-8")) for file in FILES]
    return [
        call
        for example in examples
        if example["expected"]["type"] == kind
        for call in example["expected"].get("calls", ())
    ]


@pytest.mark.parametrize("kind", sorted(ROUTES))
def test_the_table_of_routes_tells_whose_calls_count_each_time(kind: str) -> None:
    assert ROUTES[kind].counts == any(call["class"] == "C" for call in calls_of(kind))


@pytest.mark.parametrize("kind", sorted(ROUTES.keys() - CONSENT))
def test_who_may_be_written_to_is_changed_by_what_people_said_alone(kind: str) -> None:
    calls = calls_of(kind)

    assert calls
    assert {call["action"] for call in calls} & LISTS == set()
    assert [
        call for call in calls if WORDS & set(json.dumps(call["body"], default=str).split('"'))
    ] == []


def test_what_counts_each_time_is_never_repeated_by_the_transport() -> None:
    counted = [call for kind in ROUTES for call in calls_of(kind) if call["class"] == "C"]

    assert {call["action"] for call in counted} == {
        *("send-message", "generate-event", "create-inbox-message", "past-events"),
    }
    assert {call["method"] for call in counted} == {"POST"}


def test_every_type_has_an_example_of_its_name() -> None:
    names = {file.stem for file in FILES}

    assert {kind.replace(".", "_") for kind in ROUTES} - names == set()
