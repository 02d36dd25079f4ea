"""Money is exact from record to request."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.decode import LongNumber
from schemas.money import Currency, Money, Quantity, judge_money

MONEY, QUANTITY, CURRENCY = TypeAdapter(Money), TypeAdapter(Quantity), TypeAdapter(Currency)


def read(kind: TypeAdapter[Any], value: object) -> Any:
    return kind.validate_python(value, strict=True)


def reasons(kind: TypeAdapter[Any], value: object) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        read(kind, value)
    return {fault["type"] for fault in caught.value.errors() if "." in fault["type"]}


def exact(number: float | Decimal) -> Decimal:
    """The decimal that JSON would write."""
    return number if isinstance(number, Decimal) else Decimal(repr(number))


@given(st.decimals(0, 10**18 - 1, allow_nan=False, places=18))
def test_a_text_is_read_with_all_its_digits(number: Decimal) -> None:
    assert exact(read(MONEY, f"{number:f}")) == number


@given(st.decimals(0, 10**11, allow_nan=False, places=4))
def test_a_usual_text_is_read_as_with_care(number: Decimal) -> None:
    text = f"{number.normalize():f}"

    assert exact(read(MONEY, text)) == exact(judge_money(text)) == number


@given(st.integers(0, 10**15 - 1))
def test_an_integer_stays_one(number: int) -> None:
    assert (read(MONEY, number), type(read(MONEY, number))) == (number, int)


@given(st.floats(0, 1e15, exclude_max=True).map(lambda number: float(f"{number:.14e}")))
def test_a_fraction_stays_what_it_was(number: float) -> None:
    assert exact(read(MONEY, number)) == exact(number)


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, "0", "-0", "0.00", "-0.0", "00"])
def test_zero_is_plain_zero(zero: object) -> None:
    assert repr(read(MONEY, zero)) == "0"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("007.50", "7.50"),
        ("0.05", "0.05"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
        ("0.000000000000000001", "0.000000000000000001"),
    ],
)
def test_odd_texts_are_numbers_all_the_same(text: str, number: str) -> None:
    assert exact(read(MONEY, text)) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    [
        *(-1, -0.01, "-1", 10**18, 1e18, "1000000000000000000", "1" * 64),
        *("0.0000000000000000001", 1234567890123456, LongNumber("0.30000000000000004")),
    ],
)
def test_what_is_out_of_range_is_refused(value: object) -> None:
    assert reasons(MONEY, value) == {"schema.range"}
    assert reasons(QUANTITY, value) == {"schema.range"}


@pytest.mark.parametrize(
    "value", ["", "a", "1,5", "1e5", " 1", "1.", ".5", "+1", "\u0661", "NaN", True, None, {}, ["1"]]
)
def test_what_is_no_number_is_refused(value: object) -> None:
    assert reasons(MONEY, value) == {"schema.type"}
    assert reasons(QUANTITY, value) == {"schema.type"}


def test_an_integer_with_few_digits_may_be_large() -> None:
    assert read(MONEY, 10**17) == 10**17
    assert read(MONEY, 1e17) == 1e17
    assert read(MONEY, 1234567890123450) == 1234567890123450


@pytest.mark.parametrize("zero", [0, 0.0, "0", "0.00"])
def test_a_quantity_is_above_zero(zero: object) -> None:
    assert reasons(QUANTITY, zero) == {"schema.range"}


@pytest.mark.parametrize("value", [1, 0.5, "0.001", "12345678901234567.5"])
def test_a_quantity_is_exact_as_well(value: Any) -> None:
    assert exact(read(QUANTITY, value)) == Decimal(str(value))


@pytest.mark.parametrize("code", ["UAH", "USD", "EUR"])
def test_a_currency_is_a_known_one(code: str) -> None:
    assert read(CURRENCY, code) == code


@pytest.mark.parametrize("code", ["", "uah", "XXX", "XTS", "ABC", "UA", "Hryvnia"])
def test_other_currencies_are_refused(code: str) -> None:
    assert reasons(CURRENCY, code) == {"schema.enum"}
