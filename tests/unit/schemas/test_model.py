"""A model reads data by their own names, or by others."""

from typing import Any

import pytest

from handlers.orders import MODEL as RENAMED
from schemas.base import Valid, validate
from schemas.messages import MESSAGE_REQUESTED, MessageRequested
from schemas.orders import ORDER_CHANGED
from schemas.problem import Problem

ITEM: dict[str, Any] = {"product_id": "p", "quantity": 1}
ORDER: dict[str, Any] = {
    "order_id": "o",
    "status": "delivered",
    "total": 1,
    "date": "2026-11-24T10:00:00Z",
    "user_id": "42",
    "items": [ITEM | {"price": "2.50"}, ITEM | {"name": None}],
}


def test_fields_come_out_by_other_names_and_nothing_else_changes() -> None:
    found = validate(RENAMED, ORDER)

    assert found == Valid(
        {
            "externalOrderId": "o",
            "status": "delivered",
            "totalCost": 1,
            "date": "2026-11-24T10:00:00Z",
            "externalCustomerId": "42",
            "items": [
                {"externalItemId": "p", "quantity": 1, "cost": 2.5},
                {"externalItemId": "p", "quantity": 1, "name": None},
            ],
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"total": -1},
        {"status": None},
        {"user_id": None},
        {"user_id": None, "email": "ann"},
        {"items": [ITEM, ITEM | {"quantity": 0}]},
        {"items": [{}]},
        {"totalCost": 5},
        {"externalOrderId": "o", "order_id": "."},
    ],
)
def test_faults_and_unknown_fields_have_the_names_that_were_sent(changes: dict[str, Any]) -> None:
    for strict in (False, True):
        told, plainly = (
            validate(one, ORDER | changes, strict=strict) for one in (RENAMED, ORDER_CHANGED)
        )

        if isinstance(plainly, Problem):
            assert told == plainly
        else:
            assert isinstance(told, Valid)
            assert (told.ignored, told.dropped) == (plainly.ignored, plainly.dropped)


def test_what_is_unknown_within_a_part_is_found_under_other_names_too() -> None:
    items = [ITEM, ITEM | {"cost": 1, "x": 2}]

    found = validate(RENAMED, ORDER | {"items": items, "phone": "12", "y": 1})

    assert isinstance(found, Valid)
    assert set(found.ignored) == {"items.1.cost", "items.1.x", "y"}
    assert found.dropped == ("phone",)


def test_a_renamed_model_has_the_schema_of_its_own_names() -> None:
    assert RENAMED.json_schema() == ORDER_CHANGED.json_schema()


def test_the_model_itself_stays_as_it_was() -> None:
    found = validate(ORDER_CHANGED, ORDER)

    assert isinstance(found, Valid)
    assert set(found.data) == set(ORDER)


def test_a_model_with_a_check_between_fields_keeps_its_names() -> None:
    with pytest.raises(ValueError, match="by their own names"):
        MESSAGE_REQUESTED.renamed({MessageRequested: {}})
