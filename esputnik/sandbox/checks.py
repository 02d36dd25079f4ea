"""What eSputnik refuses in a contact. Source: docs.yespo.io/docs/adding-new-users."""

import re
from typing import Any

from esputnik.sandbox.book import SINGLE, canonical
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Object, text_of

KINDS = frozenset({"email", "sms", "viber", "mobilepush", "webpush", "appinbox", "widget", "inapp"})
MAX_OF_A_KIND = 2
MAX_NAME = 40
MAX_NAME_DIGITS = 3
SHORT_WORD = 3
MAX_WORDS = 3
MAX_FIELD = 5000  # of a text area, which all additional fields of the sandbox are

_EMAIL = re.compile(r"[^@\s,;<>\"']+@[^@\s,;<>\"'.]+(\.[^@\s,;<>\"'.]+)+")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_PHONE_PADDING = re.compile(r"[\s()-]")
_WORD = re.compile(r"\w+(['’ʼ`-]\w+)*\.?")  # noqa: RUF001 - apostrophes of names


def contact_error(contact: Object, fields: frozenset[int] | set[int], switches: Switches) -> str:
    """Return why a contact is refused; "" for a good one."""
    return (
        _channels_error(contact.get("channels"))
        or (_names_error(contact) if switches.check_names else "")
        or _fields_error(contact.get("fields"), fields, switches)
    )


def is_email(text: str) -> bool:
    """Tell whether a text has the form of an address."""
    return _EMAIL.fullmatch(text) is not None


def channels_in(contact: Object) -> dict[str, list[dict[str, Any]]]:
    """Return a contact's channels by kind, those without a value left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for channel in contact.get("channels") or ():
        if text_of(channel.get("value")):
            found.setdefault(str(channel["type"]), []).append(channel)
    return found


def _channels_error(channels: object) -> str:
    if channels is None:
        return ""
    if not isinstance(channels, list) or not all(isinstance(one, dict) for one in channels):
        return "channels must be a list of objects"
    kinds = [str(one.get("type")) for one in channels]
    for kind in SINGLE:
        if kinds.count(kind) > MAX_OF_A_KIND:
            return f"At most {MAX_OF_A_KIND} channels of type {kind} are allowed"
    return next((error for one in channels if (error := _channel_error(one))), "")


def _channel_error(channel: Object) -> str:
    kind, value = channel.get("type"), text_of(channel.get("value"))
    if kind not in KINDS:
        return "Unknown channel type"
    if kind == "email" and value and not is_email(value):
        return f"'{value}' is not valid email"
    if kind in SINGLE and kind != "email" and value and not is_phone(value):
        return f"'{value}' is not valid phone number"
    if kind == "mobilepush" and not isinstance(channel.get("device", {}), dict):
        return "device must be an object"
    return ""


def is_phone(text: str) -> bool:
    """Tell whether a text has the form of a phone."""
    plain = _PHONE_PADDING.sub("", text)
    return _PHONE.fullmatch(plain) is not None and bool(canonical("sms", plain))


def _names_error(contact: Object) -> str:
    for name in ("firstName", "lastName"):
        value = text_of(contact.get(name))
        if value and not _is_name(value, any_words=name == "lastName"):
            return f"{name} is not valid"
    return ""


def _is_name(name: str, *, any_words: bool) -> bool:
    if len(name) > MAX_NAME or sum(sign.isdigit() for sign in name) > MAX_NAME_DIGITS:
        return False
    words = name.split()
    if not any(sign.isalpha() for sign in name) or not all(map(_is_word, words)):
        return False
    long = sum(len(word) > SHORT_WORD for word in words)
    return any_words or (long <= MAX_WORDS and len(words) - long <= MAX_WORDS)


def _is_word(word: str) -> bool:
    is_dotted = word.endswith(".")
    return (
        _WORD.fullmatch(word) is not None
        and "_" not in word
        and not (is_dotted and len(word) > SHORT_WORD + 1)
    )


def _fields_error(fields: object, known: frozenset[int] | set[int], switches: Switches) -> str:
    if fields is None:
        return ""
    if not isinstance(fields, list) or not all(isinstance(one, dict) for one in fields):
        return "fields must be a list of objects"
    for one in fields:
        if switches.unknown_field == "400" and field_id(one) not in known:
            return "Unknown additional field"
        if len(text_of(one.get("value"))) > MAX_FIELD:
            return "The value of an additional field is too long"
    return ""


def field_id(field: Object) -> int:
    """Return the id of an additional field; 0, which no field has, where it is no number."""
    text = text_of(field.get("id"))
    return int(text) if text.isdecimal() else 0
