"""App-inbox messages, activities and requested messages."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from schemas.base import Data
from schemas.contacts import Person
from schemas.decode import LongNumber
from schemas.text import LONGEST_TEXT, Language, LongText, ShortText, Title, Url

MAX_PARAMS = 256
LONGEST_NAME = 100
MAX_TRANSLATIONS = 100
_FORBIDDEN = re.compile("[<;’\\\\/|\"`'^?!,>]")  # noqa: RUF001 - the vendor's own list
# However they are spelled: eSputnik looks for these among the parameters of an event.
_IDENTIFIERS = frozenset(
    {"contactid", "externalcustomerid", "email", "emailaddress", "useremail", "contactemail"}
    | {"phone", "sms", "phonenumber", "pushtoken", "contactkey"}
)


def _event_name(value: str) -> str:
    if not value.strip() or len(value) > LONGEST_NAME:
        raise PydanticCustomError("text.too_long", "must be 1 to 100 characters")
    if _FORBIDDEN.search(value) or not value.isprintable():
        raise PydanticCustomError("schema.range", "holds signs that no event name may hold")
    return value


def _plain_json(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what would not go out as it came: numbers beyond a double, endless texts."""
    for node in _nodes(value):
        if isinstance(node, LongNumber):
            raise PydanticCustomError(
                "schema.range", "holds a number of over 15 digits; send it as a string"
            )
        if isinstance(node, str) and len(node) > LONGEST_TEXT:
            raise PydanticCustomError("text.too_long", "holds a text of over 65,536 characters")
    return value


def _nodes(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    waiting = [value]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, dict):
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _params(value: dict[str, Any]) -> dict[str, Any]:
    for name in value:
        if re.sub(r"[^a-z]", "", name.lower()) in _IDENTIFIERS:
            raise PydanticCustomError(
                "schema.conflict", "names an identifier; send it beside params"
            )
        if not name or len(name) > LONGEST_NAME:
            raise PydanticCustomError("text.too_long", "names must be 1 to 100 characters")
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_plain_json)]
Params = Annotated[JsonObject, Field(max_length=MAX_PARAMS), AfterValidator(_params)]
Tags = Annotated[list[ShortText], Field(max_length=100)]
Ttl = Annotated[int, Field(ge=1, lt=2**31)]


class InboxTranslation(Data):
    """An inbox message in another language."""

    title: Title
    text: LongText
    link: Url | None = None
    image_url: Url | None = None
    custom_data: JsonObject | None = None
    ttl: Ttl | None = None


class InboxMessagePublished(Data):
    """A message for the app's inbox was written. `ttl` in seconds."""

    name: Title
    title: Title
    text: LongText
    language: Language | None = None
    tags: Tags | None = None
    categories: Tags | None = None
    link: Url | None = None
    image_url: Url | None = None
    custom_data: JsonObject | None = None
    ttl: Ttl | None = None
    translations: (
        Annotated[dict[Language, InboxTranslation], Field(max_length=MAX_TRANSLATIONS)] | None
    ) = None


class ActivityRecorded(Person):
    """Somebody did something that may start a workflow."""

    name: Annotated[str, AfterValidator(_event_name)]
    params: Params | None = None


class MessageRequested(Person):
    """A prepared message is to be sent to somebody."""

    message_id: Annotated[int, Field(ge=1, lt=2**31)]
    channel: Literal["email", "other"] | None = None
    params: JsonObject | None = None

    @model_validator(mode="after")
    def _names_the_channel(self) -> Self:
        if self.user_id is not None and self.channel is None:
            raise PydanticCustomError(
                "schema.missing", "with user_id, channel must say email or other"
            )
        return self
