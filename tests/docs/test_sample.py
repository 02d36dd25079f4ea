"""The sample shows every type of event, in every form, and what becomes of a bad one."""

from pathlib import Path
from typing import Any

import orjson

from consumer.build import limits, planner
from consumer.cli.explain import explain
from consumer.settings.model import Settings
from handlers.routes import ROUTES

SAMPLE = Path(__file__).resolve().parents[2] / "demo" / "sample.ndjson"
NOW = 1_770_000_000.0
BAD = ["ev-17"]


def explained() -> list[dict[str, Any]]:
    lines = SAMPLE.read_bytes().splitlines()
    given = Settings()
    told = explain(
        lines, planner(given), limits(given), now=NOW, batches=True, skew=given.consent.skew
    )
    return [orjson.loads(orjson.dumps(line)) for line in told]


def test_every_type_of_event_is_there_and_makes_calls() -> None:
    events = [line for line in explained() if "outcome" in line]

    assert {line["type"] for line in events if line["outcome"] == "calls"} == set(ROUTES)
    assert [line["event_id"] for line in events if line["outcome"] == "dead_letter"] == BAD
    assert all(line["calls"] for line in events if line["outcome"] == "calls")


def test_the_bad_one_says_why() -> None:
    (bad,) = [line for line in explained() if line.get("outcome") == "dead_letter"]

    assert (bad["reason"], bad["field"], bad["calls"]) == ("schema.enum", "data.status", [])


def test_some_of_them_share_a_request() -> None:
    sizes = {line["action"]: line["size"] for line in explained() if "size" in line}

    assert sizes["add-orders"] == 2


def test_every_form_of_a_record_is_there() -> None:
    lines = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
    headers = [dict(line.get("headers", {})) for line in lines]

    assert any("occurred_at" in line for line in lines)
    assert any("specversion" in line for line in lines)
    assert any("ce_specversion" in names for names in headers)
    assert any("topic" in line and not headers[at] for at, line in enumerate(lines))
    assert any("value_base64" in line for line in lines)
