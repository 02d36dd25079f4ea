"""Personal values are hidden where a person looks at an event, and in logs."""

from decimal import Decimal
from typing import Any

import pytest

from consumer.operations.masking import PERSONAL, loggable, mask

LONG = "a" * 200_000


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_what_stands_under_a_personal_name_is_hidden(name: str) -> None:
    assert mask({name: "canary", name.title(): 7}) == {name: "c…", name.title(): "…"}


def test_what_stands_deeper_under_a_personal_name_is_hidden_as_well() -> None:
    event = {"address": {"region": "Lviv", "flats": [12, "7b"], "none": None, "is": True, "e": ""}}

    assert mask(event) == {
        "address": {"region": "L…", "flats": ["…", "7…"], "none": None, "is": True, "e": ""}
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ann@example.com", "a…"),
        ("write to ann@example.com, please", "write to a… please"),
        ("<ann@example.com>", "<a…>"),
        ("ann%40example.com", "a…"),
        ("+380 67 123-45-67", "+…"),
        ("call 380671234567 now", "call 3… now"),
        ("(067) 123 45 67", "(0…"),
        ("12345", "12345"),
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-311", "2…"),
        ("1" * 60, "1…"),
        ("order A-1001", "order A-1001"),
    ],
)
def test_addresses_and_numbers_are_hidden_wherever_they_stand(text: str, shown: str) -> None:
    assert mask({"note": [text]}) == {"note": [shown]}


def test_names_of_fields_may_be_addresses_too() -> None:
    assert mask({"ann@example.com": 1}) == {"a…": 1}


@pytest.mark.parametrize("value", [None, True, 1.5, 380671234567, "paid"])
def test_all_else_is_shown_as_it_is(value: Any) -> None:
    assert mask({"total": value}) == {"total": value}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ann@example.com", "a…"),
        ("GET /v1/contacts?email=ann%40example.com", "GET /…"),
        ("phone +380671234567", "phone +…"),
        ("phone %2B380671234567", "phone %…"),
        ("ev-1234567890", "ev-1234567890"),
        (["ann@example.com", 7], ["a…", 7]),
        (("orders",), ["orders"]),
        ({"ann@example.com": "+380671234567", 1: None}, {"a…": "+…", "1": None}),
        (True, True),
        (1.5, 1.5),
        (ValueError("ann@example.com"), "ValueError"),
        (Decimal(5), "Decimal"),
        (b"ann@example.com", "bytes"),
    ],
)
def test_a_log_shows_no_person_and_of_objects_the_kind_alone(value: Any, shown: Any) -> None:
    assert loggable(value) == shown


@pytest.mark.parametrize("text", [LONG, LONG + "@", "@" + LONG, "1" * 200_000, "1 (" * 60_000])
def test_a_long_text_is_searched_once(text: str) -> None:
    """A pattern that starts over at each sign would need minutes here."""
    assert len(mask(text)) <= len(text)
    assert len(loggable(text)) <= len(text)
