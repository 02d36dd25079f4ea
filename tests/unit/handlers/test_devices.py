from typing import Any

import orjson
import pytest

from esputnik.call import Action, Repeat
from tests.builders import the_call

DEVICE = {"app_id": "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "token": "fcm:abc/1"}


@pytest.mark.parametrize("active", [True, False])
def test_pushes_to_a_device_are_switched(active: bool) -> None:  # noqa: FBT001 - the case
    call = the_call("device_token.changed", DEVICE | {"active": active})

    assert call.request is not None
    assert call.request.method == "PUT"
    assert call.request.path.endswith("/83b77a49-fc28-409b-aeaa-68c9d544ab9d/fcm%3Aabc%2F1")
    assert orjson.loads(call.request.body or b"") == {"active": active}
    assert (call.intent, call.repeat) == ("token.activity", Repeat.SAFE)
    assert call.lanes == ("t:fcm:abc/1",)


def test_a_device_is_added_to_its_owner_and_never_by_import() -> None:
    owner = {"user_id": "42", "email": "ann@x.com", "phone": "+380501234567"}
    more = {"os": "iOS", "locale": "uk-UA", "device_model": "X", "app_version": "2.1"}

    call = the_call("device_token.registered", DEVICE | owner | more)

    assert (call.action, call.shape, call.intent) == (Action.ADD_CONTACT, None, "token.register")
    assert call.request is not None
    assert orjson.loads(call.request.body or b"") == {
        "channels": [
            {"type": "email", "value": "ann@x.com"},
            {"type": "sms", "value": "380501234567"},
            {
                "type": "mobilepush",
                "value": "fcm:abc/1",
                "device": {
                    "appId": DEVICE["app_id"],
                    "os": "iOS",
                    "locale": "uk-UA",
                    "deviceModel": "X",
                    "appVersion": "2.1",
                },
            },
        ],
        "externalCustomerId": "42",
    }
    assert call.lanes == ("u:42", "e:ann@x.com", "p:380501234567", "t:fcm:abc/1")
    assert call.marks == {"id:42", "email:ann@x.com", "sms:380501234567"}


@pytest.mark.parametrize("missing", [{}, {"os": None}])
def test_what_is_not_known_of_a_device_is_left_out(missing: dict[str, Any]) -> None:
    call = the_call("device_token.registered", DEVICE | {"email": "ann@x.com"} | missing)

    assert call.request is not None
    contact = orjson.loads(call.request.body or b"")
    assert contact["channels"][1]["device"] == {"appId": DEVICE["app_id"]}
    assert "externalCustomerId" not in contact
