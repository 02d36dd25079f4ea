"""Names that calls are ordered by (lanes) and that answers know items by (marks)."""

from collections.abc import Iterator
from typing import Protocol

from esputnik import requests
from esputnik.call import Request


class Person(Protocol):
    """Whoever an event names: at least one of the three. `phone` is E.164, with its plus."""

    @property
    def user_id(self) -> str | None:
        """Return our own id of the person."""
        ...

    @property
    def email(self) -> str | None:
        """Return the e-mail address."""
        ...

    @property
    def phone(self) -> str | None:
        """Return the phone."""
        ...


def digits(phone: str) -> str:
    """Return a phone as eSputnik takes it: E.164 without the plus."""
    return phone.removeprefix("+")


def lanes_of(person: Person) -> tuple[str, ...]:
    """Return the lane of each identifier, compared as eSputnik compares: e-mails without case."""
    return tuple(_named(person, "u:", "e:", "p:"))


def marks_of(person: Person) -> frozenset[str]:
    """Return the spellings by which an answer may name the person."""
    return frozenset(_named(person, "id:", "email:", "sms:"))


def find(person: Person) -> Request:
    """Return the look-up of a person: by user id, else by e-mail, else by phone."""
    if person.user_id is not None:
        return requests.find_contact(user_id=person.user_id)
    if person.email is not None:
        return requests.find_contact(email=person.email)
    return requests.find_contact(phone=digits(person.phone or ""))


def _named(person: Person, user_id: str, email: str, phone: str) -> Iterator[str]:
    if person.user_id is not None:
        yield user_id + person.user_id
    if person.email is not None:
        yield email + person.email.lower()
    if person.phone is not None:
        yield phone + digits(person.phone)
