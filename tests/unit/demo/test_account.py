from collections.abc import Callable
from typing import Any

import pytest

from demo.account import counts, differences, held, told
from tests.unit.demo.builders import a_state, some_expectations

State = dict[str, Any]


def wrong(change: Callable[[State], object]) -> list[str]:
    """What is found wrong with a state after a change."""
    state = a_state()
    change(state)
    return differences(told(some_expectations()), held(state))


def test_an_account_that_holds_what_was_told_does_not_differ() -> None:
    assert differences(told(some_expectations()), held(a_state())) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda s: s["contacts"].pop(0), "contact u1 is missing"),
        (
            lambda s: s["contacts"][2].update(deleted=False),
            "contact u2 is there, and no event tells of it",
        ),
        (
            lambda s: s["contacts"][0]["channels"][0].update(value="b@example.com"),
            "contact u1 differs in email",
        ),
        (
            lambda s: s["contacts"][0].update(firstName="Bo", address={}),
            "contact u1 differs in firstName, town",
        ),
        (
            lambda s: s["contacts"][0]["fields"][0].update(value="silver"),
            "contact u1 differs in field 17",
        ),
        (lambda s: s["contacts"][0]["groups"].pop(1), "contact u1 differs in segments"),
        (
            lambda s: s["contacts"][0].update(subscriptions=[]),
            "contact u1 differs in subscriptions",
        ),
        (lambda s: s["contacts"].pop(1), "guest ...@example.net is missing"),
        (
            lambda s: s["contacts"][1].update(channels=[]),
            "guest nobody is there, and no event tells of it",
        ),
        (lambda s: s["orders"].clear(), "order o1 is missing"),
        (lambda s: s["orders"]["o1"].update(totalCost=10.51), "order o1 differs in total"),
        (
            lambda s: s["orders"]["o1"].update(status="CANCELLED", currency="EUR"),
            "order o1 differs in currency, status",
        ),
        (lambda s: s["orders"]["o1"].pop("items"), "order o1 differs in items"),
        (lambda s: s["unsubscribed"].clear(), "opted-out address ...@example.com is missing"),
        (lambda s: s["tokens"][0].update(active=False), "device tok-1 differs in active"),
        (
            lambda s: s["tokens"][0].update(externalCustomerId="u2"),
            "device tok-1 differs in owner",
        ),
        (
            lambda s: s["tokens"][0].update(token="tok-00012:0123456789abcdef"),
            "device tok-00012... is there, and no event tells of it",
        ),
        (lambda s: s.update(domain=None), "site shop.example.com is missing"),
        (
            lambda s: s["webpush_domains"].clear(),
            "web push site https://shop.example.com is missing",
        ),
        (
            lambda s: s["inbox_messages"][0].update(translations={}),
            "inbox message Offer differs in languages",
        ),
        (lambda s: s["events"].pop(), "event seen differs in times"),
        (lambda s: s["sent"].pop(), "message sent ...@example.com is missing"),
        (lambda s: s["sent"].append(s["sent"][0]), "message sent 7 to u1 differs in times"),
    ],
)
def test_every_difference_is_found_and_gives_nobody_away(
    change: Callable[[State], object], found: str
) -> None:
    assert found in wrong(change)
    assert not any("ann@" in one or "guest@" in one for one in wrong(change))


def test_a_difference_is_told_once() -> None:
    assert wrong(lambda state: state["orders"].clear()) == ["order o1 is missing"]


def test_events_and_messages_are_counted_each_time_they_happened() -> None:
    number = counts(held(a_state()))

    assert (number["event"], number["message sent"], number["contact"]) == (2, 2, 1)
