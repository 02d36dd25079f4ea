"""Which calls an answer says failed."""

from typing import Any

import pytest

from esputnik.matching import digits, failures_by_call, marks_of, plain_value
from tests.builders import IMPORT, an_item


def calls(*marks: set[str]) -> list[Any]:
    return [an_item(IMPORT, marks=frozenset(some)) for some in marks]


def a_failure(error: Any = "x", **more: Any) -> dict[str, Any]:
    return {"error": error} | more


def test_a_failure_is_found_by_any_of_its_marks() -> None:
    sent = calls({"email:a@x.com", "id:u1"}, {"sms:380671"}, {"id:u3"})
    failures = [
        a_failure("one", channels={"type": "email", "value": "A@x.com"}),
        a_failure("two", channels=[{"type": "sms", "value": "+380 671"}]),
    ]

    assert failures_by_call(failures, sent) == {0: "one", 1: "two"}


def test_a_failure_that_fits_nobody_leaves_all_in_doubt() -> None:
    sent = calls({"id:u1"}, {"id:u2"})

    assert failures_by_call([a_failure(externalCustomerId="u3")], sent) is None
    assert failures_by_call([a_failure()], sent) is None


def test_a_failure_is_that_of_every_call_about_the_same() -> None:
    sent = calls({"id:u1", "email:a@x.com"}, {"id:u2"}, {"id:u1"})

    assert failures_by_call([a_failure("one", externalCustomerId="u1")], sent) == {
        0: "one",
        2: "one",
    }


def test_thousands_of_failures_are_found_at_once() -> None:
    names = [f"u{number}" for number in range(20_000)]
    failures = [a_failure(name, externalCustomerId=name) for name in reversed(names)]

    found = failures_by_call(failures, calls(*({f"id:{name}"} for name in names)))

    assert found == dict(enumerate(names))


def test_a_call_of_its_own_needs_no_marks() -> None:
    assert failures_by_call([a_failure("one")], calls({"id:u1"})) == {0: "one"}
    assert failures_by_call([], calls({"id:u1"})) == {}


def test_a_failure_without_a_text_is_one_all_the_same() -> None:
    assert failures_by_call(
        [a_failure(None, externalCustomerId="u1")], calls({"id:u1"}, set())
    ) == {0: ""}


@pytest.mark.parametrize(
    ("failure", "marks"),
    [
        ({"order": {"externalOrderId": 7}}, {"order:7"}),
        ({"order": "o-1"}, {"order:o-1"}),
        ({"externalOrderId": "o-1"}, {"order:o-1"}),
        ({"order": {}}, set()),
        ({"externalCustomerId": 7, "channels": []}, {"id:7"}),
        ({"channels": [{"type": "mobilepush", "value": "t"}]}, set()),
        ({"channels": "x"}, set()),
    ],
)
def test_a_failure_names_itself_in_many_ways(failure: dict[str, Any], marks: set[str]) -> None:
    assert set(marks_of(failure)) == marks


def test_digits_are_those_of_ascii() -> None:
    assert digits("+380 (67) 1٣") == "380671"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("+380 (67) 123-45-67", "380671234567"),
        ("380671234567", "380671234567"),
        ("User-7", "User-7"),
        ("12-34", "12-34"),
        ("+", "+"),
        ("", ""),
    ],
)
def test_a_value_is_spelled_as_it_is_compared(value: str, plain: str) -> None:
    assert plain_value(value) == plain
