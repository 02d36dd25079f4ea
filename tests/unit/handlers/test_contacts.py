"""What an import names it overwrites: so it names exactly what the event names."""

from collections.abc import Mapping
from itertools import chain, combinations
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esputnik.call import Action, Call, Repeat
from tests.builders import mapped, the_call

UP, UPDATED, DELETED = "user.signed_up", "user.updated", "user.deleted"
ANN: dict[str, Any] = {"user_id": "42", "email": "Ann@example.com", "phone": "+380501234567"}
CUSTOM = {"vip": 7, "birthday": 3, "score": 5}


def body(call: Call) -> Any:
    """What the call sends when it goes by import."""
    assert call.shape is not None
    return orjson.loads(call.shape.request([call.item]).body or b"")


def imported(kind: str, data: Mapping[str, Any], **options: Any) -> Any:
    return body(the_call(kind, dict(data), **options))


# -- what is named --------------------------------------------------------------------------

NAMES = {
    "email": ("email", "ann@example.com"),
    "phone": ("sms", "+380501234567"),
    "first_name": ("firstName", "Ann"),
    "last_name": ("lastName", "Smith"),
    "language": ("languageCode", "uk"),
    "time_zone": ("timeZone", "Europe/Kyiv"),
}
ADDRESS = {"region": "region", "city": "town", "street": "address", "postal_code": "postcode"}


@given(
    st.sets(st.sampled_from(sorted(NAMES))),
    st.sets(st.sampled_from(sorted(NAMES))),
    st.dictionaries(st.sampled_from(sorted(ADDRESS)), st.none() | st.just("x")) | st.none(),
    st.dictionaries(st.sampled_from([*CUSTOM, "unknown"]), st.none() | st.just("x")),
    st.sampled_from([UP, UPDATED]),
)
def test_an_import_names_exactly_what_the_event_names(
    given_fields: set[str],
    nulls: set[str],
    address: dict[str, Any] | None,
    attributes: dict[str, Any],
    kind: str,
) -> None:
    data: dict[str, Any] = {"user_id": "42", "address": address, "attributes": attributes}
    data |= {name: NAMES[name][1] for name in given_fields} | dict.fromkeys(nulls)

    sent = imported(kind, data, custom_fields=CUSTOM)

    named = {NAMES[name][0] for name in given_fields | nulls}
    parts = {ADDRESS[name] for name in (address if address is not None else ADDRESS)}
    assert set(sent["contactFields"]) == named | parts | {"externalCustomerId"}
    assert len(sent["contactFields"]) == len(set(sent["contactFields"]))
    assert sent.get("customFieldsIDs", []) == sorted(
        CUSTOM[name] for name in attributes if name in CUSTOM
    )


@given(st.sets(st.sampled_from(sorted(NAMES)), min_size=1), st.sampled_from([UP, UPDATED]))
def test_what_is_null_is_named_and_not_sent(nulls: set[str], kind: str) -> None:
    data = {"user_id": "42"} | {name: NAMES[name][1] for name in NAMES} | dict.fromkeys(nulls)

    (item,) = imported(kind, data)["contacts"]

    sent = {channel["type"] for channel in item["channels"]} | set(item)
    assert {NAMES[name][0] for name in NAMES if NAMES[name][0] in sent} == {
        NAMES[name][0] for name in NAMES if name not in nulls
    }


def test_a_contact_carries_everything_by_the_vendors_names() -> None:
    address = {"region": "R", "city": "C", "street": "S", "postal_code": "P"}
    data = ANN | {"first_name": "Ann", "last_name": "Smith", "language": "uk", "address": address}
    data |= {"time_zone": "Europe/Kyiv", "segments": ["A", "B"], "attributes": {"vip": True}}

    sent = imported(UPDATED, data, custom_fields=CUSTOM)

    assert sent == {
        "contacts": [
            {
                "channels": [
                    {"type": "email", "value": "Ann@example.com"},
                    {"type": "sms", "value": "380501234567"},
                ],
                "externalCustomerId": "42",
                "firstName": "Ann",
                "lastName": "Smith",
                "languageCode": "uk",
                "timeZone": "Europe/Kyiv",
                "address": {"region": "R", "town": "C", "address": "S", "postcode": "P"},
                "fields": [{"id": 7, "value": "true"}],
            }
        ],
        "dedupeOn": "externalCustomerId",
        "contactFields": [
            *("email", "sms", "firstName", "lastName", "languageCode", "timeZone"),
            *("region", "town", "address", "postcode", "externalCustomerId"),
        ],
        "customFieldsIDs": [7],
        "groupNames": ["A", "B"],
        "restoreDeleted": False,
    }


def test_attributes_go_out_as_text_and_a_null_goes_out_as_its_id_alone() -> None:
    attributes = {"vip": None, "birthday": "1990-03-09", "score": 12.5}

    sent = imported(UPDATED, {"user_id": "42", "attributes": attributes}, custom_fields=CUSTOM)

    assert sent["customFieldsIDs"] == [3, 5, 7]
    assert sent["contacts"][0]["fields"] == [
        {"id": 3, "value": "1990-03-09"},
        {"id": 5, "value": "12.5"},
    ]


def test_an_attribute_that_is_an_empty_text_is_sent_as_one() -> None:
    sent = imported(UPDATED, {"user_id": "42", "attributes": {"vip": ""}}, custom_fields=CUSTOM)

    assert sent["contacts"][0]["fields"] == [{"id": 7, "value": ""}]


def test_an_attribute_without_a_field_id_is_left_out_and_told() -> None:
    made = mapped(
        UPDATED, {"user_id": "42", "attributes": {"vip": 1, "shoe": 2}}, custom_fields={"vip": 7}
    )

    assert made.dropped == ("attributes.shoe",)
    assert body(made.calls[0])["customFieldsIDs"] == [7]


def test_a_contact_without_a_channel_goes_by_import_with_empty_channels() -> None:
    call = the_call(UP, {"user_id": "42", "first_name": "Ann"})

    assert (call.action, call.request) == (Action.BULK_CONTACTS, None)
    assert body(call)["contacts"] == [
        {"channels": [], "externalCustomerId": "42", "firstName": "Ann"}
    ]


# -- how it is found ------------------------------------------------------------------------

BY_EMAIL = {"email": "ann@example.com"}
BY_PHONE = {"phone": "+380501234567"}


@pytest.mark.parametrize("preferred", ["email", "sms", "email_or_sms"])
@pytest.mark.parametrize("more", [{}, BY_EMAIL, BY_PHONE, BY_EMAIL | BY_PHONE])
def test_a_change_with_a_user_id_is_found_by_it(preferred: str, more: dict[str, str]) -> None:
    sent = imported(UPDATED, {"user_id": "42"} | more, dedupe_on=preferred)

    assert sent["dedupeOn"] == "externalCustomerId"


@pytest.mark.parametrize("ours", [{}, {"user_id": "42"}])
@pytest.mark.parametrize(
    ("preferred", "address", "found_by"),
    [
        ("email", BY_EMAIL, "email"),
        ("email", BY_PHONE, "sms"),
        ("email", BY_EMAIL | BY_PHONE, "email"),
        ("sms", BY_EMAIL, "email"),
        ("sms", BY_PHONE, "sms"),
        ("sms", BY_EMAIL | BY_PHONE, "sms"),
        ("email_or_sms", BY_EMAIL, "email_or_sms"),
        ("email_or_sms", BY_PHONE, "email_or_sms"),
        ("email_or_sms", BY_EMAIL | BY_PHONE, "email_or_sms"),
    ],
)
def test_a_sign_up_is_found_by_its_address_and_carries_its_id(
    ours: dict[str, str], preferred: str, address: dict[str, str], found_by: str
) -> None:
    sent = imported(UP, ours | address, dedupe_on=preferred)

    assert sent["dedupeOn"] == found_by
    assert sent["contacts"][0].get("externalCustomerId") == ours.get("user_id")
    assert ("externalCustomerId" in sent["contactFields"]) == bool(ours)


def test_a_change_without_a_user_id_is_found_by_the_address_it_has() -> None:
    assert imported(UPDATED, BY_PHONE)["dedupeOn"] == "sms"
    assert imported(UPDATED, BY_EMAIL)["contactFields"] == ["email"]


def test_a_sign_up_without_an_address_is_found_by_its_id() -> None:
    assert imported(UP, {"user_id": "42"})["dedupeOn"] == "externalCustomerId"


@pytest.mark.parametrize(("kind", "restores"), [(UP, True), (UPDATED, False)])
def test_a_sign_up_alone_restores_the_deleted(kind: str, restores: bool) -> None:  # noqa: FBT001 - the case
    assert imported(kind, ANN)["restoreDeleted"] is restores


# -- alone or by import ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "single", "alone"),
    [
        (UP, "sign-ups", True),
        (UP, "always", True),
        (UP, "never", False),
        (UPDATED, "sign-ups", False),
        (UPDATED, "always", True),
        (UPDATED, "never", False),
    ],
)
def test_the_settings_say_which_lone_contacts_go_by_add_contact(
    kind: str,
    single: str,
    alone: bool,  # noqa: FBT001 - the case
) -> None:
    call = the_call(kind, ANN, single=single)

    assert (call.request is not None) is alone
    assert call.action is (Action.ADD_CONTACT if alone else Action.BULK_CONTACTS)
    assert call.shape is not None


@pytest.mark.parametrize(
    "more",
    [
        {"segments": ["A"]},
        {"first_name": None},
        {"address": {"city": None}},
        {"address": None},
        {"attributes": {"vip": None}},
        {"email": None, "phone": None},
    ],
)
def test_what_add_contact_cannot_say_goes_by_import(more: dict[str, Any]) -> None:
    assert the_call(UP, ANN | more, custom_fields=CUSTOM).request is None


def test_alone_the_item_goes_as_it_would_by_import() -> None:
    call = the_call(UP, ANN | {"first_name": "Ann", "segments": []})

    assert call.request is not None
    assert (call.request.method, call.request.path) == ("POST", "/v1/contact")
    assert call.request.body == call.item


def test_a_contact_has_a_lane_and_a_mark_for_each_of_its_names() -> None:
    call = the_call(UPDATED, ANN)

    assert (call.intent, call.repeat, call.slot) == ("contact.upsert", Repeat.SAFE, "")
    assert call.lanes == ("u:42", "e:ann@example.com", "p:380501234567")
    assert call.marks == {"id:42", "email:ann@example.com", "sms:380501234567"}


# -- deletions ------------------------------------------------------------------------------


@pytest.mark.parametrize("erase", [None, False, True])
def test_a_deletion_by_user_id_needs_no_look_up(erase: bool | None) -> None:  # noqa: FBT001 - the case
    call = the_call(DELETED, {"user_id": "42", "email": "ann@example.com", "erase": erase})

    assert call.request is not None
    assert (call.request.method, call.request.path) == ("DELETE", "/v1/contact")
    assert dict(call.request.query) == {
        "externalCustomerId": "42",
        "erase": "true" if erase else "false",
    }
    assert (call.lookups, call.missing_is_done) == ((), True)
    assert call.lanes == ("u:42", "e:ann@example.com")


def test_a_deletion_by_e_mail_looks_the_contact_up_first() -> None:
    call = the_call(DELETED, {"email": "ann@example.com"})

    (lookup,) = call.lookups
    assert dict(lookup.query)["email"] == "ann@example.com"
    assert call.request is not None
    assert call.request.path == "/v1/contact/{id}"
    assert (call.intent, call.repeat, call.missing_is_done) == ("contact.delete", Repeat.SAFE, True)


# -- always ---------------------------------------------------------------------------------

IDENTIFIERS = [{"user_id": "42"}, BY_EMAIL, BY_PHONE]
SOMEBODY = [
    {name: value for one in some for name, value in one.items()}
    for some in chain.from_iterable(combinations(IDENTIFIERS, n) for n in (1, 2, 3))
]


@pytest.mark.parametrize("kind", [UP, UPDATED])
@pytest.mark.parametrize("somebody", SOMEBODY, ids=" ".join)
def test_the_finder_is_named_and_there_and_no_list_is_empty(
    kind: str, somebody: dict[str, str]
) -> None:
    for preferred in ("email", "sms", "email_or_sms"):
        sent = imported(kind, somebody, dedupe_on=preferred)

        (item,) = sent["contacts"]
        held = {channel["type"] for channel in item["channels"]}
        held |= {"externalCustomerId"} & set(item)
        finders = {sent["dedupeOn"]} if sent["dedupeOn"] != "email_or_sms" else {"email", "sms"}
        assert finders & held & set(sent["contactFields"])
        assert "customFieldsIDs" not in sent
        assert "groupNames" not in sent
