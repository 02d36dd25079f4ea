"""Two calls about one contact or order as one: it leaves what both would, one after the other."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esputnik import requests
from esputnik.call import Action, Call
from esputnik.merging import ORDER, merged, scope_of
from tests.builders import ORDERS, a_call, an_item
from tests.unit.esputnik.sandbox.asking import Asker, a_contact, an_account

TEXTS = ("firstName", "lastName", "languageCode", "timeZone")
ADDRESS = ("region", "town", "address", "postcode")
CUSTOM = (1, 2, 3)
FULL: dict[str, Any] = {
    "phone": "380671111111",
    "user_id": "u-1",
    "firstName": "Olena",
    "lastName": "Lee",
    "languageCode": "uk",
    "timeZone": "Europe/Kyiv",
    "address": {"region": "R", "town": "T", "address": "A", "postcode": "P"},
    "fields": [{"id": number, "value": "old"} for number in CUSTOM],
}
Named = dict[str, str | None]


def an_upsert(  # noqa: PLR0913 - whatever two calls may differ in
    named: Named,
    custom: dict[int, str | None] | None = None,
    *,
    user_id: str | None = "u-1",
    dedupe_on: str = "externalCustomerId",
    groups: tuple[str, ...] = (),
    restores: bool = False,
    lanes: tuple[str, ...] = ("u:u-1",),
) -> Call:
    """A call that writes exactly the fields that are named, None to clear one."""
    values = {name: value for name, value in named.items() if value is not None}
    item: dict[str, Any] = {
        "channels": [
            {"type": kind, "value": values[kind]} for kind in ("email", "sms") if kind in values
        ]
    }
    item |= {name: values[name] for name in TEXTS if name in values}
    if address := {name: values[name] for name in ADDRESS if name in values}:
        item["address"] = address
    if fields := [{"id": number, "value": text} for number, text in (custom or {}).items() if text]:
        item["fields"] = fields
    if user_id is not None:
        item["externalCustomerId"] = user_id
        named = named | {"externalCustomerId": user_id}
    shape = requests.bulk_contacts(
        dedupe_on=dedupe_on,
        contact_fields=tuple(name for name in ORDER if name in named),
        custom_fields_ids=tuple(sorted(custom or {})),
        group_names=groups,
        restore_deleted=restores,
    )
    marks = frozenset({f"id:{user_id}"})
    return an_item(shape, orjson.dumps(item), lanes=lanes, marks=marks, request=None)


def an_order(number: str = "o-1", status: str = "DELIVERED", total: int = 1, **more: Any) -> Call:
    item = orjson.dumps({"externalOrderId": number, "status": status, "totalCost": total})
    return an_item(ORDERS, item, marks=frozenset({f"order:{number}"}), **more)


def a_state(**named: Any) -> Call:
    """An order that names more than it must."""
    bare = an_order()
    return replace(bare, item=orjson.dumps(orjson.loads(bare.item) | named))


def carry(asker: Asker, *calls: Call) -> list[Any]:
    """Apply calls one after the other; return the contacts that are left."""
    for call in calls:
        request = call.alone()
        assert asker.ask(request.method, request.path, request.body).status == 200
        asker.pass_time()
    return [
        contact | {name: sorted(contact[name], key=str) for name in ("channels", "fields")}
        for contact in asker.contacts()
    ]


def joined(first: Call, second: Call) -> Call:
    call = merged(first, second)
    assert call is not None
    return call


texts = st.sampled_from(("Ann", "Bea", None))
emails = st.sampled_from(("a@example.com", "b@example.com", None))
phones = st.sampled_from(("380672222222", "380673333333", None))
fields = st.fixed_dictionaries(
    {}, optional={"email": emails, "sms": phones} | dict.fromkeys((*TEXTS, *ADDRESS), texts)
)
customs = st.dictionaries(st.sampled_from(CUSTOM), texts)


@settings(deadline=None)  # a busy machine is no fault
@given(fields, customs, fields, customs, st.sampled_from(((), (FULL,))))
def test_one_import_leaves_what_two_would(
    first: Named,
    custom: dict[int, Any],
    second: Named,
    later: dict[int, Any],
    known: tuple[dict[str, Any], ...],
) -> None:
    one, other = an_upsert(first, custom), an_upsert(second, later)
    apart, together = an_account(), an_account()
    for contact in known:
        apart.add(**contact)
        together.add(**contact)

    assert carry(together, joined(one, other)) == carry(apart, one, other)


def test_three_imports_become_one() -> None:
    calls = [
        an_upsert({"firstName": "Ann", "town": "Kyiv"}),
        an_upsert({"firstName": None, "region": "R"}, {1: "x"}),
        an_upsert({"lastName": "Lee", "town": None}, {1: None, 2: "y"}),
    ]

    call = joined(joined(calls[0], calls[1]), calls[2])

    assert carry(an_account(), call) == carry(an_account(), *calls)


def test_what_goes_out_names_every_field_that_either_named() -> None:
    call = joined(
        an_upsert({"sms": "380672222222", "town": "Kyiv"}, {2: "x"}),
        an_upsert({"firstName": None}, {1: "y"}),
    )

    body = orjson.loads(call.alone().body or b"")
    assert body["contactFields"] == ["sms", "firstName", "town", "externalCustomerId"]
    assert body["customFieldsIDs"] == [1, 2]
    assert body["contacts"] == [
        {
            "channels": [{"type": "sms", "value": "380672222222"}],
            "externalCustomerId": "u-1",
            "address": {"town": "Kyiv"},
            "fields": [{"id": 2, "value": "x"}, {"id": 1, "value": "y"}],
        }
    ]


def test_one_call_stands_in_the_lanes_of_both_and_answers_to_the_marks_of_both() -> None:
    first = an_upsert({"email": "a@example.com"}, lanes=("u:u-1", "e:a@example.com"))
    second = an_upsert({"email": "b@example.com"}, lanes=("u:u-1", "e:b@example.com"))

    call = joined(first, second)

    assert call.lanes == ("u:u-1", "e:b@example.com", "e:a@example.com")
    assert call.marks == {"id:u-1"}
    assert call.action is Action.BULK_CONTACTS


def test_a_contact_that_could_go_alone_goes_by_import_when_merged() -> None:
    first = an_upsert({"email": "a@example.com"}, user_id=None, dedupe_on="email")
    alone = a_call(
        shape=first.shape, item=first.item, request=requests.add_contact(a_contact("a@example.com"))
    )

    assert joined(alone, first).request is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (an_upsert({}, user_id="u-1"), an_upsert({}, user_id="u-2")),
        (an_upsert({}), an_upsert({}, groups=("VIP",))),
        (an_upsert({}), an_upsert({}, restores=True)),
        (
            an_upsert({"email": "a@example.com"}, dedupe_on="email"),
            an_upsert({"email": "a@example.com"}),
        ),
        (
            an_upsert({"email": "a@example.com"}, dedupe_on="email"),
            an_upsert({"email": "b@example.com"}, dedupe_on="email"),
        ),
        (
            an_upsert({"email": "a@example.com"}, user_id=None, dedupe_on="email_or_sms"),
            an_upsert(
                {"email": "a@example.com", "sms": "380672222222"},
                user_id=None,
                dedupe_on="email_or_sms",
            ),
        ),
        (an_upsert({}), a_call()),
        (a_call(), an_upsert({})),
        (an_upsert({}), an_order()),
        (an_item(requests.ADD_UNSUBSCRIBED, b'"a"'), an_item(requests.ADD_UNSUBSCRIBED, b'"a"')),
        (an_order("o-1"), an_order("o-2")),
        (an_order(status="INITIALIZED"), an_order(status="DELIVERED")),
        (a_state(storeId="kyiv"), a_state(storeId="lviv")),
        (a_state(storeId="kyiv"), an_order()),
        (an_order(), a_state(storeId="kyiv")),
        (a_state(items=[]), a_state(deliveryAddress="x")),
        (a_state(additionalInfo={"a": "1"}), a_state(additionalInfo={"b": "1"})),
        (an_order(), an_order(lookups=(requests.groups(),))),
        (an_order(lookups=(requests.groups(),)), an_order()),
    ],
)
def test_what_is_not_about_one_thing_in_one_way_stays_two(first: Call, second: Call) -> None:
    assert merged(first, second) is None


def test_an_address_is_one_whatever_its_case() -> None:
    first = an_upsert({"email": "A@example.com"}, user_id=None, dedupe_on="email")
    second = an_upsert({"email": "a@example.com"}, user_id=None, dedupe_on="email")

    assert merged(first, second) is not None


def test_of_two_states_of_an_order_the_later_stands() -> None:
    call = joined(an_order(total=1, lanes=("o:1", "u:1")), an_order(total=2, lanes=("o:1", "u:2")))

    assert orjson.loads(call.item)["totalCost"] == 2
    assert call.lanes == ("o:1", "u:2", "u:1")


@pytest.mark.parametrize("any_status", [True, False])
def test_a_state_that_names_more_than_the_one_before_stands_for_both(*, any_status: bool) -> None:
    first = a_state(storeId="kyiv", additionalInfo={"a": "1"})
    second = a_state(storeId="kyiv", additionalInfo={"a": "2", "b": "1"}, items=[])

    call = merged(first, second, any_status=any_status)

    assert call is not None
    assert call.item == second.item
    assert merged(second, first, any_status=any_status) is None


def test_orders_of_another_status_become_one_where_that_is_wanted() -> None:
    first, second = an_order(status="INITIALIZED"), an_order(status="DELIVERED")

    call = merged(first, second, any_status=True)

    assert call is not None
    assert orjson.loads(call.item)["status"] == "DELIVERED"


def test_a_scope_is_read_from_the_request_itself() -> None:
    shape = requests.bulk_contacts(
        dedupe_on="email",
        contact_fields=("email", "town"),
        custom_fields_ids=(7,),
        group_names=("VIP",),
        restore_deleted=True,
    )

    scope = scope_of(shape)

    assert (scope.dedupe_on, scope.fields, scope.custom) == ("email", ("email", "town"), (7,))
    assert (scope.groups, scope.restores) == (("VIP",), True)
