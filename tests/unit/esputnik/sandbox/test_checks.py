"""The forms of addresses and names."""

import pytest

from esputnik.sandbox.checks import is_email, is_name, is_phone


@pytest.mark.parametrize(
    "text", ["a@b.com", "A.B+c@sub.example.co.uk", "o'connor@example.com", "user@xn--80a.xn--j1amh"]
)
def test_addresses_are_taken(text: str) -> None:
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    ["", "ann", "ann@", "@b.com", "ann@b", "a n@b.com", "a@b..com", "a@@b.com", "a@b.com,c@d.com"],
)
def test_what_is_no_address_is_not(text: str) -> None:
    assert not is_email(text)


@pytest.mark.parametrize("text", ["380671234567", "+380671234567", "12345", "123456789012345"])
def test_phones_are_digits(text: str) -> None:
    assert is_phone(text)


@pytest.mark.parametrize(
    "text", ["", "1234", "1234567890123456", "380 67 1234567", "+380-67", "phone", "+", "٣٨٠٦٧١٢٣"]
)
def test_what_is_no_phone_is_not(text: str) -> None:
    assert not is_phone(text)


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "Олена-Марія",
        "O'Connor",
        "D’Arcy",  # noqa: RUF001 - as it is typed
        "Zoe\u0308",  # an accent of its own
        "हिन्दी",
        "Dr. Ann",
        "Ann 2",
        "Anna Bella Carla",
        "de la O Anna",
        "x" * 40,
    ],
)
def test_names_are_taken(name: str) -> None:
    assert is_name(name, any_words=False)


@pytest.mark.parametrize(
    "name",
    [
        "x" * 41,
        "12",
        "Ann1234",
        "-Ann",
        "Ann'",
        "Anna.",
        "A.B.",
        ".",
        "Ann_Lee",
        "Ann <b>",
        "Anna Bella Carla Donna",
        "a b c d",
        "'",
    ],
)
def test_what_is_no_name_is_not(name: str) -> None:
    assert not is_name(name, any_words=False)


def test_a_last_name_may_have_any_number_of_words() -> None:
    assert is_name("Anna Bella Carla Donna", any_words=True)
    assert is_name("a b c d", any_words=True)
    assert not is_name("Anna Bella -", any_words=True)
