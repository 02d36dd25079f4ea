"""Sign-ups, profile changes and deletions.

An import writes what it lists and nulls what it lists and does not carry; so exactly the fields
the event named are listed, plus what the contact is found by.
Source: docs.yespo.io/reference/contactsbulkupdate-1.
"""

from collections.abc import Container, Iterator, Mapping
from functools import lru_cache
from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, Shape
from esputnik.json_text import json_text
from handlers.identity import channels_of, find, lanes_of, marks_of
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from handlers.texts import plain
from schemas.contacts import (
    USER_DELETED,
    USER_SIGNED_UP,
    USER_UPDATED,
    Contact,
    Person,
    UserDeleted,
    UserSignedUp,
    UserUpdated,
)

UPSERT = "contact.upsert"
DELETE = "contact.delete"
# Ours → eSputnik's, in the order in which they are listed.
_CHANNELS = {"email": "email", "phone": "sms"}
_FIELDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "language": "languageCode",
    "time_zone": "timeZone",
}
_ADDRESS = {"region": "region", "city": "town", "street": "address", "postal_code": "postcode"}


def user_signed_up(event: Event[UserSignedUp], options: Options) -> Mapped:
    """Create the contact, or adopt the one that has the address; a deleted one is restored."""
    return _upsert(event.identity, event.data, options, is_sign_up=True)


def user_updated(event: Event[UserUpdated], options: Options) -> Mapped:
    """Change exactly what the event names; a deleted contact stays deleted."""
    return _upsert(event.identity, event.data, options, is_sign_up=False)


def user_deleted(event: Event[UserDeleted], _options: Options) -> Mapped:
    """Delete the contact; one that is not there is deleted already."""
    user_id, erase = event.data.get("user_id"), bool(event.data.get("erase"))
    person = Person(user_id=user_id, email=event.data.get("email"))
    call = Call(
        action=Action.DELETE_CONTACT,
        intent=DELETE,
        identity=event.identity,
        repeat=Repeat.SAFE,
        lanes=lanes_of(person),
        request=(
            requests.delete_contact(erase=erase)
            if user_id is None
            else requests.delete_customer(user_id, erase=erase)
        ),
        lookups=(find(person),) if user_id is None else (),
        missing_is_done=True,
    )
    return Mapped((call,))


def _upsert(identity: str, data: Contact, options: Options, *, is_sign_up: bool) -> Mapped:
    custom, dropped = _custom_fields(data, options.custom_fields)
    item = _item(data, custom)
    goes_alone = _may_go_alone(data, options.single, is_sign_up=is_sign_up)
    call = Call(
        action=Action.ADD_CONTACT if goes_alone else Action.BULK_CONTACTS,
        intent=UPSERT,
        identity=identity,
        repeat=Repeat.SAFE,
        lanes=lanes_of(data),
        request=requests.add_contact(item) if goes_alone else None,
        shape=_shape(
            _found_by(data, options.dedupe_on, is_sign_up=is_sign_up),
            tuple(data),
            _parts(data),
            tuple(sorted(custom)) if custom else (),
            tuple(data.get("segments") or ()),
            data.get("user_id") is not None,
            is_sign_up,
        ),
        item=json_text(item),
        marks=marks_of(data),
    )
    return Mapped((call,), dropped=dropped)


def _item(data: Contact, custom: Mapping[int, str | None]) -> dict[str, Any]:
    """Return the contact by eSputnik's names, with what the event gives; nulls are left out."""
    item: dict[str, Any] = {"channels": channels_of(data)}
    if (user_id := data.get("user_id")) is not None:
        item["externalCustomerId"] = user_id
    item |= _renamed(data, _FIELDS)
    parts = data.get("address")
    if parts and (address := _renamed(parts, _ADDRESS)):
        item["address"] = address
    if custom and (fields := _fields(custom)):
        item["fields"] = fields
    return item


def _renamed(data: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        names[ours]: value for ours, value in data.items() if value is not None and ours in names
    }


def _fields(custom: Mapping[int, str | None]) -> list[dict[str, Any]]:
    return [{"id": number, "value": text} for number, text in custom.items() if text is not None]


def _custom_fields(
    data: Contact, known: Mapping[str, int]
) -> tuple[dict[int, str | None], tuple[str, ...]]:
    """Return the attributes by field id, None to clear; and the names that have no id."""
    attributes = data.get("attributes")
    if not attributes:
        return {}, ()
    custom = {
        known[name]: plain(value) if value is not None else None
        for name, value in attributes.items()
        if name in known
    }
    dropped = tuple(f"attributes.{name}" for name in attributes if name not in known)
    return custom, dropped


def _found_by(person: Person, preferred: str, *, is_sign_up: bool) -> str:
    """Return eSputnik's `dedupeOn`.

    An update with a user id is found by it, so that an e-mail can change; a sign-up with one by
    its address, so that a known address is adopted. The field named here is never changed.
    """
    has_email, has_phone = person.get("email") is not None, person.get("phone") is not None
    is_by_id = person.get("user_id") is not None and not is_sign_up
    if is_by_id or not (has_email or has_phone):
        return "externalCustomerId"
    if preferred == "email_or_sms":
        return preferred
    first, second = (has_email, "sms") if preferred == "email" else (has_phone, "email")
    return preferred if first else second


def _parts(data: Contact) -> tuple[str, ...]:
    """Return the parts of the address that an event names; all where it clears the address."""
    if "address" not in data:
        return ()
    return tuple(_ADDRESS if data["address"] is None else data["address"])


@lru_cache(maxsize=4096)
def _shape(  # noqa: PLR0913, PLR0917 - by position: names would double what a look-up takes
    found_by: str,
    named: tuple[str, ...],
    parts: tuple[str, ...],
    custom_ids: tuple[int, ...],
    segments: tuple[str, ...],
    has_id: bool,  # noqa: FBT001
    is_sign_up: bool,  # noqa: FBT001
) -> Shape:
    """Return what the imports of events have in common that name the same: a company has few."""
    return requests.bulk_contacts(
        dedupe_on=found_by,
        contact_fields=tuple(_contact_fields(named, parts, has_id=has_id)),
        custom_fields_ids=custom_ids,
        group_names=segments,
        restore_deleted=is_sign_up,
    )


def _contact_fields(named: Container[str], parts: Container[str], *, has_id: bool) -> Iterator[str]:
    """Return eSputnik's names of what an event names. What a contact is found by is among it."""
    yield from (theirs for ours, theirs in _CHANNELS.items() if ours in named)
    yield from (theirs for ours, theirs in _FIELDS.items() if ours in named)
    yield from (theirs for ours, theirs in _ADDRESS.items() if ours in parts)
    if has_id:
        yield "externalCustomerId"


def _may_go_alone(data: Contact, single: str, *, is_sign_up: bool) -> bool:
    """Tell whether Add Contact can say what the event says, and may by the settings.

    It cannot clear a field, join a segment by name, or do without a channel.
    """
    is_meant = single == "always" or (single == "sign-ups" and is_sign_up)
    has_channel = data.get("email") is not None or data.get("phone") is not None
    return is_meant and has_channel and not data.get("segments") and not _clears(data)


def _clears(data: Contact) -> bool:
    parts = (data, data.get("address") or {}, data.get("attributes") or {})
    return any(value is None for part in parts for value in part.values())


ROUTES = {
    "user.signed_up": Route(model=USER_SIGNED_UP, handle=user_signed_up, topic="users"),
    "user.updated": Route(model=USER_UPDATED, handle=user_updated, topic="users"),
    "user.deleted": Route(model=USER_DELETED, handle=user_deleted, topic="users"),
}
