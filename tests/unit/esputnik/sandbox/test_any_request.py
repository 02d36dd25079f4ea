"""Whatever stands in any place of a request, an account answers, and goes on."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from esputnik.sandbox.overview import overview
from esputnik.sandbox.routes import actions
from tests.unit.esputnik.sandbox.asking import Asker, a_contact, an_account, an_order

STATUSES = {200, 201, 400, 404, 409}
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 2**64 - 1, "", " ", "x", "9" * 5000, "\u0000"),
    *([], {}, [[]], [{}], ["x"], [None], {"x": {}}, [1, "x", {"type": []}]),
)
PUSH = {
    "type": "mobilepush",
    "value": "t-1",
    "device": {"appId": "app", "active": True, "clientVersion": "native"},
}
WEB = {"type": "webpush", "value": "w-1", "webPushSubscription": {"appId": 1}}
CONTACT = a_contact(
    "ann@example.com",
    firstName="Ann",
    user_id="u-1",
    address={"town": "Kyiv"},
    fields=[{"id": 1, "value": "x"}],
    groups=[{"name": "News"}],
    id=1,
)
CONTACT["channels"] += [PUSH, WEB]
IMPORT = {
    "contacts": [CONTACT],
    "fieldId": 1,
    "contactFields": ["firstName", "mobilepush"],
    "customFieldsIDs": [1],
    "groupNames": ["News"],
    "groupNamesExclude": ["Sale"],
    "restoreDeleted": True,
    "eventKeyForNewContacts": "welcome",
}
SITE = {
    "domain": "https://a.example.com",
    "serviceWorkerName": "sw.js",
    "serviceWorkerPath": "/",
    "serviceWorkerScope": "/",
}
MESSAGE = {
    "name": "n",
    "title": "t",
    "text": "x",
    "languageCode": "en",
    "customData": "{}",
    "translations": [{"languageCode": "uk"}],
}
EVENT = {
    "eventTypeKey": "seen",
    "keyValue": "k",
    "params": [{"name": "email", "value": "a@b.com"}, {"name": "contactId", "value": 1}],
    "occurred": "2025-11-01T00:00:00Z",
}
ORDER = an_order(
    email="ann@example.com",
    phone="380671234567",
    firstName="Ann",
    shipping=1,
    additionalInfo={"a": "b"},
    items=[{"externalItemId": "p", "quantity": 1, "cost": 2}],
)
SEND = {"locator": "a@b.com", "contactId": 1, "externalCustomerId": "u", "jsonParam": "{}"}
ASKED: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/contact", CONTACT),
    ("PUT", "/v1/contact/10000001", CONTACT),
    (
        "POST",
        "/v1/contact/subscribe",
        {"contact": CONTACT, "groups": ["A"], "subscriptions": ["b"], "formType": "c"},
    ),
    *(
        ("POST", "/v1/contacts", IMPORT | {"dedupeOn": dedupe})
        for dedupe in (
            "email",
            "sms",
            "push",
            "email_or_sms",
            "id",
            "externalCustomerId",
            "fieldId",
        )
    ),
    ("PUT", "/v1/contact/10000001/subscriptions", {"subscriptions": ["a"]}),
    ("POST", "/v1/emails/unsubscribed/add", {"emails": ["a@b.com"]}),
    ("POST", "/v1/emails/unsubscribed/delete", {"emails": ["a@b.com"]}),
    ("POST", "/v1/group/5/contacts/attach", {"contactIds": [10_000_001]}),
    ("POST", "/v1/group/5/contacts/attach", {"externalCustomerIds": ["u-1"]}),
    ("POST", "/v1/group/5/contacts/detach", {"externalCustomerIds": ["u-1"]}),
    ("POST", "/v1/orders", {"orders": [ORDER]}),
    ("PUT", "/v1/contact/token/activated/app/t-1", {"active": True}),
    ("POST", "/v1/site/domains", {"domain": "a.example.com"}),
    ("POST", "/v1/site/webpush/domain", SITE),
    ("POST", "/v1/site/webpush/domains", {"domains": [SITE]}),
    ("POST", "/v1/messages/appinbox", MESSAGE),
    ("PUT", "/v1/messages/appinbox/3894567", MESSAGE),
    ("PUT", "/v1/messages/appinbox/3894567/uk", MESSAGE),
    ("POST", "/v1/message/7/smartsend", {"recipients": [SEND], "email": True}),
    ("POST", "/v1/event", EVENT),
    ("POST", "/v2/event", EVENT),
    ("POST", "/v1/past_events", {"events": [EVENT]}),
    ("POST", "/v2/past_events", {"events": [EVENT]}),
    ("DELETE", "/v1/orders", {"externalOrderId": "o", "from": "2026-01-01T00:00:00", "to": "x"}),
)
LOOKS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("DELETE", "/v1/contact", {"externalCustomerId": "u-1", "erase": "true"}),
    (
        "GET",
        "/v1/contacts",
        {"email": "a", "sms": "1", "firstname": "A", "startindex": "1", "maxrows": "1"},
    ),
    ("GET", "/v1/contacts", {"externalCustomerId": "u-1"}),
    ("GET", "/v1/contacts", {"sortBy": "contactId"}),
    ("GET", "/v1/groups", {"name": "a", "startindex": "1", "maxrows": "1"}),
    (
        "GET",
        "/v2/contacts/activity",
        {"dateFrom": "2026-01-01", "dateTo": "2026-01-02", "offset": "0", "maxrows": "1"},
    ),
    ("DELETE", "/v1/orders", {"from": "2026-01-01T00:00:00", "to": "2026-01-02T00:00:00"}),
    ("DELETE", "/v1/site/webpush/domains", {"domain": "a.example.com"}),
    ("GET", "/v1/messages/appinbox", {"search": "n"}),
)


def spoilt(body: Any) -> Iterator[Any]:
    """The body with each of its places taken by each odd value, or left out."""
    yield from ODD
    if isinstance(body, dict):
        for name, value in body.items():
            yield {key: one for key, one in body.items() if key != name}
            yield from (body | {name: one} for one in spoilt(value))
    if isinstance(body, list):
        for index, value in enumerate(body):
            yield from ([*body[:index], one, *body[index + 1 :]] for one in spoilt(value))


def still_sound(asker: Asker) -> bool:
    asker.pass_time()
    state = asker.account.state()
    return bool(overview(state)) and bool(orjson.dumps(state, option=orjson.OPT_NON_STR_KEYS))


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("method", "path", "body"), ASKED)
def test_every_body_has_an_answer(*, strict: bool, method: str, path: str, body: Any) -> None:
    switches: dict[str, Any] = {} if strict else {"unknown_field": "ignore", "join_groups": True}
    asker = an_account(custom_fields=20, repeat_seconds=0, store_translations=True, **switches)
    asker.add(email="b@example.com", channels=[PUSH])
    asker.post("/v1/messages/appinbox", MESSAGE)

    for one in spoilt(body):
        assert asker.ask(method, path, one).status in STATUSES, one

    assert still_sound(asker)


@pytest.mark.parametrize(("method", "path", "query"), LOOKS)
def test_every_query_has_an_answer(method: str, path: str, query: dict[str, str]) -> None:
    asker = an_account()
    asker.add(user_id="u-1", firstName="Ann")

    for name in query:
        for odd in (text for text in ODD if isinstance(text, str)):
            assert asker.ask(method, path, **(query | {name: odd})).status in STATUSES

    assert still_sound(asker)


def test_every_call_answers_without_a_body() -> None:
    asker = an_account()
    paths = [
        "/v1/contact/7",
        "/v1/contact/7/subscriptions",
        "/v1/importstatus/x",
        "/v1/group/5/contacts",
        "/v1/subscriptions",
        "/v1/contact/token/app/t-1/contactId",
        "/v1/site/script",
        "/v1/account/info",
        "/v1/auth/token",
        "/v1/addressbooks",
        *(path for _, path, _ in (*ASKED, *LOOKS)),
    ]
    for path in paths:
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert asker.ask(method, path).status in STATUSES | {405}

    assert set(actions()) | {"unknown"} == set(asker.state("requests"))
