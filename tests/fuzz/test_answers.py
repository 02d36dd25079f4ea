"""Whatever eSputnik answers, each call has an outcome, and none is delivered by junk."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from consumer.build import planner
from consumer.cli.explain_lines import read_line
from consumer.plan import Planned
from consumer.settings.model import Settings
from esputnik.activity import NotOffered, unsubscribed
from esputnik.answers import confirms, learn, read, read_bulk, read_token
from esputnik.call import Action, Call, Request
from esputnik.imports import Failed, Finished, Importing, Lost, read_import_status
from esputnik.outcome import Accepted, Answer, Blocked, Deferred, Delivered, Rejected
from esputnik.retry_after import retry_after
from tests.corpus import NOW, as_json
from tests.fuzz.hostile import SCALARS, bent

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "examples").glob("*.json"))
OUTCOMES = Delivered | Rejected | Deferred | Blocked
LONGEST_WAIT = 24 * 3600.0  # s: what is read of a Retry-After is bounded


def example_calls() -> list[Call]:
    """The calls of all examples: every action, alone and in bulk."""
    plan = planner(Settings()).plan
    events = [json.loads(file.read_text("utf-8"))["event"] for file in EXAMPLES]
    plans = [plan(read_line(as_json(event), n, NOW), NOW) for n, event in enumerate(events)]
    return [call for one in plans if isinstance(one, Planned) for call in one.calls]


CALLS = example_calls()
IN_BULK = [call for call in CALLS if call.shape is not None]
LOOKUPS: list[Request] = [lookup for call in CALLS for lookup in call.lookups]
NAMES = (
    "failedContacts",
    "failedOrders",
    "asyncSessionId",
    "errorMessage",
    "id",
    "contactId",
    "status",
    "results",
    "mapping",
    "domains",
    "domain",
    "token",
    "errors",
    "externalOrderId",
    "externalCustomerId",
    "channels",
    "value",
    "type",
    "email",
    "activityStatus",
    "activityDateTime",
    "subscriptions",
)
WORDS = SCALARS | st.sampled_from(
    ["OK", "ERROR", "FINISHED", "IMPORTING", "UNSUBSCRIBED", "o-1", "ann@example.com"]
)
DOCUMENTS = st.recursive(
    WORDS,
    lambda part: (
        st.lists(part, max_size=4) | st.dictionaries(st.sampled_from(NAMES), part, max_size=6)
    ),
    max_leaves=25,
).map(as_json)
BODIES = DOCUMENTS | st.binary(max_size=60) | bent([b"<html>502</html>", b'{"id": 1}', b"[]"])
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "content-type", "date", "location"]),
    st.text(max_size=30) | st.sampled_from(["-1", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT", "0"]),
    max_size=3,
)
STATUSES = st.sampled_from([200, 201, 202, 204, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503])
ANSWERS = st.builds(Answer, status=STATUSES | st.integers(100, 999), body=BODIES, headers=HEADERS)


def outcomes_of(call: Call, lookup: Request, status: int, body: bytes) -> None:
    """Read one answer in all the ways in which answers are read."""
    answer = Answer(status=status, body=body, headers={})
    outcome = read(call, answer)
    assert isinstance(outcome, OUTCOMES)
    assert not (isinstance(outcome, Delivered) and status >= 500)
    confirms(call, answer)
    if call.shape is not None:
        ends = read_bulk(call.shape, [call] * 3, answer)
        assert isinstance(ends, Accepted) or len(ends) == 3
    assert all(isinstance(text, str) for text in (learn(lookup, answer) or {}).values())
    read_import_status(answer)
    unsubscribed("ann@example.com", answer)
    read_token(answer)


@given(st.sampled_from(CALLS), ANSWERS)
def test_a_call_has_an_outcome(call: Call, answer: Answer) -> None:
    outcome = read(call, answer)

    assert isinstance(outcome, OUTCOMES)
    assert not (isinstance(outcome, Delivered) and answer.status >= 500)
    confirms(call, answer)


@given(st.sampled_from(IN_BULK), st.integers(1, 5), ANSWERS)
def test_each_call_of_a_bulk_request_has_an_outcome(call: Call, count: int, answer: Answer) -> None:
    assert call.shape is not None
    ends = read_bulk(call.shape, [call] * count, answer)

    if isinstance(ends, Accepted):
        assert ends.session
        assert set(ends.refused) <= set(range(count))
    else:
        assert len(ends) == count
        assert all(isinstance(end, OUTCOMES) for end in ends)


@given(st.sampled_from(LOOKUPS), ANSWERS)
def test_a_look_up_teaches_texts_or_nothing(lookup: Request, answer: Answer) -> None:
    taught = learn(lookup, answer)

    assert all(isinstance(text, str) for text in (taught or {}).values())


@given(ANSWERS)
def test_what_is_read_beside_calls_is_read_or_not(answer: Answer) -> None:
    status = read_import_status(answer)
    told = unsubscribed("ann@example.com", answer)
    token = read_token(answer)

    ends = Importing | Finished | Failed | Lost | Deferred | Blocked
    assert isinstance(status, ends)
    assert isinstance(told, list | NotOffered | Rejected | Deferred | Blocked)
    assert token is None or token.strip()


@given(st.none() | st.text(max_size=40) | st.integers().map(str), st.none() | st.text(max_size=40))
def test_a_wait_is_never_negative_and_never_endless(value: str | None, date: str | None) -> None:
    wait = retry_after(value, date)

    assert wait is None or 0 <= wait <= LONGEST_WAIT


def test_every_call_that_an_event_may_ask_for_is_tried() -> None:
    asked = {call.action for call in CALLS} | {call.together() for call in CALLS}
    asked |= {lookup.action for lookup in LOOKUPS}
    asked |= {call.confirm.action for call in CALLS if call.confirm is not None}

    assert set(Action) - asked == {
        Action.ACCOUNT_INFO,
        Action.CONTACT_ACTIVITY,
        Action.CREATE_TOKEN,
        Action.GET_SUBSCRIPTIONS,
        Action.IMPORT_STATUS,
        Action.LIST_FIELDS,
        Action.LIST_SEGMENTS,
        Action.PAST_EVENTS,
        Action.SET_SUBSCRIPTIONS,
    }
