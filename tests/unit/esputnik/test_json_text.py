from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esputnik.json_text import json_text, segment

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_a_decimal_is_a_number_with_all_its_digits(number: Decimal) -> None:
    assert Decimal(json_text([number]).decode()[1:-1]) == number


def test_text_is_compact_utf_8() -> None:
    assert json_text({"a": ["я", None, True, 1.5]}) == '{"a":["я",null,true,1.5]}'.encode()


def test_what_json_has_no_form_for_is_a_mistake_that_names_its_kind() -> None:
    with pytest.raises(orjson.JSONEncodeError) as caught:
        json_text({"a": {1}})

    assert "no JSON for set" in str(caught.value.__cause__)


@given(TEXTS.filter(lambda text: text not in {".", ".."}))
def test_a_segment_is_one_step_of_a_path(text: str) -> None:
    made = segment(text)

    assert made.isascii()
    assert not set(made) & set("/?#\\ \n")
    assert made not in {"", ".", ".."}


def test_a_number_is_a_segment() -> None:
    assert segment(42) == "42"


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_what_would_change_the_path_is_no_segment(text: str) -> None:
    with pytest.raises(ValueError, match="neither empty nor dots alone"):
        segment(text)
