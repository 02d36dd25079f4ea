"""Money and quantities: exact from record to request, never rounded."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from iso4217 import Currency as Iso4217
from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as core

from schemas.decode import EXACT_DIGITS, LongNumber, significant_digits
from schemas.described import described
from schemas.patterns import Usually

Exact = int | float | Decimal
"""A number that holds all the digits that were sent: a float up to 15, a Decimal more of them."""

_TEXT = re.compile(r"-?\d{1,64}(?:\.(\d{1,64}))?", re.ASCII)
_MOST_PLACES = 18
_BELOW = 10**18
_FEW_DIGITS = 10**EXACT_DIGITS  # any whole number below has few enough
_USUALLY = Usually(
    core.no_info_after_validator_function(
        float, core.str_schema(pattern=r"^[1-9][0-9]{0,10}(?:\.[0-9]{1,4})?$")
    ),
    core.int_schema(gt=0, lt=_FEW_DIGITS),
    core.float_schema(gt=0, lt=_FEW_DIGITS),
)
_NO_CURRENCIES = frozenset({"XXX", "XTS"})


def judge_money(value: Any) -> Exact:  # noqa: ANN401 - whatever JSON held
    """Return an amount, 0 or more."""
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    if isinstance(value, LongNumber):
        raise _too_long()
    raise PydanticCustomError("schema.type", "is not a number; send a number or a decimal string")


def judge_quantity(value: Any) -> Exact:  # noqa: ANN401 - whatever JSON held
    """Return how many, above 0."""
    exact = judge_money(value)
    if not exact:
        raise _out_of_range()
    return exact


def _from_number(value: float) -> Exact:
    # Fractions with more digits are no floats any more: see `LongNumber`.
    if isinstance(value, int) and significant_digits(str(value)) > EXACT_DIGITS:
        raise _too_long()
    return _in_range(value)


def _from_text(value: str) -> Exact:
    found = _TEXT.fullmatch(value)
    if found is None:
        raise PydanticCustomError("schema.type", "is not a decimal number such as 19.90")
    if len(found[1] or "") > _MOST_PLACES:
        raise _out_of_range()
    return _in_range(Decimal(value))


def _in_range(number: Exact) -> Exact:
    if not 0 <= number < _BELOW:
        raise _out_of_range()
    return number or 0  # minus zero is zero


def _too_long() -> PydanticCustomError:
    return PydanticCustomError(
        "schema.range", "has more than 15 significant digits; send it as a string"
    )


def _out_of_range() -> PydanticCustomError:
    return PydanticCustomError("schema.range", "is out of range")


@lru_cache(maxsize=256)
def _currency(value: str) -> str:
    try:
        known = Iso4217(value)
    except ValueError:
        known = None
    if known is None or value in _NO_CURRENCIES or value != value.upper():
        raise PydanticCustomError("schema.enum", "is not an ISO 4217 code such as UAH")
    return value


def _is_number(description: str, **limit: int) -> WithJsonSchema:
    number = {"type": "number", "exclusiveMaximum": _BELOW, **limit}
    text = {"type": "string", "pattern": r"^\d{1,18}(\.\d{1,18})?$"}
    return WithJsonSchema({"anyOf": [number, text], "description": description})


Money = Annotated[
    Any,
    AfterValidator(judge_money),
    _USUALLY,
    _is_number("a number, 0 or more; one of over 15 digits as a string", minimum=0),
]
"""An amount, 0 or more: a number of up to 15 significant digits, or a string for more."""

Quantity = Annotated[
    Any,
    AfterValidator(judge_quantity),
    _USUALLY,
    _is_number("a number above 0; one of over 15 digits as a string", exclusiveMinimum=0),
]
"""How many, above 0; of the same digits."""

Currency = Annotated[
    str,
    AfterValidator(_currency),
    described("an ISO 4217 code such as `UAH`", pattern="^[A-Z]{3}$"),
]
"""An ISO 4217 code, upper-case."""
