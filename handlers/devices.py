"""Mobile push tokens."""

from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat
from handlers.identity import channels_of, lanes_of, marks_of
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.devices import (
    DEVICE_TOKEN_CHANGED,
    DEVICE_TOKEN_REGISTERED,
    DeviceTokenChanged,
    DeviceTokenRegistered,
)

ACTIVITY = "token.activity"
REGISTER = "token.register"
_DEVICE = {
    "os": "os",
    "locale": "locale",
    "device_model": "deviceModel",
    "app_version": "appVersion",
}


def device_token_changed(event: Event[DeviceTokenChanged], _options: Options) -> Mapped:
    """Switch pushes to one device on or off."""
    data = event.data
    call = Call(
        action=Action.TOKEN_ACTIVITY,
        intent=ACTIVITY,
        identity=event.identity,
        repeat=Repeat.SAFE,
        lanes=(_lane(data["token"]),),
        request=requests.token_activity(data["app_id"], data["token"], active=data["active"]),
    )
    return Mapped((call,))


def device_token_registered(event: Event[DeviceTokenRegistered], _options: Options) -> Mapped:
    """Add the device to its owner: always alone, since an import might null the other tokens."""
    data = event.data
    call = Call(
        action=Action.ADD_CONTACT,
        intent=REGISTER,
        identity=event.identity,
        repeat=Repeat.SAFE,
        lanes=(*lanes_of(data), _lane(data["token"])),
        request=requests.add_contact(_owner(data)),
        marks=marks_of(data),
    )
    return Mapped((call,))


def _lane(token: str) -> str:
    return f"t:{token}"


def _owner(data: DeviceTokenRegistered) -> dict[str, Any]:
    given = ((theirs, data.get(ours)) for ours, theirs in _DEVICE.items())
    device = {"appId": data["app_id"]} | {name: text for name, text in given if text is not None}
    push = {"type": "mobilepush", "value": data["token"], "device": device}
    owner: dict[str, Any] = {"channels": [*channels_of(data), push]}
    if (user_id := data.get("user_id")) is not None:
        owner["externalCustomerId"] = user_id
    return owner


ROUTES = {
    "device_token.changed": Route(
        model=DEVICE_TOKEN_CHANGED, handle=device_token_changed, topic="device-tokens"
    ),
    "device_token.registered": Route(
        model=DEVICE_TOKEN_REGISTERED,
        handle=device_token_registered,
        topic="device-tokens",
        makes_contacts=True,
    ),
}
