"""One constructor a call: what goes out, to the byte, and that the sandbox takes it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest

from esputnik import requests
from esputnik.call import Action, Quota, Request, Shape
from esputnik.filling import fill
from tests.unit.esputnik.sandbox.asking import an_account

CONTACT = {"channels": [{"type": "email", "value": "ann@example.com"}], "firstName": "Олена"}
IMPORT = {"dedupe_on": "email", "contact_fields": ("email", "firstName")}
PARAMS = [{"name": "email", "value": "ann@example.com"}]

# The request, and its method, path, query and body.
BUILT: tuple[tuple[Request, str, str, tuple[tuple[str, str], ...], str | None], ...] = (
    (
        requests.add_contact(CONTACT),
        "POST",
        "/v1/contact",
        (),
        '{"channels":[{"type":"email","value":"ann@example.com"}],"firstName":"Олена"}',
    ),
    (requests.import_status("a/b"), "GET", "/v1/importstatus/a%2Fb", (), None),
    (
        requests.find_contact(user_id="u 1"),
        "GET",
        "/v1/contacts",
        (("externalCustomerId", "u 1"),),
        None,
    ),
    (
        requests.find_contact(email="a@b.com"),
        "GET",
        "/v1/contacts",
        (("email", "a@b.com"), ("startindex", "1"), ("maxrows", "500")),
        None,
    ),
    (
        requests.find_contact(phone="380671"),
        "GET",
        "/v1/contacts",
        (("sms", "380671"), ("startindex", "1"), ("maxrows", "500")),
        None,
    ),
    (
        requests.contact_activity(
            "a@b.com",
            datetime(2026, 10, 1, 3, tzinfo=timezone(timedelta(hours=3))),
            datetime(2026, 10, 2, tzinfo=UTC),
        ),
        "GET",
        "/v2/contacts/activity",
        (
            ("dateFrom", "2026-10-01T00:00:00"),
            ("dateTo", "2026-10-02T00:00:00"),
            ("email", "a@b.com"),
            ("activityStatus", "UNSUBSCRIBED"),
            ("maxrows", "100"),
        ),
        None,
    ),
    (
        requests.delete_contact(erase=True),
        "DELETE",
        "/v1/contact/{id}",
        (("erase", "true"),),
        None,
    ),
    (
        requests.delete_customer("u/1", erase=False),
        "DELETE",
        "/v1/contact",
        (("externalCustomerId", "u/1"), ("erase", "false")),
        None,
    ),
    (requests.get_subscriptions(), "GET", "/v1/contact/{id}/subscriptions", (), None),
    (
        requests.set_subscriptions(),
        "PUT",
        "/v1/contact/{id}/subscriptions",
        (),
        '{"subscriptions":"{subscriptions}"}',
    ),
    (
        requests.token_activity("app", "a:b/c", active=False),
        "PUT",
        "/v1/contact/token/activated/app/a%3Ab%2Fc",
        (),
        '{"active":false}',
    ),
    (requests.add_domain("a.com"), "POST", "/v1/site/domains", (), '{"domain":"a.com"}'),
    (
        requests.add_webpush_domain(
            domain="https://a.com", worker_name="sw.js", worker_path="/", worker_scope="/"
        ),
        "POST",
        "/v1/site/webpush/domain",
        (),
        (
            '{"domain":"https://a.com","serviceWorkerName":"sw.js","serviceWorkerPath":"/",'
            '"serviceWorkerScope":"/"}'
        ),
    ),
    (requests.list_webpush_domains(), "GET", "/v1/site/webpush/domains", (), None),
    (
        requests.create_inbox_message({"name": "n", "title": "t", "text": "x"}),
        "POST",
        "/v1/messages/appinbox",
        (),
        '{"name":"n","title":"t","text":"x"}',
    ),
    (
        requests.translate_inbox_message("uk", {"title": "t", "text": "x"}),
        "PUT",
        "/v1/messages/appinbox/{id}/uk",
        (),
        '{"title":"t","text":"x"}',
    ),
    (
        requests.generate_event("seen", PARAMS),
        "POST",
        "/v2/event",
        (),
        '{"eventTypeKey":"seen","params":[{"name":"email","value":"ann@example.com"}]}',
    ),
    (
        requests.past_event("seen", "k", PARAMS, "2025-11-01T00:00:00+00:00"),
        "POST",
        "/v2/past_events",
        (),
        (
            '{"events":[{"eventTypeKey":"seen","keyValue":"k","params":[{"name":"email",'
            '"value":"ann@example.com"}],"occurred":"2025-11-01T00:00:00+00:00"}]}'
        ),
    ),
    (
        requests.send_message(7, {"locator": "ann@example.com"}, by_email=True),
        "POST",
        "/v1/message/7/smartsend",
        (),
        '{"recipients":[{"locator":"ann@example.com"}],"email":true}',
    ),
    (requests.account_info(), "GET", "/v1/account/info", (), None),
    (requests.create_token(), "POST", "/v1/auth/token", (), None),
    (requests.address_books(), "GET", "/v1/addressbooks", (), None),
    (
        requests.groups(),
        "GET",
        "/v1/groups",
        (("startindex", "1"), ("maxrows", "500")),
        None,
    ),
)
SHAPES: tuple[tuple[Shape, list[bytes], str, str], ...] = (
    (
        requests.bulk_contacts(dedupe_on="email", contact_fields=("email", "firstName")),
        [b'{"channels":[{"type":"email","value":"a@b.com"}]}'],
        "/v1/contacts",
        (
            '{"contacts":[{"channels":[{"type":"email","value":"a@b.com"}]}],"dedupeOn":"email",'
            '"contactFields":["email","firstName"],"restoreDeleted":false}'
        ),
    ),
    (
        requests.bulk_contacts(
            dedupe_on="externalCustomerId",
            contact_fields=("email", "externalCustomerId"),
            custom_fields_ids=(1, 2),
            group_names=("VIP",),
            restore_deleted=True,
        ),
        [b'{"externalCustomerId":"u-1"}'],
        "/v1/contacts",
        (
            '{"contacts":[{"externalCustomerId":"u-1"}],"dedupeOn":"externalCustomerId",'
            '"contactFields":["email","externalCustomerId"],"customFieldsIDs":[1,2],'
            '"groupNames":["VIP"],"restoreDeleted":true}'
        ),
    ),
    (
        requests.ADD_UNSUBSCRIBED,
        [b'"a@b.com"', b'"c@d.com"'],
        "/v1/emails/unsubscribed/add",
        '{"emails":["a@b.com","c@d.com"]}',
    ),
    (
        requests.REMOVE_UNSUBSCRIBED,
        [b'"a@b.com"'],
        "/v1/emails/unsubscribed/delete",
        '{"emails":["a@b.com"]}',
    ),
    (
        requests.attach_contacts(5, "contactIds"),
        [b"1", b"2"],
        "/v1/group/5/contacts/attach",
        '{"contactIds":[1,2]}',
    ),
    (
        requests.detach_contacts(5, "externalCustomerIds"),
        [b'"u-1"'],
        "/v1/group/5/contacts/detach",
        '{"externalCustomerIds":["u-1"]}',
    ),
    (
        requests.ORDERS,
        [b'{"externalOrderId":"o-1"}'],
        "/v1/orders",
        '{"orders":[{"externalOrderId":"o-1"}]}',
    ),
)


@pytest.mark.parametrize(
    ("request_", "method", "path", "query", "body"),
    BUILT,
    ids=lambda one: getattr(one, "action", ""),
)
def test_a_request_goes_out_as_the_vendor_documents_it(
    request_: Request, method: str, path: str, query: Any, body: str | None
) -> None:
    assert (request_.method, request_.path, request_.query) == (method, path, query)
    assert request_.body == (None if body is None else body.encode())


@pytest.mark.parametrize(
    ("shape", "items", "path", "body"), SHAPES, ids=lambda one: getattr(one, "action", "")
)
def test_a_bulk_request_goes_out_as_the_vendor_documents_it(
    shape: Shape, items: list[bytes], path: str, body: str
) -> None:
    request = shape.request(items)

    assert (request.method, request.path, request.body) == ("POST", path, body.encode())


def test_every_action_has_its_constructor() -> None:
    built = {request.action for request, *_ in BUILT} | {shape.action for shape, *_ in SHAPES}

    assert built == set(Action)


def test_requests_count_against_their_own_limits() -> None:
    quotas = {request.action: request.quota for request, *_ in BUILT}

    assert {action for action, quota in quotas.items() if quota is not Quota.DEFAULT} == {
        Action.FIND_CONTACT,
        Action.GENERATE_EVENT,
        Action.PAST_EVENTS,
    }


@pytest.mark.parametrize("request_", [one for one, *_ in BUILT], ids=lambda one: one.action)
def test_the_sandbox_takes_every_request(request_: Request) -> None:
    asker = an_account(unknown_token="create", unknown_session=404)
    contact = asker.add(user_id="u/1")
    message = orjson.loads(
        asker.post("/v1/messages/appinbox", {"name": "n", "title": "t", "text": "x"}).body
    )["id"]
    number = message if "appinbox" in request_.path else contact
    filled = fill(request_, {"id": str(number), "subscriptions": '["news"]'})

    asker.now += 100
    answer = asker.ask(filled.method, filled.path, filled.body, **dict(filled.query))

    is_known = request_.action is not Action.IMPORT_STATUS
    assert (answer.status < 300) is is_known, answer.body


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: requests.add_contact({"firstName": "Ann"}), "needs at least one channel"),
        (lambda: requests.add_contact({"channels": []}), "needs at least one channel"),
        (
            lambda: requests.bulk_contacts(dedupe_on="email", contact_fields=()),
            "an import names the fields it writes",
        ),
        (requests.find_contact, "by exactly one identifier"),
        (lambda: requests.find_contact(user_id="u", email="a@b.com"), "by exactly one identifier"),
        (lambda: requests.find_contact(email=""), "by exactly one identifier"),
        (lambda: requests.import_status(".."), "neither empty nor dots alone"),
        (lambda: requests.token_activity("app", "", active=True), "neither empty nor dots alone"),
        (lambda: requests.translate_inbox_message(".", {}), "neither empty nor dots alone"),
        (lambda: requests.detach_contacts(5, "contactIds").request([]), "carries 1 to 500 items"),
    ],
)
def test_what_must_never_be_sent_is_never_built(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_an_equal_shape_is_the_same_shape() -> None:
    assert requests.bulk_contacts(**IMPORT) is requests.bulk_contacts(**IMPORT)
    assert requests.attach_contacts(5, "contactIds") is requests.attach_contacts(5, "contactIds")


def test_money_goes_out_with_all_its_digits() -> None:
    request = requests.create_inbox_message(
        {"a": Decimal("12345678901234567890.10"), "b": Decimal("1E+3")}
    )

    assert request.body == b'{"a":12345678901234567890.10,"b":1000}'


def test_what_json_has_no_word_for_is_a_bug() -> None:
    with pytest.raises(TypeError, match="JSON"):
        requests.create_inbox_message({"a": object()})
