from collections import Counter
from typing import Any

import pytest

from demo.report import Check, checks
from tests.unit.demo.builders import a_performance, a_state, a_story, some_figures


def failing(**seen: Any) -> list[Check]:
    return [one for one in checks(a_story(), a_performance(**seen)) if not one.holds]


def test_a_faultless_performance_holds_in_every_respect() -> None:
    assert [one.what for one in checks(a_story(), a_performance())] == [
        "All 3 events came to an end: 1 applied, 1 skipped by a rule, 1 buried",
        "All is committed, nothing would come again: lag 0",
        (
            "The account holds what the events say: 1 contacts, 1 orders, 2 events, 1 opt-outs, "
            "1 devices, 2 messages sent"
        ),
        "The dead letters are the 1 planted ones, byte for byte",
        "Asked to stop, the consumer finished and ended: exit code 0",
    ]
    assert failing() == []


@pytest.mark.parametrize(
    ("seen", "fault"),
    [
        ({"lag": 2}, "2 records would come again"),
        ({"state": a_state() | {"domain": None}}, "site shop.example.com is missing"),
        ({"letters": []}, "1 of topic orders, planted and not buried as schema.enum"),
        ({"exit_code": -9}, "it ended with exit code -9"),
    ],
)
def test_what_does_not_hold_says_why(seen: dict[str, Any], fault: str) -> None:
    (check,) = failing(**seen)

    assert check.faults == [fault]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"records": 4}, ["the books do not balance: 4 records were taken"]),
        (
            {"delivered": 2},
            ["the books do not balance: 3 records were taken", "4 came to an end, not 3"],
        ),
        (
            {"delivered": 0, "buffered": 1},
            ["2 came to an end, not 3", "1 wait and 0 were not taken"],
        ),
        ({"lag": 5}, ["0 wait and 5 were not taken"]),
    ],
)
def test_books_that_do_not_balance_are_told(changes: dict[str, int], faults: list[str]) -> None:
    figures = some_figures()
    for name, value in changes.items():
        setattr(figures, name, value)

    (check,) = failing(figures=figures)

    assert check.faults == faults


def test_an_event_counted_both_ways_is_found() -> None:
    figures = some_figures()
    figures.letters = Counter({"schema.enum": 2})

    assert not checks(a_story(), a_performance(figures=figures))[0].holds
