"""Orders."""

from typing import Annotated, Literal, Required

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.contacts import CHANNELS, PERSON, Person
from schemas.described import described
from schemas.identity import ItemId
from schemas.model import Model
from schemas.money import Currency, Money, Quantity
from schemas.patterns import usual_text
from schemas.problem import Problem
from schemas.text import LongText, MediumText, ShortText, Url
from schemas.times import USUAL, read_moment

MAX_ITEMS = 1000
MAX_EXTRAS = 100

Status = Literal["initialized", "in_progress", "delivered", "cancelled", "abandoned"]


def judge_moment(value: str) -> str:
    """Return a time as it came, but for the letters that RFC 3339 takes small and eSputnik not."""
    moment = read_moment(value)
    if isinstance(moment, Problem):
        raise PydanticCustomError(moment.reason, moment.detail)
    return value.upper().replace(" ", "T")


Moment = Annotated[
    str,
    AfterValidator(judge_moment),
    usual_text(f"^{USUAL}$"),
    described("RFC 3339 with an offset", format="date-time"),
]
"""RFC 3339 with an offset, passed on as it came."""


class OrderItem(TypedDict, total=False):
    """One line of an order."""

    product_id: Required[ItemId]
    quantity: Required[Quantity]
    name: MediumText | None
    price: Money | None
    category: MediumText | None
    url: Url | None
    image_url: Url | None
    description: LongText | None


class OrderChanged(Person, total=False):
    """The current state of an order."""

    order_id: Required[ItemId]
    status: Required[Status]
    total: Required[Money]
    date: Required[Moment]
    currency: Currency | None
    first_name: ShortText | None
    last_name: ShortText | None
    shipping: Money | None
    discount: Money | None
    taxes: Money | None
    store_id: ItemId | None
    source: ShortText | None
    delivery_method: MediumText | None
    delivery_address: MediumText | None
    payment_method: MediumText | None
    status_description: MediumText | None
    restore_url: Url | None
    additional_info: Annotated[dict[str, MediumText], Field(max_length=MAX_EXTRAS)] | None
    items: Annotated[list[OrderItem], Field(max_length=MAX_ITEMS)] | None


ORDER_CHANGED = Model(OrderChanged, someone=PERSON, may_fall=CHANNELS, parts=("items",))
