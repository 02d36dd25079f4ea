import orjson
import pytest

from esputnik import requests
from esputnik.answers import confirms, learn, read, read_bulk, read_token
from esputnik.call import Action
from esputnik.outcome import (
    Accepted,
    Answer,
    Blocked,
    Deferred,
    Delivered,
    NoAnswer,
    Outcome,
    Rejected,
    Scope,
)
from tests.builders import IMPORT, ORDERS, a_call, a_request, an_item


def an_answer(body: object = None, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(status=status, body=raw, headers=headers)


def of(action: Action, body: object = None, status: int = 200) -> Outcome:
    call = a_call(action=action, request=a_request(action=action))
    return read(call, an_answer(body, status))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "esp.rejected_400"),
        (404, "esp.not_found"),
        (409, "esp.conflict"),
        (413, "esp.too_large"),
        (422, "esp.rejected_422"),
        (418, "esp.rejected_4xx"),
    ],
)
def test_a_refusal_is_rejected_with_its_reason(status: int, reason: str) -> None:
    outcome = of(Action.TOKEN_ACTIVITY, b"token is not valid", status)

    assert isinstance(outcome, Rejected)
    assert (outcome.reason, outcome.status, outcome.is_whole) == (reason, status, False)


def test_a_refused_key_blocks_the_account() -> None:
    outcome = of(Action.ADD_CONTACT, {"status": 401}, 401)

    assert isinstance(outcome, Blocked)
    assert outcome.scope is Scope.ACCOUNT


@pytest.mark.parametrize("status", [301, 402, 403, 405, 406, 410, 411, 415, 501, 505])
def test_what_no_event_can_mend_blocks_the_action(status: int) -> None:
    outcome = of(Action.ADD_CONTACT, b"", status)

    assert isinstance(outcome, Blocked)
    assert outcome.scope is Scope.ACTION


def test_a_collection_that_is_not_there_blocks_the_action() -> None:
    assert isinstance(of(Action.ADD_ORDERS, b"", 404), Blocked)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 599])
def test_a_failing_server_may_have_done_it(status: int) -> None:
    outcome = of(Action.SEND_MESSAGE, b"", status)

    assert isinstance(outcome, Deferred)
    assert (outcome.maybe_done, outcome.is_throttle) == (True, False)


@pytest.mark.parametrize("status", [421, 425, 429])
def test_what_was_not_taken_up_was_not_done(status: int) -> None:
    outcome = of(Action.SEND_MESSAGE, b"", status)

    assert isinstance(outcome, Deferred)
    assert (outcome.maybe_done, outcome.is_throttle) == (False, status == 429)


def test_a_server_that_names_a_time_to_come_again_did_nothing() -> None:
    answer = Answer(status=503, headers={"retry-after": "7"})

    outcome = read(a_call(), answer)

    assert outcome == Deferred(cause="503", retry_after=7.0, maybe_done=False, status=503)


def test_a_status_that_is_none_is_not_understood() -> None:
    outcome = of(Action.ADD_CONTACT, b"", 999)

    assert isinstance(outcome, Deferred)
    assert outcome.cause == "contract"


def test_no_answer_is_deferred_with_what_is_known() -> None:
    outcome = read(a_call(), NoAnswer(maybe_sent=True, cause="ServerDisconnectedError"))

    assert outcome == Deferred(cause="ServerDisconnectedError", maybe_done=True)


def test_an_untrusted_server_blocks() -> None:
    outcome = read(a_call(), NoAnswer(maybe_sent=False, cause="Certificate", is_untrusted=True))

    assert isinstance(outcome, Blocked)


@pytest.mark.parametrize("action", list(Action))
def test_a_page_for_people_is_no_success(action: Action) -> None:
    outcome = of(action, b"<html>Welcome</html>")

    assert isinstance(outcome, Deferred)
    assert outcome.maybe_done


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Action.ADD_CONTACT, b""),
        (Action.FIND_CONTACT, b"nobody"),
        (Action.CREATE_INBOX_MESSAGE, {"id": 0}),
        (Action.SEND_MESSAGE, {}),
        (Action.PAST_EVENTS, {"results": []}),
        (Action.CREATE_TOKEN, b""),
        (Action.ACCOUNT_INFO, b"ok"),
    ],
)
def test_a_success_without_its_verdict_is_not_believed(action: Action, body: object) -> None:
    outcome = of(action, body)

    assert isinstance(outcome, Deferred)
    assert outcome.cause == "contract"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Action.ADD_CONTACT, {"id": "23456789"}),
        (Action.DELETE_CONTACT, b"Contact with id='1' has been deleted"),
        (Action.GENERATE_EVENT, b""),
        (Action.ADD_DOMAIN, {"domain": "a.com", "siteId": "8A412DC"}),
        (Action.ADD_WEBPUSH_DOMAIN, {"success": {"domain": "a.com", "status": "OK"}}),
        (Action.SEND_MESSAGE, {"id": 0, "results": {"status": "OK", "requestId": "r"}}),
        (Action.PAST_EVENTS, {"results": [{"status": "ACCEPTED"}], "successCount": 1}),
        (Action.TOKEN_ACTIVITY, {"active": True}),
    ],
)
def test_an_answer_of_success_is_delivered(action: Action, body: object) -> None:
    assert isinstance(of(action, body), Delivered)


def test_a_created_message_teaches_its_id() -> None:
    assert of(Action.CREATE_INBOX_MESSAGE, {"id": "3894567"}) == Delivered(
        learned={"id": "3894567"}
    )


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Action.ADD_WEBPUSH_DOMAIN, {"errors": {"message": "Domain can't be reached"}}),
        (Action.SEND_MESSAGE, {"results": [{"status": "ERROR", "message": "not valid email"}]}),
        (Action.PAST_EVENTS, {"results": {"status": "OCCURRED_TIME_TOO_DEPTH"}}),
    ],
)
def test_an_error_inside_a_success_is_rejected(action: Action, body: object) -> None:
    outcome = of(action, body)

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "esp.partial_item"


@pytest.mark.parametrize(("status", "body"), [(404, b""), (400, b"contact not found")])
def test_whoever_is_not_there_is_deleted(status: int, body: bytes) -> None:
    assert of(Action.DELETE_CONTACT, body, status) == Delivered()


def test_a_domain_that_exists_is_registered() -> None:
    assert of(Action.ADD_DOMAIN, b"Domain already exists", 400) == Delivered()


def test_a_detail_repeats_no_value() -> None:
    outcome = of(Action.SEND_MESSAGE, b"'ann@example.com' is not valid email +380671234567", 400)

    assert isinstance(outcome, Rejected)
    assert outcome.detail == "400: … is not valid email …"


# -- imports --------------------------------------------------------------------------------


def a_contact(email: str) -> object:
    return an_item(IMPORT, marks=frozenset({f"email:{email}"}))


CONTACTS = [an_item(IMPORT, marks=frozenset({f"email:{name}@x.com"})) for name in "abc"]


def test_a_queued_import_is_accepted_with_those_refused_at_once() -> None:
    failed = {"channels": [{"type": "email", "value": "B@x.com"}], "error": "Wrong email"}
    body = {"id": 0, "asyncSessionId": "s1", "failedContacts": failed}

    accepted = read_bulk(IMPORT, CONTACTS, an_answer(body))

    assert isinstance(accepted, Accepted)
    assert accepted.session == "s1"
    assert {index: refusal.reason for index, refusal in accepted.refused.items()} == {
        1: "esp.partial_item"
    }


def test_a_failure_is_matched_by_phone_or_customer_id_too() -> None:
    calls = [
        an_item(IMPORT, marks=frozenset({"sms:380671"})),
        an_item(IMPORT, marks=frozenset({"id:u2"})),
        an_item(IMPORT, marks=frozenset({"id:u3"})),
    ]
    failed = [
        {"channels": {"type": "sms", "value": "+380671"}, "error": "x"},
        {"externalCustomerId": "u2", "channels": [], "error": "x"},
    ]

    accepted = read_bulk(
        IMPORT, calls, an_answer({"asyncSessionId": "s", "failedContacts": failed})
    )

    assert isinstance(accepted, Accepted)
    assert set(accepted.refused) == {0, 1}


def test_a_failure_that_names_nobody_makes_all_suspects() -> None:
    body = {"asyncSessionId": "s", "failedContacts": [{"channels": [], "error": "?"}]}

    outcomes = read_bulk(IMPORT, CONTACTS, an_answer(body))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Rejected) and outcome.is_whole for outcome in outcomes)


def test_the_failure_of_a_lone_contact_needs_no_name() -> None:
    body = {"failedContacts": {"error": "Wrong email"}}

    outcomes = read_bulk(IMPORT, CONTACTS[:1], an_answer(body))

    assert [getattr(outcome, "reason", None) for outcome in outcomes] == ["esp.partial_item"]  # type: ignore[union-attr]


def test_without_a_session_those_not_refused_are_not_done() -> None:
    failed = {"channels": [{"type": "email", "value": "a@x.com"}], "error": "x"}

    outcomes = read_bulk(IMPORT, CONTACTS[:2], an_answer({"failedContacts": failed}))

    assert isinstance(outcomes, list)
    assert isinstance(outcomes[0], Rejected)
    assert isinstance(outcomes[1], Deferred)


@pytest.mark.parametrize("body", [b"", b"[]", {"id": 0}, {"failedContacts": 7}])
def test_an_import_without_a_verdict_is_not_understood(body: object) -> None:
    outcomes = read_bulk(IMPORT, CONTACTS, an_answer(body))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Deferred) for outcome in outcomes)


def test_an_error_message_refuses_the_whole_import() -> None:
    outcomes = read_bulk(IMPORT, CONTACTS, an_answer({"errorMessage": "dedupeOn is required"}))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Rejected) and outcome.is_whole for outcome in outcomes)


# -- orders and the rest --------------------------------------------------------------------

TWO_ORDERS = [an_item(marks=frozenset({f"order:{number}"})) for number in (1, 2)]


@pytest.mark.parametrize("body", [b"", {}, {"failedOrders": []}, {"failedOrders": ""}])
def test_orders_without_failures_are_delivered(body: object) -> None:
    assert read_bulk(ORDERS, TWO_ORDERS, an_answer(body)) == [Delivered(), Delivered()]


def test_the_order_that_failed_is_rejected_alone() -> None:
    failed = {"order": {"externalOrderId": 2}, "error": "status is not valid"}

    first, second = read_bulk(ORDERS, TWO_ORDERS, an_answer({"failedOrders": failed}))  # type: ignore[misc]

    assert first == Delivered()
    assert second == Rejected(
        reason="esp.partial_item", detail="200: status is not valid", status=200
    )


def test_an_order_nobody_sent_makes_all_suspects() -> None:
    failed = {"order": {"externalOrderId": "9"}, "error": "x"}

    outcomes = read_bulk(ORDERS, TWO_ORDERS, an_answer({"failedOrders": failed}))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Rejected) and outcome.is_whole for outcome in outcomes)


@pytest.mark.parametrize("body", [b"accepted", [1], {"failedOrders": "no"}])
def test_orders_are_not_believed_on_a_strange_word(body: object) -> None:
    outcomes = read_bulk(ORDERS, TWO_ORDERS, an_answer(body))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Deferred) for outcome in outcomes)


def test_a_refused_bulk_request_is_refused_whole() -> None:
    outcomes = read_bulk(ORDERS, TWO_ORDERS, an_answer(b"", 400))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Rejected) and outcome.is_whole for outcome in outcomes)


def test_a_bulk_request_without_an_answer_is_deferred_for_each() -> None:
    outcomes = read_bulk(ORDERS, TWO_ORDERS, NoAnswer(maybe_sent=True, cause="reset"))

    assert outcomes == [Deferred(cause="reset", maybe_done=True)] * 2


def test_a_bulk_request_answered_by_a_page_is_not_understood() -> None:
    outcomes = read_bulk(ORDERS, TWO_ORDERS, an_answer(b"<html>"))

    assert isinstance(outcomes, list)
    assert all(isinstance(outcome, Deferred) for outcome in outcomes)


def test_unsubscribed_addresses_need_no_word() -> None:
    shape = requests.ADD_UNSUBSCRIBED

    assert read_bulk(shape, TWO_ORDERS, an_answer(b"")) == [Delivered(), Delivered()]


# -- look-ups -------------------------------------------------------------------------------

ANN = {
    "id": "7",
    "channels": [{"type": "sms", "value": "380671"}, {"type": "email", "value": "Ann@x.com"}],
}


def test_a_person_is_found_by_the_exact_address_alone() -> None:
    near = {"id": "6", "channels": [{"type": "email", "value": "joann@x.com"}]}
    request = requests.find_contact(email="ann@x.com")

    assert learn(request, an_answer([near, ANN])) == {"id": "7", "email": "Ann@x.com"}
    assert learn(request, an_answer(near)) is None


def test_a_person_is_found_by_phone() -> None:
    request = requests.find_contact(phone="380671")

    assert learn(request, an_answer(ANN)) == {"id": "7", "email": "Ann@x.com"}


def test_a_person_is_found_by_customer_id() -> None:
    request = requests.find_contact(user_id="u1")

    assert learn(request, an_answer([{"id": 7, "externalCustomerId": "u2"}])) is None
    assert learn(request, an_answer([{"id": 0}, {"id": 7}])) == {"id": "7"}


def test_subscriptions_are_read_as_a_list_or_alone() -> None:
    request = requests.get_subscriptions()

    assert learn(request, an_answer({"key": "news"})) == {"subscriptions": '["news"]'}
    assert learn(request, an_answer([{"key": "b"}, {"key": "a"}])) == {"subscriptions": '["a","b"]'}
    assert learn(request, an_answer([])) == {"subscriptions": "[]"}
    assert learn(request, an_answer(b"none")) is None


def test_other_requests_teach_nothing() -> None:
    assert learn(requests.account_info(), an_answer({})) is None


def test_our_own_list_confirms_a_domain() -> None:
    call = a_call(marks=frozenset({"domain:https://a.com"}))

    assert confirms(call, an_answer({"domains": {"domain": "https://A.com/"}}))
    assert confirms(call, an_answer([{"domain": "https://a.com"}]))
    assert not confirms(call, an_answer([{"domain": "https://b.com"}]))
    assert not confirms(call, an_answer([{"domain": "https://a.com"}], 500))


@pytest.mark.parametrize("body", [b'"tok-1"', b"tok-1\n", b'{"token":"tok-1"}'])
def test_a_token_is_read_in_any_of_its_forms(body: bytes) -> None:
    assert read_token(an_answer(body)) == "tok-1"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'""', b"<html>"])
def test_no_token_is_made_up(body: bytes) -> None:
    assert read_token(an_answer(body)) is None
