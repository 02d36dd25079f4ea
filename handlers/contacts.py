"""Sign-ups, profile changes and deletions.

An import writes what it lists and nulls what it lists and does not carry; so exactly the fields
the event named are listed, plus what the contact is found by.
Source: docs.yespo.io/reference/contactsbulkupdate-1.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, idempotency_key
from esputnik.json_text import json_text
from handlers.identity import digits, find, lanes_of, marks_of
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from handlers.texts import plain
from schemas.contacts import Address, ContactData, UserDeleted, UserSignedUp, UserUpdated

UPSERT = "contact.upsert"
# Ours → eSputnik's, in the order in which they are listed.
_FIELDS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "language": "languageCode",
    "time_zone": "timeZone",
}
_CHANNELS = {"email": "email", "phone": "sms"}
_ADDRESS = {"region": "region", "city": "town", "street": "address", "postal_code": "postcode"}


def user_signed_up(event: Event[UserSignedUp], options: Options) -> Mapped:
    """Create the contact, or adopt the one that has the address; a deleted one is restored."""
    return _upsert(event, options, is_sign_up=True)


def user_updated(event: Event[UserUpdated], options: Options) -> Mapped:
    """Change exactly what the event names; a deleted contact stays deleted."""
    return _upsert(event, options, is_sign_up=False)


def user_deleted(event: Event[UserDeleted], _options: Options) -> Mapped:
    """Delete the contact; one that is not there is deleted already."""
    data = event.data
    erase = bool(data.erase)
    request = (
        requests.delete_customer(data.user_id, erase=erase)
        if data.user_id is not None
        else requests.delete_contact(erase=erase)
    )
    call = Call(
        action=Action.DELETE_CONTACT,
        intent="contact.delete",
        repeat=Repeat.SAFE,
        key=idempotency_key(event.identity, "contact.delete"),
        lanes=lanes_of(data),
        request=request,
        lookups=() if data.user_id is not None else (find(data),),
        missing_is_done=True,
    )
    return Mapped(calls=(call,))


def _upsert(event: Event[ContactData], options: Options, *, is_sign_up: bool) -> Mapped:
    data = event.data
    custom, dropped = _custom_fields(data, options.custom_fields)
    item = _item(data, custom)
    found_by = _found_by(data, options.dedupe_on, is_sign_up=is_sign_up)
    shape = requests.bulk_contacts(
        dedupe_on=found_by,
        contact_fields=tuple(_contact_fields(data, found_by)),
        custom_fields_ids=tuple(sorted(custom)),
        group_names=tuple(data.segments or ()),
        restore_deleted=is_sign_up,
    )
    goes_alone = _may_go_alone(data, item, options.single, is_sign_up=is_sign_up)
    call = Call(
        action=Action.ADD_CONTACT if goes_alone else Action.BULK_CONTACTS,
        intent=UPSERT,
        repeat=Repeat.SAFE,
        key=idempotency_key(event.identity, UPSERT),
        lanes=lanes_of(data),
        request=requests.add_contact(item) if goes_alone else None,
        shape=shape,
        item=json_text(item),
        marks=marks_of(data),
    )
    return Mapped(calls=(call,), dropped=dropped)


def _item(data: ContactData, custom: Mapping[int, str | None]) -> dict[str, Any]:
    """Return the contact by eSputnik's names, with what the event gives; nulls are left out."""
    item: dict[str, Any] = {"channels": list(_channels(data))}
    if data.user_id is not None:
        item["externalCustomerId"] = data.user_id
    for ours, theirs in _FIELDS.items():
        if (value := getattr(data, ours)) is not None:
            item[theirs] = value
    if data.address is not None and (address := dict(_address(data.address))):
        item["address"] = address
    if given := [{"id": number, "value": text} for number, text in custom.items() if text]:
        item["fields"] = given
    return item


def _channels(data: ContactData) -> Iterator[dict[str, str]]:
    if data.email is not None:
        yield {"type": "email", "value": data.email}
    if data.phone is not None:
        yield {"type": "sms", "value": digits(data.phone)}


def _address(address: Address) -> Iterator[tuple[str, str]]:
    for ours, theirs in _ADDRESS.items():
        if (value := getattr(address, ours)) is not None:
            yield theirs, value


def _custom_fields(
    data: ContactData, known: Mapping[str, int]
) -> tuple[dict[int, str | None], tuple[str, ...]]:
    """Return the attributes by field id, None to clear; and the names that have no id."""
    attributes = data.attributes or {}
    custom = {
        known[name]: plain(value) if value is not None else None
        for name, value in attributes.items()
        if name in known
    }
    dropped = tuple(f"attributes.{name}" for name in attributes if name not in known)
    return custom, dropped


def _found_by(data: ContactData, preferred: str, *, is_sign_up: bool) -> str:
    """Return eSputnik's `dedupeOn`.

    An update with a user id is found by it, so that an e-mail can change; a sign-up with one by
    its address, so that a known address is adopted. The field named here is never changed.
    """
    if data.user_id is not None and not is_sign_up:
        return "externalCustomerId"
    held = {name for name, value in (("email", data.email), ("sms", data.phone)) if value}
    if preferred == "email_or_sms" and held:
        return preferred
    if preferred in held:
        return preferred
    return next(iter(held), "externalCustomerId")


def _contact_fields(data: ContactData, found_by: str) -> Iterator[str]:
    """Return what the event names, and what its contact is found by."""
    named = data.model_fields_set
    finders = set(found_by.split("_or_"))
    for ours, theirs in _CHANNELS.items():
        if ours in named or (theirs in finders and getattr(data, ours) is not None):
            yield theirs
    yield from (theirs for ours, theirs in _FIELDS.items() if ours in named)
    if "address" in named:
        parts = data.address.model_fields_set if data.address is not None else set(_ADDRESS)
        yield from (theirs for ours, theirs in _ADDRESS.items() if ours in parts)
    if data.user_id is not None:
        yield "externalCustomerId"


def _may_go_alone(
    data: ContactData, item: Mapping[str, Any], single: str, *, is_sign_up: bool
) -> bool:
    """Tell whether Add Contact can say what the event says, and may by the settings.

    It cannot clear a field, join a segment by name, or do without a channel.
    """
    is_meant = single == "always" or (single == "sign-ups" and is_sign_up)
    return is_meant and bool(item["channels"]) and not data.segments and not _clears(data)


def _clears(data: ContactData) -> bool:
    address = data.address
    return (
        any(getattr(data, name) is None for name in data.model_fields_set)
        or any(value is None for value in (data.attributes or {}).values())
        or (
            address is not None
            and any(getattr(address, name) is None for name in address.model_fields_set)
        )
    )


ROUTES = {
    "user.signed_up": Route(model=UserSignedUp, handle=user_signed_up, topic="users"),
    "user.updated": Route(model=UserUpdated, handle=user_updated, topic="users"),
    "user.deleted": Route(model=UserDeleted, handle=user_deleted, topic="users"),
}
