"""Data are valid, or there is one problem: its stage first, then its place among the fields."""

from typing import Any

import pytest

from handlers.routes import ROUTES
from schemas.base import Valid, validate
from schemas.consents import CONTACT_OPTED_IN, CONTACT_OPTED_OUT
from schemas.contacts import USER_DELETED, USER_SIGNED_UP, USER_UPDATED
from schemas.decode import LongNumber
from schemas.devices import DEVICE_TOKEN_CHANGED, DEVICE_TOKEN_REGISTERED
from schemas.messages import ACTIVITY_RECORDED, INBOX_MESSAGE_PUBLISHED, MESSAGE_REQUESTED
from schemas.model import Model
from schemas.orders import ORDER_CHANGED
from schemas.problem import Problem
from schemas.segments import SEGMENT_JOINED
from schemas.sites import SITE_REGISTERED, WEBPUSH_SITE_REGISTERED

ANN: dict[str, Any] = {"user_id": "42", "email": "ann@example.com"}
ORDER: dict[str, Any] = {
    "order_id": "o",
    "status": "delivered",
    "total": 1,
    "date": "2026-11-24T10:00:00Z",
    "currency": "UAH",
    "user_id": "42",
}
OUT: dict[str, Any] = {"channel": "email", "email": "ann@example.com"}
MESSAGE: dict[str, Any] = {"name": "n", "title": "t", "text": "x"}
ACTIVITY: dict[str, Any] = {"name": "seen", "user_id": "42"}


def valid(model: Model[Any], data: dict[str, Any], **settings: Any) -> Valid:
    found = validate(model, data, **settings)
    assert isinstance(found, Valid), found
    return found


def problem(model: Model[Any], data: dict[str, Any], **settings: Any) -> tuple[str, str]:
    """Reason and field."""
    found = validate(model, data, **settings)
    assert isinstance(found, Problem), found
    assert found.detail
    return found.reason, found.field


# -- what is read ---------------------------------------------------------------------------


def test_data_are_what_was_sent_and_absent_is_not_null() -> None:
    found = valid(USER_UPDATED, ANN | {"first_name": None})

    assert found == Valid(ANN | {"first_name": None})


@pytest.mark.parametrize("name", ["order_id", "status", "total", "date"])
def test_a_null_where_a_value_is_required_is_a_missing_field(name: str) -> None:
    assert problem(ORDER_CHANGED, ORDER | {name: None}) == ("schema.missing", f"data.{name}")


def test_a_null_among_the_members_of_a_list_is_of_the_wrong_type() -> None:
    found = problem(INBOX_MESSAGE_PUBLISHED, MESSAGE | {"tags": ["a", None]})

    assert found == ("schema.type", "data.tags.1")


def test_what_was_sent_is_not_changed() -> None:
    sent = {"email": "Ann@EXAMPLE.com", "phone": "12", "address": {"city": "x" * 300}}
    before = {"email": "Ann@EXAMPLE.com", "phone": "12", "address": {"city": "x" * 300}}

    assert valid(USER_UPDATED, sent).data["email"] == "Ann@example.com"

    assert sent == before


def test_a_phone_without_a_plus_is_of_the_region_of_the_settings() -> None:
    data = {"phone": "0501234567"}

    assert valid(USER_UPDATED, data, phone_region="UA").data == {"phone": "+380501234567"}
    assert problem(USER_UPDATED, data) == ("ident.phone_ambiguous", "data.phone")


# -- unknown fields -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "data", "paths"),
    [
        (USER_UPDATED, ANN | {"a": 1, "b": None}, ("a", "b")),
        (USER_UPDATED, ANN | {"address": {"city": "x", "planet": 1}}, ("address.planet",)),
        (USER_UPDATED, ANN | {"address": None}, ()),
        (USER_UPDATED, ANN | {"attributes": {"any": 1}}, ()),
        (ORDER_CHANGED, ORDER | {"items": [{"product_id": "p", "quantity": 1}]}, ()),
        (
            ORDER_CHANGED,
            ORDER
            | {
                "items": [
                    {"product_id": "p", "quantity": 1},
                    {"product_id": "q", "quantity": 1, "x": 1},
                ]
            },
            ("items.1.x",),
        ),
        (
            INBOX_MESSAGE_PUBLISHED,
            MESSAGE | {"translations": {"uk": {"title": "t", "text": "x", "name": "n"}}},
            ("translations.uk.name",),
        ),
        (INBOX_MESSAGE_PUBLISHED, MESSAGE | {"custom_data": {"any": {"thing": 1}}}, ()),
    ],
)
def test_unknown_fields_are_ignored_and_named_or_refused_by_strict_settings(
    model: Model[Any], data: dict[str, Any], paths: tuple[str, ...]
) -> None:
    assert valid(model, data).ignored == paths
    if paths:
        assert problem(model, data, strict=True) == ("schema.unknown_field", f"data.{paths[0]}")
    else:
        assert valid(model, data, strict=True).ignored == ()


def test_a_name_that_a_producer_made_up_is_cut_short() -> None:
    data = ANN | {"x" * 100: 1}

    assert valid(USER_UPDATED, data).ignored == ("x" * 64,)
    assert problem(USER_UPDATED, data, strict=True)[1] == "data." + "x" * 64


def test_what_was_dropped_is_not_ignored_as_well() -> None:
    found = valid(USER_UPDATED, ANN | {"phone": "12", "x": 1})

    assert (found.ignored, found.dropped) == (("x",), ("phone",))


# -- what falls -----------------------------------------------------------------------------

UNUSABLE: list[tuple[str, Any, str]] = [
    ("phone", "12", "phone"),
    ("phone", 380501234567, "phone"),
    ("email", "ann", "email"),
    ("first_name", "{{x}}", "first_name"),
    ("first_name", "a" * 41, "first_name"),
    ("last_name", "1", "last_name"),
    ("language", "klingon!", "language"),
    ("time_zone", "Mars", "time_zone"),
    ("address", {"city": "x" * 256, "street": "S"}, "address.city"),
    ("attributes", {"a": "x" * 1001, "b": 1}, "attributes.a"),
    ("attributes", {"a": [1]}, "attributes.a"),
    ("attributes", {"a": "x\0"}, "attributes.a"),
    ("attributes", {"a": LongNumber("0.1234567890123456")}, "attributes.a"),
]


@pytest.mark.parametrize("model", [USER_SIGNED_UP, USER_UPDATED])
@pytest.mark.parametrize(("name", "value", "path"), UNUSABLE)
def test_an_unusable_field_of_a_contact_falls_or_is_refused(
    model: Model[Any], name: str, value: Any, path: str
) -> None:
    data = {"user_id": "42"} | {name: value}

    found = valid(model, data)

    assert found.dropped == (path,)
    if isinstance(value, dict):
        kept = {part: one for part, one in value.items() if f"{name}.{part}" != path}
        assert found.data == {"user_id": "42", name: kept}
    else:
        assert found.data == {"user_id": "42"}
    assert problem(model, data, invalid_field="reject")[1] == f"data.{path}"


def test_several_fields_fall_at_once() -> None:
    data = ANN | {"phone": "12", "first_name": "1", "attributes": {"a": [], "b": {}, "c": 1}}

    found = valid(USER_UPDATED, data)

    assert found.data == ANN | {"attributes": {"c": 1}}
    assert set(found.dropped) == {"phone", "first_name", "attributes.a", "attributes.b"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("first_name", 7), ("email", 7), ("address", []), ("segments", "A"), ("attributes", [])],
)
def test_a_field_of_the_wrong_type_does_not_fall(name: str, value: Any) -> None:
    assert problem(USER_UPDATED, {"user_id": "42", name: value}) == ("schema.type", f"data.{name}")


@pytest.mark.parametrize(
    ("data", "reason", "field"),
    [
        ({"email": "ann"}, "ident.email_invalid", "data.email"),
        ({"phone": "12"}, "ident.phone_ambiguous", "data.phone"),
        ({"phone": "12", "email": "ann"}, "ident.email_invalid", "data.email"),
        ({"phone": "+12", "first_name": "1"}, "ident.phone_invalid", "data.phone"),
        ({"first_name": "1"}, "ident.missing_contact", "data"),
        ({"email": None}, "ident.missing_contact", "data"),
        ({}, "ident.missing_contact", "data"),
        ({"user_id": ".", "email": "ann@example.com"}, "ident.id_unsafe", "data.user_id"),
    ],
)
def test_where_nobody_is_left_the_code_of_the_identifier_stands(
    data: dict[str, Any], reason: str, field: str
) -> None:
    assert problem(USER_UPDATED, data) == (reason, field)


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (ORDER_CHANGED, ORDER),
        (ACTIVITY_RECORDED, ACTIVITY),
        (DEVICE_TOKEN_REGISTERED, {"app_id": "a", "token": "t", "user_id": "42"}),
    ],
)
def test_an_unusable_address_falls_beside_a_usable_identifier_of_other_events_too(
    model: Model[Any], data: dict[str, Any]
) -> None:
    for name, value in (("email", "ann"), ("phone", "12")):
        assert valid(model, data | {name: value}).dropped == (name,)
        assert problem(model, data | {name: value}, invalid_field="reject")[1] == f"data.{name}"


def test_a_deletion_by_user_id_does_without_its_e_mail() -> None:
    assert valid(USER_DELETED, {"user_id": "42", "email": "ann"}).dropped == ("email",)
    assert problem(USER_DELETED, {"email": "ann"}) == ("ident.email_invalid", "data.email")
    assert problem(USER_DELETED, {"phone": "+380501234567"})[0] == "ident.missing_contact"


def test_the_address_of_a_message_is_its_way_and_does_not_fall() -> None:
    data = {"message_id": 1, "email": "ann", "phone": "+380501234567"}

    assert problem(MESSAGE_REQUESTED, data) == ("ident.email_invalid", "data.email")


# -- opt-outs -------------------------------------------------------------------------------

DETAILS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"reason": "a" * 1001}, {}),
    ({"reason": 7}, {}),
    ({"user_id": 7}, {}),
    ({"user_id": "."}, {}),
    ({"phone": []}, {}),
    ({"categories": "news"}, {}),
    ({"categories": []}, {}),
    ({"categories": [7, "", {}]}, {}),
    ({"categories": [7, "news", "", "sales"]}, {"categories": ["news", "sales"]}),
    ({"categories": ["x" * 101, "news"]}, {"categories": ["news"]}),
]


@pytest.mark.parametrize("settings", [{}, {"invalid_field": "reject"}])
@pytest.mark.parametrize(("detail", "kept"), DETAILS)
def test_an_opt_out_is_not_lost_for_a_detail(
    detail: dict[str, Any], kept: dict[str, Any], settings: dict[str, str]
) -> None:
    found = valid(CONTACT_OPTED_OUT, OUT | detail, **settings)

    assert found.data == OUT | kept
    assert found.dropped


def test_strict_settings_refuse_no_opt_out_for_an_unknown_field() -> None:
    assert valid(CONTACT_OPTED_OUT, OUT | {"x": 1}, strict=True).ignored == ("x",)
    assert problem(CONTACT_OPTED_IN, OUT | {"x": 1}, strict=True)[0] == "schema.unknown_field"


@pytest.mark.parametrize(("detail", "_kept"), DETAILS)
def test_an_opt_in_is_refused_for_what_an_opt_out_is_not(
    detail: dict[str, Any], _kept: dict[str, Any]
) -> None:
    problem(CONTACT_OPTED_IN, OUT | detail)


@pytest.mark.parametrize("who", [{"email": "x"}, {"email": 7}, {"phone": "12", "user_id": ""}])
def test_an_opt_out_of_nobody_that_can_be_told_says_so(who: dict[str, Any]) -> None:
    reason, field = problem(CONTACT_OPTED_OUT, {"channel": "email"} | who)

    assert reason == "consent.unnormalised"
    assert field.removeprefix("data.") in who


def test_an_opt_out_that_names_nobody_says_so() -> None:
    assert problem(CONTACT_OPTED_OUT, {"channel": "sms"})[0] == "ident.missing_contact"
    assert problem(CONTACT_OPTED_OUT, {"email": "ann@example.com"}) == (
        "schema.missing",
        "data.channel",
    )


# -- the first problem ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"date": "x", "status": "eaten"}, ("schema.enum", "data.status")),
        ({"date": "x", "order_id": "."}, ("ident.id_unsafe", "data.order_id")),
        ({"date": "x", "source": "a\0"}, ("text.control", "data.source")),
        ({"date": "x", "restore_url": "x"}, ("time.format", "data.date")),
        ({"order_id": ".", "items": 7}, ("schema.type", "data.items")),
        ({"status": "eaten", "total": True}, ("schema.type", "data.total")),
        ({"status": "eaten", "total": -1}, ("schema.enum", "data.status")),
    ],
)
def test_the_first_stage_wins_and_a_wrong_type_before_all(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problem(ORDER_CHANGED, ORDER | changes) == expected


def test_a_fault_within_a_list_names_its_place() -> None:
    items = [{"product_id": "p", "quantity": 1}, {"product_id": "p", "quantity": -1}]

    assert problem(ORDER_CHANGED, ORDER | {"items": items}) == (
        "schema.range",
        "data.items.1.quantity",
    )


def test_a_key_that_is_wrong_names_its_place() -> None:
    data = MESSAGE | {"translations": {"klingon!": {"title": "t", "text": "x"}}}

    assert problem(INBOX_MESSAGE_PUBLISHED, data) == (
        "schema.enum",
        "data.translations.klingon!",
    )


@pytest.mark.parametrize("name", ["usual", "careful", "[key]"])
def test_no_name_hides_a_fault(name: str) -> None:
    for model, data, field in (
        (USER_UPDATED, {"user_id": "42"}, "attributes"),
        (ORDER_CHANGED, ORDER, "additional_info"),
    ):
        reason, _ = problem(model, data | {field: {name: []}}, invalid_field="reject")
        assert reason == "schema.type"


@pytest.mark.parametrize("number", [2**64, 10**400])
def test_a_number_too_long_for_its_field_is_told_to_be_a_text(number: int) -> None:
    told = validate(ORDER_CHANGED, ORDER | {"order_id": LongNumber(str(number))})

    assert isinstance(told, Problem)
    assert (told.reason, told.field) == ("schema.range", "data.order_id")
    assert "string" in told.detail


# -- the rules of single events -------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        (SEGMENT_JOINED, {"segment_id": 0, "user_ids": ["a"]}, ("schema.range", "data.segment_id")),
        (
            SEGMENT_JOINED,
            {"segment_id": 2**31, "user_ids": ["a"]},
            ("schema.range", "data.segment_id"),
        ),
        (
            SEGMENT_JOINED,
            {"segment_id": True, "user_ids": ["a"]},
            ("schema.type", "data.segment_id"),
        ),
        (
            SEGMENT_JOINED,
            {"segment_id": 1.0, "user_ids": ["a"]},
            ("schema.type", "data.segment_id"),
        ),
        (SEGMENT_JOINED, {"segment_id": 1}, ("schema.missing", "data")),
        (SEGMENT_JOINED, {"segment_id": 1, "user_ids": None}, ("schema.missing", "data")),
        (
            SEGMENT_JOINED,
            {"segment_id": 1, "user_ids": ["a"], "contact_ids": [1]},
            ("schema.conflict", "data"),
        ),
        (SEGMENT_JOINED, {"segment_id": 1, "user_ids": []}, ("schema.range", "data.user_ids")),
        (
            SEGMENT_JOINED,
            {"segment_id": 1, "user_ids": ["a"] * 501},
            ("schema.range", "data.user_ids"),
        ),
        (
            SEGMENT_JOINED,
            {"segment_id": 1, "contact_ids": [0]},
            ("schema.range", "data.contact_ids.0"),
        ),
        (
            SEGMENT_JOINED,
            {"segment_id": 1, "contact_ids": [2**63]},
            ("schema.range", "data.contact_ids.0"),
        ),
        (SITE_REGISTERED, {"domain": "shop"}, ("schema.range", "data.domain")),
        (SITE_REGISTERED, {"domain": "a b.com"}, ("schema.range", "data.domain")),
        (SITE_REGISTERED, {"domain": "u@a.com"}, ("schema.range", "data.domain")),
        (SITE_REGISTERED, {"domain": "ftp://a.com"}, ("schema.range", "data.domain")),
        (SITE_REGISTERED, {"domain": "mailto:u.a.com"}, ("schema.range", "data.domain")),
        (SITE_REGISTERED, {"domain": "https://http://a.com"}, ("schema.range", "data.domain")),
        (SITE_REGISTERED, {}, ("schema.missing", "data.domain")),
        (ACTIVITY_RECORDED, ACTIVITY | {"name": " "}, ("schema.missing", "data.name")),
        (ACTIVITY_RECORDED, ACTIVITY | {"name": "a" * 101}, ("text.too_long", "data.name")),
        (ACTIVITY_RECORDED, ACTIVITY | {"name": "a\n"}, ("schema.range", "data.name")),
        (ACTIVITY_RECORDED, ACTIVITY | {"params": []}, ("schema.type", "data.params")),
        (ACTIVITY_RECORDED, ACTIVITY | {"params": {"": 1}}, ("text.too_long", "data.params")),
        (
            ACTIVITY_RECORDED,
            ACTIVITY | {"params": {"a" * 101: 1}},
            ("text.too_long", "data.params"),
        ),
        (
            ACTIVITY_RECORDED,
            ACTIVITY | {"params": {str(n): 1 for n in range(257)}},
            ("schema.range", "data.params"),
        ),
        (
            ACTIVITY_RECORDED,
            ACTIVITY | {"params": {"a": {"b": ["x" * 65_537]}}},
            ("text.too_long", "data.params"),
        ),
        (
            ACTIVITY_RECORDED,
            ACTIVITY | {"params": {"a": [{"b": LongNumber("1")}]}},
            ("schema.range", "data.params"),
        ),
        (MESSAGE_REQUESTED, {"message_id": 1, "user_id": "42"}, ("schema.missing", "data.channel")),
        (
            MESSAGE_REQUESTED,
            {"message_id": 0, "email": "a@x.com"},
            ("schema.range", "data.message_id"),
        ),
        (
            MESSAGE_REQUESTED,
            {"message_id": 1, "email": "a@x.com", "channel": "sms"},
            ("schema.enum", "data.channel"),
        ),
        (INBOX_MESSAGE_PUBLISHED, MESSAGE | {"title": " "}, ("schema.missing", "data.title")),
        (INBOX_MESSAGE_PUBLISHED, MESSAGE | {"text": ""}, ("schema.missing", "data.text")),
        (INBOX_MESSAGE_PUBLISHED, MESSAGE | {"ttl": 0}, ("schema.range", "data.ttl")),
        (INBOX_MESSAGE_PUBLISHED, MESSAGE | {"ttl": 2**31}, ("schema.range", "data.ttl")),
        (
            INBOX_MESSAGE_PUBLISHED,
            MESSAGE | {"image_url": "http://x.com/i"},
            ("schema.range", "data.image_url"),
        ),
        (
            DEVICE_TOKEN_CHANGED,
            {"app_id": "a", "token": "t", "active": 1},
            ("schema.type", "data.active"),
        ),
        (
            DEVICE_TOKEN_CHANGED,
            {"app_id": "..", "token": "t", "active": True},
            ("ident.id_unsafe", "data.app_id"),
        ),
    ],
)
def test_each_event_has_rules_of_its_own(
    model: Model[Any], data: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problem(model, data) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("contactId", "Contact_Id", "externalCustomerId", "external-customer-id", "EMAIL"),
        *(
            "e-mail",
            "E Mail",
            "emailAddress",
            "user.email",
            "contactEmail",
            "phone",
            "Phone_Number",
        ),
        *("SMS", "push_token", "contactKey", "Contact key"),
    ],
)
def test_params_name_no_identifier_however_spelled(name: str) -> None:
    assert problem(ACTIVITY_RECORDED, ACTIVITY | {"params": {name: "x"}}) == (
        "schema.conflict",
        "data.params",
    )


@pytest.mark.parametrize("name", ["email2", "emails", "phoned", "contact", "id", "телефон", "mail"])
def test_params_may_name_what_only_looks_like_an_identifier(name: str) -> None:
    assert valid(ACTIVITY_RECORDED, ACTIVITY | {"params": {name: "x"}}).dropped == ()


@pytest.mark.parametrize("sign", "<;’\\/|\"`'^?!,>")  # noqa: RUF001 - the vendor's own list
def test_an_activity_has_no_sign_that_the_vendor_forbids(sign: str) -> None:
    assert problem(ACTIVITY_RECORDED, ACTIVITY | {"name": f"a{sign}b"})[0] == "schema.range"


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({}, True),
        ({"service_worker_path": "/"}, True),
        ({"domain": "shop.example.com"}, True),
        ({"domain": "HTTP://shop.example.com:8080/a:b"}, True),
        ({"domain": "ws://shop.example.com"}, False),
        ({"service_worker_name": "push"}, False),
        ({"service_worker_name": "a/push.js"}, False),
        ({"service_worker_path": "sw/"}, False),
        ({"service_worker_path": "/sw"}, False),
        ({"service_worker_scope": "/a b/"}, False),
        ({"service_worker_scope": ""}, False),
    ],
)
def test_a_web_push_site_has_a_worker_and_its_paths(
    changes: dict[str, str],
    is_good: bool,  # noqa: FBT001 - the case
) -> None:
    data = {
        "domain": "https://shop.example.com/",
        "service_worker_name": "push.js",
        "service_worker_path": "/sw/",
        "service_worker_scope": "/sw/",
    }

    found = validate(WEBPUSH_SITE_REGISTERED, data | changes)

    assert isinstance(found, Valid) is is_good
    assert is_good or (isinstance(found, Problem) and found.reason == "schema.range")


@pytest.mark.parametrize(
    ("date", "sent"),
    [
        ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
        ("2026-11-24T10:00:00.1234567+02:00", "2026-11-24T10:00:00.1234567+02:00"),
        ("2026-11-30t10:00:00z", "2026-11-30T10:00:00Z"),
        ("2026-11-24 10:00:00Z", "2026-11-24T10:00:00Z"),
        ("1812-06-24T00:00:00Z", "1812-06-24T00:00:00Z"),
    ],
)
def test_the_date_of_an_order_goes_out_as_it_came(date: str, sent: str) -> None:
    assert valid(ORDER_CHANGED, ORDER | {"date": date}).data["date"] == sent


@pytest.mark.parametrize("kind", ROUTES)
def test_every_null_that_may_be_is_taken(kind: str) -> None:
    told = ROUTES[kind].model.json_schema()
    nulls = dict.fromkeys(set(told["properties"]) - set(told.get("required", ())))

    found = validate(ROUTES[kind].model, nulls)

    assert isinstance(found, Problem)
    assert found.reason in {"schema.missing", "ident.missing_contact"}
