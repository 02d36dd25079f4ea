"""App-inbox messages, activities and requested messages."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Required

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from schemas.contacts import CHANNELS, PERSON, Person
from schemas.decode import LongNumber
from schemas.described import described
from schemas.model import Model, named
from schemas.problem import Problem
from schemas.text import LONGEST_TEXT, Language, LongText, SecureUrl, ShortText, Title, Url

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
    """Check a key of events. Source: docs.yespo.io/docs/validating-event-parameters."""
    if not value.strip():
        raise PydanticCustomError("schema.missing", "is empty")
    if len(value) > LONGEST_NAME:
        raise PydanticCustomError("text.too_long", "is longer than 100 characters")
    if _FORBIDDEN.search(value) or not value.isprintable():
        raise PydanticCustomError(
            "schema.range", "contains characters that are not allowed in an event name"
        )
    return value


def _plain_json(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what would not go out as it came: numbers beyond a double, endless texts."""
    for node in _nodes(value):
        if isinstance(node, LongNumber):
            raise PydanticCustomError(
                "schema.range", "contains a number of more than 15 digits; send it as a string"
            )
        if isinstance(node, str) and len(node) > LONGEST_TEXT:
            raise PydanticCustomError(
                "text.too_long", "contains a string of more than 65,536 characters"
            )
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
        if re.sub(r"[\W_]", "", name.lower()) in _IDENTIFIERS:
            raise PydanticCustomError(
                "schema.conflict", "contains an identifier; send it outside params"
            )
        if not name or len(name) > LONGEST_NAME:
            raise PydanticCustomError("text.too_long", "names must be 1 to 100 characters")
    return value


EventName = Annotated[
    str,
    AfterValidator(_event_name),
    described(
        "1 to 100 characters, none of < ; ’ \\ / &#124; \" ` ' ^ ? ! , >",  # noqa: RUF001 - as above
        minLength=1,
        maxLength=LONGEST_NAME,
    ),
]
JsonObject = Annotated[dict[str, Any], AfterValidator(_plain_json)]
Params = Annotated[JsonObject, Field(max_length=MAX_PARAMS), AfterValidator(_params)]
Tags = Annotated[list[ShortText], Field(max_length=100)]
Ttl = Annotated[int, Field(ge=1, lt=2**31)]


class InboxText(TypedDict, total=False):
    """What an inbox message says, in any language. `ttl` in seconds."""

    title: Required[Title]
    text: Required[LongText]
    link: Url | None
    image_url: SecureUrl | None
    custom_data: JsonObject | None
    ttl: Ttl | None


class InboxMessagePublished(InboxText, total=False):
    """A message for the app inbox was published. `ttl` is in seconds."""

    name: Required[Title]
    language: Language | None
    tags: Tags | None
    categories: Tags | None
    translations: Annotated[dict[Language, InboxText], Field(max_length=MAX_TRANSLATIONS)] | None


class ActivityRecorded(Person, total=False):
    """Somebody did something that may start a workflow. `params` must not have identifiers."""

    name: Required[EventName]
    params: Params | None


class MessageRequested(Person, total=False):
    """A prepared message is to be sent to one person. With `user_id`, `channel` is required."""

    message_id: Required[Annotated[int, Field(ge=1, lt=2**31)]]
    channel: Literal["email", "other"] | None
    params: JsonObject | None


def _names_the_channel(data: MessageRequested) -> Problem | None:
    if data.get("user_id") is None or data.get("channel") is not None:
        return None
    return Problem(
        reason="schema.missing",
        field="data.channel",
        detail="with user_id, channel must say email or other",
    )


INBOX_MESSAGE_PUBLISHED = Model(InboxMessagePublished, parts=("translations",))
ACTIVITY_RECORDED = Model(ActivityRecorded, someone=PERSON, may_fall=CHANNELS)
MESSAGE_REQUESTED = Model(
    MessageRequested,
    someone=PERSON,
    check=_names_the_channel,
    rules={"if": named("user_id"), "then": named("channel")},
)
