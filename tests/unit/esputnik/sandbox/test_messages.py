"""Sending a prepared message."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account, channels_of, refusal, told

PATH = "/v1/message/7/smartsend"


def send(asker: Asker, *recipients: Any, email: bool = True) -> Any:
    return told(asker.post(PATH, {"recipients": list(recipients), "email": email}))


def test_one_result_comes_as_a_bare_object() -> None:
    asker = an_account()
    number = asker.add()

    said = send(asker, {"locator": "Ann@example.com", "jsonParam": '{"a":1}'})

    result = said["results"]
    assert said["id"] == 0
    assert (result["locator"], result["status"]) == ("Ann@example.com", "OK")
    assert asker.state("sent") == [
        {
            "locator": "Ann@example.com",
            "jsonParam": '{"a":1}',
            "messageId": 7,
            "email": True,
            "contactId": number,
            "requestId": result["requestId"],
        }
    ]


def test_each_recipient_has_a_result_of_its_own_inside_a_success() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1")

    said = send(
        asker,
        {"contactId": str(number)},
        {"externalCustomerId": "u-1"},
        {"contactId": 1},
        {"externalCustomerId": "nobody"},
        {"locator": "ann"},
        {},
        {"locator": "bob@example.com", "jsonParam": {"a": 1}},
    )

    assert [(one["status"], one.get("message")) for one in said["results"]] == [
        ("OK", None),
        ("OK", None),
        ("ERROR", "Contact not found"),
        ("ERROR", "Contact not found"),
        ("ERROR", "'ann' is not valid email"),
        ("ERROR", "One of contactId, externalCustomerId, locator is required"),
        ("ERROR", "jsonParam must be a text of JSON"),
    ]
    assert len(asker.state("sent")) == 2


def test_a_deleted_contact_is_sent_nothing() -> None:
    asker = an_account()
    number = asker.add()
    asker.delete(f"/v1/contact/{number}")

    assert send(asker, {"contactId": number})["results"]["message"] == "Contact not found"


@pytest.mark.parametrize(
    ("by_email", "locator", "kind"),
    [(True, "new@example.com", "email"), (False, "380671234567", "sms")],
)
def test_a_locator_nobody_has_makes_a_contact(*, by_email: bool, locator: str, kind: str) -> None:
    asker = an_account()

    send(asker, {"locator": locator}, email=by_email)
    send(asker, {"locator": locator}, email=by_email)

    (contact,) = asker.contacts()
    assert channels_of(contact, kind) == [locator]
    assert contact["confirmed"]


def test_a_rule_lets_recipients_fail() -> None:
    asker = an_account()
    asker.account.faults.rule([{"contains": "ann", "item_error": "Bad luck"}])

    said = send(asker, {"locator": "ann@example.com"}, {"locator": "bob@example.com"})

    assert [one["status"] for one in said["results"]] == ["ERROR", "OK"]
    assert said["results"][0]["message"] == "Bad luck"


@pytest.mark.parametrize("recipients", [[], None, ["x"]])
def test_a_send_without_recipients_is_refused(recipients: Any) -> None:
    assert an_account().post(PATH, {"recipients": recipients}).status == 400


def test_a_send_has_at_most_a_thousand_recipients() -> None:
    body: dict[str, Any] = {"recipients": [{}] * 1001}

    refused = an_account().post(PATH, body)

    assert refusal(refused) == (400, "recipients: at most 1000 are allowed in a request")
    assert an_account(oversized_status=413).post(PATH, body).status == 413


def test_a_message_nobody_made_is_not_found_where_that_is_switched_on() -> None:
    asker = an_account(unknown_message="404")
    body = {"recipients": [{"locator": "ann@example.com"}], "email": True}
    made = told(asker.post("/v1/messages/appinbox", {"name": "n", "title": "t", "text": "x"}))["id"]

    assert refusal(asker.post(PATH, body)) == (404, "Message with id='7' not found")
    assert asker.post(f"/v1/message/{made}/smartsend", body).status == 200
