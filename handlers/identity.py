"""Names that calls are ordered by (lanes) and that answers know items by (marks)."""

from typing import Any

from esputnik import requests
from esputnik.call import Request
from schemas.contacts import Person


def digits(phone: str) -> str:
    """Return a phone as eSputnik takes it: E.164 without the plus."""
    return phone[1:]


def lanes(user_id: str | None, email: str | None, phone: str | None) -> tuple[str, ...]:
    """Return the lane of each identifier, compared as eSputnik compares: e-mails without case."""
    named = []
    if user_id is not None:
        named.append("u:" + user_id)
    if email is not None:
        named.append("e:" + email.lower())
    if phone is not None:
        named.append("p:" + digits(phone))
    return tuple(named)


def lanes_of(person: Person) -> tuple[str, ...]:
    """Return the lanes of a person."""
    return lanes(person.get("user_id"), person.get("email"), person.get("phone"))


def marks_of(person: Person) -> frozenset[str]:
    """Return the spellings by which an answer may name the person."""
    marks = set()
    if (user_id := person.get("user_id")) is not None:
        marks.add("id:" + user_id)
    if (email := person.get("email")) is not None:
        marks.add("email:" + email.lower())
    if (phone := person.get("phone")) is not None:
        marks.add("sms:" + digits(phone))
    return frozenset(marks)


def channels_of(person: Person) -> list[dict[str, Any]]:
    """Return the person's addresses as eSputnik's channels."""
    channels = []
    if (email := person.get("email")) is not None:
        channels.append({"type": "email", "value": email})
    if (phone := person.get("phone")) is not None:
        channels.append({"type": "sms", "value": digits(phone)})
    return channels


def find(person: Person) -> Request:
    """Return the look-up of a person: by user id, else by e-mail, else by phone."""
    if (user_id := person.get("user_id")) is not None:
        return requests.find_contact(user_id=user_id)
    if (email := person.get("email")) is not None:
        return requests.find_contact(email=email)
    return requests.find_contact(phone=digits(person["phone"] or ""))
