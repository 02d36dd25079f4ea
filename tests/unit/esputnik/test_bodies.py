"""The odd JSON of an API that was XML once."""

from typing import Any

import pytest

from esputnik.bodies import (
    UNREADABLE,
    document,
    id_in,
    is_page,
    object_in,
    one_or_many,
    text_in,
)
from esputnik.outcome import Answer


def an_answer(body: bytes, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=200, body=body, headers=named)


@pytest.mark.parametrize(
    ("body", "found"),
    [(b'{"a":1}', {"a": 1}), (b"[1]", [1]), (b'"t"', "t"), (b"null", None), (b" 7 ", 7)],
)
def test_json_is_read(body: bytes, found: object) -> None:
    assert document(an_answer(body)) == found


@pytest.mark.parametrize(
    "body",
    [b"", b"OK", b"{", b"NaN", b'{"a":NaN}', b"\xef\xbb\xbf{}", b'"\xff"', b"[" * 100_000],
)
def test_what_is_no_json_is_unreadable(body: bytes) -> None:
    assert document(an_answer(body)) is UNREADABLE
    assert object_in(an_answer(body)) is None


@pytest.mark.parametrize("body", [b"[{}]", b"null", b'"{}"', b"7"])
def test_only_an_object_is_an_object(body: bytes) -> None:
    assert object_in(an_answer(body)) is None
    assert object_in(an_answer(b"{}")) == {}


@pytest.mark.parametrize(
    ("value", "many"),
    [
        ([{"a": 1}, {}], [{"a": 1}, {}]),
        ({"a": 1}, [{"a": 1}]),
        ([], []),
        (None, ()),
        ("", ()),
        ("x", None),
        (7, None),
        ([{}, 1], None),
        ([[{}]], None),
    ],
)
def test_a_list_of_one_may_be_bare_and_an_empty_one_absent(value: Any, many: Any) -> None:
    assert one_or_many(value) == many


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (" a ", "a"),
        (7, "7"),
        (1.5, "1.5"),
        (0, "0"),
        (None, ""),
        (True, ""),
        (False, ""),
        ([], ""),
        ({}, ""),
        (["a"], ""),
    ],
)
def test_numbers_may_be_texts(value: Any, text: str) -> None:
    assert text_in(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [("95", "95"), (95, "95"), (0, ""), ("0", ""), (None, "")]
)
def test_an_id_of_0_is_none(value: Any, text: str) -> None:
    assert id_in(value) == text


@pytest.mark.parametrize(
    "answer",
    [
        an_answer(b"<html>"),
        an_answer(b" \n<!DOCTYPE html>"),
        an_answer(b"{}", content_type="text/html; charset=utf-8"),
    ],
)
def test_a_page_for_people_is_one(answer: Answer) -> None:
    assert is_page(answer)


def test_json_and_texts_are_no_page() -> None:
    assert not is_page(an_answer(b"{}", content_type="application/json"))
    assert not is_page(an_answer(b"Contacts were attached", content_type="text/plain"))
    assert not is_page(an_answer(b""))
