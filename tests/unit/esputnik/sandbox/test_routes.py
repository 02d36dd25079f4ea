"""Which request is which call, and what is none."""

import pytest

from esputnik.sandbox.parts import Parts
from esputnik.sandbox.routes import actions, is_path, way_of
from esputnik.sandbox.switches import Switches
from tests.unit.esputnik.sandbox.asking import an_account, refusal


def test_every_call_has_somebody_who_answers_it() -> None:
    assert set(Parts(Switches(), 0).handles) == set(actions())


@pytest.mark.parametrize(
    ("method", "path", "way"),
    [
        ("POST", "/v1/contact", ("add-contact", ())),
        ("DELETE", "/v1/contact", ("delete-contact", ())),
        ("DELETE", "/v1/contact/7", ("delete-contact", ("7",))),
        ("POST", "/v1/contact/subscribe", ("subscribe-contact", ())),
        ("GET", "/v1/importstatus/a%2Fb", ("import-status", ("a/b",))),
        ("PUT", "/v1/contact/token/activated/app/a%3Ab", ("token-activity", ("app", "a:b"))),
        (
            "GET",
            "/v1/contact/token/activated/contactId/x",
            ("get-token-activity", ("contactId", "x")),
        ),
        ("PUT", "/v1/messages/appinbox/5/uk", ("translate-inbox-message", ("5", "uk"))),
    ],
)
def test_a_request_finds_its_call(method: str, path: str, way: object) -> None:
    assert way_of(method, path) == way


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v1/contact/",
        "/v1/contact/abc",
        "/v1/contact/1234567890123456789",
        "/v1/contact/٣",
        "/v1/contact//subscriptions",
        "/v3/event",
        "/v1/preferences",
        "/v1/emails/unsubscribe/add",
        "",
    ],
)
def test_an_unknown_path_is_not_found(path: str) -> None:
    assert way_of("GET", path) is None
    assert not is_path(path)
    assert refusal(an_account().get(path)) == (404, "Not found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/orders"),
        ("POST", "/v1/contact/7"),
        ("DELETE", "/v1/contacts"),
        ("HEAD", "/v1/groups"),
    ],
)
def test_a_method_that_a_path_has_not_is_not_allowed(method: str, path: str) -> None:
    assert refusal(an_account().ask(method, path)) == (405, "Method not allowed")
