"""Contacts: sign-ups, profile changes, deletions."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Data
from schemas.decode import LongNumber
from schemas.identity import Email, Phone, UserId
from schemas.text import FirstName, Language, LastName, MediumText, ShortText, TimeZone

MAX_ATTRIBUTES = 256
MAX_SEGMENTS = 100


def _scalar(value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
    if isinstance(value, LongNumber):
        raise PydanticCustomError(
            "schema.range", "has more than 15 significant digits; send it as a string"
        )
    return value


Scalar = Annotated[bool | int | float | Decimal | MediumText, BeforeValidator(_scalar)]


class Address(Data):
    """Where somebody lives; null clears a part."""

    region: ShortText | None = None
    city: ShortText | None = None
    street: ShortText | None = None
    postal_code: ShortText | None = None


class Person(Data):
    """Whoever an event is about: at least one identifier."""

    IDENTIFIERS: ClassVar[frozenset[str]] = frozenset({"user_id", "email", "phone"})

    user_id: UserId | None = None
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.user_id is None and self.email is None and self.phone is None:
            raise PydanticCustomError(
                "ident.missing_contact", "names nobody; send user_id, email or phone"
            )
        return self


class ContactData(Person):
    """A contact. A null clears a field; an absent field is left alone."""

    OPTIONAL: ClassVar[frozenset[str]] = frozenset(
        {"email", "phone", "first_name", "last_name", "language", "time_zone"}
        | {"address", "attributes"}
    )

    first_name: FirstName | None = None
    last_name: LastName | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None
    address: Address | None = None
    segments: Annotated[list[ShortText], Field(max_length=MAX_SEGMENTS)] | None = None
    attributes: Annotated[dict[str, Scalar | None], Field(max_length=MAX_ATTRIBUTES)] | None = None


class UserSignedUp(ContactData):
    """Somebody signed up."""


class UserUpdated(ContactData):
    """Somebody's profile changed."""


class UserDeleted(Data):
    """Somebody is to be forgotten; `erase` for good."""

    IDENTIFIERS: ClassVar[frozenset[str]] = frozenset({"user_id", "email"})

    user_id: UserId | None = None
    email: Email | None = None
    erase: bool | None = None

    @property
    def phone(self) -> None:
        """Deletions name nobody by phone."""
        return

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if self.user_id is None and self.email is None:
            raise PydanticCustomError(
                "ident.missing_contact", "names nobody; send user_id or email"
            )
        return self
