"""Mobile push tokens."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account, channels_of, refusal, told

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def path(device: str = "t-1", app: str = APP) -> str:
    return f"/v1/contact/token/activated/{app}/{device}"


def push(value: str = "t-1", **device: Any) -> list[dict[str, Any]]:
    return [{"type": "mobilepush", "value": value, "device": {"appId": APP} | device}]


def is_active(asker: Asker, device: str = "t-1") -> Any:
    return told(asker.get(path(device)))["active"]


def test_a_token_is_registered_with_a_contact() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1", channels=push(os="ios", clientVersion="native"))

    assert asker.state("tokens") == [
        {
            "appId": APP,
            "token": "t-1",
            "active": True,
            "contactId": number,
            "externalCustomerId": "u-1",
        }
    ]
    assert told(asker.get(f"/v1/contact/token/{APP}/t-1/contactId")) == {"id": number}


def test_a_token_is_switched_off_and_on() -> None:
    asker = an_account()
    number = asker.add(channels=push())

    assert told(asker.put(path(), {"active": False})) == {"active": False}

    assert is_active(asker) is False
    assert asker.state("tokens")[0]["active"] is False
    assert asker.contact(number)["channels"] == push(active=False)
    asker.put(path(), {"active": True})
    assert is_active(asker) is True


def test_a_token_keeps_its_activity_when_it_is_told_again() -> None:
    asker = an_account()
    asker.add(channels=push())
    asker.put(path(), {"active": False})

    asker.add(channels=push(os="ios"))
    assert is_active(asker) is False

    asker.add(channels=push(active=True))
    assert is_active(asker) is True


def test_a_token_may_come_switched_off() -> None:
    asker = an_account()
    asker.add(channels=push(active=False))

    assert is_active(asker) is False


def test_a_contact_may_have_several_tokens() -> None:
    asker = an_account()
    number = asker.add(user_id="u-1", channels=push("t-1"))
    asker.add(user_id="u-1", channels=push("t-2"))

    assert channels_of(asker.contact(number), "mobilepush") == ["t-1", "t-2"]


def test_a_token_belongs_to_the_contact_that_was_told_of_it_last() -> None:
    asker = an_account()
    ann = asker.add(user_id="u-1", channels=push())
    bob = asker.add(user_id="u-2", channels=push())

    assert ann != bob
    assert channels_of(asker.contact(ann), "mobilepush") == []
    assert [one["contactId"] for one in asker.state("tokens")] == [bob]


def test_the_token_of_a_deleted_contact_is_still_known() -> None:
    asker = an_account()
    number = asker.add(channels=push())

    asker.delete(f"/v1/contact/{number}")

    assert is_active(asker) is True


@pytest.mark.parametrize("bad", [path("t-2"), path(app="other")])
def test_a_token_nobody_has_is_not_found(bad: str) -> None:
    asker = an_account()
    asker.add(channels=push())
    said = (404, "Token not found")

    assert refusal(asker.put(bad, {"active": True})) == said
    assert refusal(asker.get(bad)) == said


def test_a_token_that_came_without_an_app_is_under_no_path() -> None:
    asker = an_account()
    asker.add(channels=[{"type": "mobilepush", "value": "t-1"}])

    assert asker.get(path()).status == 404
    assert asker.state("tokens")[0]["appId"] == ""


def test_a_token_nobody_has_is_made_where_that_is_switched_on() -> None:
    asker = an_account(unknown_token="create")

    assert is_active(asker) is True
    assert told(asker.put(path(), {"active": False})) == {"active": False}
    assert is_active(asker) is False
    owner = asker.get(f"/v1/contact/token/{APP}/t-1/contactId")
    assert refusal(owner) == (404, "Contact not found")
    assert asker.state("tokens") == [
        {
            "appId": APP,
            "token": "t-1",
            "active": False,
            "contactId": None,
            "externalCustomerId": None,
        }
    ]


@pytest.mark.parametrize("body", [{}, {"active": None}, {"active": "true"}, {"active": 1}])
def test_an_activity_is_true_or_false(body: Any) -> None:
    asker = an_account()
    asker.add(channels=push())

    assert refusal(asker.put(path(), body)) == (400, "active is required")


def test_a_token_is_encoded_in_its_path() -> None:
    asker = an_account()
    asker.add(channels=push("a:b/c"))

    assert told(asker.put(path("a%3Ab%2Fc"), {"active": False})) == {"active": False}
    assert asker.state("tokens")[0]["active"] is False
