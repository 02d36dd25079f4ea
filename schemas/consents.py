"""Opt-outs and opt-ins."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from schemas.contacts import Person
from schemas.text import MediumText, text

Channel = Literal["email", "sms", "push", "all"]
Category = Annotated[str, AfterValidator(text(100, blank=False))]
Categories = Annotated[list[Category], Field(min_length=1, max_length=100)]


class ContactOptedOut(Person):
    """Somebody wants to hear no more. No fault of a detail loses it."""

    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"user_id", "email", "phone", "reason"})
    DROPS_ALWAYS: ClassVar[bool] = True
    UNUSABLE: ClassVar[str | None] = "consent.unnormalised"

    channel: Channel
    categories: Categories | None = None
    reason: MediumText | None = None


class ContactOptedIn(Person):
    """Somebody wants to hear from us again."""

    channel: Channel
    categories: Categories | None = None
    reason: MediumText | None = None
