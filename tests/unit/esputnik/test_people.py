"""Whom a look-up found."""

from typing import Any

import orjson
import pytest

from esputnik import requests
from esputnik.outcome import Answer
from esputnik.people import found_contact, found_contacts, hides_some, subscription_keys
from esputnik.requests.contacts import MAX_ROWS


def an_answer(body: object) -> Answer:
    return Answer(status=200, body=orjson.dumps(body))


def a_person(number: object = 7, *channels: tuple[str, str], **more: Any) -> dict[str, Any]:
    told = [{"type": kind, "value": value} for kind, value in channels]
    return {"id": number, "channels": told} | more


ANN = a_person("7", ("sms", "380671"), ("email", "Ann@x.com"))


def test_an_address_is_compared_whole_and_whatever_its_case() -> None:
    request = requests.find_contact(email="ANN@x.com")
    near = a_person(6, ("email", "joann@x.com"))

    assert found_contact(request, an_answer([near, ANN])) == {"id": "7", "email": "Ann@x.com"}
    assert found_contact(request, an_answer([near])) is None


def test_a_phone_is_compared_by_its_digits() -> None:
    request = requests.find_contact(phone="380671")

    assert found_contact(request, an_answer(a_person(7, ("sms", "+380 671")))) == {"id": "7"}
    assert found_contact(request, an_answer(a_person(7, ("sms", "3806712")))) is None
    assert found_contact(request, an_answer(a_person(7, ("email", "380671")))) is None


def test_a_user_id_need_not_be_told_again_but_must_be_the_one() -> None:
    request = requests.find_contact(user_id="u1")

    assert found_contact(request, an_answer([a_person(7)])) == {"id": "7"}
    assert found_contact(request, an_answer([a_person(7, externalCustomerId="u1")])) == {"id": "7"}
    assert found_contact(request, an_answer([a_person(7, externalCustomerId="u2")])) is None


def test_of_several_the_first_counts_and_one_without_an_id_is_nobody() -> None:
    request = requests.find_contact(email="a@x.com")
    people = [a_person(number, ("email", "a@x.com")) for number in (0, 8, 9)]

    assert found_contact(request, an_answer(people)) == {"id": "8", "email": "a@x.com"}


@pytest.mark.parametrize(
    "body", [{}, "nobody", [7], {"results": []}, {"contacts": [ANN]}, [ANN, {"externalId": 7}]]
)
def test_what_is_no_list_of_contacts_is_not_taken_for_an_empty_one(body: object) -> None:
    assert found_contacts(an_answer(body)) is None


@pytest.mark.parametrize(("rows", "hides"), [(0, False), (MAX_ROWS - 1, False), (MAX_ROWS, True)])
def test_a_full_answer_may_hide_more(rows: int, *, hides: bool) -> None:
    answer = an_answer([a_person(number + 1) for number in range(rows)])

    assert hides_some(answer) is hides


@pytest.mark.parametrize("body", [[], {}, "nobody", [7], None, {"id": 7, "channels": "x"}])
def test_nobody_is_found_in_what_tells_of_nobody(body: object) -> None:
    assert found_contact(requests.find_contact(email="a@x.com"), an_answer(body)) is None


def test_a_request_that_names_nobody_finds_nobody() -> None:
    assert found_contact(requests.groups(), an_answer([ANN])) is None


def test_a_bare_channel_is_read() -> None:
    person = {"id": 7, "channels": {"type": "email", "value": "a@x.com"}}

    found = found_contact(requests.find_contact(email="a@x.com"), an_answer(person))

    assert found == {"id": "7", "email": "a@x.com"}


def test_categories_are_told_sorted_and_once() -> None:
    body = [{"key": "b"}, {"key": "a"}, {"key": "b"}]

    assert subscription_keys(an_answer(body)) == {"subscriptions": '["a","b"]'}
    assert subscription_keys(an_answer({"key": "a"})) == {"subscriptions": '["a"]'}
    assert subscription_keys(an_answer([])) == {"subscriptions": "[]"}


@pytest.mark.parametrize(
    "body",
    [
        "none",
        {},
        {"results": [{"key": "promo"}]},
        {"subscriptions": ["news", "promo"]},
        [{"id": 1, "name": "News"}],
        [{"key": "news"}, {"id": 1}],
        [{"key": "news"}, {"key": ""}],
        [{"key": "news"}, "promo"],
    ],
)
def test_categories_that_are_not_understood_are_not_none(body: object) -> None:
    assert subscription_keys(an_answer(body)) is None
