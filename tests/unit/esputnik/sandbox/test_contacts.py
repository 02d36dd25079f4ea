"""The calls about one contact."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import (
    a_contact,
    an_account,
    channels_of,
    refusal,
    told,
)

# -- Add Contact ----------------------------------------------------------------------------


def test_a_contact_is_kept_as_it_was_told() -> None:
    asker = an_account()

    number = asker.add(
        email="Ann@Example.com",
        phone="+380671234567",
        user_id="u-1",
        firstName="Ann",
        lastName="Lee",
        contactKey="k",
        languageCode="uk",
        timeZone="Europe/Kyiv",
        address={"region": "R", "town": "T", "address": "A", "postcode": "P"},
        fields=[{"id": 12, "value": "x"}, {"id": "13", "value": 7}],
        id=5,
        addressBookId=9,
    )

    assert asker.contact(number) == {
        "id": number,
        "firstName": "Ann",
        "lastName": "Lee",
        "channels": [
            {"type": "email", "value": "ann@example.com"},
            {"type": "sms", "value": "380671234567"},
        ],
        "fields": [{"id": 12, "value": "x"}, {"id": 13, "value": "7"}],
        "externalCustomerId": "u-1",
        "contactKey": "k",
        "languageCode": "uk",
        "timeZone": "Europe/Kyiv",
        "address": {"region": "R", "town": "T", "address": "A", "postcode": "P"},
        "groups": [],
    }


def test_a_new_contact_is_confirmed_and_raises_no_event() -> None:
    asker = an_account()
    asker.add()

    assert asker.contacts()[0]["confirmed"]
    assert asker.state("events_raised") == {}


def test_an_id_may_come_as_a_text() -> None:
    answer = an_account(ids_as_strings=True).post("/v1/contact", a_contact())

    assert isinstance(told(answer)["id"], str)


def test_what_is_left_out_is_kept_and_what_is_empty_too() -> None:
    asker = an_account()
    number = asker.add(firstName="Ann", lastName="Lee", fields=[{"id": 1, "value": "x"}])

    assert asker.add(firstName="Anna", lastName=" ", fields=[{"id": 1, "value": ""}]) == number

    contact = asker.contact(number)
    assert (contact["firstName"], contact["lastName"]) == ("Anna", "Lee")
    assert contact["fields"] == [{"id": 1, "value": "x"}]


def test_what_is_left_out_is_cleared_where_that_is_switched_on() -> None:
    asker = an_account(keep_omitted=False)
    number = asker.add(phone="380671234567", lastName="Lee", fields=[{"id": 1, "value": "x"}])

    asker.add(firstName="Anna")

    contact = asker.contact(number)
    assert "lastName" not in contact
    assert (contact["fields"], channels_of(contact, "sms")) == ([], [])
    assert channels_of(contact, "email") == ["ann@example.com"]


@pytest.mark.parametrize(
    ("held", "given"),
    [
        ({}, {"email": "ANN@example.com"}),
        ({"phone": "380671234567"}, {"email": None, "phone": "+380671234567"}),
        ({"user_id": "u-1"}, {"email": "new@example.com", "user_id": "u-1"}),
        ({}, {"user_id": "u-1"}),
    ],
)
def test_a_contact_is_found_by_any_of_its_identifiers(
    held: dict[str, Any], given: dict[str, Any]
) -> None:
    asker = an_account()
    number = asker.add(**held)

    assert asker.add(**given) == number
    assert len(asker.contacts()) == 1


def test_a_known_external_id_wins_over_the_address() -> None:
    asker = an_account()
    ann = asker.add(email="ann@example.com", user_id="u-1")
    bob = asker.add(email="bob@example.com", user_id="u-2")

    assert asker.add(email="ann@example.com", user_id="u-2") == bob
    assert channels_of(asker.contact(bob), "email") == ["ann@example.com"]
    assert channels_of(asker.contact(ann), "email") == ["ann@example.com"]


def test_an_address_of_somebody_with_another_external_id_is_not_taken_over() -> None:
    asker = an_account()
    ann = asker.add(user_id="u-1")

    assert asker.add(user_id="u-2") != ann


def test_a_new_external_id_takes_nobody_over_where_that_is_switched_off() -> None:
    asker = an_account(adopt_by_address=False)
    ann = asker.add()

    assert asker.add(user_id="u-1") != ann


def test_the_address_counts_before_the_phone_and_the_phone_before_a_device() -> None:
    asker = an_account()
    ann = asker.add(email="ann@example.com")
    bob = asker.add(email=None, phone="380671234567")
    push = {"type": "mobilepush", "value": "t-1", "device": {"appId": "app"}}
    cat = asker.add(email=None, channels=[push])

    sms, mail = (
        {"type": "sms", "value": "380671234567"},
        {"type": "email", "value": "ann@example.com"},
    )
    assert asker.add(channels=[push, sms, mail]) == ann
    assert asker.add(channels=[push | {"value": "t-2"}, sms]) == ann  # who has the phone by now
    assert channels_of(asker.contact(bob), "sms") == ["380671234567"]
    assert cat not in {ann, bob}


def test_a_device_finds_its_contact() -> None:
    asker = an_account()
    channels = [{"type": "mobilepush", "value": "t-1", "device": {"appId": "app"}}]
    number = asker.add(channels=channels)

    assert asker.add(channels=channels, firstName="Ann") == number


def test_of_several_with_one_address_the_last_updated_is_meant() -> None:
    asker = an_account()
    first = asker.add(user_id="u-1")
    second = asker.add(user_id="u-2")
    assert asker.add() == second

    asker.add(user_id="u-1", firstName="Ann")

    assert asker.add() == first


def test_a_deleted_contact_is_restored_by_its_external_id() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")
    asker.delete(f"/v1/contact/{number}")

    assert asker.add(user_id="u-1") == number
    assert not asker.contacts()[0]["deleted"]


def test_a_deleted_contact_is_not_restored_by_its_address_alone() -> None:
    asker = an_account()
    number = asker.add()
    asker.delete(f"/v1/contact/{number}")

    assert asker.add() != number


def test_a_deleted_contact_is_restored_by_its_address_where_that_is_switched_on() -> None:
    asker = an_account(restore_by_address=True)
    number = asker.add()
    asker.delete(f"/v1/contact/{number}")

    assert asker.add() == number
    assert asker.add(email="bob@example.com") != number


def test_an_upsert_leaves_the_unsubscribed_alone() -> None:
    asker = an_account()
    asker.post("/v1/emails/unsubscribed/add", {"emails": ["ann@example.com"]})

    asker.add()

    assert asker.state("unsubscribed") == ["ann@example.com"]


def test_an_upsert_resubscribes_where_that_is_switched_on() -> None:
    asker = an_account(resubscribe=True)
    asker.post("/v1/emails/unsubscribed/add", {"emails": ["ann@example.com", "bob@example.com"]})

    asker.add()

    assert asker.state("unsubscribed") == ["bob@example.com"]


GROUPS = [{"name": "News"}, {"id": 7}, "odd"]


def test_groups_of_a_contact_are_for_reading_alone() -> None:
    asker = an_account()

    assert asker.contact(asker.add(groups=GROUPS))["groups"] == []


def test_groups_are_joined_where_that_is_switched_on() -> None:
    asker = an_account(join_groups=True)

    contact = asker.contact(asker.add(groups=GROUPS))

    assert [one["name"] for one in contact["groups"]] == ["News"]
    assert asker.add(groups="odd")


def test_upper_case_makes_another_address_where_that_is_switched_on() -> None:
    asker = an_account(fold_emails=False)
    number = asker.add(email="Ann@example.com")

    assert channels_of(asker.contact(number), "email") == ["Ann@example.com"]
    assert asker.add(email="ann@example.com") != number


def test_a_second_address_takes_the_place_of_the_first() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")

    asker.add(email="new@example.com", user_id="u-1")

    assert channels_of(asker.contact(number), "email") == ["new@example.com"]
    assert asker.add(email="ann@example.com") != number


def test_one_of_two_addresses_can_be_taken_away() -> None:
    asker = an_account()
    both = [{"type": "email", "value": f"{name}@example.com"} for name in "ab"]
    number = asker.add(user_id="u-1", channels=both)

    asker.add(user_id="u-1", channels=both[1:])

    assert channels_of(asker.contact(number), "email") == ["b@example.com"]
    assert asker.add(email="a@example.com") != number
    assert asker.add(email="b@example.com") == number


def test_an_address_that_two_have_stays_with_the_other() -> None:
    asker = an_account()
    first, second = asker.add(user_id="u-1"), asker.add(user_id="u-2")

    asker.add(email="new@example.com", user_id="u-2")

    assert asker.add() == first
    assert asker.add(email="new@example.com") == second


CHANNEL = {"type": "email", "value": "ann@example.com"}


@pytest.mark.parametrize(
    ("contact", "message"),
    [
        ({}, "channels must not be empty"),
        ({"channels": []}, "channels must not be empty"),
        ({"channels": "a"}, "channels must be a list of objects"),
        ({"channels": ["a"]}, "channels must be a list of objects"),
        ({"channels": [{"value": "a"}]}, "Unknown channel type"),
        ({"channels": [{"type": "telegram", "value": "a"}]}, "Unknown channel type"),
        ({"channels": [{"type": "email", "value": "ann"}]}, "'ann' is not valid email"),
        ({"channels": [{"type": "sms", "value": "12"}]}, "'12' is not valid phone number"),
        ({"channels": [{"type": "viber", "value": "x"}]}, "'x' is not valid phone number"),
        (
            {"channels": [{"type": "email", "value": f"{n}@b.com"} for n in "abc"]},
            "At most 2 channels of type email are allowed",
        ),
        ({"channels": [{"type": "mobilepush", "device": 1}]}, "device must be an object"),
        (
            {"channels": [{"type": "mobilepush", "device": {"clientVersion": "2"}}]},
            "clientVersion is not valid",
        ),
        (
            {"channels": [{"type": "webpush", "webPushSubscription": "x"}]},
            "webPushSubscription must be an object",
        ),
        ({"channels": [CHANNEL], "firstName": "A_B"}, "firstName is not valid"),
        ({"channels": [CHANNEL], "lastName": "x" * 41}, "lastName is not valid"),
        ({"channels": [CHANNEL], "address": "Kyiv"}, "address must be an object"),
        ({"channels": [CHANNEL], "fields": {"id": 1}}, "fields must be a list of objects"),
        ({"channels": [CHANNEL], "fields": [{"id": 1001}]}, "Unknown additional field"),
        ({"channels": [CHANNEL], "fields": [{"id": "x"}]}, "Unknown additional field"),
        (
            {"channels": [CHANNEL], "fields": [{"id": 1, "value": "x" * 5001}]},
            "The value of an additional field is too long",
        ),
    ],
)
def test_a_contact_with_a_fault_is_refused(contact: dict[str, Any], message: str) -> None:
    asker = an_account()

    assert refusal(asker.post("/v1/contact", contact)) == (400, message)
    assert asker.contacts() == []


@pytest.mark.parametrize("value", ["", " ", None, True])
def test_a_channel_without_a_value_counts_for_nothing(value: object) -> None:
    asker = an_account()
    blanks = [{"type": kind, "value": value} for kind in ("email", "sms", "sms", "sms")]

    number = asker.add(channels=[*blanks, {"type": "sms", "value": "380671234567"}])

    assert asker.contact(number)["channels"] == [{"type": "sms", "value": "380671234567"}]


def test_two_addresses_are_allowed() -> None:
    asker = an_account()
    channels = [{"type": "email", "value": f"{name}@example.com"} for name in "ab"]

    number = asker.add(channels=channels)

    assert channels_of(asker.contact(number), "email") == ["a@example.com", "b@example.com"]


def test_a_web_push_channel_keeps_what_it_told() -> None:
    asker = an_account()
    channel = {"type": "webpush", "value": "w", "webPushSubscription": {"appId": 1}, "odd": 2}

    number = asker.add(channels=[channel])

    del channel["odd"]
    assert asker.contact(number)["channels"] == [channel]


def test_names_obey_no_rules_where_that_is_switched_off() -> None:
    assert an_account(check_names=False).add(firstName="A_B")


def test_an_unknown_field_is_ignored_where_that_is_switched_on() -> None:
    asker = an_account(unknown_field="ignore", custom_fields=1)

    number = asker.add(fields=[{"id": 1, "value": "x"}, {"id": 2, "value": "y"}, {"id": "z"}])

    assert asker.contact(number)["fields"] == [{"id": 1, "value": "x"}]


# -- get, update, delete --------------------------------------------------------------------


@pytest.mark.parametrize("by", ["id", "external id"])
@pytest.mark.parametrize(("status", "left"), [("404", 1), ("200", 0)])
def test_whether_a_deleted_contact_may_be_erased_is_a_switch(
    by: str, status: str, left: int
) -> None:
    asker = an_account(delete_deleted=status)
    number = asker.add(user_id="u-1")
    path, query = f"/v1/contact/{number}", {}
    if by == "external id":
        path, query = "/v1/contact", {"externalCustomerId": "u-1"}

    asker.ask("DELETE", path, **query)
    again = asker.ask("DELETE", path, erase="true", **query)

    assert again.status == int(status)
    assert len(asker.contacts()) == left


def test_a_contact_nobody_knows_is_not_found() -> None:
    asker = an_account()
    said = (404, "Contact with id='7' not found")

    assert refusal(asker.get("/v1/contact/7")) == said
    assert refusal(asker.put("/v1/contact/7", a_contact())) == said
    assert refusal(asker.delete("/v1/contact/7")) == said


def test_an_update_by_id_says_so_in_words() -> None:
    asker = an_account()
    number = asker.add()

    answer = asker.put(f"/v1/contact/{number}", a_contact("new@example.com"))

    assert refusal(answer) == (200, f"Contact with id='{number}' has been updated")
    assert channels_of(asker.contact(number), "email") == ["new@example.com"]


def test_an_update_by_id_restores_and_checks() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")
    asker.add(email="bob@example.com", user_id="u-2")
    asker.delete(f"/v1/contact/{number}")
    path = f"/v1/contact/{number}"

    assert asker.put(path, a_contact(user_id="u-1")).status == 200
    assert not asker.contacts()[0]["deleted"]
    assert refusal(asker.put(path, a_contact(user_id="u-2"))) == (
        400,
        "externalCustomerId belongs to another contact",
    )
    assert refusal(asker.put(path, {})) == (400, "channels must not be empty")


def test_a_deleted_contact_is_gone_and_can_be_restored() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1", firstName="Ann")

    answer = asker.delete(f"/v1/contact/{number}", erase="false")

    assert refusal(answer) == (200, f"Contact with id='{number}' has been deleted")
    assert asker.get(f"/v1/contact/{number}").status == 404
    assert asker.delete(f"/v1/contact/{number}").status == 404
    assert asker.contacts()[0]["deleted"]
    assert asker.add(user_id="u-1") == number
    assert asker.contact(number)["firstName"] == "Ann"


def test_an_erased_contact_is_gone_for_good() -> None:
    asker = an_account()
    push = {"type": "mobilepush", "value": "t-1", "device": {"appId": "app"}}
    number = asker.add(user_id="u-1", channels=[push])
    asker.post("/v1/group/5/contacts/attach", {"contactIds": [number]})

    asker.delete(f"/v1/contact/{number}", erase="true")

    assert asker.contacts() == []
    assert asker.state("tokens") == []
    assert asker.state("segments") == {}
    assert asker.add(user_id="u-1") != number


def test_a_contact_is_deleted_by_its_external_id() -> None:
    asker = an_account()
    asker.add(user_id="u/1")

    answer = asker.delete("/v1/contact", externalCustomerId="u/1")

    assert (answer.status, answer.body) == (200, b"")
    again = asker.delete("/v1/contact", externalCustomerId="u/1")
    assert refusal(again) == (404, "Contact not found")


def test_nobody_is_deleted_without_an_external_id() -> None:
    asker = an_account()
    said = (400, "externalCustomerId is required")

    assert refusal(asker.delete("/v1/contact")) == said
    assert refusal(asker.delete("/v1/contact", externalCustomerId="")) == said
    assert asker.delete("/v1/contact", externalCustomerId="nobody").status == 404


@pytest.mark.parametrize(("form", "body"), [("text", b"OK"), ("object", b"{}")])
def test_an_answer_without_a_form_has_the_one_that_is_switched_on(form: str, body: bytes) -> None:
    asker = an_account(silent_form=form)
    asker.add(user_id="u-1")

    assert asker.delete("/v1/contact", externalCustomerId="u-1").body == body


# -- search ---------------------------------------------------------------------------------


def test_a_search_shows_contacts_in_brief() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1", firstName="Ann", languageCode="uk", address={"town": "Kyiv"})

    answer = asker.get("/v1/contacts", externalCustomerId="u-1")

    assert told(answer) == [
        {
            "id": number,
            "firstName": "Ann",
            "channels": [{"type": "email", "value": "ann@example.com"}],
            "fields": [],
        }
    ]
    assert answer.headers["TotalCount"] == "1"


def found(asker: Any, **query: str) -> list[int]:
    return [one["id"] for one in told(asker.get("/v1/contacts", **query))]


def test_a_search_by_address_finds_more_than_was_asked_for() -> None:
    asker = an_account()
    ann = asker.add(email="ann@example.com", phone="380671111111")
    joann = asker.add(email="joann@example.com")

    assert found(asker, email="ANN@example.com") == [joann, ann]
    assert found(asker, sms="+38067") == [ann]
    assert found(asker, email="bob@example.com") == []


def test_a_search_is_exact_where_that_is_switched_on() -> None:
    asker = an_account(loose_search=False)
    ann = asker.add(email="ann@example.com")
    asker.add(email="joann@example.com")

    assert found(asker, email="ANN@example.com") == [ann]
    assert found(asker, email="nn@example.com") == []


def test_filters_are_combined() -> None:
    asker = an_account()
    ann = asker.add(email="ann@example.com", phone="380671111111", firstName="Ann")
    bob = asker.add(email="bob@example.com", phone="380672222222", firstName="Bob")

    assert found(asker, email="example", sms="38067") == [bob, ann]
    assert found(asker, email="example", sms="380671") == [ann]
    assert found(asker, email="example", firstname="BO") == [bob]
    assert found(asker, firstname="ann", lastname="x") == []
    assert found(asker, email="", lastname="") == [bob, ann]


def test_a_search_finds_nobody_who_is_deleted() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")
    asker.delete(f"/v1/contact/{number}")

    assert found(asker, email="ann@example.com") == []
    assert found(asker, externalCustomerId="u-1") == []
    assert found(asker, externalCustomerId="u-2") == []
    assert found(asker) == []


def test_a_search_comes_in_pages() -> None:
    asker = an_account()
    numbers = [asker.add(email=f"{name}@example.com") for name in "abcde"]

    answer = asker.get("/v1/contacts", startindex="2", maxrows="2", sortBy="contactId")

    assert [one["id"] for one in told(answer)] == numbers[1:3]
    assert answer.headers["TotalCount"] == "5"
    assert found(asker, startindex="0", maxrows="1") == [numbers[-1]]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            {"externalCustomerId": "u", "email": "a"},
            "externalCustomerId can not be combined with other filters",
        ),
        ({"sortBy": "email"}, "sortBy is not valid"),
        ({"sortBy": "contactId", "email": "a"}, "sortBy is not valid"),
        ({"startindex": "x"}, "startindex or maxrows is not valid"),
        ({"maxrows": "501"}, "startindex or maxrows is not valid"),
        ({"maxrows": "0"}, "startindex or maxrows is not valid"),
    ],
)
def test_a_search_that_is_none_is_refused(query: dict[str, str], message: str) -> None:
    assert refusal(an_account().get("/v1/contacts", **query)) == (400, message)
