"""Orders: upserts by their id that raise events and make contacts."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import (
    Asker,
    an_account,
    an_order,
    channels_of,
    refusal,
    told,
)


def send(asker: Asker, *orders: Any) -> Any:
    return told(asker.post("/v1/orders", {"orders": list(orders)}))


def test_an_order_is_kept_by_its_id_as_it_was_last_sent() -> None:
    asker = an_account()
    send(asker, an_order())

    said = send(asker, an_order(status="DELIVERED", totalCost="7"))

    (contact,) = asker.contacts()
    assert said == {}
    assert asker.state("orders") == {
        "o-1": an_order(status="DELIVERED", totalCost="7") | {"contactId": contact["id"]}
    }


@pytest.mark.parametrize("keeps", [True, False])
def test_an_order_sent_again_may_keep_or_lose_what_is_left_out(*, keeps: bool) -> None:
    asker = an_account(keep_order=keeps)

    send(asker, an_order(deliveryAddress="x"), an_order(source="online"))

    held = asker.state("orders")["o-1"]
    assert held["source"] == "online"
    assert held.get("deliveryAddress") == ("x" if keeps else None)


@pytest.mark.parametrize(
    ("by_store", "names"), [(False, ["o-1"]), (True, ["o-1", "kyiv/o-1", "lviv/o-1"])]
)
def test_stores_share_the_ids_of_orders_or_do_not(*, by_store: bool, names: list[str]) -> None:
    asker = an_account(orders_by_store=by_store)

    send(asker, an_order(), an_order(storeId="kyiv"), an_order(storeId="lviv"))

    assert list(asker.state("orders")) == names


def test_every_send_raises_an_event_again() -> None:
    asker = an_account()

    send(asker, an_order(), an_order())
    send(asker, an_order(status="ABANDONED_SHOPPING_CART"))

    assert asker.state("events_raised") == {
        "orderINITIALIZED": 2,
        "orderABANDONED_SHOPPING_CART": 1,
    }


def test_one_order_with_a_fault_comes_as_a_bare_object() -> None:
    asker = an_account()
    bad = an_order(externalOrderId="o-2", currency="")

    said = send(asker, an_order(), bad)

    assert said == {"failedOrders": {"order": bad, "error": "currency is required"}}
    assert list(asker.state("orders")) == ["o-1"]


def test_several_orders_with_a_fault_come_as_a_list() -> None:
    said = send(an_account(), an_order(status=""), an_order(date=None))

    assert [one["error"] for one in said["failedOrders"]] == [
        "status is required",
        "date is required",
    ]


ITEM = {"externalItemId": "p-1", "quantity": 2}
AN_ID = "One of externalCustomerId, email, phone is required"


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ({"externalOrderId": None}, "externalOrderId is required"),
        ({"totalCost": None}, "totalCost is required"),
        ({"totalCost": True}, "totalCost is required"),
        ({"totalCost": -1}, "totalCost is not valid"),
        ({"totalCost": "Infinity"}, "totalCost is not valid"),
        ({"totalCost": "1_000"}, "totalCost is not valid"),
        ({"shipping": "free"}, "shipping is not valid"),
        ({"discount": [1]}, "discount is not valid"),
        ({"taxes": True}, "taxes is not valid"),
        ({"status": "RETURNED"}, "status is not valid"),
        ({"status": ["DELIVERED"]}, "status is required"),
        ({"currency": "uah"}, "currency is not valid"),
        ({"currency": "UAHS"}, "currency is not valid"),
        ({"date": "yesterday"}, "date is not valid"),
        ({"date": "2026-03-08T09:30:00"}, "date is not valid"),
        ({"date": "2026-02-30T09:30:00Z"}, "date is not valid"),
        ({"externalCustomerId": ""}, AN_ID),
        ({"externalCustomerId": None, "email": " "}, AN_ID),
        ({"email": "ann"}, "'ann' is not valid email"),
        ({"phone": "12"}, "'12' is not valid phone number"),
        ({"additionalInfo": "x"}, "additionalInfo must be an object"),
        ({"items": "x"}, "items must be a list"),
        ({"items": ["x"]}, "externalItemId is required"),
        ({"items": [{"quantity": 1}]}, "externalItemId is required"),
        ({"items": [{"externalItemId": "p"}]}, "quantity is required"),
        ({"items": [ITEM, ITEM | {"quantity": "x"}]}, "quantity is required"),
        ({"items": [ITEM | {"cost": "x"}]}, "cost is not valid"),
    ],
)
def test_an_order_with_a_fault_is_refused(order: dict[str, Any], error: str) -> None:
    assert send(an_account(), an_order(**order))["failedOrders"]["error"] == error


@pytest.mark.parametrize(
    "order",
    [
        {"totalCost": 0},
        {
            "totalCost": "12.50",
            "shipping": "0",
            "items": [ITEM | {"quantity": "1.5", "cost": "1e2"}],
        },
        {"externalOrderId": 7, "externalCustomerId": 8},
        {"date": "2022-05-14T10:11:10.7022176+03:00"},
        {"date": "2022-05-14T10:11:10Z"},
        {"currency": "XXX", "items": None, "additionalInfo": {"a": "b"}},
        {"externalCustomerId": None, "phone": "+380671234567"},
        {"items": [ITEM | {"cost": 0.5}]},
    ],
)
def test_orders_are_taken_in_the_forms_that_are_documented(order: dict[str, Any]) -> None:
    assert send(an_account(), an_order(**order)) == {}


@pytest.mark.parametrize(
    ("switch", "order"),
    [
        ({"strict_status": False}, {"status": "RETURNED"}),
        ({"offset_needed": False}, {"date": "2026-03-08"}),
        ({"currencies": ["UAH"]}, {}),
    ],
)
def test_a_switch_takes_what_is_refused_otherwise(
    switch: dict[str, Any], order: dict[str, Any]
) -> None:
    assert send(an_account(**switch), an_order(**order)) == {}


@pytest.mark.parametrize(
    ("switch", "order"),
    [
        ({"numeric_strings": False}, {"totalCost": "1"}),
        ({"numeric_strings": False}, {"items": [ITEM | {"quantity": "1"}]}),
        ({"currencies": ["UAH"]}, {"currency": "EUR"}),
    ],
)
def test_a_switch_refuses_what_is_taken_otherwise(
    switch: dict[str, Any], order: dict[str, Any]
) -> None:
    assert "failedOrders" in send(an_account(**switch), an_order(**order))


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ([], "orders must not be empty"),
        ({}, "orders must not be empty"),
        (["x"], "orders must hold objects"),
        ([an_order()] * 1001, "orders: at most 1000 are allowed in a request"),
    ],
)
def test_a_request_that_holds_no_orders_is_refused_whole(orders: Any, message: str) -> None:
    asker = an_account()

    assert refusal(asker.post("/v1/orders", {"orders": orders})) == (400, message)
    assert asker.state("orders") == {}


# -- whose order it is ----------------------------------------------------------------------


def owner(asker: Asker, **order: Any) -> int:
    send(asker, an_order(**order))
    return int(asker.state("orders")["o-1"]["contactId"])


def test_a_known_external_id_wins() -> None:
    asker = an_account()
    ann = asker.add(user_id="u-1")
    asker.add(email="bob@example.com")

    assert owner(asker, email="bob@example.com") == ann


def test_an_unknown_external_id_is_matched_by_phone_and_then_by_address() -> None:
    asker = an_account()
    ann = asker.add(email="ann@example.com")
    bob = asker.add(email="bob@example.com", phone="380671234567")

    assert owner(asker, phone="+380671234567", email="ann@example.com") == bob
    assert owner(asker, phone="380679999999", email="ann@example.com") == ann


def test_an_order_never_changes_a_contact() -> None:
    asker = an_account()
    number = asker.add(firstName="Ann")
    before = asker.contact(number)

    owner(asker, email="ann@example.com", firstName="X", phone="380671234567")

    assert asker.contact(number) == before


def test_nobodys_order_makes_a_contact() -> None:
    asker = an_account()

    number = owner(asker, email="New@example.com", phone="+380671234567", firstName="Ann")

    contact = asker.contact(number)
    assert channels_of(contact, "email") == ["new@example.com"]
    assert channels_of(contact, "sms") == ["380671234567"]
    assert (contact["firstName"], contact["externalCustomerId"]) == ("Ann", "u-1")
    assert contact["groups"] == []
    assert asker.contacts()[0]["confirmed"]


def test_the_order_of_a_deleted_contact_makes_a_new_one_without_its_external_id() -> None:
    asker = an_account()
    dead = asker.add(user_id="u-1")
    asker.delete(f"/v1/contact/{dead}")

    number = owner(asker, email="ann@example.com")

    assert number != dead
    assert "externalCustomerId" not in asker.contact(number)


# -- deletion -------------------------------------------------------------------------------


def test_an_order_is_deleted_some_time_later() -> None:
    asker = an_account()
    send(asker, an_order(), an_order(externalOrderId="o-2"))

    answer = asker.delete("/v1/orders", externalOrderId="o-1")

    assert (answer.status, answer.body) == (200, b"")
    assert list(asker.state("orders")) == ["o-1", "o-2"]
    asker.pass_time()
    assert list(asker.state("orders")) == ["o-2"]


def test_orders_of_a_day_are_deleted() -> None:
    asker = an_account(offset_needed=False)
    dates = ["2026-03-07T23:59:59Z", "2026-03-08T02:00:00+02:00", "2026-03-08T12:00:00"]
    send(asker, *(an_order(externalOrderId=date, date=date) for date in dates))

    query = {"from": "2026-03-08T00:00:00", "to": "2026-03-09T00:00:00"}
    assert asker.delete("/v1/orders", **query).status == 200
    asker.pass_time()

    assert list(asker.state("orders")) == dates[:1]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "2026-03-08T00:00:00"},
        {"from": "2026-03-08T00:00:00", "to": "soon"},
        {"from": "2026-03-08T00:00:00", "to": "2026-03-08T00:00:00"},
        {"from": "2026-03-08T00:00:00", "to": "2026-03-09T00:00:01"},
    ],
)
def test_a_deletion_of_more_than_a_day_is_refused(query: dict[str, str]) -> None:
    refused = an_account().delete("/v1/orders", **query)

    assert refusal(refused) == (400, "Give externalOrderId, or from and to within 24 hours")


def test_a_deletion_is_read_from_the_body_where_that_is_switched_on() -> None:
    asker = an_account(delete_by="body")
    send(asker, an_order())

    assert asker.ask("DELETE", "/v1/orders", {"externalOrderId": "o-1"}).status == 200
    asker.pass_time()

    assert asker.state("orders") == {}
