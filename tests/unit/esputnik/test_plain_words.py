"""Error texts without what a person wrote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esputnik.plain_words import GAP, MAX_WORDS, plain_words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Domain can't be reached", "Domain can't be reached"),
        ("'ann@example.com' is not valid email", "… is not valid email"),
        ('The field "Ann" is required', "The field … is required"),
        ("Ann Lee is not valid", "… is not valid"),
        ("currency: 'UAH' not supported, try 'EUR'", "currency … not supported try …"),
        ("externalOrderId is required", "externalOrderId is required"),
        ("contact not found: +380671234567", "contact not found …"),
        ("OCCURRED_TIME_TOO_DEPTH", "OCCURRED_TIME_TOO_DEPTH"),
        ("", ""),
        ("   ", ""),
        ("Марія", "…"),
        ("'is not valid", "… not valid"),
        ('"unclosed is not valid', "… is not valid"),
        ("Contact Long is not valid", "Contact … is not valid"),
        ("Max is not valid", "… is not valid"),
    ],
)
def test_only_words_that_say_nothing_of_anybody_are_let_through(text: str, said: str) -> None:
    assert plain_words(text) == said


def test_a_long_text_is_cut() -> None:
    assert plain_words("is not " * 1000).split() == ["is", "not"] * (MAX_WORDS // 2)
    assert plain_words("x" * 4096 + " is not valid") == GAP


@settings(deadline=None)  # a busy machine is no fault
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_a_word_nobody_knows_never_comes_through(text: str) -> None:
    said = plain_words(f"{text} ann.lee 380671234567 Annalee {text}")

    assert not {"ann.lee", "380671234567", "Annalee"} & set(said.split())
