"""Opt-outs and opt-ins."""

from typing import Annotated, Literal, Required, get_args

from pydantic import Field

from schemas.contacts import PERSON, Person
from schemas.described import described
from schemas.model import Model
from schemas.patterns import NO_CONTROL, NOT_BLANK
from schemas.text import MediumText

Channel = Literal["email", "sms", "push", "all"]
CHANNELS = frozenset[str](get_args(Channel))
Category = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=NO_CONTROL),
    NOT_BLANK,
    described("text, 1 to 100 characters", minLength=1, maxLength=100),
]
Categories = Annotated[list[Category], Field(min_length=1, max_length=100)]


class Consent(Person, total=False):
    """A word of somebody on what they want to hear."""

    channel: Required[Channel]
    categories: Categories | None
    reason: MediumText | None


class ContactOptedOut(Consent, total=False):
    """Somebody unsubscribed: from a channel, or only from some categories.

    A fault in an optional field never rejects the event. Invalid categories are dropped; if none is
    left, the whole channel is opted out.
    """


class ContactOptedIn(Consent, total=False):
    """Somebody subscribed: to a channel, or only to some categories."""


CONTACT_OPTED_OUT = Model(
    ContactOptedOut,
    someone=PERSON,
    may_fall=frozenset({*PERSON, "categories", "reason"}),
    never_lost=True,
)
CONTACT_OPTED_IN = Model(ContactOptedIn, someone=PERSON)
