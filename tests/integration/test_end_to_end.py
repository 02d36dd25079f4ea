"""All ten actions, each from an event on real Kafka to the HTTP request the vendor documents."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.kafka import Kafka
from tests.integration.deployment import Deployment, deployed
from tests.integration.events import an_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


@pytest.fixture
async def deployment(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Deployment]:
    async with deployed(kafka.bootstrap, tmp_path, {"events": 1}) as made:
        yield made


NEXT_DAY = {"occurred_at": "2026-11-02T10:00:00Z"}


async def sent(deployment: Deployment, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """Tell the events one by one and return what eSputnik was asked, polls left out."""
    await deployment.start()
    for event in events:
        await deployment.tell("events", event)
        await deployment.done()
    asked = await deployment.account.requests()
    return [one for one in asked if "importstatus" not in one["path"] and one["method"] != "GET"]


async def test_add_contact(deployment: Deployment) -> None:
    event = an_event("user.signed_up", user_id="42", email="ann@example.com", phone="+380671234567")

    (request,) = await sent(deployment, event)

    assert (request["method"], request["path"], request["status"]) == ("POST", "/v1/contact", 200)
    assert request["body"] == {
        "channels": [
            {"type": "email", "value": "ann@example.com"},
            {"type": "sms", "value": "380671234567"},
        ],
        "externalCustomerId": "42",
    }
    assert request["idempotency_key"].startswith("es1-")


async def test_bulk_add_or_update_contacts(deployment: Deployment) -> None:
    signed_up = an_event("user.signed_up", user_id="42", email="ann@example.com")
    updated = an_event("user.updated", user_id="42", first_name="Ann", last_name=None)

    *_, request = await sent(deployment, signed_up, updated)

    assert (request["method"], request["path"], request["status"]) == ("POST", "/v1/contacts", 200)
    assert request["body"] == {
        "contacts": [{"channels": [], "externalCustomerId": "42", "firstName": "Ann"}],
        "dedupeOn": "externalCustomerId",
        "contactFields": ["firstName", "lastName", "externalCustomerId"],
        "restoreDeleted": False,
    }


async def test_add_orders_bulk(deployment: Deployment) -> None:
    event = an_event(
        "order.changed",
        order_id="o-1",
        status="in_progress",
        total="19.90",
        date="2026-11-01T10:00:00+02:00",
        currency="UAH",
        email="ann@example.com",
        items=[{"product_id": "p", "quantity": 2, "price": 9.95}],
    )

    (request,) = await sent(deployment, event)

    assert (request["method"], request["path"], request["status"]) == ("POST", "/v1/orders", 200)
    assert request["body"] == {
        "orders": [
            {
                "externalOrderId": "o-1",
                "totalCost": 19.90,
                "status": "IN_PROGRESS",
                "date": "2026-11-01T10:00:00+02:00",
                "currency": "UAH",
                "email": "ann@example.com",
                "items": [{"externalItemId": "p", "quantity": 2, "cost": 9.95}],
            }
        ]
    }


async def test_add_unsubscribed_emails(deployment: Deployment) -> None:
    event = an_event("contact.opted_out", channel="email", email="Ann@example.com")

    (request,) = await sent(deployment, event)

    assert (request["path"], request["status"]) == ("/v1/emails/unsubscribed/add", 200)
    assert request["body"] == {"emails": ["Ann@example.com"]}
    assert (await deployment.account.state())["unsubscribed"] == ["ann@example.com"]


async def test_attach_contacts_to_segment(deployment: Deployment) -> None:
    event = an_event("segment.joined", segment_id=7, user_ids=["a", "b"])

    (request,) = await sent(deployment, event)

    assert (request["path"], request["status"]) == ("/v1/group/7/contacts/attach", 200)
    assert request["body"] == {"externalCustomerIds": ["a", "b"]}


async def test_change_mobile_push_token_activity(deployment: Deployment) -> None:
    registered = an_event("device_token.registered", app_id=APP, token="t:1", user_id="42")
    changed = an_event("device_token.changed", app_id=APP, token="t:1", active=False)

    first, second = await sent(deployment, registered, changed)

    assert first["path"] == "/v1/contact"
    assert first["body"] == {
        "channels": [{"type": "mobilepush", "value": "t:1", "device": {"appId": APP}}],
        "externalCustomerId": "42",
    }
    assert (second["method"], second["status"]) == ("PUT", 200)
    assert second["path"].replace("%3A", ":") == f"/v1/contact/token/activated/{APP}/t:1"
    assert second["body"] == {"active": False}


async def test_add_domain(deployment: Deployment) -> None:
    (request,) = await sent(deployment, an_event("site.registered", domain="shop.example.com"))

    assert (request["path"], request["status"]) == ("/v1/site/domains", 201)
    assert request["body"] == {"domain": "shop.example.com"}


async def test_add_web_push_domain(deployment: Deployment) -> None:
    event = an_event(
        "webpush_site.registered",
        domain="https://shop.example.com",
        service_worker_name="sw.js",
        service_worker_path="/push/",
        service_worker_scope="/push/",
    )

    (request,) = await sent(deployment, event)

    assert (request["path"], request["status"]) == ("/v1/site/webpush/domain", 200)
    assert request["body"] == {
        "domain": "https://shop.example.com",
        "serviceWorkerName": "sw.js",
        "serviceWorkerPath": "/push/",
        "serviceWorkerScope": "/push/",
    }


async def test_create_app_inbox_message(deployment: Deployment) -> None:
    event = an_event(
        "inbox_message.published",
        name="Sale",
        title="Ten percent",
        text="Today",
        language="en",
        categories=["sales"],
        custom_data={"a": 1},
        ttl=60,
        translations={"uk": {"title": "Десять", "text": "Сьогодні"}},
    )

    base, translation = await sent(deployment, event)

    assert (base["path"], base["status"]) == ("/v1/messages/appinbox", 200)
    assert base["body"] == {
        "name": "Sale",
        "title": "Ten percent",
        "text": "Today",
        "languageCode": "en",
        "subscriptionsKeys": ["sales"],
        "customData": '{"a":1}',
        "ttlSec": 60,
    }
    assert (translation["method"], translation["status"]) == ("PUT", 200)
    assert translation["path"].startswith("/v1/messages/appinbox/")
    assert translation["path"].endswith("/uk")
    assert translation["body"]["title"] == "Десять"


async def test_create_api_token(deployment: Deployment) -> None:
    ended = await deployment.command("token", "create")

    (request,) = await deployment.account.requests()
    assert (request["method"], request["path"], request["body"]) == ("POST", "/v1/auth/token", None)
    assert ended.code == 0
    assert len(ended.out.split()) == 1


async def test_the_further_calls(deployment: Deployment) -> None:
    asked = await sent(
        deployment,
        an_event("user.signed_up", user_id="42", email="ann@example.com"),
        an_event("contact.opted_out", channel="email", user_id="42"),
        an_event("contact.opted_in", channel="email", email="ann@example.com") | NEXT_DAY,
        an_event("segment.left", segment_id=7, contact_ids=[5]),
        an_event("activity.recorded", name="seen", user_id="42", params={"sku": "x"}),
        an_event("message.requested", message_id=555, email="ann@example.com"),
        an_event("user.deleted", email="ann@example.com", erase=True),
    )

    paths = [one["path"] for one in asked]
    assert paths[:4] == [
        "/v1/contact",
        "/v1/emails/unsubscribed/add",
        "/v1/emails/unsubscribed/delete",
        "/v1/group/7/contacts/detach",
    ]
    assert paths[4:6] == ["/v2/event", "/v1/message/555/smartsend"]
    assert asked[1]["body"] == {"emails": ["ann@example.com"]}
    assert asked[6]["method"] == "DELETE"
    assert asked[6]["query"] == {"erase": "true"}
