"""Orders."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.base import Data
from schemas.contacts import Person
from schemas.identity import ItemId
from schemas.money import Currency, Money, Quantity
from schemas.problem import Problem
from schemas.text import LongText, MediumText, ShortText, Url
from schemas.times import read_moment

MAX_ITEMS = 1000
MAX_EXTRAS = 100

Status = Literal["initialized", "in_progress", "delivered", "cancelled", "abandoned"]


def _moment(value: str) -> str:
    moment = read_moment(value)
    if isinstance(moment, Problem):
        raise PydanticCustomError(moment.reason, moment.detail)
    return value


Moment = Annotated[str, AfterValidator(_moment)]
"""RFC 3339 with an offset, passed on as it came."""


class OrderItem(Data):
    """One line of an order."""

    product_id: ItemId
    quantity: Quantity
    name: MediumText | None = None
    price: Money | None = None
    category: MediumText | None = None
    url: Url | None = None
    image_url: Url | None = None
    description: LongText | None = None


class OrderChanged(Person):
    """An order as it is now."""

    order_id: ItemId
    status: Status
    total: Money
    date: Moment
    currency: Currency | None = None
    first_name: ShortText | None = None
    last_name: ShortText | None = None
    shipping: Money | None = None
    discount: Money | None = None
    taxes: Money | None = None
    store_id: ItemId | None = None
    source: ShortText | None = None
    delivery_method: MediumText | None = None
    delivery_address: MediumText | None = None
    payment_method: MediumText | None = None
    status_description: MediumText | None = None
    restore_url: Url | None = None
    additional_info: Annotated[dict[str, MediumText], Field(max_length=MAX_EXTRAS)] | None = None
    items: Annotated[list[OrderItem], Field(max_length=MAX_ITEMS)] | None = None
