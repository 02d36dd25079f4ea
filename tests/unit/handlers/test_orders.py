from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esputnik import requests
from esputnik.call import Action, Repeat
from handlers.orders import STATUSES
from tests.builders import mapped, the_call

ORDER: dict[str, Any] = {
    "order_id": "ORD-1",
    "status": "delivered",
    "total": "199.90",
    "date": "2026-11-24T10:00:00+02:00",
    "currency": "UAH",
    "user_id": "42",
}


def sent(**changes: Any) -> Any:
    return orjson.loads(the_call("order.changed", ORDER | changes).item)


def test_an_order_says_how_it_is_now() -> None:
    call = the_call("order.changed", ORDER | {"email": "Ann@x.com", "phone": "+380501234567"})

    assert (call.action, call.shape) == (Action.ADD_ORDERS, requests.ORDERS)
    assert (call.intent, call.repeat, call.request) == ("order.add", Repeat.KEYED, None)
    assert call.lanes == ("o:ORD-1", "u:42", "e:ann@x.com", "p:380501234567")
    assert call.marks == {"order:ORD-1"}


def test_everything_goes_out_by_the_vendors_names() -> None:
    data = {
        "email": "ann@x.com",
        "phone": "+380501234567",
        "first_name": "Ann",
        "last_name": "Smith",
        "shipping": 5,
        "discount": "0",
        "taxes": 1.5,
        "store_id": "kyiv",
        "source": "online",
        "delivery_method": "courier",
        "delivery_address": "Kyiv",
        "payment_method": "card",
        "status_description": "at the door",
        "restore_url": "https://shop.example.com/c/1",
        "additional_info": {"gift": "yes"},
        "items": [
            {
                "product_id": "sku-1",
                "quantity": "1.5",
                "name": "Tea",
                "price": 3,
                "category": "Food",
                "url": "https://shop.example.com/1",
                "image_url": "https://shop.example.com/1.png",
                "description": "Green",
            },
            {"product_id": "sku-2", "quantity": 2, "name": None},
        ],
    }

    assert sent(**data) == {
        "externalOrderId": "ORD-1",
        "externalCustomerId": "42",
        "status": "DELIVERED",
        "totalCost": 199.9,
        "date": "2026-11-24T10:00:00+02:00",
        "currency": "UAH",
        "email": "ann@x.com",
        "phone": "380501234567",
        "firstName": "Ann",
        "lastName": "Smith",
        "shipping": 5,
        "discount": 0,
        "taxes": 1.5,
        "storeId": "kyiv",
        "source": "online",
        "deliveryMethod": "courier",
        "deliveryAddress": "Kyiv",
        "paymentMethod": "card",
        "statusDescription": "at the door",
        "restoreUrl": "https://shop.example.com/c/1",
        "additionalInfo": {"gift": "yes"},
        "items": [
            {
                "externalItemId": "sku-1",
                "quantity": 1.5,
                "name": "Tea",
                "cost": 3,
                "category": "Food",
                "url": "https://shop.example.com/1",
                "imageUrl": "https://shop.example.com/1.png",
                "description": "Green",
            },
            {"externalItemId": "sku-2", "quantity": 2},
        ],
    }


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_the_vendors_spelling(status: str) -> None:
    expected = "ABANDONED_SHOPPING_CART" if status == "abandoned" else status.upper()

    assert sent(status=status)["status"] == expected


def test_a_null_is_left_out() -> None:
    assert "firstName" not in sent(first_name=None)
    assert "items" not in sent(items=None)


@given(st.decimals(0, 10**18 - 1, places=4, allow_nan=False))
def test_money_that_came_as_text_goes_out_with_all_its_digits(total: Decimal) -> None:
    item = the_call("order.changed", ORDER | {"total": f"{total:f}"}).item

    _, _, rest = item.partition(b'"totalCost":')
    assert Decimal(rest.partition(b",")[0].decode()) == total


@given(st.decimals(0, 10**9, places=3, allow_nan=False))
def test_money_that_came_as_a_number_goes_out_as_it_was(total: Decimal) -> None:
    item = the_call("order.changed", ORDER | {"total": float(total)}).item

    _, _, rest = item.partition(b'"totalCost":')
    assert Decimal(rest.partition(b",")[0].decode()) == total


@pytest.mark.parametrize(
    ("currency", "default", "expected"),
    [("UAH", "EUR", "UAH"), (None, "EUR", "EUR")],
)
def test_the_settings_name_the_currency_where_the_order_does_not(
    currency: str | None, default: str, expected: str
) -> None:
    call = the_call("order.changed", ORDER | {"currency": currency}, default_currency=default)

    assert orjson.loads(call.item)["currency"] == expected


def test_an_order_of_no_currency_is_refused() -> None:
    made = mapped("order.changed", ORDER | {"currency": None})

    assert made.calls == ()
    assert made.refusal is not None
    assert (made.refusal.reason, made.refusal.field) == ("schema.missing", "data.currency")
