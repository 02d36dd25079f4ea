"""What a replay plans for a letter, and what it refuses."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from consumer.deadletters.fates import Fate
from consumer.deadletters.letter import Burial, DeadLetter, letter, read_letter
from consumer.deadletters.memory import Remembered
from consumer.deadletters.reading import Found
from consumer.deadletters.replay import Verdict, decide, plan_line
from consumer.plan import Planner
from consumer.repeats import SAME_ID, Repeats
from tests.builders import a_record

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
SITE = orjson.dumps(
    {
        "id": "ev-1",
        "type": "site.registered",
        "occurred_at": NOON.isoformat(),
        "data": {"domain": "shop.example.com"},
    }
)


def a_letter(value: bytes | None = SITE, **changes: Any) -> DeadLetter:
    burial = Burial(record=a_record(value=value), **({"reason": "esp.rejected_400"} | changes))
    made = letter(burial, group="g", cluster="main", version="1", now=NOON)
    found = read_letter(a_record(key=made.key, value=made.value, headers=made.headers))
    assert isinstance(found, DeadLetter)
    return found


def planned(one: DeadLetter, known: Remembered | None = None) -> dict[str, Any]:
    """The line of a plan that holds this letter alone."""
    (step,) = decide(
        [Found(letter=one, partition=0, offset=0)],
        known=known or Remembered(),
        max_attempts=3,
        in_doubt=False,
    )
    return plan_line(step, Planner(topics={}), NOON.timestamp(), Repeats())


@pytest.mark.parametrize(
    ("value", "verdict", "outcome"),
    [
        (SITE, "send", "calls"),
        (b"no json", "bury_again", "dead_letter"),
        (SITE.replace(b"shop.example.com", b"shop"), "bury_again", "dead_letter"),
        (None, "nothing_to_send", "skipped"),
    ],
)
def test_what_sends_nothing_has_a_verdict_of_its_own(
    value: bytes | None, verdict: str, outcome: str
) -> None:
    line = planned(a_letter(value))

    assert (line["verdict"], line["now"]["outcome"]) == (verdict, outcome)
    assert "remedy" not in line


def test_a_letter_of_which_a_part_is_still_refused_sends_the_rest() -> None:
    data = {"email": "ann@example.com", "channel": "all"}
    event = orjson.loads(SITE) | {"type": "contact.opted_out", "data": data}
    line = planned(a_letter(orjson.dumps(event), reason="consent.no_route"))

    assert (line["verdict"], line["now"]["outcome"]) == ("send", "dead_letter")


def test_all_of_a_letter_that_was_delivered_leaves_nothing_to_send() -> None:
    line = planned(a_letter(fates=(Fate(intent="site.register", slot="", state="D"),)))

    assert (line["verdict"], line["now"]["calls"]) == ("nothing_to_send", [])


@pytest.mark.parametrize(
    ("changes", "verdict", "remedy"),
    [
        (
            {"reason": SAME_ID.reason, "field": SAME_ID.field, "detail": SAME_ID.detail},
            "schema.conflict",
            "with a new id",
        ),
        ({"attempts": 3}, "sync.attempts", "raise the setting"),
        ({"fates": (Fate(intent="i", slot="", state="X"),)}, "sync.in_doubt", "--in-doubt"),
        ({"flags": ("stub",)}, "stub", "send it again from the producer"),
    ],
)
def test_what_is_refused_says_why_and_what_to_do(
    changes: dict[str, Any], verdict: str, remedy: str
) -> None:
    line = planned(a_letter(**changes))

    assert (line["verdict"], "now" in line) == (verdict, False)
    assert remedy in line["remedy"]


@pytest.mark.parametrize("field", ["type", "data.id", "data.params", ""])
def test_a_conflict_of_other_fields_is_taken_up(field: str) -> None:
    conflict = a_letter(reason=SAME_ID.reason, field=field, detail="is twice")

    assert planned(conflict)["verdict"] == "send"


def test_what_was_delivered_before_wants_nothing() -> None:
    one = a_letter()
    line = planned(one, Remembered(delivered=frozenset({one.id})))

    assert line["verdict"] == Verdict.DELIVERED_BEFORE
    assert not {"now", "remedy"} & set(line)
