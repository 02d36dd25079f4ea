"""A contact as a request tells it, read once: its channels, texts and additional fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from esputnik.sandbox.book import ADDRESS, SINGLE, TEXTS, Book, Channels
from esputnik.sandbox.checks import is_email, is_name, is_phone
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Object, RefusedError, number_of, text_of

EXTERNAL = "externalCustomerId"
KINDS = frozenset({"email", "sms", "viber", "mobilepush", "webpush", "appinbox", "widget", "inapp"})
CLIENT_VERSIONS = (None, "native", "esputnik-1")
MAX_OF_A_KIND = 2
MAX_FIELD = 5000  # of a text area, which all additional fields of the sandbox are


@dataclass(slots=True, kw_only=True)
class Given:
    """What a request says of a contact, with nothing wrong about it.

    `id` counts in an import that finds contacts by it. `channels` by kind, those without a value
    left out; `texts` and `custom` are "" where they are named without a value.
    """

    id: str = ""
    external: str = ""
    channels: dict[str, Channels] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    custom: dict[int, str] = field(default_factory=dict)


def read_contact(raw: Object, book: Book, switches: Switches) -> Given:
    """Return what is told of a contact.

    Raises:
        RefusedError: Something about it is wrong.
    """
    texts = _texts(raw)
    if switches.check_names:
        _check_names(texts)
    return Given(
        id=text_of(raw.get("id")),
        external=text_of(raw.get(EXTERNAL)),
        channels=_channels(raw.get("channels"), book),
        texts=texts,
        custom=_custom(raw.get("fields"), switches),
    )


def _channels(told: object, book: Book) -> dict[str, Channels]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for channel in _objects("channels", told):
        kind, value = text_of(channel.get("type")), text_of(channel.get("value"))
        if kind not in KINDS:
            raise RefusedError("Unknown channel type")
        _check_channel(kind, value, channel)
        if value:
            found.setdefault(kind, {})[book.key(kind, value)] = channel
    for kind, channels in found.items():
        if len(channels) > MAX_OF_A_KIND and kind in SINGLE:
            raise RefusedError(f"At most {MAX_OF_A_KIND} channels of type {kind} are allowed")
    return dict(found)


def _check_channel(kind: str, value: str, channel: Object) -> None:
    if kind == "email":
        if value and not is_email(value):
            raise RefusedError(f"'{value}' is not valid email")
    elif kind in SINGLE:
        if value and not is_phone(value):
            raise RefusedError(f"'{value}' is not valid phone number")
    else:
        _check_device(channel)


def _check_device(channel: Object) -> None:
    for name in ("device", "webPushSubscription"):
        if not isinstance(channel.get(name) or {}, dict):
            raise RefusedError(f"{name} must be an object")
    if (channel.get("device") or {}).get("clientVersion") not in CLIENT_VERSIONS:
        raise RefusedError("clientVersion is not valid")


def _texts(raw: Object) -> dict[str, str]:
    address = raw.get("address") or {}
    if not isinstance(address, dict):
        raise RefusedError("address must be an object")
    texts = {name: text_of(raw[name]) for name in TEXTS if name in raw}
    for name in ADDRESS:
        if name in address:
            texts[name] = text_of(address[name])
    return texts


def _check_names(texts: Mapping[str, str]) -> None:
    for name in ("firstName", "lastName"):
        value = texts.get(name)
        if value and not is_name(value, any_words=name == "lastName"):
            raise RefusedError(f"{name} is not valid")


def _custom(told: object, switches: Switches) -> dict[int, str]:
    custom = {}
    for one in _objects("fields", told):
        number, value = field_id(one), text_of(one.get("value"))
        if len(value) > MAX_FIELD:
            raise RefusedError("The value of an additional field is too long")
        if 0 < number <= switches.custom_fields:
            custom[number] = value
        elif switches.unknown_field == "400":
            raise RefusedError("Unknown additional field")
    return custom


def field_id(told: Object) -> int:
    """Return the id of an additional field; 0, which no field has, where it is no number."""
    return number_of(told.get("id")) or 0


def _objects(name: str, told: object) -> list[Object]:
    many = told or []
    if not isinstance(many, list) or not all(isinstance(one, dict) for one in many):
        raise RefusedError(f"{name} must be a list of objects")
    return many
