"""What the code logs gets through: a field that is not on the list would be left out in silence."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from consumer.operations.telemetry import FIELDS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("consumer", "esputnik", "handlers", "schemas")
LEVELS = {"debug", "info", "warning", "error", "exception"}
DOCUMENTED = {
    "topic",
    "partition",
    "offset",
    "event_id",
    "event_type",
    "action",
    "idempotency_key",
    "status",
    "attempt",
    "duration_ms",
}


def calls(source: str) -> Iterator[ast.Call]:
    """Return what is logged."""
    names = {f"log.{level}" for level in LEVELS}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            yield node


def logged() -> list[tuple[str, ast.Call]]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    found = [(path, call) for path in files for call in calls(path.read_text("utf-8"))]
    return [(f"{path.relative_to(ROOT)}:{call.lineno}", call) for path, call in found]


LOGGED = logged()


@pytest.mark.parametrize(("place", "call"), LOGGED, ids=[place for place, _ in LOGGED])
def test_what_is_logged_is_named_in_snake_case_and_gets_through(place: str, call: ast.Call) -> None:
    del place
    (event,) = call.args
    fields = {keyword.arg for keyword in call.keywords} - {"exc_info"}

    assert isinstance(event, ast.Constant)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", str(event.value))
    assert fields - FIELDS == set()


def test_the_documented_fields_get_through() -> None:
    assert DOCUMENTED <= FIELDS


def test_the_search_finds_what_is_logged() -> None:
    source = 'log.info("a_thing", topic="t")\nother.info("b")\nlog.bind(x=1)'

    assert [ast.unparse(call) for call in calls(source)] == ["log.info('a_thing', topic='t')"]
    assert len(LOGGED) > 10
