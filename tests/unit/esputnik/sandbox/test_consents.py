"""The list of unsubscribed addresses, categories, double opt-in."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import (
    Asker,
    a_contact,
    an_account,
    channels_of,
    refusal,
    told,
)

ADD, REMOVE = "/v1/emails/unsubscribed/add", "/v1/emails/unsubscribed/delete"


def test_addresses_go_on_the_list_whoever_has_them() -> None:
    asker = an_account()

    answer = asker.post(ADD, {"emails": ["B@example.com", "a@example.com", "a@EXAMPLE.com"]})

    assert (answer.status, answer.body) == (200, b"")
    assert asker.state("unsubscribed") == ["a@example.com", "b@example.com"]
    assert asker.post(ADD, {"emails": ["a@example.com"]}).status == 200


def test_addresses_leave_the_list() -> None:
    asker = an_account()
    asker.post(ADD, {"emails": ["a@example.com", "b@example.com"]})

    answer = asker.post(REMOVE, {"emails": ["A@example.com", "c@example.com"]})

    assert (answer.status, answer.body) == (200, b"")
    assert asker.state("unsubscribed") == ["b@example.com"]


@pytest.mark.parametrize(
    ("emails", "message"),
    [
        ([], "emails must not be empty"),
        (None, "emails must not be empty"),
        ("a@b.com", "emails must be a list of texts"),
        (["a@b.com", None], "emails must be a list of texts"),
        (["a@b.com", "ann"], "emails holds an address that is not valid"),
        (["a@b.com"] * 3001, "emails: at most 3000 are allowed in a request"),
    ],
)
@pytest.mark.parametrize("path", [ADD, REMOVE])
def test_a_change_of_the_list_that_is_none_is_refused_whole(
    path: str, emails: Any, message: str
) -> None:
    asker = an_account()

    assert refusal(asker.post(path, {"emails": emails})) == (400, message)
    assert asker.state("unsubscribed") == []


def test_the_list_may_be_changed_by_any_number_of_addresses() -> None:
    assert an_account(max_emails=None).post(ADD, {"emails": ["a@b.com"] * 3001}).status == 200
    limited = an_account(max_emails=1, oversized_status=413)
    assert limited.post(ADD, {"emails": ["a@b.com"] * 2}).status == 413


def test_an_address_that_is_none_is_passed_over_where_that_is_switched_on() -> None:
    asker = an_account(bad_email="skip")

    assert asker.post(ADD, {"emails": ["a@b.com", "ann"]}).status == 200
    assert asker.state("unsubscribed") == ["a@b.com"]


def test_strangers_do_not_go_on_the_list_where_that_is_switched_off() -> None:
    asker = an_account(unsubscribe_strangers=False)
    asker.add()

    asker.post(ADD, {"emails": ["ann@example.com", "bob@example.com"]})

    assert asker.state("unsubscribed") == ["ann@example.com"]


# -- categories -----------------------------------------------------------------------------


def subscribed(asker: Asker, number: int, *keys: str) -> Any:
    path = f"/v1/contact/{number}/subscriptions"
    answer = asker.put(path, {"subscriptions": list(keys)})
    assert refusal(answer) == (
        200,
        f"Subscriptions of contact with id='{number}' have been updated",
    )
    return told(asker.get(path))


def test_one_category_comes_as_a_bare_object_and_more_as_a_list() -> None:
    asker = an_account()
    number = asker.add()

    assert told(asker.get(f"/v1/contact/{number}/subscriptions")) == []
    assert subscribed(asker, number, "news") == {
        "id": 101,
        "key": "news",
        "groupId": 101,
        "name": "news",
    }
    assert [one["key"] for one in subscribed(asker, number, "sale", "news")] == ["news", "sale"]
    assert asker.contacts()[0]["subscriptions"] == ["news", "sale"]


def test_setting_categories_replaces_those_held() -> None:
    asker = an_account()
    number = asker.add()
    subscribed(asker, number, "news", "sale")

    assert subscribed(asker, number, "sale")["key"] == "sale"
    assert [one["name"] for one in asker.contact(number)["groups"]] == ["sale"]
    assert subscribed(asker, number) == []


def test_setting_categories_adds_to_those_held_where_that_is_switched_on() -> None:
    asker = an_account(replace_subscriptions=False)
    number = asker.add()
    subscribed(asker, number, "news")

    assert [one["key"] for one in subscribed(asker, number, "sale")] == ["news", "sale"]


def test_a_category_has_a_segment_of_its_name() -> None:
    asker = an_account()
    asker.account.use_segments([{"id": 7, "name": "news"}])
    number = asker.add()

    assert subscribed(asker, number, "news")["groupId"] == 7
    assert told(asker.get("/v1/subscriptions")) == [
        {"id": 7, "key": "news", "groupId": 7, "name": "news"}
    ]


def test_a_category_nobody_made_is_refused_where_that_is_switched_on() -> None:
    asker = an_account()
    number = asker.add()
    subscribed(asker, number, "news")
    asker.account.change_switches({"unknown_category": "400"})
    path = f"/v1/contact/{number}/subscriptions"

    refused = asker.put(path, {"subscriptions": ["sale"]})

    assert refusal(refused) == (400, "subscriptions names an unknown category")
    assert told(asker.get(path))["key"] == "news"


@pytest.mark.parametrize("body", [{}, {"subscriptions": "news"}, {"subscriptions": [""]}])
def test_categories_are_a_list_of_keys(body: Any) -> None:
    asker = an_account()
    refused = asker.put(f"/v1/contact/{asker.add()}/subscriptions", body)

    assert refusal(refused) == (400, "subscriptions must be a list of texts")


def test_the_categories_of_nobody_are_not_found() -> None:
    asker = an_account()

    assert asker.get("/v1/contact/7/subscriptions").status == 404
    assert asker.put("/v1/contact/7/subscriptions", {"subscriptions": []}).status == 404


# -- double opt-in --------------------------------------------------------------------------


def subscribe(asker: Asker, contact: Any, **more: Any) -> Any:
    asker.now += 100
    return told(asker.post("/v1/contact/subscribe", {"contact": contact} | more))


def test_a_new_subscriber_is_yet_to_be_confirmed() -> None:
    asker = an_account()

    said = subscribe(asker, a_contact(firstName="Ann"), groups=["News"], subscriptions=["sale"])

    (contact,) = asker.contacts()
    assert said == {"id": contact["id"], "emailStatus": "NEED_CONFIRMATION", "new": True}
    assert (contact["confirmed"], contact["firstName"]) == (False, "Ann")
    assert [one["name"] for one in contact["groups"]] == ["sale", "News"]
    assert contact["subscriptions"] == ["sale"]
    assert asker.state("events_raised") == {"subscribeFromApi": 1}


def test_a_known_subscriber_keeps_the_channels_it_has() -> None:
    asker = an_account()
    number = asker.add(phone="380671234567")

    said = subscribe(
        asker,
        a_contact("ann@example.com", "380679999999", firstName="Ann", user_id="u-1")
        | {
            "channels": [
                *a_contact(phone="380679999999")["channels"],
                {"type": "widget", "value": "w"},
            ]
        },
        formType="footer",
    )

    contact = asker.contact(number)
    assert said == {"id": number, "emailStatus": "ALREADY_SUBSCRIBED", "new": False}
    assert (channels_of(contact, "sms"), channels_of(contact, "widget")) == (
        ["380671234567"],
        ["w"],
    )
    assert (contact["firstName"], contact["externalCustomerId"]) == ("Ann", "u-1")
    assert asker.state("events_raised") == {"subscribeUpdateFromApi-footer": 1}


def test_an_unconfirmed_subscriber_stays_so() -> None:
    asker = an_account()
    subscribe(asker, a_contact())

    assert subscribe(asker, a_contact())["emailStatus"] == "NEED_CONFIRMATION"


def test_a_subscriber_keeps_the_categories_it_had() -> None:
    asker = an_account()
    subscribe(asker, a_contact(), subscriptions=["news"])

    subscribe(asker, a_contact(), subscriptions=["sale"])

    assert asker.contacts()[0]["subscriptions"] == ["news", "sale"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "channels must not be empty"),
        ({"contact": []}, "channels must not be empty"),
        ({"contact": a_contact("ann")}, "'ann' is not valid email"),
        ({"contact": a_contact(), "groups": "x"}, "groups must be a list of texts"),
        ({"contact": a_contact(), "subscriptions": {}, "formType": "a/b"}, "formType holds a forb"),
        ({"contact": a_contact(), "formType": "x" * 101}, "formType must have 1 to 100"),
    ],
)
def test_a_subscription_that_is_none_is_refused(body: Any, message: str) -> None:
    asker = an_account()

    status, text = refusal(asker.post("/v1/contact/subscribe", body))

    assert status == 400
    assert text.startswith(message)
    assert asker.contacts() == []
