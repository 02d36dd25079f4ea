"""What a status means: the rows of the retry table that one answer decides."""

import pytest

from esputnik.answers import read, read_bulk
from esputnik.call import Action
from esputnik.outcome import (
    Answer,
    Blocked,
    Deferred,
    Delivered,
    NoAnswer,
    Outcome,
    Rejected,
    Scope,
)
from esputnik.statuses import SMALL
from tests.builders import ORDERS, a_call, a_request, an_item


def of(action: Action, status: int, body: bytes = b"", **headers: str) -> Outcome:
    call = a_call(action=action, request=a_request(action=action))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(call, Answer(status=status, body=body, headers=named))


# -- no answer ------------------------------------------------------------------------------


@pytest.mark.parametrize("maybe_sent", [True, False])
def test_no_answer_is_deferred_with_what_is_known(*, maybe_sent: bool) -> None:
    outcome = read(a_call(), NoAnswer(maybe_sent=maybe_sent, cause="reset"))

    assert outcome == Deferred(cause="reset", maybe_done=maybe_sent)


def test_an_untrusted_server_blocks() -> None:
    outcome = read(a_call(), NoAnswer(maybe_sent=False, cause="Certificate", is_untrusted=True))

    assert outcome == Blocked(scope=Scope.ACTION, cause="Certificate")


# -- refused for good -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "esp.rejected_400"),
        (404, "esp.not_found"),
        (409, "esp.conflict"),
        (413, "esp.too_large"),
        (422, "esp.rejected_422"),
        (418, "esp.rejected_4xx"),
        (451, "esp.rejected_4xx"),
    ],
)
def test_a_refusal_is_rejected_with_its_reason(status: int, reason: str) -> None:
    outcome = of(Action.TOKEN_ACTIVITY, status, b"token is not valid")

    assert outcome == Rejected(reason=reason, detail=f"{status}: token is not valid", status=status)


@pytest.mark.parametrize("status", [400, 409, 413, 422, 451])
def test_a_refused_bulk_request_is_refused_as_a_whole(status: int) -> None:
    outcomes = read_bulk(ORDERS, [an_item()] * 2, Answer(status=status))

    assert isinstance(outcomes, list)
    assert all(isinstance(one, Rejected) and one.is_whole for one in outcomes)


@pytest.mark.parametrize(
    "action",
    [
        Action.ATTACH_CONTACTS,
        Action.DETACH_CONTACTS,
        Action.GET_SUBSCRIPTIONS,
        Action.SET_SUBSCRIPTIONS,
        Action.TOKEN_ACTIVITY,
        Action.TRANSLATE_INBOX_MESSAGE,
        Action.SEND_MESSAGE,
        Action.ADD_DOMAIN,
    ],
)
def test_what_need_not_exist_may_be_missing(action: Action) -> None:
    outcome = of(action, 404)

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "esp.not_found"


@pytest.mark.parametrize(("status", "body"), [(404, b""), (400, b"Contact not found")])
def test_whoever_is_not_there_is_deleted(status: int, body: bytes) -> None:
    assert of(Action.DELETE_CONTACT, status, body) == Delivered()


def test_a_deletion_that_is_refused_otherwise_is_none() -> None:
    assert isinstance(of(Action.DELETE_CONTACT, 400, b"bad request"), Rejected)


def test_a_domain_that_exists_is_registered() -> None:
    assert of(Action.ADD_DOMAIN, 400, b"Domain already exists") == Delivered()
    assert isinstance(of(Action.ADD_DOMAIN, 400, b"Domain is already registered"), Rejected)
    assert isinstance(of(Action.ADD_ORDERS, 400, b"Domain already exists"), Rejected)


# -- nothing of the kind can succeed --------------------------------------------------------


def test_a_refused_key_blocks_the_account() -> None:
    outcome = of(Action.ADD_CONTACT, 401, b'{"status":401,"message":"Unauthorized"}')

    assert outcome == Blocked(scope=Scope.ACCOUNT, cause="401: Unauthorized", status=401)


@pytest.mark.parametrize("status", [402, 403, 405, 406, 410, 411, 415, 501, 505])
def test_what_no_event_can_mend_blocks_the_action(status: int) -> None:
    assert of(Action.ADD_CONTACT, status) == Blocked(
        scope=Scope.ACTION, cause=str(status), status=status
    )


@pytest.mark.parametrize(
    "action",
    [Action.ADD_ORDERS, Action.BULK_CONTACTS, Action.ADD_CONTACT, Action.GENERATE_EVENT],
)
def test_a_collection_that_is_not_there_blocks_the_action(action: Action) -> None:
    assert isinstance(of(action, 404), Blocked)


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("https://yespo.io/api/v1/contact?key=secret", "301: leads to https://yespo.io"),
        ("http://10.0.0.1:8080", "301: leads to http://10.0.0.1:8080"),
        ("/login?user=ann@example.com", "301: leads to another path"),
        ("https://ann@example.com/", "301: leads to another path"),
        ("", "301: leads to another path"),
    ],
)
def test_a_redirect_blocks_the_action_and_tells_where_it_leads(location: str, cause: str) -> None:
    outcome = of(Action.ADD_CONTACT, 301, location=location)

    assert outcome == Blocked(scope=Scope.ACTION, cause=cause, status=301)


# -- pages for people -----------------------------------------------------------------------

PAGE = b"<html><title>Not Found</title>Contact not found, Domain already exists</html>"
A_PROXY = "a web page, as of a proxy, not an answer of eSputnik's"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 422, 451])
@pytest.mark.parametrize(
    "action",
    [Action.DELETE_CONTACT, Action.ADD_DOMAIN, Action.SEND_MESSAGE, Action.GET_SUBSCRIPTIONS],
)
def test_a_page_neither_does_nor_refuses_anything(action: Action, status: int) -> None:
    assert of(action, status, PAGE) == Blocked(
        scope=Scope.ACTION, cause=f"{status}: {A_PROXY}", status=status
    )


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_page_to_a_bulk_request_holds_it(status: int) -> None:
    outcomes = read_bulk(ORDERS, [an_item()] * 2, Answer(status=status, body=PAGE))

    held = Blocked(scope=Scope.ACTION, cause=f"{status}: {A_PROXY}", status=status)
    assert outcomes == [held] * 2


@pytest.mark.parametrize(("status", "kind"), [(401, Blocked), (408, Deferred), (429, Deferred)])
def test_a_page_may_tell_of_the_key_or_of_the_time(status: int, kind: type) -> None:
    outcome = of(Action.ADD_CONTACT, status, PAGE)

    assert isinstance(outcome, kind)
    assert getattr(outcome, "scope", Scope.ACCOUNT) is Scope.ACCOUNT


def test_a_page_may_say_that_several_items_or_a_large_one_are_too_large() -> None:
    page = Answer(status=413, body=PAGE)
    small, large = an_item(item=b"x" * (SMALL - 1)), an_item(item=b"x" * SMALL)

    several, _ = read_bulk(ORDERS, [small, small], page)  # type: ignore[misc]
    (alone,) = read_bulk(ORDERS, [large], page)  # type: ignore[misc]
    (held,) = read_bulk(ORDERS, [small], page)  # type: ignore[misc]

    for outcome in (several, alone):
        assert isinstance(outcome, Rejected)
        assert (outcome.reason, outcome.is_whole) == ("esp.too_large", True)
    assert isinstance(held, Blocked)


@pytest.mark.parametrize(("size", "kind"), [(SMALL, Rejected), (SMALL - 1, Blocked)])
def test_a_page_may_say_that_a_large_request_of_its_own_is_too_large(size: int, kind: type) -> None:
    call = a_call(request=a_request(body=b"x" * size))

    assert isinstance(read(call, Answer(status=413, body=PAGE)), kind)


def test_a_bulk_request_that_is_blocked_is_so_for_every_call() -> None:
    blocked = Blocked(scope=Scope.ACTION, cause="403", status=403)

    assert read_bulk(ORDERS, [an_item()] * 2, Answer(status=403)) == [blocked] * 2


# -- not now --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 520, 599])
def test_a_failing_server_may_have_done_it(status: int) -> None:
    outcome = of(Action.SEND_MESSAGE, status)

    assert outcome == Deferred(cause=str(status), maybe_done=True, status=status)


@pytest.mark.parametrize("status", [421, 425, 429])
def test_what_was_not_taken_up_was_not_done(status: int) -> None:
    outcome = of(Action.SEND_MESSAGE, status)

    assert outcome == Deferred(cause=str(status), is_throttle=status == 429, status=status)


def test_a_server_that_names_a_time_to_come_again_did_nothing() -> None:
    outcome = of(Action.SEND_MESSAGE, 503, retry_after="7")

    assert outcome == Deferred(cause="503", retry_after=7.0, status=503)


def test_a_failing_server_may_name_a_time_and_have_done_it() -> None:
    outcome = of(Action.SEND_MESSAGE, 500, retry_after="7")

    assert outcome == Deferred(cause="500", retry_after=7.0, maybe_done=True, status=500)


def test_a_throttle_names_a_time_against_the_date_of_the_answer() -> None:
    outcome = of(
        Action.ADD_CONTACT,
        429,
        retry_after="Tue, 24 Nov 2026 10:00:30 GMT",
        date="Tue, 24 Nov 2026 10:00:00 GMT",
    )

    assert outcome == Deferred(cause="429", retry_after=30.0, is_throttle=True, status=429)


@pytest.mark.parametrize(
    "body", [b"<html>Rate Limit exceeded</html>", b'{"message":"Too many requests"}']
)
def test_a_throttle_may_come_as_403(body: bytes) -> None:
    outcome = of(Action.ADD_CONTACT, 403, body, retry_after="3")

    assert outcome == Deferred(cause="403", retry_after=3.0, is_throttle=True, status=403)


@pytest.mark.parametrize("status", [100, 600, 999])
def test_a_status_that_is_none_is_not_understood(status: int) -> None:
    outcome = of(Action.ADD_CONTACT, status)

    assert outcome == Deferred(cause="contract", maybe_done=True, status=status)


# -- what is told of it ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"'ann@example.com' is not valid email +380671234567",
        b'{"message":"\'ann@example.com\' is not valid email +380671234567"}',
        b'{"errorMessage":"\'ann@example.com\' is not valid email 380671234567"}',
        b'{"message":"","error":"Ann is not valid email 380671234567"}',
        '"Марія is not valid email 380671234567"'.encode(),
    ],
)
def test_a_detail_repeats_no_value(body: bytes) -> None:
    outcome = of(Action.SEND_MESSAGE, 400, body)

    assert isinstance(outcome, Rejected)
    assert outcome.detail == "400: … is not valid email …"


@pytest.mark.parametrize(
    ("body", "detail"),
    [(b"", "400"), (b"{}", "400"), (b"[1]", "400: …")],
)
def test_a_detail_says_what_there_is(body: bytes, detail: str) -> None:
    outcome = of(Action.SEND_MESSAGE, 400, body)

    assert isinstance(outcome, Rejected)
    assert outcome.detail == detail
