"""What stands before every answer: the key, its rights, sizes, forms, repeats."""

import pytest

from esputnik.sandbox.guard import GUARDED
from tests.unit.esputnik.sandbox.asking import a_contact, an_account, basic, refusal, told

INFO = "/v1/account/info"


@pytest.mark.parametrize("login", ["", "api", "somebody"])
def test_any_login_goes_with_the_key(login: str) -> None:
    asker = an_account()
    asker.headers["authorization"] = basic("sandbox", login)

    assert asker.get(INFO).status == 200


@pytest.mark.parametrize(
    "credentials",
    [
        "",
        basic("wrong"),
        "Basic ???",
        "Basic c2FuZGJveA==",
        "Basic \xff",
        "Bearer sandbox",
        "Digest x",
    ],
)
def test_whoever_has_not_the_key_is_refused_in_json(credentials: str) -> None:
    asker = an_account()
    asker.headers["authorization"] = credentials

    assert refusal(asker.get(INFO)) == (401, '{"status":401,"message":"Unauthorized"}')


def test_a_request_without_credentials_is_refused() -> None:
    asker = an_account()
    del asker.headers["authorization"]

    assert asker.get(INFO).status == 401


def test_credentials_come_before_everything_else() -> None:
    asker = an_account()
    asker.headers["authorization"] = ""

    assert asker.get("/v1/nothing").status == 401


def test_a_changed_key_is_the_only_one_that_is_good() -> None:
    asker = an_account()

    asker.account.change_switches({"api_key": "new"})

    assert asker.get(INFO).status == 401
    asker.headers["authorization"] = basic("new")
    assert asker.get(INFO).status == 200


def test_a_key_that_nobody_used_for_ninety_days_is_switched_off() -> None:
    used, idle = an_account(), an_account()
    for asker, days in ((used, 89), (idle, 91)):
        asker.get(INFO)
        asker.now += days * 86_400

    assert used.get(INFO).status == 200
    assert idle.get(INFO).status == 401


# -- tokens ---------------------------------------------------------------------------------

EVENT = {"eventTypeKey": "seen", "params": [{"name": "email", "value": "ann@example.com"}]}
PAST = {"events": [EVENT | {"keyValue": "k", "occurred": "2025-11-01T00:00:00Z"}]}


def test_a_token_is_good_for_the_first_version_of_events_alone() -> None:
    asker = an_account()
    token = told(asker.post("/v1/auth/token"))

    asker.headers["authorization"] = f"Bearer {token}"

    assert asker.post("/v1/event", EVENT).status == 200
    assert asker.post("/v1/past_events", PAST).status == 200
    assert asker.post("/v2/event", EVENT).status == 401
    assert asker.get(INFO).status == 401
    assert asker.get("/v1/nothing").status == 401


def test_a_token_ends_with_the_key_it_was_made_by() -> None:
    asker = an_account()
    token = told(asker.post("/v1/auth/token"))
    asker.headers["authorization"] = f"Bearer {token}"

    asker.account.change_switches({"api_key": "new"})

    assert asker.post("/v1/event", EVENT).status == 401


def test_every_token_is_another() -> None:
    asker = an_account()

    assert told(asker.post("/v1/auth/token")) != told(asker.post("/v1/auth/token"))


@pytest.mark.parametrize(
    ("form", "start"), [("quoted", b'"'), ("bare", b""), ("object", b'{"token":"')]
)
def test_a_token_comes_in_the_form_that_is_switched_on(form: str, start: bytes) -> None:
    plain = told(an_account(seed=3).post("/v1/auth/token"))

    answer = an_account(seed=3, token_form=form).post("/v1/auth/token")

    assert answer.body.startswith(start + plain.encode())


# -- rights, sizes, forms -------------------------------------------------------------------


def test_a_call_outside_the_rights_of_the_key_is_refused() -> None:
    asker = an_account(forbidden=["account-info"])

    assert refusal(asker.get(INFO)) == (403, "Forbidden")
    assert asker.get("/v1/groups").status == 200


def test_the_refusal_of_rights_has_the_status_that_is_switched_on() -> None:
    assert an_account(forbidden=["account-info"], forbidden_status=405).get(INFO).status == 405


def test_a_large_body_is_refused() -> None:
    asker = an_account(max_body_bytes=5)

    assert refusal(asker.post("/v1/orders", b"123456")) == (413, "Request entity is too large")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=UTF-8", 201),
        ("Application/JSON", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_a_body_is_json_and_says_so(kind: str, status: int) -> None:
    asker = an_account()
    asker.headers["content-type"] = kind

    assert asker.post("/v1/site/domains", {"domain": "a.com"}).status == status


def test_a_request_without_a_body_needs_no_type() -> None:
    asker = an_account()
    asker.headers["content-type"] = "text/plain"

    assert asker.get(INFO).status == 200


@pytest.mark.parametrize("body", [b"{", b"{'a':1}", b"\xff", b"NaN"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    answer = an_account().post("/v1/orders", body)

    assert refusal(answer) == (400, "The request body is not JSON")


@pytest.mark.parametrize("body", [None, [1], "text", 7])
def test_a_body_is_an_object(body: object) -> None:
    answer = an_account().post("/v1/orders", body)

    assert refusal(answer) == (400, "The request body must be a JSON object")


def test_a_refusal_is_a_sentence_or_json_as_switched() -> None:
    plain = an_account().post("/v1/site/domains", {"domain": "?"})
    asker = an_account(error_form="json")

    assert plain.headers["content-type"] == "text/plain; charset=UTF-8"
    assert refusal(plain) == (400, "Invalid domain name")
    answer = asker.post("/v1/site/domains", {"domain": "?"})
    assert refusal(answer) == (400, '{"message":"Invalid domain name"}')
    assert answer.headers["content-type"] == "application/json; charset=UTF-8"


# -- repeats --------------------------------------------------------------------------------


def test_the_same_contact_within_a_minute_is_a_duplicate() -> None:
    asker = an_account()
    asker.post("/v1/contact", {"channels": [{"type": "email", "value": "a@b.com"}], "x": 1})

    asker.now += 59
    again = asker.post("/v1/contact", {"x": 1, "channels": [{"value": "a@b.com", "type": "email"}]})

    assert refusal(again) == (409, "Duplicated request")
    asker.now += 2
    assert asker.post("/v1/contact", a_contact("a@b.com", x=1)).status == 200


def test_a_duplicate_does_not_make_the_minute_longer() -> None:
    asker = an_account()
    asker.post("/v1/contact", a_contact())
    asker.now += 40
    assert asker.post("/v1/contact", a_contact()).status == 409

    asker.now += 21

    assert asker.post("/v1/contact", a_contact()).status == 200


def test_older_repeats_are_forgotten_and_newer_ones_are_not() -> None:
    asker = an_account()
    asker.post("/v1/contact", a_contact("a@b.com"))
    asker.now += 50
    asker.post("/v1/contact", a_contact("b@b.com"))

    asker.now += 20

    assert asker.post("/v1/contact", a_contact("a@b.com")).status == 200
    assert asker.post("/v1/contact", a_contact("b@b.com")).status == 409


def test_another_contact_is_no_duplicate() -> None:
    asker = an_account()
    asker.post("/v1/contact", a_contact("a@b.com"))

    assert asker.post("/v1/contact", a_contact("b@b.com")).status == 200


def test_what_was_refused_is_no_first_request() -> None:
    asker = an_account()
    bad = a_contact("no address")

    assert asker.post("/v1/contact", bad).status == 400
    assert asker.post("/v1/contact", bad).status == 400


def test_all_three_single_calls_are_guarded_and_no_other() -> None:
    asker = an_account()
    number = asker.add()
    calls = (
        ("add-contact", "POST", "/v1/contact", a_contact("b@b.com")),
        ("update-contact", "PUT", f"/v1/contact/{number}", a_contact("c@b.com")),
        ("subscribe-contact", "POST", "/v1/contact/subscribe", {"contact": a_contact("d@b.com")}),
        ("bulk-contacts", "POST", "/v1/contacts", {"contacts": [a_contact()], "dedupeOn": "email"}),
        ("add-unsubscribed", "POST", "/v1/emails/unsubscribed/add", {"emails": ["a@b.com"]}),
    )

    for action, method, path, body in calls:
        asker.ask(method, path, body)
        again = asker.ask(method, path, body)
        assert (again.status == 409) is (action in GUARDED), action


def test_the_guard_against_repeats_can_be_switched_off() -> None:
    asker = an_account(repeat_seconds=0)
    asker.post("/v1/contact", a_contact())

    assert asker.post("/v1/contact", a_contact()).status == 200
