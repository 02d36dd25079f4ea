import pytest
import typer

from bench.checks import among, listed, numbers


def test_a_comma_list_is_taken_without_its_spaces() -> None:
    assert listed(" cut, item ,,whole") == ["cut", "item", "whole"]


@pytest.mark.parametrize("text", ["", "cut", "whole, cut"])
def test_a_list_of_what_there_is_is_taken_as_it_is(text: str) -> None:
    assert among(("cut", "item", "whole"))(text) == text


def test_a_name_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(typer.BadParameter, match="there is no cat; choose of cut, item"):
        among(("cut", "item"))("cut,cat")


def test_numbers_from_0_are_taken() -> None:
    assert numbers("0, 50,0.5") == "0, 50,0.5"


@pytest.mark.parametrize("text", ["x", "0,-1", "nan", "inf", "5ms"])
def test_what_is_no_number_from_0_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no number from 0"):
        numbers(text)
