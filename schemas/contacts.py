"""Contacts: sign-ups, profile changes, deletions."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.decode import LongNumber
from schemas.described import described
from schemas.identity import Email, Phone, UserId
from schemas.model import Model
from schemas.text import (
    LINE_BREAKS,
    FirstName,
    Language,
    LastName,
    ShortText,
    TimeZone,
    has_control,
)

MAX_ATTRIBUTES = 256
MAX_SEGMENTS = 100
LONGEST_ATTRIBUTE = 1000
PERSON = ("user_id", "email", "phone")
CHANNELS = frozenset({"email", "phone"})


def _scalar(value: Any) -> bool | int | float | str:  # noqa: ANN401 - whatever JSON held
    match value:
        case bool() | int() | float():
            return value
        case str():
            return _attribute(value)
        case LongNumber():
            raise PydanticCustomError(
                "schema.range", "has more than 15 significant digits; send it as a string"
            )
        case _:
            raise PydanticCustomError("schema.type", "is not a string, a number, true or false")


def _attribute(value: str) -> str:
    if len(value) > LONGEST_ATTRIBUTE:
        raise PydanticCustomError("text.too_long", "is longer than 1,000 characters")
    if has_control(value, LINE_BREAKS):
        raise PydanticCustomError("text.control", "contains control characters; remove them")
    return value


Scalar = Annotated[
    bool | int | float | str,
    PlainValidator(_scalar),
    described(
        "a text of up to 1,000 characters, a number, `true` or `false`",
        type=["string", "number", "boolean"],
        maxLength=LONGEST_ATTRIBUTE,
    ),
]
"""A text of up to 1,000 characters, a number, true or false."""


class Address(TypedDict, total=False):
    """Where somebody lives; null clears a part."""

    region: ShortText | None
    city: ShortText | None
    street: ShortText | None
    postal_code: ShortText | None


class Person(TypedDict, total=False):
    """Whoever an event is about: at least one identifier."""

    user_id: UserId | None
    email: Email | None
    phone: Phone | None


class Contact(Person, total=False):
    """A contact. A null clears a field; an absent field is left alone."""

    first_name: FirstName | None
    last_name: LastName | None
    language: Language | None
    time_zone: TimeZone | None
    address: Address | None
    segments: Annotated[list[ShortText], Field(max_length=MAX_SEGMENTS)] | None
    attributes: Annotated[dict[str, Scalar | None], Field(max_length=MAX_ATTRIBUTES)] | None


class UserSignedUp(Contact, total=False):
    """Somebody signed up."""


class UserUpdated(Contact, total=False):
    """A profile changed. A null clears a field; an absent field is left unchanged."""


class UserDeleted(TypedDict, total=False):
    """A contact is to be deleted; with `erase` permanently, otherwise it can be restored."""

    user_id: UserId | None
    email: Email | None
    erase: bool | None


_MAY_FALL = CHANNELS | {"first_name", "last_name", "language", "time_zone", "address", "attributes"}

USER_SIGNED_UP = Model(UserSignedUp, someone=PERSON, may_fall=_MAY_FALL, parts=("address",))
USER_UPDATED = Model(UserUpdated, someone=PERSON, may_fall=_MAY_FALL, parts=("address",))
USER_DELETED = Model(UserDeleted, someone=("user_id", "email"), may_fall=frozenset({"email"}))
