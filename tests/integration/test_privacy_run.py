"""No personal value leaves by any side door of a real run, with the log at its most talkative."""

from pathlib import Path
from typing import Any

import pytest

from consumer.record import Record
from tests.brokers.kafka import Kafka
from tests.canaries import API_KEY, CODE, EMAIL, PHONE, STREET, TOKEN, USER_NAME, leaks
from tests.integration.deployment import Deployment, deployed
from tests.integration.events import an_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

CHATTY = {
    "action": "add-orders",
    "contains": "o-refused",
    "item_error": f"the address {EMAIL} of {USER_NAME}, {PHONE} is on a stop list",
}
PERSON: dict[str, Any] = {"user_id": "1", "email": EMAIL, "phone": PHONE}
APP: dict[str, Any] = {"app_id": "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "token": TOKEN}
LATER = "2026-11-01T11:00:00Z"
ORDER: dict[str, Any] = {
    "status": "delivered",
    "total": "10.00",
    "currency": "UAH",
    "date": "2026-11-01T10:00:00Z",
}


def good_events() -> list[dict[str, Any]]:
    profile: dict[str, Any] = {
        "first_name": USER_NAME,
        "address": {"street": STREET},
        "attributes": {"code": CODE},
    }
    return [
        an_event("user.signed_up", **PERSON, **profile),
        an_event("user.updated", **PERSON, **profile),
        an_event("order.changed", order_id="o-1", additional_info={"c": CODE}, **PERSON, **ORDER),
        an_event("device_token.registered", **APP, **PERSON),
        an_event("device_token.changed", active=False, **APP),
        an_event("contact.opted_out", channel="email", email=EMAIL, reason=CODE),
        an_event("contact.opted_in", channel="email", email=EMAIL) | {"occurred_at": LATER},
        an_event("activity.recorded", name="seen", email=EMAIL, params={"code": CODE}),
        an_event("message.requested", message_id=555, email=EMAIL, params={"code": CODE}),
        an_event("segment.joined", segment_id=7, user_ids=["1"]),
        an_event("inbox_message.published", name="n", title="t", text=STREET),
        an_event("user.deleted", email=EMAIL),
    ]


def bad_events() -> list[dict[str, Any] | bytes]:
    return [
        b'{"type": "order.changed", "data": {"email": "' + EMAIL.encode() + b'", oops',
        an_event("order.changed", 2, order_id="o-2", email=f"{EMAIL} {EMAIL}", **ORDER),
        an_event("order.changed", 3, order_id="o-refused", email=EMAIL, **ORDER),
        an_event("order.changed", 4, order_id="o-4", phone=f"{PHONE}{PHONE}", **ORDER),
        an_event("user.signed_up", 5, email={"address": EMAIL}, first_name=USER_NAME),
        an_event("user.updated", 6, first_name=[USER_NAME, STREET], phone=int(PHONE)),
        an_event("device_token.changed", 7, app_id="a", token=f"{TOKEN}\n", active=True),
        an_event("contact.opted_out", 8, channel=CODE, email=EMAIL),
        an_event("message.requested", 9, message_id=CODE, email=EMAIL),
        an_event("activity.recorded", 10, name="seen", email=EMAIL, params={"email": EMAIL}),
    ]


async def run_all(deployment: Deployment) -> None:
    """Good events, bad ones, and an outage, which has words of its own."""
    await deployment.account.use_key(API_KEY)
    await deployment.account.rules(CHATTY)
    await deployment.start()
    for event in [*good_events(), *bad_events()]:
        headers = (("name", USER_NAME.encode()), ("code", CODE.encode()))
        await deployment.produce("events", event, key=EMAIL.encode(), headers=headers)
    await deployment.producer.flush()
    await deployment.done()
    await deployment.account.close()
    late = an_event("order.changed", 11, order_id="o-5", email=EMAIL, **ORDER)
    await deployment.tell("events", late)
    await deployment.account.open()
    await deployment.done()


def tails(letters: list[Record]) -> str:
    """What we wrote at the tails of dead letters, one header a line."""
    return "\n".join(
        f"{name}: {(value or b'').decode()}"
        for letter in letters
        for name, value in letter.headers
        if name.startswith(("esync-dlq-", "__dlq."))
    )


async def test_no_mark_is_found_outside_of_kafka_and_esputnik(kafka: Kafka, tmp_path: Path) -> None:
    async with deployed(
        kafka.bootstrap, tmp_path, {"events": 2}, LOG__LEVEL="debug", ESPUTNIK__API_KEY=API_KEY
    ) as deployment:
        await run_all(deployment)
        (consumer,) = deployment.consumers
        pages = [(await consumer.get(f"/{name}")).text for name in ("metrics", "readyz", "livez")]
        assert await consumer.stop() == 0
        listed = await deployment.command("dlq", "list", "--json")
        settings = await deployment.command("config", "show")
        letters = await deployment.dead_records()

        assert len(await deployment.account.requests()) > len(good_events())
        assert {"o-1", "o-5"} <= (await deployment.account.state())["orders"].keys()
        assert len(letters) == len(bad_events())
        assert leaks(consumer.log) == []
        assert leaks("\n".join(pages)) == []
        assert leaks(tails(letters)) == []
        assert leaks(listed.out + listed.err) == []
        assert leaks(settings.out + settings.err) == []
        assert set(leaks(repr(letters))) >= {"email", "phone", "token", "code"}
