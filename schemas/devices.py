"""Mobile push tokens."""

from typing import Required

from typing_extensions import TypedDict

from schemas.contacts import CHANNELS, PERSON, Person
from schemas.identity import ItemId, Token
from schemas.model import Model
from schemas.text import ShortText


class DeviceTokenChanged(TypedDict, total=False):
    """Push messages to a device were switched on or off."""

    app_id: Required[ItemId]
    token: Required[Token]
    active: Required[bool]


class DeviceTokenRegistered(Person, total=False):
    """A device got a push token."""

    app_id: Required[ItemId]
    token: Required[Token]
    os: ShortText | None
    locale: ShortText | None
    device_model: ShortText | None
    app_version: ShortText | None


DEVICE_TOKEN_CHANGED = Model(DeviceTokenChanged)
DEVICE_TOKEN_REGISTERED = Model(DeviceTokenRegistered, someone=PERSON, may_fall=CHANNELS)
