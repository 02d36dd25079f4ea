"""Calls by hand: complete requests, and what is refused before it is sent."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from esputnik import requests
from esputnik.actions import BY_HAND, InputError, by_hand, forms, names
from esputnik.call import Action, Quota, Request
from esputnik.json_text import json_text

ALL_FIELDS = "without contactFields all fields are written: those not sent are cleared"
NAMED = {
    *("add-contact", "bulk-contacts", "import-status", "delete-contact", "find-contact"),
    *("add-orders", "add-unsubscribed", "remove-unsubscribed", "attach-contacts"),
    *("detach-contacts", "get-subscriptions", "set-subscriptions", "token-activity"),
    *("add-domain", "add-webpush-domain", "create-inbox-message", "translate-inbox-message"),
    *("generate-event", "past-events", "send-message", "create-token", "account-info"),
}


def test_every_action_that_is_promised_can_be_called() -> None:
    assert set(names()) == NAMED


def test_an_import_by_hand_need_not_say_which_fields_it_writes() -> None:
    body = {"contacts": [{"externalCustomerId": "1"}], "dedupeOn": "email"}

    assert by_hand("bulk-contacts", {"body": body}).body == json_text(body)


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("account-info", "GET /v1/account/info"),
        ("add-orders", "POST /v1/orders; body: orders"),
        (
            "bulk-contacts",
            f"POST /v1/contacts; body: contacts, dedupeOn, [contactFields]; {ALL_FIELDS}",
        ),
        (
            "detach-contacts",
            "POST /v1/group/{id}/contacts/detach; body: contactIds or externalCustomerIds",
        ),
        (
            "find-contact",
            "GET /v1/contacts; query: externalCustomerId alone, or email, sms, firstname, lastname",
        ),
    ],
)
def test_a_form_says_what_an_action_takes(action: str, form: str) -> None:
    told = dict(line.split(maxsplit=1) for line in forms())

    assert told[action] == form
    assert list(told) == list(names())


CALLS: tuple[tuple[str, dict[str, Any], Request], ...] = (
    (
        "add-contact",
        {"body": {"channels": [{"type": "email", "value": "a@example.com"}]}},
        requests.add_contact({"channels": [{"type": "email", "value": "a@example.com"}]}),
    ),
    ("account-info", {}, requests.account_info()),
    ("create-token", {}, requests.create_token()),
    ("import-status", {"path": {"sessionId": "a/b"}}, requests.import_status("a/b")),
    (
        "find-contact",
        {"query": {"externalCustomerId": "u 1"}},
        requests.find_contact(user_id="u 1"),
    ),
    (
        "delete-contact",
        {"query": {"externalCustomerId": "u1", "erase": False}},
        requests.delete_customer("u1", erase=False),
    ),
    (
        "detach-contacts",
        {"path": {"id": 5}, "body": {"contactIds": [1, 2]}},
        requests.detach_contacts(5, "contactIds").request([b"1", b"2"]),
    ),
    ("add-orders", {"body": {"orders": [1]}}, requests.ORDERS.request([b"1"])),
    (
        "remove-unsubscribed",
        {"body": {"emails": ["a"]}},
        requests.REMOVE_UNSUBSCRIBED.request([b'"a"']),
    ),
    (
        "token-activity",
        {"path": {"app_uuid": "app", "token_id": "a/b"}, "body": {"active": False}},
        requests.token_activity("app", "a/b", active=False),
    ),
    ("add-domain", {"body": {"domain": "a.com"}}, requests.add_domain("a.com")),
    (
        "bulk-contacts",
        {
            "body": {
                "contacts": [1],
                "dedupeOn": "email",
                "contactFields": ["email"],
                "restoreDeleted": False,
            }
        },
        requests.bulk_contacts(dedupe_on="email", contact_fields=("email",)).request([b"1"]),
    ),
    (
        "add-unsubscribed",
        {"body": {"emails": ["a"]}},
        requests.ADD_UNSUBSCRIBED.request([b'"a"']),
    ),
    (
        "attach-contacts",
        {"path": {"id": 5}, "body": {"externalCustomerIds": ["a"]}},
        requests.attach_contacts(5, "externalCustomerIds").request([b'"a"']),
    ),
    (
        "delete-contact",
        {"path": {"id": 7}, "query": {"erase": True}},
        replace(requests.delete_contact(erase=True), path="/v1/contact/7"),
    ),
    (
        "get-subscriptions",
        {"path": {"id": 7}},
        replace(requests.get_subscriptions(), path="/v1/contact/7/subscriptions"),
    ),
    (
        "set-subscriptions",
        {"path": {"id": 7}, "body": {"subscriptions": ["a"]}},
        replace(
            requests.set_subscriptions(),
            path="/v1/contact/7/subscriptions",
            body=b'{"subscriptions":["a"]}',
        ),
    ),
    (
        "add-webpush-domain",
        {
            "body": {
                "domain": "a.com",
                "serviceWorkerName": "sw.js",
                "serviceWorkerPath": "/",
                "serviceWorkerScope": "/",
            }
        },
        requests.add_webpush_domain(
            domain="a.com", worker_name="sw.js", worker_path="/", worker_scope="/"
        ),
    ),
    (
        "create-inbox-message",
        {"body": {"name": "n", "title": "t", "text": "x"}},
        requests.create_inbox_message({"name": "n", "title": "t", "text": "x"}),
    ),
    (
        "translate-inbox-message",
        {"path": {"id": 7, "language": "uk"}, "body": {"title": "t", "text": "x"}},
        replace(
            requests.translate_inbox_message("uk", {"title": "t", "text": "x"}),
            path="/v1/messages/appinbox/7/uk",
        ),
    ),
    (
        "past-events",
        {
            "body": {
                "events": [
                    {
                        "eventTypeKey": "k",
                        "keyValue": "v",
                        "params": [],
                        "occurred": "2025-11-01T00:00:00+00:00",
                    }
                ]
            }
        },
        requests.past_event("k", "v", [], "2025-11-01T00:00:00+00:00"),
    ),
    (
        "generate-event",
        {"body": {"eventTypeKey": "k", "params": [{"name": "n", "value": "v"}]}},
        requests.generate_event("k", [{"name": "n", "value": "v"}]),
    ),
    (
        "send-message",
        {"path": {"id": 7}, "body": {"recipients": [{"locator": "a"}], "email": True}},
        requests.send_message(7, {"locator": "a"}, by_email=True),
    ),
)


@pytest.mark.parametrize(("action", "given", "built"), CALLS)
def test_a_call_by_hand_is_the_request_the_product_makes(
    action: str, given: dict[str, Any], built: Request
) -> None:
    assert by_hand(action, given) == built


def test_no_action_is_left_out_above() -> None:
    assert {action for action, _, _ in CALLS} == NAMED


def test_a_path_is_filled_and_escaped_by_name() -> None:
    given = {"path": {"id": 5, "language": "{id}"}, "body": {"title": "t", "text": "x"}}

    assert by_hand("translate-inbox-message", given).path == "/v1/messages/appinbox/5/%7Bid%7D"


def test_decimals_go_out_with_all_their_digits() -> None:
    given = {"body": {"orders": [{"totalCost": Decimal("12345678901234567.10")}]}}

    assert by_hand("add-orders", given).body == b'{"orders":[{"totalCost":12345678901234567.10}]}'


def test_numbers_and_truths_of_a_query_are_plain_text() -> None:
    given = {"path": {"id": 5}, "query": {"erase": True, "n": Decimal("1.50")}}

    assert by_hand("delete-contact", given).query == (("erase", "true"), ("n", "1.50"))


def test_calls_count_against_their_own_limits() -> None:
    assert BY_HAND[Action.FIND_CONTACT].quota is Quota.SEARCH
    assert BY_HAND[Action.GENERATE_EVENT].quota is Quota.EVENT
    assert BY_HAND[Action.PAST_EVENTS].quota is Quota.PAST_EVENT


@pytest.mark.parametrize(
    ("action", "given", "message"),
    [
        ("add-kontact", {}, "add-kontact: no such action"),
        ("list-fields", {}, "list-fields: no such action"),
        ("account-info", {"bodi": {}}, "bodi: not known"),
        ("account-info", {"body": {}}, "body: the action has no body"),
        ("account-info", {"path": {"id": 1}}, r"path\.id: not known"),
        ("account-info", {"path": []}, "path: must be an object"),
        ("account-info", {"query": "a=b"}, "query: must be an object"),
        ("find-contact", {}, "query: has no identifier"),
        ("find-contact", {"query": {"startindex": 1, "maxrows": 5}}, "query: has no identifier"),
        ("find-contact", {"query": {"email": ""}}, "query: has no identifier"),
        ("find-contact", {"query": {"email": None}}, r"^query\.email: must be a string"),
        ("find-contact", {"query": {"email": ["a"]}}, r"^query\.email: must be a string"),
        ("delete-contact", {}, r"path\.id: is missing"),
        ("delete-contact", {"query": {"externalCustomerId": ""}}, r"path\.id: is missing"),
        ("delete-contact", {"path": {"id": None}}, r"path\.id: is missing"),
        ("delete-contact", {"path": {"id": [1]}}, r"^path\.id: must be a string"),
        ("delete-contact", {"path": {"id": ""}}, r"^path\.id: a path segment is"),
        ("delete-contact", {"path": {"id": ".."}}, r"^path\.id: a path segment is"),
        ("delete-contact", {"path": {"id": 1, "x": 2}}, r"path\.x: not known"),
        ("add-contact", {}, "body: is missing"),
        ("add-contact", {"body": []}, "body: is missing"),
        ("add-contact", {"body": {"channels": []}}, r"body\.channels: is missing or empty"),
        ("add-contact", {"body": {"channels": {"a": 1}}}, r"body\.channels: must be a list"),
        (
            "bulk-contacts",
            {"body": {"contacts": [1], "dedupeOn": "email", "contactFields": []}},
            "contactFields: is missing or empty",
        ),
        ("add-orders", {"body": {"orders": [1] * 1001}}, "a list of 1 to 1000"),
        ("detach-contacts", {"path": {"id": 5}, "body": {}}, "send exactly one"),
        ("detach-contacts", {"path": {"id": 5}, "body": {"contactIds": []}}, "send exactly one"),
        (
            "detach-contacts",
            {"path": {"id": 5}, "body": {"contactIds": [1], "externalCustomerIds": ["a"]}},
            "send exactly one",
        ),
        ("add-domain", {"body": {"domain": ""}}, r"body\.domain: is missing or empty"),
        ("add-domain", {"body": {"domain": 2**70}}, "body: cannot be sent"),
        ("add-domain", {"body": {"domain": "a", "x": [float("nan")]}}, "NaN and Infinity"),
        ("add-domain", {"body": {"domain": "a", "x": {"y": float("inf")}}}, "NaN and Infinity"),
    ],
)
def test_what_must_not_be_sent_is_refused_by_name(
    action: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        by_hand(action, given)
