"""E-mail by the list of addresses, the rest by the routes of the settings, nothing twice."""

from typing import Any

import pytest

from esputnik import requests
from esputnik.call import Action, Repeat
from handlers.consents import opt_out_of
from handlers.mapped import Mapped
from tests.builders import mapped, the_call

OUT, IN = "contact.opted_out", "contact.opted_in"
ANN: dict[str, Any] = {"email": "Ann@Example.com"}
ROUTES = {"sms": {"segment": 314}, "push": {"subscription": "pushes"}}


def told(kind: str, channel: str, routes: dict[str, Any] | None = None, **data: Any) -> Mapped:
    return mapped(kind, {"channel": channel} | data, consent_routes=routes or {})


def slots(made: Mapped) -> list[tuple[Action, str]]:
    return [(call.action, call.slot) for call in made.calls]


# -- by the list ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "shape", "intent"),
    [
        (OUT, requests.ADD_UNSUBSCRIBED, "consent.opt_out"),
        (IN, requests.REMOVE_UNSUBSCRIBED, "consent.opt_in"),
    ],
)
def test_an_address_goes_on_the_list_or_off_it(kind: str, shape: Any, intent: str) -> None:
    call = the_call(kind, {"channel": "email"} | ANN)

    assert (call.shape, call.item, call.action) == (shape, b'"Ann@example.com"', shape.action)
    assert (call.intent, call.slot, call.repeat) == (intent, "", Repeat.SAFE)
    assert (call.lookups, call.request) == ((), None)
    assert call.lanes == ("e:ann@example.com",)
    assert call.marks == {"email:ann@example.com"}


@pytest.mark.parametrize(
    ("kind", "who", "urgent"),
    [(OUT, ANN, True), (IN, ANN, False), (OUT, {"user_id": "42"}, False)],
)
def test_an_opt_out_of_an_address_alone_is_urgent(
    kind: str,
    who: dict[str, str],
    urgent: bool,  # noqa: FBT001 - the case
) -> None:
    assert the_call(kind, {"channel": "email"} | who).is_urgent is urgent


@pytest.mark.parametrize("kind", [OUT, IN])
@pytest.mark.parametrize(
    ("who", "query"),
    [
        ({"user_id": "42"}, ("externalCustomerId", "42")),
        ({"user_id": "42", "phone": "+380501234567"}, ("externalCustomerId", "42")),
        ({"phone": "+380501234567"}, ("sms", "380501234567")),
    ],
)
def test_whoever_has_no_address_is_looked_up_for_it(
    kind: str, who: dict[str, str], query: tuple[str, str]
) -> None:
    call = the_call(kind, {"channel": "email"} | who)

    (lookup,) = call.lookups
    assert query in lookup.query
    assert call.item == b'"{email}"'
    assert call.marks == frozenset()


# -- by the routes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "action", "path"),
    [
        (OUT, Action.ATTACH_CONTACTS, "/v1/group/314/contacts/attach"),
        (IN, Action.DETACH_CONTACTS, "/v1/group/314/contacts/detach"),
    ],
)
def test_a_segment_is_joined_by_an_opt_out_and_left_by_an_opt_in(
    kind: str, action: Action, path: str
) -> None:
    (call,) = told(kind, "sms", ROUTES, user_id="42").calls

    assert call.shape is not None
    assert (call.action, call.shape.path, call.item) == (action, path, b'"42"')
    assert b"externalCustomerIds" in call.shape.head
    assert [one.query for one in call.lookups] == [(("externalCustomerId", "42"),)]


def test_whoever_has_no_user_id_joins_a_segment_by_the_id_that_is_looked_up() -> None:
    (call,) = told(OUT, "sms", ROUTES, phone="+380501234567").calls

    assert call.shape is not None
    assert b"contactIds" in call.shape.head
    assert (call.item, len(call.lookups)) == (b'"{id}"', 1)


@pytest.mark.parametrize(("kind", "joins"), [(OUT, False), (IN, True)])
def test_a_subscription_is_read_and_written_back_changed(
    kind: str,
    joins: bool,  # noqa: FBT001 - the case
) -> None:
    (call,) = told(kind, "push", ROUTES, email="ann@example.com").calls

    assert call.subscription == ("pushes", joins)
    assert [one.action for one in call.lookups] == [Action.FIND_CONTACT, Action.GET_SUBSCRIPTIONS]
    assert call.request == requests.set_subscriptions()
    assert (call.shape, call.repeat) == (None, Repeat.SAFE)


def test_an_e_mail_goes_by_the_list_whatever_the_routes_say() -> None:
    (call,) = told(OUT, "email", {"email": {"segment": 1}}, **ANN).calls

    assert call.action is Action.ADD_UNSUBSCRIBED


# -- fan-outs -------------------------------------------------------------------------------


def test_all_channels_are_told_each_with_its_slot_the_e_mail_first() -> None:
    made = told(OUT, "all", ROUTES, **ANN, user_id="42")

    assert slots(made) == [
        (Action.ADD_UNSUBSCRIBED, "email"),
        (Action.ATTACH_CONTACTS, "sms"),
        (Action.SET_SUBSCRIPTIONS, "push"),
    ]
    assert made.refusal is None


def test_what_has_no_route_is_named_once_after_the_others_were_told() -> None:
    made = told(OUT, "all", **ANN)

    assert slots(made) == [(Action.ADD_UNSUBSCRIBED, "email")]
    assert made.refusal is not None
    assert (made.refusal.reason, made.refusal.field) == ("consent.no_route", "data.channel")
    assert "sms, push" in made.refusal.detail


def test_categories_are_told_in_place_of_the_channel_and_none_twice() -> None:
    routes = {"news": {"segment": 1}, "sales": {"segment": 2}}

    made = told(OUT, "email", routes, categories=["sales", "news", "sales"], **ANN)

    assert slots(made) == [(Action.ATTACH_CONTACTS, "sales"), (Action.ATTACH_CONTACTS, "news")]


def test_a_category_without_a_route_is_named() -> None:
    made = told(OUT, "email", {}, categories=["news"], **ANN)

    assert made.calls == ()
    assert made.refusal is not None
    assert (made.refusal.reason, made.refusal.field) == ("consent.no_route", "data.categories")
    assert "news" in made.refusal.detail


def test_the_calls_say_what_they_are_about_by_their_slots() -> None:
    by_channel = told(OUT, "all", ROUTES, **ANN)
    by_category = told(OUT, "email", {"news": {"segment": 1}}, categories=["news", "x"], **ANN)

    assert by_channel.targets == {"email": "email", "sms": "sms", "push": "push"}
    assert by_category.targets == {"news": "category:news"}
    assert told(OUT, "sms", ROUTES, **ANN).targets == {"": "sms"}


def test_an_event_of_another_kind_may_bring_an_opt_out_about() -> None:
    call = opt_out_of("Ann@Example.com", "id:\0ev-1", "old")

    assert (call.action, call.item) == (Action.ADD_UNSUBSCRIBED, b'"Ann@Example.com"')
    assert (call.intent, call.slot, call.is_urgent) == ("consent.opt_out", "old", True)
    assert call.lanes == ("e:ann@example.com",)


def test_a_category_may_be_called_as_a_channel_is() -> None:
    made = told(OUT, "sms", {"email": {"segment": 9}}, categories=["email"], **ANN)

    assert slots(made) == [(Action.ATTACH_CONTACTS, "email")]
