"""App-inbox messages: the base version, then its translations."""

from collections.abc import Iterator, Mapping
from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, idempotency_key
from esputnik.json_text import json_text
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.messages import INBOX_MESSAGE_PUBLISHED, InboxMessagePublished

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
    lane = f"i:{idempotency_key(event.identity, PUBLISH)}"
    publish = Call(
        action=Action.CREATE_INBOX_MESSAGE,
        intent=PUBLISH,
        identity=event.identity,
        repeat=Repeat.COUNTS,
        lanes=(lane,),
        request=requests.create_inbox_message({"name": data["name"]} | _message(data)),
    )
    return Mapped((publish, *_translations(event, lane)))


def _translations(event: Event[InboxMessagePublished], lane: str) -> Iterator[Call]:
    for language, said in (event.data.get("translations") or {}).items():
        message = {"name": event.data["name"]} | _message(said) | {"languageCode": language}
        yield Call(
            action=Action.TRANSLATE_INBOX_MESSAGE,
            intent=TRANSLATE,
            identity=event.identity,
            slot=language,
            repeat=Repeat.SAFE,
            lanes=(f"{lane}/{language}",),
            request=requests.translate_inbox_message(language, message),
            chained=True,
        )


def _message(said: Mapping[str, Any]) -> dict[str, Any]:
    message = {theirs: said[ours] for ours, theirs in _FIELDS.items() if said.get(ours) is not None}
    if (custom_data := said.get("custom_data")) is not None:
        message["customData"] = json_text(custom_data).decode()  # JSON inside a string
    return message


ROUTES = {
    "inbox_message.published": Route(
        model=INBOX_MESSAGE_PUBLISHED,
        handle=inbox_message_published,
        topic="inbox-messages",
        counts=True,
    )
}
