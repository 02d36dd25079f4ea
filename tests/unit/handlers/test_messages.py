from typing import Any

import orjson
import pytest

from esputnik.call import Action, Call, Quota, Repeat
from tests.builders import mapped, the_call

RECORDED, REQUESTED = "activity.recorded", "message.requested"
ANN = {"user_id": "42", "email": "ann@x.com", "phone": "+380501234567"}


def body(call: Call) -> Any:
    assert call.request is not None
    return orjson.loads(call.request.body or b"")


# -- activities -----------------------------------------------------------------------------


def test_an_activity_names_the_contact_and_then_its_params() -> None:
    call = the_call(RECORDED, {"name": "seen", "params": {"page": "/a"}} | ANN)

    assert (call.action, call.intent, call.repeat) == (
        Action.GENERATE_EVENT,
        "activity.record",
        Repeat.COUNTS,
    )
    assert body(call) == {
        "eventTypeKey": "seen",
        "params": [
            {"name": "externalCustomerId", "value": "42"},
            {"name": "email", "value": "ann@x.com"},
            {"name": "phone", "value": "380501234567"},
            {"name": "page", "value": "/a"},
        ],
    }
    assert call.lanes == ("u:42", "e:ann@x.com", "p:380501234567")


def test_params_go_out_as_texts_lists_and_objects_and_nulls_not_at_all() -> None:
    params = {"a": 1, "b": 2.5, "c": True, "d": None, "e": [1, "x"], "f": {"g": None}, "h": ""}

    made = the_call(RECORDED, {"name": "seen", "user_id": "42", "params": params})

    assert body(made)["params"][1:] == [
        {"name": "a", "value": "1"},
        {"name": "b", "value": "2.5"},
        {"name": "c", "value": "true"},
        {"name": "e", "value": [1, "x"]},
        {"name": "f", "value": {"g": None}},
        {"name": "h", "value": ""},
    ]


@pytest.mark.parametrize(
    ("age", "max_age", "action", "quota"),
    [
        (10**6, None, Action.GENERATE_EVENT, Quota.EVENT),
        (60, 60, Action.GENERATE_EVENT, Quota.EVENT),
        (61, 60, Action.PAST_EVENTS, Quota.PAST_EVENT),
    ],
)
def test_an_activity_that_is_too_old_starts_no_workflow(
    age: float, max_age: float | None, action: Action, quota: Quota
) -> None:
    (call,) = mapped(
        RECORDED, {"name": "seen", "user_id": "42"}, age=age, events_max_age=max_age
    ).calls

    assert call.request is not None
    assert (call.action, call.request.quota) == (action, quota)


def test_a_past_event_says_when_it_was_and_has_its_own_key() -> None:
    (call,) = mapped(RECORDED, {"name": "seen", "user_id": "42"}, age=3600, events_max_age=60).calls

    assert body(call) == {
        "events": [
            {
                "eventTypeKey": "seen",
                "keyValue": call.key,
                "params": [{"name": "externalCustomerId", "value": "42"}],
                "occurred": "2026-11-24T09:00:00",
            }
        ]
    }


def test_an_event_is_at_most_20_kilobytes() -> None:
    def made(length: int) -> Any:
        return mapped(RECORDED, {"name": "n", "user_id": "4", "params": {"a": "x" * length}})

    frame = len(made(0).calls[0].request.body)
    longest, too_long = made(20_000 - frame), made(20_001 - frame)

    assert len(longest.calls) == 1
    assert too_long.calls == ()
    assert too_long.refusal.reason == "text.too_long"
    assert too_long.refusal.field == "data.params"


# -- messages -------------------------------------------------------------------------------

WAYS: list[tuple[dict[str, str], dict[str, str], bool]] = [
    ({"email": "ann@x.com"}, {"locator": "ann@x.com"}, True),
    ({"phone": "+380501234567"}, {"locator": "380501234567"}, False),
    ({"email": "ann@x.com", "phone": "+380501234567"}, {"locator": "ann@x.com"}, True),
    (
        {"email": "ann@x.com", "phone": "+380501234567", "channel": "other"},
        {"locator": "380501234567"},
        False,
    ),
    ({"email": "ann@x.com", "channel": "other"}, {"locator": "ann@x.com"}, False),
    (ANN | {"channel": "email"}, {"externalCustomerId": "42"}, True),
    ({"user_id": "42", "channel": "other"}, {"externalCustomerId": "42"}, False),
]


@pytest.mark.parametrize(("who", "recipient", "by_email"), WAYS)
def test_a_message_goes_to_one_recipient_by_the_channel_that_is_meant(
    who: dict[str, str],
    recipient: dict[str, str],
    by_email: bool,  # noqa: FBT001 - the case
) -> None:
    call = the_call(REQUESTED, {"message_id": 5} | who)

    assert call.request is not None
    assert call.request.path == "/v1/message/5/smartsend"
    assert body(call) == {
        "recipients": [{"externalRequestId": call.key} | recipient],
        "email": by_email,
    }
    assert (call.action, call.intent, call.repeat) == (
        Action.SEND_MESSAGE,
        "message.send",
        Repeat.COUNTS,
    )


@pytest.mark.parametrize(
    ("params", "sent"), [({"a": [1]}, {"jsonParam": '{"a":[1]}'}), ({}, {}), (None, {})]
)
def test_params_are_json_within_a_text(params: Any, sent: dict[str, str]) -> None:
    call = the_call(REQUESTED, {"message_id": 5, "email": "ann@x.com", "params": params})

    (recipient,) = body(call)["recipients"]
    assert {name: value for name, value in recipient.items() if name == "jsonParam"} == sent
