import orjson
import pytest

from esputnik import requests
from esputnik.answers import confirms, learn, read, read_bulk, read_token, unseen
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
from esputnik.requests.contacts import MAX_ROWS
from tests.builders import IMPORT, ORDERS, a_call, a_request, an_item


def an_answer(body: object = None, status: int = 200, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Answer(status=status, body=raw, headers=headers)


def of(action: Action, body: object = None, status: int = 200) -> Outcome:
    call = a_call(action=action, request=a_request(action=action))
    return read(call, an_answer(body, status))


@pytest.mark.parametrize("action", list(Action))
def test_a_page_for_people_is_no_success(action: Action) -> None:
    outcome = of(action, b"<html>Welcome</html>")

    assert isinstance(outcome, Deferred)
    assert outcome.maybe_done


@pytest.mark.parametrize(
    ("action", "body"),
    [
        (Action.ADD_CONTACT, b""),
        (Action.ADD_CONTACT, {"errorMessage": "?"}),
        (Action.ADD_CONTACT, [{"id": 1}]),
        (Action.GET_SUBSCRIPTIONS, b"none"),
        (Action.GET_SUBSCRIPTIONS, {"results": [{"key": "promo"}]}),
        (Action.GET_SUBSCRIPTIONS, [{"id": 1, "name": "News"}]),
        (Action.SEND_MESSAGE, {"results": [{"requestId": "r"}]}),
        (Action.FIND_CONTACT, b"nobody"),
        (Action.FIND_CONTACT, {"results": [{"id": 7}]}),
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
        (Action.ADD_CONTACT, {"id": 0}),
        (Action.FIND_CONTACT, []),
        (Action.FIND_CONTACT, {"id": 1}),
        (Action.GET_SUBSCRIPTIONS, []),
        (Action.GET_SUBSCRIPTIONS, {"key": "news"}),
        (Action.ADD_WEBPUSH_DOMAIN, b""),
        (Action.ADD_WEBPUSH_DOMAIN, {"errors": []}),
        (Action.CREATE_TOKEN, b"token"),
        (Action.ACCOUNT_INFO, {"userEmail": "a@b.com"}),
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
        (Action.ADD_WEBPUSH_DOMAIN, {"errors": [{"message": "x"}], "success": {"domain": "a"}}),
        (Action.ADD_WEBPUSH_DOMAIN, {"errors": "Domain can't be reached"}),
        (Action.SEND_MESSAGE, {"results": [{"status": "ERROR", "message": "not valid email"}]}),
        (Action.PAST_EVENTS, {"results": {"status": "OCCURRED_TIME_TOO_DEPTH"}}),
    ],
)
def test_an_error_inside_a_success_is_rejected(action: Action, body: object) -> None:
    outcome = of(action, body)

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "esp.partial_item"


def test_an_error_inside_a_success_tells_its_words() -> None:
    for errors in ({"message": "Domain can't be reached"}, "Domain can't be reached"):
        outcome = of(Action.ADD_WEBPUSH_DOMAIN, {"errors": errors})

        assert isinstance(outcome, Rejected)
        assert outcome.detail == "200: Domain can't be reached"


def test_a_past_event_that_failed_for_the_fault_of_the_server_is_tried_again() -> None:
    outcome = of(Action.PAST_EVENTS, {"results": {"status": "SERVER_ERROR"}})

    assert outcome == Deferred(cause="SERVER_ERROR", maybe_done=True, status=200)


def test_a_feature_that_is_switched_off_blocks_its_action() -> None:
    outcome = of(Action.PAST_EVENTS, {"results": {"status": "EVENT_SEGMENTATION_DISABLED"}})

    assert isinstance(outcome, Blocked)
    assert (outcome.scope, outcome.status) == (Scope.ACTION, 200)


# -- imports --------------------------------------------------------------------------------


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
    body = {"failedContacts": [{"channels": [], "error": "?"}]}

    outcomes = read_bulk(IMPORT, CONTACTS, an_answer(body))

    suspect = Rejected(reason="esp.partial_item", detail="200", status=200, is_whole=True)
    assert outcomes == [suspect] * 3


def test_suspects_of_an_import_that_was_taken_are_told_beside_it() -> None:
    body = {"asyncSessionId": "s", "failedContacts": [{"channels": [], "error": "?"}]}

    accepted = read_bulk(IMPORT, CONTACTS, an_answer(body))

    suspect = Rejected(reason="esp.partial_item", detail="200", status=200, is_whole=True)
    assert accepted == Accepted(session="s", refused={}, suspect=suspect)


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


@pytest.mark.parametrize("failed", [{"order": 2, "error": "x"}, {"externalOrderId": "2"}])
def test_a_failed_order_may_name_itself_in_short(failed: object) -> None:
    first, second = read_bulk(ORDERS, TWO_ORDERS, an_answer({"failedOrders": failed}))  # type: ignore[misc]

    assert first == Delivered()
    assert isinstance(second, Rejected)


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


def test_who_may_be_among_those_not_shown_is_not_nobody() -> None:
    search, answer = requests.find_contact(email="ann@x.com"), an_answer([ANN] * MAX_ROWS)

    refusal = unseen(search, answer)

    assert refusal is not None
    assert (refusal.reason, refusal.status) == ("esp.not_found", 200)
    assert refusal.detail.endswith("; name the user_id")
    assert unseen(search, an_answer([ANN])) is None
    assert unseen(requests.get_subscriptions(), answer) is None


def test_other_requests_teach_nothing() -> None:
    assert learn(requests.account_info(), an_answer({})) is None


def test_our_own_list_confirms_a_domain() -> None:
    call = a_call(marks=frozenset({"domain:https://a.com"}))

    assert confirms(call, an_answer({"domains": {"domain": "https://A.com/"}}))
    assert confirms(call, an_answer([{"domain": "https://a.com"}]))
    assert confirms(call, an_answer(["b.com", "A.com/"]))
    assert confirms(call, an_answer({"domain": "a.com"}))
    assert not confirms(call, an_answer([{"domain": "https://b.com"}]))
    assert not confirms(call, an_answer([{"domain": "https://a.com"}], 500))
    assert not confirms(call, an_answer(b"a.com"))
    assert not confirms(call, an_answer([None, {}]))
    assert not confirms(a_call(), an_answer([{"domain": ""}]))


@pytest.mark.parametrize("body", [b'"tok-1"', b"tok-1\n", b'{"token":"tok-1"}'])
def test_a_token_is_read_in_any_of_its_forms(body: bytes) -> None:
    assert read_token(an_answer(body)) == "tok-1"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'""', b"<html>"])
def test_no_token_is_made_up(body: bytes) -> None:
    assert read_token(an_answer(body)) is None
