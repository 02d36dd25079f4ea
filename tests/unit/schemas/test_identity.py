"""Ids, e-mails and phones: what most look like is taken as it is, and rightly so."""

import re
import string
import unicodedata
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from schemas.identity import (
    USUAL_EMAIL,
    USUAL_PHONE,
    Email,
    ItemId,
    Phone,
    Token,
    UserId,
    judge_email,
    judge_phone,
)

EMAIL, PHONE = TypeAdapter(Email), TypeAdapter(Phone)
USER_ID, ITEM_ID, TOKEN = TypeAdapter(UserId), TypeAdapter(ItemId), TypeAdapter(Token)


def faults(kind: TypeAdapter[Any], value: object, region: str | None = None) -> set[str]:
    """What is said against a value; nothing where it is taken."""
    try:
        kind.validate_python(value, strict=True, context={"phone_region": region})
    except ValidationError as error:
        return {fault["type"] for fault in error.errors(include_url=False)}
    return set()


# -- ids ------------------------------------------------------------------------------------


# Joiners of emoji, no-break space, soft hyphen, marks of direction, ends of lines and paragraphs,
# signs of private use and without a meaning yet.
INVISIBLE = [
    "\U0001f468\u200d\U0001f469",
    "a\u00a0b",
    "a\u00adb",
    "a\u200fb",
    "\u200b",
    "a\u2028b",
    "a\u2029b",
    "\ue000",
    "\u0378",
    "\uffff",
]


# Any texts hold control characters, the others few.
@given(
    st.text(min_size=1, max_size=256)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=256)
)
def test_an_id_is_any_text_but_dots_alone_without_control_characters(text: str) -> None:
    assume(text.strip())

    has_control = any(unicodedata.category(sign) == "Cc" for sign in text)
    is_good = not has_control and text not in {".", ".."}

    for kind in (USER_ID, ITEM_ID):
        assert faults(kind, text) == (set() if is_good else {"ident.id_unsafe"})


@pytest.mark.parametrize(
    "text",
    ["...", "a.", ".a", "a" * 256, "a b", "ключ", "\U0001f600", "a/b?c#d", *INVISIBLE],
)
def test_an_id_may_be_odd(text: str) -> None:
    assert faults(USER_ID, text) == faults(ITEM_ID, text) == set()


@pytest.mark.parametrize("text", [".", "..", "a" * 257, "a\n", "a\x7f", "a\x85b", "a\0"])
def test_an_id_is_neither_long_nor_dots_alone_nor_of_control_characters(text: str) -> None:
    assert faults(USER_ID, text) == faults(ITEM_ID, text) == {"ident.id_unsafe"}


@pytest.mark.parametrize("text", ["", " ", "\u00a0"])
def test_a_blank_user_id_names_nobody(text: str) -> None:
    assert faults(USER_ID, text) == {"ident.missing_contact"}


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("a" * 4096, True),
        ("fcm:a/b_c-d", True),
        ("a" * 4097, False),
        ("", False),
        (".", False),
        ("a b", False),
        ("a\n", False),
    ],
)
def test_a_token_has_no_spaces(text: str, is_good: bool) -> None:  # noqa: FBT001 - the case
    assert faults(TOKEN, text) == (set() if is_good else {"ident.id_unsafe"})


@pytest.mark.parametrize("kind", [USER_ID, ITEM_ID, TOKEN, EMAIL, PHONE])
@pytest.mark.parametrize("value", [{}, [], True])
def test_what_is_no_text_is_of_the_wrong_type(kind: TypeAdapter[Any], value: object) -> None:
    assert "string_type" in faults(kind, value)


# -- e-mails --------------------------------------------------------------------------------


WORDS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=7)
LOCAL_PARTS = st.lists(st.text("az09_+-", min_size=1, max_size=7), min_size=1, max_size=3)
LABELS = st.lists(WORDS, min_size=1, max_size=3).map("-".join)
NAMES = st.text(string.ascii_lowercase, min_size=2, max_size=3) | st.sampled_from(["info", "shop"])


@given(LOCAL_PARTS.map(".".join), st.lists(LABELS, min_size=1, max_size=2), NAMES)
def test_a_usual_address_is_what_the_library_would_return(
    local: str, labels: list[str], name: str
) -> None:
    address = f"{local}@{'.'.join(labels)}.{name}"
    assert re.fullmatch(USUAL_EMAIL, address)

    assert judge_email(address) == address
    assert EMAIL.validate_python(address) == address


@given(st.emails())
def test_any_address_is_judged_as_the_library_judges_it(address: str) -> None:
    try:
        judged: str | None = judge_email(address)
    except PydanticCustomError:
        judged = None

    try:
        taken: str | None = EMAIL.validate_python(address)
    except ValidationError:
        taken = None

    assert taken == judged


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("ann@example.com", "ann@example.com"),
        ("Ann.Smith+news@Example.COM", "Ann.Smith+news@example.com"),
        (" \u00a0ann@example.com\n", "ann@example.com"),
        ("user@почта.укр", "user@xn--80a1acny.xn--j1amh"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("Ann@shop.test", "Ann@shop.test"),
        ("ann@xn--80a1acny.xn--j1amh", "ann@xn--80a1acny.xn--j1amh"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_an_address_goes_out_in_one_spelling(address: str, sent: str) -> None:
    assert EMAIL.validate_python(address) == sent


@pytest.mark.parametrize(
    "address",
    [
        *("", "ann", "@example.com", "ann@", "ann@example", "a@b@c.com", "ann@localhost"),
        *("ann@printer.local", "ann@x.onion", "ann@x.invalid", ".ann@example.com"),
        *("ann..b@example.com", "ann@-x.com", "ann@x-.com", "ann@1.2.3.4", "анна@example.com"),
        *("a" * 65 + "@example.com", "a@" + "b" * 64 + ".com", "\uff41nn@example.com"),
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert "ident.email_invalid" in faults(EMAIL, address)


@pytest.mark.parametrize("address", ["a@xn--a.com", "a@xn--\u0301.com"])
def test_a_domain_that_is_none_in_ascii_says_so(address: str) -> None:
    assert "ident.email_idn" in faults(EMAIL, address)


# -- phones ---------------------------------------------------------------------------------


@settings(max_examples=300)
@given(st.from_regex(USUAL_PHONE, fullmatch=True).map(str.strip))
def test_a_usual_phone_is_what_the_library_would_return(phone: str) -> None:
    assert judge_phone(phone, None) == phone
    assert PHONE.validate_python(phone) == phone


@pytest.mark.parametrize(
    ("phone", "region", "sent"),
    [
        ("+380501234567", None, "+380501234567"),
        ("+380 (50) 123-45-67", None, "+380501234567"),
        (" \u00a0+380501234567 ", None, "+380501234567"),
        ("+3800501234567", None, "+380501234567"),
        ("+8613800138000", None, "+8613800138000"),
        ("0501234567", "UA", "+380501234567"),
        ("+48501234567", "UA", "+48501234567"),
    ],
)
def test_a_phone_goes_out_in_one_spelling(phone: str, region: str | None, sent: str) -> None:
    assert PHONE.validate_python(phone, context={"phone_region": region}) == sent


@pytest.mark.parametrize(
    ("phone", "region", "reason"),
    [
        ("", None, "ident.phone_ambiguous"),
        ("0501234567", None, "ident.phone_ambiguous"),
        ("380501234567", None, "ident.phone_ambiguous"),
        ("", "UA", "ident.phone_invalid"),
        ("+", None, "ident.phone_invalid"),
        ("+12", None, "ident.phone_invalid"),
        ("+1" + "0" * 20, None, "ident.phone_invalid"),
        ("+999123456789", None, "ident.phone_invalid"),
        ("+38050ABCDEFG", None, "ident.phone_invalid"),
        ("+380501234567#5", None, "ident.phone_invalid"),
        ("+٣٨٠٥٠١٢٣٤٥٦٧", None, "ident.phone_invalid"),
        ("+380" + "1" * 300, None, "ident.phone_invalid"),
    ],
)
def test_what_is_no_phone_is_refused(phone: str, region: str | None, reason: str) -> None:
    assert reason in faults(PHONE, phone, region)


@pytest.mark.parametrize("value", [380501234567, 3.80501234567e11])
def test_a_phone_that_is_a_number_is_told_to_be_a_text(value: float) -> None:
    assert "schema.type" in faults(PHONE, value)


def test_without_a_context_there_is_no_region() -> None:
    with pytest.raises(ValidationError, match="has no country"):
        PHONE.validate_python("0501234567")
