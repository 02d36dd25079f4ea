"""Mobile push tokens."""

from schemas.base import Data
from schemas.contacts import Person
from schemas.identity import ItemId, Token
from schemas.text import ShortText


class DeviceTokenChanged(Data):
    """Pushes to a device were switched on or off."""

    app_id: ItemId
    token: Token
    active: bool


class DeviceTokenRegistered(Person):
    """A device appeared."""

    app_id: ItemId
    token: Token
    os: ShortText | None = None
    locale: ShortText | None = None
    device_model: ShortText | None = None
    app_version: ShortText | None = None
