"""Money and quantities: decimal from record to request, never rounded."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from iso4217 import Currency as Iso4217
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from schemas.decode import EXACT_DIGITS, LongNumber, significant_digits

_TEXT = re.compile(r"-?\d{1,20}(?:\.\d{1,18})?", re.ASCII)
_LARGEST = Decimal(10) ** 18
_NO_CURRENCIES = frozenset({"XXX", "XTS"})


def _decimal(value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
    """Return a number or a text of digits as the Decimal it spells."""
    match value:
        case LongNumber():
            raise _too_long()
        case bool():
            raise PydanticCustomError("schema.type", "is true or false; send a number")
        case int() | float():
            return _from_number(value)
        case str() if _TEXT.fullmatch(value):
            return Decimal(value)
        case str():
            raise PydanticCustomError("schema.type", "is no decimal number such as 19.90")
        case _:
            return value


def _from_number(value: float) -> Decimal:
    spelled = repr(value)
    if significant_digits(spelled) > EXACT_DIGITS:
        raise _too_long()
    return Decimal(spelled)


def _too_long() -> PydanticCustomError:
    return PydanticCustomError(
        "schema.range", "has more than 15 significant digits; send it as a string"
    )


def _bounded(value: Decimal) -> Decimal:
    if not abs(value) < _LARGEST:
        raise PydanticCustomError("schema.range", "is too large")
    return value or abs(value)  # minus zero is zero


@lru_cache(maxsize=256)
def _currency(value: str) -> str:
    try:
        known = Iso4217(value)
    except ValueError:
        known = None
    if known is None or value in _NO_CURRENCIES or value != value.upper():
        raise PydanticCustomError("schema.enum", "is no ISO 4217 code such as UAH")
    return value


_Exact = Annotated[Decimal, BeforeValidator(_decimal), AfterValidator(_bounded)]

Money = Annotated[_Exact, Field(ge=0)]
"""An amount, 0 or more: a number of up to 15 significant digits, or a string for more."""

Quantity = Annotated[_Exact, Field(gt=0)]
"""How many, above 0."""

Currency = Annotated[str, AfterValidator(_currency)]
"""An ISO 4217 code, upper-case."""
