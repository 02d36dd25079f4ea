"""Requests a second."""

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account

EVENT = {"eventTypeKey": "seen", "params": [{"name": "email", "value": "ann@example.com"}]}
PAST = {"events": [EVENT | {"keyValue": "k"}]}


def taken(asker: Asker, method: str, path: str, body: object = None, tries: int = 600) -> int:
    """How many of many requests at once are not refused for their rate."""
    return sum(asker.ask(method, path, body).status != 429 for _ in range(tries))


@pytest.mark.parametrize(
    ("method", "path", "body", "most"),
    [
        ("GET", "/v1/account/info", None, 200),
        ("POST", "/v1/orders", None, 200),
        ("GET", "/v1/contacts", None, 50),
        ("GET", "/v1/contact/token/a/b/contactId", None, 150),
        ("POST", "/v1/event", EVENT, 350),
        ("POST", "/v2/event", EVENT, 350),
        ("POST", "/v1/past_events", PAST, 100),
        ("POST", "/v2/past_events", PAST, 100),
        ("GET", "/v1/messages/appinbox", None, 500),
        ("GET", "/v1/messages/appinbox/1", None, 500),
    ],
)
def test_a_call_has_its_documented_rate(method: str, path: str, body: object, most: int) -> None:
    assert taken(an_account(rate_limits=True), method, path, body) == most


def test_calls_without_a_rate_of_their_own_share_one() -> None:
    asker = an_account(rate_limits=True)
    taken(asker, "GET", "/v1/account/info", tries=150)

    assert taken(asker, "GET", "/v1/groups") == 50
    assert taken(asker, "GET", "/v1/contacts", tries=10) == 10


def test_each_version_of_events_has_its_rate_for_itself() -> None:
    asker = an_account(rate_limits=True)

    assert taken(asker, "POST", "/v1/event", EVENT) == 350
    assert taken(asker, "POST", "/v2/event", EVENT) == 350


def test_what_is_too_often_is_refused_until_the_second_is_over() -> None:
    asker = an_account(rate_limits=True, limits={"default": 2})
    asker.now += 0.6
    taken(asker, "GET", "/v1/account/info")

    refused = asker.get("/v1/account/info")

    assert (refused.status, refused.body) == (429, b"Too many requests")
    assert "Retry-After" not in refused.headers
    asker.now += 0.5
    assert taken(asker, "GET", "/v1/account/info") == 2


def test_templates_are_counted_by_the_hour() -> None:
    asker = an_account(rate_limits=True)
    taken(asker, "GET", "/v1/messages/appinbox")

    asker.now += 60

    assert asker.get("/v1/messages/appinbox").status == 429
    asker.now += 3600
    assert asker.get("/v1/messages/appinbox").status == 200


def test_a_rate_may_hold_within_any_second() -> None:
    asker = an_account(rate_limits=True, limits={"default": 2}, sliding_rates=True)
    asker.now += 0.6
    taken(asker, "GET", "/v1/account/info")

    asker.now += 0.5
    assert taken(asker, "GET", "/v1/account/info") == 0
    asker.now += 0.6
    assert taken(asker, "GET", "/v1/account/info") == 2


def test_a_refusal_may_say_when_to_come_again() -> None:
    asker = an_account(rate_limits=True, limits={"default": 0}, retry_after=7)

    assert asker.get("/v1/account/info").headers["Retry-After"] == "7"


def test_rates_can_be_switched_off() -> None:
    assert taken(an_account(rate_limits=False), "GET", "/v1/account/info") == 600


def test_a_changed_rate_counts_at_once() -> None:
    asker = an_account(rate_limits=True)
    asker.get("/v1/account/info")

    asker.account.change_switches({"limits": {"default": 1}})

    assert asker.get("/v1/account/info").status == 429
