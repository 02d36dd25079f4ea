"""Events, and those of the past."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import START, Asker, an_account, refusal, told

V1, V2 = "/v1/event", "/v2/event"
PAST_V1, PAST_V2 = "/v1/past_events", "/v2/past_events"


def an_event(*params: tuple[str, Any], **more: Any) -> dict[str, Any]:
    given = params or (("email", "ann@example.com"),)
    return {"eventTypeKey": "seen", "params": [{"name": n, "value": v} for n, v in given]} | more


def contact_of(asker: Asker, *params: tuple[str, Any], path: str = V2) -> Any:
    assert asker.post(path, an_event(*params)).status == 200
    return asker.state("events")[-1]["contactId"]


@pytest.mark.parametrize("path", [V1, V2])
def test_an_event_is_taken_with_its_contact_and_its_key(path: str) -> None:
    asker = an_account()
    number = asker.add()

    answer = asker.post(path, an_event())

    assert (answer.status, answer.body) == (200, b"")
    assert asker.state("events") == [
        an_event() | {"keyValue": "ann@example.com", "contactId": number}
    ]


def test_a_repeated_event_is_taken_again() -> None:
    asker = an_account()
    for _ in range(2):
        asker.post(V2, an_event(keyValue="k"))

    assert [one["keyValue"] for one in asker.state("events")] == ["k", "k"]


def test_an_event_makes_no_contact() -> None:
    asker = an_account()

    assert contact_of(asker, ("email", "new@example.com")) is None
    assert asker.contacts() == []


def test_identifiers_are_known_by_many_names_and_the_first_kind_wins() -> None:
    asker = an_account()
    push = {"type": "mobilepush", "value": "t-1", "device": {"appId": "app"}}
    ann = asker.add(user_id="u-1")
    bob = asker.add(email=None, phone="380671234567", contactKey="k-1")
    cat = asker.add(channels=[push])

    assert contact_of(asker, ("Contact_id", ann)) == ann
    assert contact_of(asker, ("contactId", "x")) is None
    assert contact_of(asker, ("EXTERNALCUSTOMERID", "u-1"), ("phone", "380671234567")) == ann
    assert contact_of(asker, ("EmailAddress", "ANN@example.com")) == ann
    assert contact_of(asker, ("SMS", "+380671234567"), ("email", "")) == bob
    assert contact_of(asker, ("ContactKey", "k-1")) == bob
    assert contact_of(asker, ("ContactKey", "k-2")) is None
    assert contact_of(asker, ("PushToken", "t-1")) == cat


def test_an_external_id_of_null_is_none() -> None:
    asker = an_account()
    number = asker.add()

    params = (("externalCustomerId", "null"), ("email", "ann@example.com"))

    assert contact_of(asker, *params) == number


def test_a_deleted_contact_has_no_events() -> None:
    asker = an_account()
    number = asker.add()
    asker.delete(f"/v1/contact/{number}")

    assert contact_of(asker, ("contactId", number)) is None


REQUIRED = 'The event should have the following params: [{"name":"EmailAddress","required":true}]'


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (an_event(("price", 7)), REQUIRED),
        (an_event(("email", "")), REQUIRED),
        (an_event(("externalCustomerId", "null")), REQUIRED),
        (an_event(params=None), REQUIRED),
        (an_event(eventTypeKey=""), "eventTypeKey must have 1 to 100 characters"),
        (an_event(eventTypeKey="x" * 101), "eventTypeKey must have 1 to 100 characters"),
        (an_event(eventTypeKey="a/b"), "eventTypeKey holds a forbidden character"),
        (an_event(keyValue="x" * 301), "keyValue must have 1 to 300 characters"),
        (an_event(params={}), REQUIRED),
        (an_event(params="x"), "params must be a list of objects"),
        (an_event(params=["x"]), "params must be a list of objects"),
        (an_event(("x" * 101, 1)), "The name of a parameter must have 1 to 100 characters"),
        (an_event(("", 1)), "The name of a parameter must have 1 to 100 characters"),
        (an_event(("a", 1), ("a", 2)), "The names of parameters must be unique"),
        (an_event(("a", "x" * 20_000)), "The event is larger than 20 kB"),
    ],
)
@pytest.mark.parametrize("path", [V1, V2])
def test_an_event_that_is_none_is_refused(path: str, event: Any, message: str) -> None:
    asker = an_account()

    assert refusal(asker.post(path, event)) == (400, message)
    assert asker.state("events") == []


def test_a_key_alone_will_do() -> None:
    asker = an_account()

    assert asker.post(V2, {"eventTypeKey": "seen", "keyValue": "ann@example.com"}).status == 200
    assert asker.state("events")[0]["contactId"] is None


@pytest.mark.parametrize("value", [{"a": 1}, [1]])
def test_only_the_second_version_takes_objects(value: Any) -> None:
    event = an_event(("email", "ann@example.com"), ("goods", value))
    asker = an_account()

    assert refusal(asker.post(V1, event)) == (400, "The value of a parameter must be a text")
    assert asker.post(V2, event).status == 200


# -- events of the past ---------------------------------------------------------------------


def a_past_event(**more: Any) -> dict[str, Any]:
    return an_event() | {"keyValue": "k", "occurred": "2025-11-01T00:00:00Z"} | more


@pytest.mark.parametrize("path", [PAST_V1, PAST_V2])
def test_each_past_event_has_a_verdict_of_its_own(path: str) -> None:
    asker = an_account()
    number = asker.add()

    said = told(
        asker.post(
            path,
            {
                "events": [
                    a_past_event(),
                    a_past_event(occurred=None),
                    a_past_event(occurred="soon"),
                    a_past_event(occurred="2025-11-25T00:00:00"),
                    a_past_event(occurred="2024-11-01T00:00:00"),
                    a_past_event(occurred="2025-11-24T16:00:00"),
                ]
            },
        )
    )

    assert said == {
        "results": [
            {"status": "ACCEPTED"},
            {"status": "OCCURRED_DATE_IS_REQUIRED"},
            {"status": "INCORRECT_OCCURRED_DATE_FORMAT"},
            {"status": "OCCURRED_TIME_IN_FUTURE"},
            {"status": "OCCURRED_TIME_TOO_DEPTH"},
            {"status": "ACCEPTED"},
        ],
        "successCount": 2,
        "errorCount": 4,
    }
    assert asker.state("past_events")[0] == a_past_event() | {"contactId": number}
    assert asker.state("events") == []
    assert START == 1_764_000_000.0  # 2025-11-24T16:00:00Z


def test_how_old_an_event_may_be_is_a_switch() -> None:
    body = {"events": [a_past_event(occurred="2020-11-01T00:00:00Z")]}

    assert told(an_account(max_past_days=9999).post(PAST_V2, body))["successCount"] == 1
    assert told(an_account(max_past_days=1).post(PAST_V2, body))["successCount"] == 0


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "events must not be empty"),
        ([a_past_event()] * 501, "events: at most 500 are allowed in a request"),
        ([a_past_event(), a_past_event(keyValue=None)], "keyValue is required"),
        ([a_past_event(), a_past_event(eventTypeKey="a?")], "eventTypeKey holds a forbidden char"),
    ],
)
def test_a_request_of_past_events_that_is_none_is_refused_whole(events: Any, message: str) -> None:
    asker = an_account()

    status, text = refusal(asker.post(PAST_V2, {"events": events}))

    assert (status, text.startswith(message)) == (400, True)
    assert asker.state("past_events") == []


def test_only_the_second_version_of_past_events_takes_objects() -> None:
    asker = an_account()
    event = a_past_event() | an_event(("email", "a@b.com"), ("goods", [1]))

    assert asker.post(PAST_V1, {"events": [event]}).status == 400
    assert asker.post(PAST_V2, {"events": [event]}).status == 200
