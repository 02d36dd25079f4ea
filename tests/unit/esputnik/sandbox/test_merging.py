"""Which contact an import means, and which of its fields it writes."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import (
    Asker,
    a_contact,
    an_account,
    channels_of,
)

# -- whom an import means -------------------------------------------------------------------


def contact_of(asker: Asker, mapping: Any, index: int = 0) -> Any:
    return asker.contact(mapping[index]["contactId"])


def test_a_known_address_is_updated_and_gets_the_external_id() -> None:
    asker = an_account()
    number = asker.add()

    (mapped,) = asker.import_all(a_contact(user_id="u-1", firstName="Ann"))

    assert mapped["contactId"] == number
    assert asker.contact(number)["externalCustomerId"] == "u-1"
    assert asker.contact(number)["firstName"] == "Ann"


def test_a_known_external_id_wins_over_the_address() -> None:
    asker = an_account()
    number = asker.add(email="old@example.com", user_id="u-1")
    asker.add(email="ann@example.com")

    (mapped,) = asker.import_all(a_contact("ann@example.com", user_id="u-1"))

    assert mapped["contactId"] == number


def test_of_several_with_one_address_the_last_updated_is_meant() -> None:
    asker = an_account()
    first = asker.add(user_id="u-1")
    asker.add(user_id="u-2")
    asker.import_all(a_contact(None, user_id="u-1", firstName="Ann"), contactFields=["firstName"])

    (mapped,) = asker.import_all(a_contact())

    assert mapped["contactId"] == first


def test_of_two_with_one_address_the_one_without_an_external_id_is_meant() -> None:
    asker = an_account()
    free = asker.add(email="a@example.com")
    taken = asker.add(email="b@example.com", user_id="u-1")
    asker.put(f"/v1/contact/{free}", a_contact("ann@example.com"))
    asker.put(f"/v1/contact/{taken}", a_contact("ann@example.com"))

    (mapped,) = asker.import_all(a_contact(user_id="u-2"))

    assert mapped["contactId"] == free
    assert asker.contact(free)["externalCustomerId"] == "u-2"


@pytest.mark.parametrize("others", [1, 2])
def test_where_all_have_other_external_ids_a_new_contact_is_made(others: int) -> None:
    asker = an_account()
    held = [asker.add(user_id=f"u-{number}") for number in range(others)]

    (mapped,) = asker.import_all(a_contact(user_id="new"))

    assert mapped["contactId"] not in held
    assert channels_of(asker.contact(mapped["contactId"]), "email") == ["ann@example.com"]


@pytest.mark.parametrize("given", [{"user_id": "u-1"}, {}])
@pytest.mark.parametrize("restores", [False, None, "true"])
def test_a_deleted_contact_is_passed_over(given: dict[str, Any], restores: Any) -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")
    asker.delete(f"/v1/contact/{number}")

    mapping = asker.import_all(a_contact(**given), restoreDeleted=restores)

    assert mapping == []
    assert [one["deleted"] for one in asker.contacts()] == [True]


@pytest.mark.parametrize("given", [{"user_id": "u-1"}, {}])
def test_a_deleted_contact_is_restored_and_updated_where_that_is_asked_for(
    given: dict[str, Any],
) -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")
    asker.delete(f"/v1/contact/{number}")

    asker.import_all(
        a_contact(**given, firstName="Ann"), restoreDeleted=True, contactFields=["firstName"]
    )

    assert asker.contact(number)["firstName"] == "Ann"


def test_an_import_that_does_not_say_restores_where_that_is_switched_on() -> None:
    asker = an_account(restore_deleted=True)
    number = asker.add()
    asker.delete(f"/v1/contact/{number}")

    assert asker.import_all(a_contact())[0]["contactId"] == number


def test_a_living_contact_is_meant_before_a_deleted_one() -> None:
    asker = an_account()
    dead = asker.add()
    asker.delete(f"/v1/contact/{dead}")
    living = asker.add()

    assert asker.import_all(a_contact(), restoreDeleted=True)[0]["contactId"] == living


def test_contacts_are_found_by_phone() -> None:
    asker = an_account()
    number = asker.add(phone="380671234567")

    mapping = asker.import_all(a_contact(None, "+380671234567"), dedupeOn="sms")

    assert mapping == [{"dedupeValue": "+380671234567", "contactId": number}]


def test_contacts_are_found_by_address_or_phone() -> None:
    asker = an_account()
    ann = asker.add(email="ann@example.com")
    bob = asker.add(email="bob@example.com", phone="380671234567")

    mapping = asker.import_all(
        a_contact("ann@example.com", "380679999999"),
        a_contact("new@example.com", "380671234567"),
        dedupeOn="email_or_sms",
    )

    assert [one["contactId"] for one in mapping] == [ann, bob]


@pytest.mark.parametrize("dedupe", ["push", "mobilepush"])
def test_contacts_are_found_by_device_under_either_name(dedupe: str) -> None:
    asker = an_account()
    push = {"type": "mobilepush", "value": "t-1", "device": {"appId": "app"}}
    number = asker.add(channels=[push])

    mapping = asker.import_all({"channels": [push]}, dedupeOn=dedupe)

    assert mapping == [{"dedupeValue": "t-1", "contactId": number}]


def test_contacts_are_found_by_their_id_and_no_id_is_made_up() -> None:
    asker = an_account()
    number = asker.add()

    mapping = asker.import_all(
        {"id": number, "firstName": "Ann"},
        {"id": 1, "firstName": "Bob"},
        {"id": "x", "firstName": "Cat"},
        {"id": 2, "externalCustomerId": "u-1"},
        dedupeOn="id",
        contactFields=["firstName"],
    )

    assert [one["dedupeValue"] for one in mapping] == [str(number), "2"]
    assert asker.contact(number)["firstName"] == "Ann"


def test_contacts_are_found_by_an_additional_field() -> None:
    asker = an_account()
    number = asker.add(fields=[{"id": 7, "value": "card-1"}])
    body = {"dedupeOn": "fieldId", "fieldId": 7, "customFieldsIDs": [7, 8]}

    mapping = asker.import_all(
        {"fields": [{"id": 7, "value": "card-1"}, {"id": 8, "value": "x"}]},
        {"fields": [{"id": 7, "value": "card-2"}]},
        **body,
    )

    assert [one["dedupeValue"] for one in mapping] == ["card-1", "card-2"]
    assert asker.contact(number)["fields"] == [
        {"id": 7, "value": "card-1"},
        {"id": 8, "value": "x"},
    ]
    assert contact_of(asker, mapping, 1)["fields"] == [{"id": 7, "value": "card-2"}]


@pytest.mark.parametrize(("dedupe", "value"), [("fieldId", "card-1"), ("email", "card-2")])
def test_the_field_that_contacts_are_found_by_is_never_updated(dedupe: str, value: str) -> None:
    asker = an_account()
    number = asker.add(user_id="u-1", fields=[{"id": 7, "value": "card-1"}])

    asker.import_all(
        a_contact(user_id="u-1", fields=[{"id": 7, "value": "card-2"}]),
        dedupeOn=dedupe,
        fieldId=7,
        customFieldsIDs=[7],
    )

    assert asker.contact(number)["fields"] == [{"id": 7, "value": value}]


def test_contacts_are_found_by_external_id_alone() -> None:
    asker = an_account()
    asker.add()

    mapping = asker.import_all(a_contact(user_id="u-1"), dedupeOn="externalCustomerId")

    assert len(asker.contacts()) == 2
    assert contact_of(asker, mapping)["externalCustomerId"] == "u-1"


def test_an_address_counts_for_nothing_where_contacts_are_found_by_external_id() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")

    asker.import_all(
        a_contact("new@example.com", user_id="u-1"),
        dedupeOn="externalCustomerId",
        contactFields=["email"],
    )

    assert channels_of(asker.contact(number), "email") == ["new@example.com"]


# -- what it writes -------------------------------------------------------------------------

FULL: dict[str, Any] = {
    "phone": "380671234567",
    "user_id": "u-1",
    "firstName": "Ann",
    "lastName": "Lee",
    "address": {"town": "Kyiv", "address": "Street"},
    "fields": [{"id": 1, "value": "x"}, {"id": 2, "value": "y"}],
}


def test_only_what_is_listed_is_written() -> None:
    asker = an_account()
    number = asker.add(**FULL)

    asker.import_all(
        a_contact(phone="380679999999", firstName="Anna", lastName="Smith"),
        contactFields=["firstName"],
    )

    contact = asker.contact(number)
    assert (contact["firstName"], contact["lastName"]) == ("Anna", "Lee")
    assert channels_of(contact, "sms") == ["380671234567"]
    assert contact["externalCustomerId"] == "u-1"


def test_what_is_listed_and_not_sent_is_blanked() -> None:
    asker = an_account()
    number = asker.add(**FULL)

    asker.import_all(a_contact(lastName=""), contactFields=["sms", "firstName", "lastName", "town"])

    contact = asker.contact(number)
    assert channels_of(contact, "sms") == []
    assert "firstName" not in contact
    assert "lastName" not in contact
    assert contact["address"] == {"address": "Street"}


@pytest.mark.parametrize("listed", [{}, {"contactFields": []}, {"contactFields": None}])
def test_a_list_that_is_left_out_puts_everything_in_scope(listed: dict[str, Any]) -> None:
    asker = an_account()
    number = asker.add(**FULL)

    asker.import_all(a_contact(firstName="Anna"), **listed)

    contact = asker.contact(number)
    assert contact["firstName"] == "Anna"
    assert not {"lastName", "address", "externalCustomerId"} & set(contact)
    assert channels_of(contact, "sms") == []
    assert contact["fields"] == FULL["fields"]


def test_the_external_id_is_blanked_where_it_is_listed_and_not_sent() -> None:
    asker = an_account()
    number = asker.add(**FULL)

    asker.import_all(a_contact(), contactFields=["externalCustomerId"])

    assert "externalCustomerId" not in asker.contact(number)
    assert asker.add(email="b@example.com", user_id="u-1") != number


def test_the_external_id_is_written_only_where_it_is_listed() -> None:
    asker = an_account()
    number = asker.add()

    asker.import_all(a_contact(user_id="u-1"), contactFields=["firstName"])

    assert "externalCustomerId" not in asker.contact(number)


@pytest.mark.parametrize(
    ("dedupe", "kind"), [("email", "email"), ("email_or_sms", "email"), ("sms", "sms")]
)
def test_what_contacts_are_found_by_is_never_updated(dedupe: str, kind: str) -> None:
    asker = an_account()
    number = asker.add(**FULL)
    before = channels_of(asker.contact(number), kind)

    asker.import_all(
        a_contact("new@example.com", "380679999999", user_id="u-1"),
        dedupeOn=dedupe,
        contactFields=["email", "sms"],
    )

    assert channels_of(asker.contact(number), kind) == before


def test_the_device_that_contacts_are_found_by_is_never_blanked() -> None:
    asker = an_account()
    push = {"type": "mobilepush", "value": "t-1", "device": {"appId": "app"}}
    number = asker.add(user_id="u-1", channels=[push])

    asker.import_all({"externalCustomerId": "u-1"}, dedupeOn="push", contactFields=["mobilepush"])

    assert channels_of(asker.contact(number), "mobilepush") == ["t-1"]


def test_additional_fields_are_written_only_where_their_ids_are_listed() -> None:
    asker = an_account()
    number = asker.add(**FULL)

    asker.import_all(
        a_contact(fields=[{"id": 1, "value": "new"}, {"id": 2, "value": "new"}]),
        contactFields=["firstName"],
        customFieldsIDs=[1, "3"],
    )

    assert asker.contact(number)["fields"] == [{"id": 1, "value": "new"}, {"id": 2, "value": "y"}]


def test_an_additional_field_that_is_listed_and_not_sent_is_blanked() -> None:
    asker = an_account()
    number = asker.add(**FULL)

    asker.import_all(
        a_contact(fields=[{"id": 2, "value": ""}]),
        contactFields=["firstName"],
        customFieldsIDs=[1, 2],
    )

    assert asker.contact(number)["fields"] == []


def test_a_new_contact_has_what_it_is_found_by_and_what_is_listed() -> None:
    asker = an_account()

    mapping = asker.import_all(
        a_contact(phone="380671234567", user_id="u-1", firstName="Ann", lastName="Lee"),
        contactFields=["firstName"],
    )

    contact = contact_of(asker, mapping)
    assert channels_of(contact, "email") == ["ann@example.com"]
    assert channels_of(contact, "sms") == []
    assert (contact["firstName"], contact["externalCustomerId"]) == ("Ann", "u-1")
    assert "lastName" not in contact
    assert asker.contacts()[0]["confirmed"]


def test_a_new_contact_takes_all_fields_where_that_is_switched_on() -> None:
    asker = an_account(new_takes_all_fields=True)

    mapping = asker.import_all(
        a_contact(phone="380671234567", lastName="Lee"), contactFields=["firstName"]
    )

    contact = contact_of(asker, mapping)
    assert channels_of(contact, "sms") == ["380671234567"]
    assert contact["lastName"] == "Lee"


PUSH = {"type": "mobilepush", "value": "t-2", "device": {"appId": "app"}}


@pytest.mark.parametrize(("replaces", "tokens"), [(True, ["t-2"]), (False, ["t-1", "t-2"])])
def test_the_devices_of_an_item_replace_those_held_or_join_them(
    *, replaces: bool, tokens: list[str]
) -> None:
    asker = an_account(replace_tokens=replaces)
    number = asker.add(channels=[PUSH | {"value": "t-1"}], user_id="u-1")

    asker.import_all(
        {"externalCustomerId": "u-1", "channels": [PUSH]},
        dedupeOn="externalCustomerId",
        contactFields=["mobilepush"],
    )

    assert channels_of(asker.contact(number), "mobilepush") == tokens


def test_devices_that_are_listed_and_not_sent_are_blanked() -> None:
    asker = an_account(replace_tokens=False)
    asker.add(channels=[PUSH], user_id="u-1")

    asker.import_all({"externalCustomerId": "u-1"}, contactFields=["mobilepush"])

    assert asker.state("tokens") == []


def test_segments_are_joined_and_left_by_name_when_the_import_runs() -> None:
    asker = an_account()
    number = asker.add()
    asker.post("/v1/group/5/contacts/attach", {"contactIds": [number]})
    asker.start_import(
        a_contact(), groupNames=["News"], groupNamesExclude=["Segment 5", "Nobody's"]
    )
    assert "101" not in asker.state("segments")

    asker.pass_time()

    assert [one["name"] for one in asker.contact(number)["groups"]] == ["News"]


def test_an_import_leaves_the_unsubscribed_alone() -> None:
    asker = an_account()
    asker.post("/v1/emails/unsubscribed/add", {"emails": ["ann@example.com"]})

    asker.import_all(a_contact())

    assert asker.state("unsubscribed") == ["ann@example.com"]


def test_an_import_resubscribes_where_that_is_switched_on() -> None:
    asker = an_account(resubscribe=True)
    asker.post("/v1/emails/unsubscribed/add", {"emails": ["ann@example.com"]})

    asker.import_all(a_contact())

    assert asker.state("unsubscribed") == []


def test_an_event_is_raised_for_new_contacts_alone() -> None:
    asker = an_account()
    number = asker.add(email="dead@example.com")
    asker.delete(f"/v1/contact/{number}")
    asker.add(email="old@example.com")

    asker.import_all(
        *(a_contact(f"{name}@example.com") for name in ("new", "newer", "old", "dead")),
        eventKeyForNewContacts="welcome",
        restoreDeleted=True,
    )

    assert asker.state("events_raised") == {"welcome": 2}


def test_an_import_raises_no_event_it_was_not_told_of() -> None:
    asker = an_account()
    asker.import_all(a_contact())

    assert asker.state("events_raised") == {}
