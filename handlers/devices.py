"""Mobile push tokens."""

from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, idempotency_key
from handlers.identity import digits, lanes_of, marks_of
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.devices import DeviceTokenChanged, DeviceTokenRegistered

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
        repeat=Repeat.SAFE,
        key=idempotency_key(event.identity, ACTIVITY),
        lanes=(f"t:{data.token}",),
        request=requests.token_activity(data.app_id, data.token, active=data.active),
    )
    return Mapped(calls=(call,))


def device_token_registered(event: Event[DeviceTokenRegistered], _options: Options) -> Mapped:
    """Add the device to its owner: always alone, since an import might null the other tokens."""
    data = event.data
    call = Call(
        action=Action.ADD_CONTACT,
        intent=REGISTER,
        repeat=Repeat.SAFE,
        key=idempotency_key(event.identity, REGISTER),
        lanes=(*lanes_of(data), f"t:{data.token}"),
        request=requests.add_contact(_owner(data)),
        marks=marks_of(data),
    )
    return Mapped(calls=(call,))


def _owner(data: DeviceTokenRegistered) -> dict[str, Any]:
    given = ((theirs, getattr(data, ours)) for ours, theirs in _DEVICE.items())
    device = {"appId": data.app_id} | {name: value for name, value in given if value is not None}
    channels: list[dict[str, Any]] = []
    if data.email is not None:
        channels.append({"type": "email", "value": data.email})
    if data.phone is not None:
        channels.append({"type": "sms", "value": digits(data.phone)})
    channels.append({"type": "mobilepush", "value": data.token, "device": device})
    owner: dict[str, Any] = {"channels": channels}
    if data.user_id is not None:
        owner["externalCustomerId"] = data.user_id
    return owner


ROUTES = {
    "device_token.changed": Route(
        model=DeviceTokenChanged, handle=device_token_changed, topic="device-tokens"
    ),
    "device_token.registered": Route(
        model=DeviceTokenRegistered, handle=device_token_registered, topic="device-tokens"
    ),
}
