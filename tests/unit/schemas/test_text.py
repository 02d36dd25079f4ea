"""Texts within what eSputnik takes: what most look like is taken as it is, and rightly so."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.text import (
    LINE_BREAKS,
    LONGEST_NAME,
    USUAL_NAME,
    USUAL_URL,
    FirstName,
    Language,
    LastName,
    LongText,
    MediumText,
    SecureUrl,
    ShortText,
    TimeZone,
    Title,
    Url,
    has_control,
    judge_name,
    judge_url,
)

FIRST, LAST, URL = TypeAdapter(FirstName), TypeAdapter(LastName), TypeAdapter(Url)


CONTROL = "string_pattern_mismatch"  # as pydantic has it; `validate` says text.control


def faults(kind: Any, value: object) -> set[str]:
    """What is said against a value; nothing where it is taken."""
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        return {fault["type"] for fault in error.errors(include_url=False)}
    return set()


# -- texts ----------------------------------------------------------------------------------


@given(st.text(max_size=255))
def test_a_text_holds_anything_but_control_characters(text: str) -> None:
    bad = has_control(text, LINE_BREAKS)

    assert faults(ShortText, text) == ({CONTROL} if bad else set())


@pytest.mark.parametrize(
    "sign", ["\0", "\x0b", "\x1b", "\x7f", "\x85", "\u202e", "\u2066", "\u200f"]
)
def test_control_characters_are_refused_wherever_they_stand(sign: str) -> None:
    for text in (sign, f"a{sign}", f"{sign}a", f"я{sign}я"):
        assert faults(ShortText, text) == {CONTROL}
        assert has_control(text, LINE_BREAKS)


@pytest.mark.parametrize("text", ["", "a\tb\r\nc", "Знижка — 20 %", "\U0001f600", "=cmd()", "<b>"])
def test_line_breaks_and_other_scripts_are_texts(text: str) -> None:
    assert faults(MediumText, text) == set()


@pytest.mark.parametrize(
    ("kind", "longest"),
    [(ShortText, 255), (MediumText, 1000), (Title, 1000), (LongText, 65_536)],
)
def test_a_text_has_its_limit_in_characters(kind: Any, longest: int) -> None:
    assert faults(kind, "я" * longest) == set()
    assert faults(kind, "я" * (longest + 1)) == {"string_too_long"}


@pytest.mark.parametrize("kind", [Title, LongText])
@pytest.mark.parametrize("text", [" ", "\n\t", "\u00a0"])
def test_a_text_that_must_say_something_is_not_blank(kind: Any, text: str) -> None:
    assert faults(kind, text) == {"schema.missing"}
    assert faults(kind, "") == {"string_too_short"}


# -- names ----------------------------------------------------------------------------------


WORDS = st.text("AnzЯїҐєЖ", min_size=1, max_size=13)


@given(WORDS, st.lists(st.tuples(st.sampled_from(" -'’"), WORDS), max_size=2))  # noqa: RUF001 - as names have it
def test_a_usual_name_breaks_no_rule(first: str, rest: list[tuple[str, str]]) -> None:
    name = (first + "".join(sign + word for sign, word in rest))[:LONGEST_NAME].strip(" -'’")  # noqa: RUF001
    assert re.fullmatch(USUAL_NAME, name)

    assert FIRST.validate_python(name) == judge_name(name, 3) == name
    assert LAST.validate_python(name) == judge_name(name, None) == name


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Ann", "Ann"),
        ("  Ann ", "Ann"),
        ("Rene\u0301", "Ren\u00e9"),
        ("О’Генрі", "О’Генрі"),  # noqa: RUF001 - a Ukrainian name
        ("Anna-Maria", "Anna-Maria"),
        ("Mr. J. Smith", "Mr. J. Smith"),
        ("Ann2", "Ann2"),
        ("Maria de la Cruz", "Maria de la Cruz"),
        ("a" * 40, "a" * 40),
    ],
)
def test_a_name_is_sent_with_its_accents_composed(name: str, sent: str) -> None:
    assert FIRST.validate_python(name) == LAST.validate_python(name) == sent


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "schema.range"),
        ("12", "schema.range"),
        ("-", "schema.range"),
        ("Ann1234", "schema.range"),
        ("Ann_Smith", "schema.range"),
        ("{{name}}", "schema.range"),
        ("'Ann'", "schema.range"),
        ("Anna-", "schema.range"),
        ("Doctor. Ann", "schema.range"),
        ("a" * 41, "text.too_long"),
        ("Ann\u202eB", "text.control"),
        ("Ann\nB", "text.control"),
    ],
)
def test_a_name_keeps_to_the_vendors_rules(name: str, reason: str) -> None:
    assert reason in faults(FirstName, name)
    assert reason in faults(LastName, name)


@pytest.mark.parametrize("name", ["Anna Maria Paula Carla", "a b c d"])
def test_a_first_name_has_few_words_and_a_last_name_as_many_as_it_likes(name: str) -> None:
    assert "schema.range" in faults(FirstName, name)
    assert faults(LastName, name) == set()


# -- languages and zones --------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["uk", "es-AR", "zh-Hant-TW"])
def test_a_language_is_a_tag_that_exists(tag: str) -> None:
    assert faults(Language, tag) == set()


@pytest.mark.parametrize("tag", ["", "xx-invalid-", "ukrainian", "uk_UA!", "a" * 36])
def test_what_is_no_language_is_refused(tag: str) -> None:
    assert faults(Language, tag) == {"schema.enum"}


def test_a_zone_is_one_of_the_database() -> None:
    assert faults(TimeZone, "Europe/Kyiv") == set()
    assert faults(TimeZone, "Europe/Atlantis") == {"schema.enum"}


# -- links ----------------------------------------------------------------------------------


LABELS = st.text("abx09-", min_size=1, max_size=5)
PATHS = st.text([chr(sign) for sign in range(0x21, 0x7F) if chr(sign) != "\\"], max_size=9)
ENDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=2) | st.sampled_from(
    ["com", "shop"]
)


@given(
    st.sampled_from("abcxyz"),
    st.lists(LABELS, min_size=1, max_size=3),
    ENDS,
    st.just("") | st.builds("".join, st.tuples(st.sampled_from("/?#"), PATHS)),
)
def test_a_usual_link_is_a_public_one(first: str, labels: list[str], end: str, path: str) -> None:
    url = f"https://{first}{'.'.join(labels)}.{end}{path}"
    assert re.fullmatch(USUAL_URL, url)

    assert URL.validate_python(url) == judge_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com",
        "http://shop.example.com:8080/a?b=c#d",
        "HTTPS://Shop.Example.com/Товар",
        "https://почта.укр/a",
        "https://8.8.8.8/",
        "https://shop.example.com/a@b",
        "https://example.com./",
    ],
)
def test_a_public_link_is_passed_on(url: str) -> None:
    assert URL.validate_python(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "shop.example.com", "ftp://example.com/", "javascript:alert(1)", "https:///a"),
        *("https://u:p@example.com/", "https://u@example.com/", "https://localhost/"),
        *("https://db.internal/", "https://printer.local/", "https://nas.lan", "https://a.test/"),
        *("https://10.0.0.1/", "https://127.0.0.1/", "https://169.254.169.254/", "https://[::1]/"),
        *("https://2130706433/", "https://0x7f.1/", "https://a.1/", "https://intranet/"),
        *("https://example.com:99999/", "https://example.com:x/", "https://[a/"),
        *("https://a b.com/", "https://example.com\\@a.com/", "https://example.com/\n"),
    ],
)
def test_a_link_that_is_not_public_is_refused(url: str) -> None:
    assert "map.unsafe_url" in faults(Url, url)


def test_a_link_has_a_limit() -> None:
    assert faults(Url, "https://example.com/" + "a" * 2028) == set()
    assert "text.too_long" in faults(Url, "https://example.com/" + "a" * 2029)


def test_an_image_comes_by_https() -> None:
    assert faults(SecureUrl, "https://example.com/a.png") == set()
    assert faults(SecureUrl, "http://example.com/a.png") == {"schema.range"}
    assert faults(SecureUrl, "https://10.0.0.1/a.png") == {"map.unsafe_url"}
