"""App-inbox messages: the base version, then its translations."""

from collections.abc import Iterator
from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, idempotency_key
from esputnik.json_text import json_text
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.messages import InboxMessagePublished, InboxTranslation

PUBLISH = "inbox.publish"
TRANSLATE = "inbox.translate"
_FIELDS = {
    "title": "title",
    "text": "text",
    "language": "languageCode",
    "tags": "tags",
    "categories": "subscriptionsKeys",
    "link": "link",
    "image_url": "imageSource",
    "ttl": "ttlSec",
}


def inbox_message_published(event: Event[InboxMessagePublished], _options: Options) -> Mapped:
    """Create the message; once it has an id, write its translations."""
    data = event.data
    key = idempotency_key(event.identity, PUBLISH)
    lane = f"i:{key}"
    publish = Call(
        action=Action.CREATE_INBOX_MESSAGE,
        intent=PUBLISH,
        repeat=Repeat.COUNTS,
        key=key,
        lanes=(lane,),
        request=requests.create_inbox_message(_message(data.name, data)),
    )
    return Mapped(calls=(publish, *_translations(event, lane)))


def _translations(event: Event[InboxMessagePublished], lane: str) -> Iterator[Call]:
    data = event.data
    for language, translation in (data.translations or {}).items():
        message = _message(data.name, translation) | {"languageCode": language}
        yield Call(
            action=Action.TRANSLATE_INBOX_MESSAGE,
            intent=TRANSLATE,
            slot=language,
            repeat=Repeat.SAFE,
            key=idempotency_key(event.identity, TRANSLATE, language),
            lanes=(f"{lane}/{language}",),
            request=requests.translate_inbox_message(language, message),
            chained=True,
        )


def _message(name: str, data: InboxMessagePublished | InboxTranslation) -> dict[str, Any]:
    given = ((theirs, getattr(data, ours, None)) for ours, theirs in _FIELDS.items())
    message = {"name": name} | {field: value for field, value in given if value is not None}
    if data.custom_data is not None:
        message["customData"] = json_text(data.custom_data).decode()  # JSON inside a string
    return message


ROUTES = {
    "inbox_message.published": Route(
        model=InboxMessagePublished, handle=inbox_message_published, topic="inbox-messages"
    )
}
