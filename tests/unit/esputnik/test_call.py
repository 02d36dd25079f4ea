"""Calls, the requests they become, and their keys."""

import pytest

from esputnik.call import (
    Action,
    Request,
    event_identity,
    idempotency_key,
    record_identity,
)
from tests.builders import IMPORT, ORDERS, a_call, a_request, an_item


@pytest.mark.parametrize(
    ("identity", "intent", "slot", "key"),
    [
        (
            event_identity("/shop", "ev-1"),
            "contact.upsert",
            "",
            "es1-rsbp5fnubcmw6tni73i74s22coozymjqyydbdide",
        ),
        (
            record_identity("main", "users", 0, 42),
            "inbox.translate",
            "uk",
            "es1-eokcqarsjpumsec7rexold5wkpyo34ruu2vvc3ec",
        ),
    ],
)
def test_a_key_is_the_same_for_ever(identity: str, intent: str, slot: str, key: str) -> None:
    assert idempotency_key(identity, intent, slot) == key
    assert a_call(identity=identity, intent=intent, slot=slot).key == key


def test_every_part_of_an_identity_makes_another_key() -> None:
    keys = {
        idempotency_key(identity, intent, slot)
        for identity in ("id:a\0b", "id:ab\0", record_identity("a", "b", 1, 2))
        for intent in ("order.add", "order.adds")
        for slot in ("", "s")
    }

    assert len(keys) == 12


def test_a_call_that_no_event_asked_for_has_no_key() -> None:
    assert a_call(identity="").key == ""


def test_a_bulk_request_holds_its_items_between_head_and_tail() -> None:
    assert ORDERS.request([b'{"a":1}', b'{"b":2}']) == Request(
        action=Action.ADD_ORDERS,
        method="POST",
        path="/v1/orders",
        body=b'{"orders":[{"a":1},{"b":2}]}',
    )


def test_a_bulk_request_carries_as_many_as_the_vendor_takes() -> None:
    assert (ORDERS.request([b"1"] * 1000).body or b"").count(b"1") == 1000


@pytest.mark.parametrize("count", [0, 1001])
def test_a_bulk_request_is_never_empty_and_never_too_large(count: int) -> None:
    with pytest.raises(ValueError, match=f"carries 1 to 1000 items, not {count}"):
        ORDERS.request([b"1"] * count)


def test_a_call_alone_is_its_own_request_or_a_bulk_request_of_one() -> None:
    request = a_request(path="/v1/x")

    assert a_call(request=request).alone() is request
    assert an_item(item=b'{"n":7}').alone().body == b'{"orders":[{"n":7}]}'
    assert a_call(request=request, shape=ORDERS).alone() is request


def test_a_call_without_request_and_shape_is_a_bug() -> None:
    with pytest.raises(ValueError, match="a call has a request or a shape"):
        a_call(request=None).alone()


def test_a_call_in_company_takes_part_in_the_action_of_its_shape() -> None:
    assert a_call().together() is Action.ADD_CONTACT
    assert a_call(shape=IMPORT).together() is Action.BULK_CONTACTS


def test_what_a_call_is_about_is_not_in_its_text() -> None:
    call = a_call(
        lanes=("e:ann@example.com",),
        marks=frozenset({"email:ann@example.com"}),
        request=a_request(body=b"ann@example.com", query=(("email", "ann@example.com"),)),
        item=b"ann@example.com",
        identity="id:ann@example.com",
        slot="ann@example.com",
    )

    assert "ann@example.com" not in repr(call)
