from typing import Any

import orjson

from esputnik.call import Action, Call, Repeat
from tests.builders import mapped

KIND = "inbox_message.published"
MESSAGE: dict[str, Any] = {"name": "Sale", "title": "20 % off", "text": "Until Sunday."}


def body(call: Call) -> Any:
    assert call.request is not None
    return orjson.loads(call.request.body or b"")


def test_a_message_is_created_alone_and_counts() -> None:
    (call,) = mapped(KIND, MESSAGE).calls

    assert (call.action, call.intent) == (Action.CREATE_INBOX_MESSAGE, "inbox.publish")
    assert (call.repeat, call.shape, call.chained) == (Repeat.COUNTS, None, False)
    assert call.lanes == (f"i:{call.key}",)
    assert body(call) == MESSAGE


def test_everything_goes_out_by_the_vendors_names() -> None:
    more = {
        "language": "en",
        "tags": ["a"],
        "categories": ["offers"],
        "link": "https://shop.example.com/",
        "image_url": "https://shop.example.com/i.png",
        "custom_data": {"a": [1, None]},
        "ttl": 60,
    }

    (call,) = mapped(KIND, MESSAGE | more).calls

    assert body(call) == MESSAGE | {
        "languageCode": "en",
        "tags": ["a"],
        "subscriptionsKeys": ["offers"],
        "link": "https://shop.example.com/",
        "imageSource": "https://shop.example.com/i.png",
        "customData": '{"a":[1,null]}',
        "ttlSec": 60,
    }


def test_each_translation_follows_the_message_and_takes_its_id() -> None:
    texts = {"uk": {"title": "т", "text": "т", "ttl": 5}, "de-AT": {"title": "t", "text": "t"}}

    publish, first, second = mapped(KIND, MESSAGE | {"translations": texts}).calls

    for call, language in ((first, "uk"), (second, "de-AT")):
        assert call.request is not None
        assert call.request.path == f"/v1/messages/appinbox/{{id}}/{language}"
        assert (call.chained, call.repeat, call.slot) == (True, Repeat.SAFE, language)
        assert call.intent == "inbox.translate"
        assert call.lanes == (f"{publish.lanes[0]}/{language}",)
    assert body(first) == {
        "name": "Sale",
        "title": "т",
        "text": "т",
        "ttlSec": 5,
        "languageCode": "uk",
    }


def test_the_base_version_does_not_carry_the_translations() -> None:
    publish, *_ = mapped(
        KIND, MESSAGE | {"translations": {"uk": {"title": "т", "text": "т"}}}
    ).calls

    assert "translations" not in body(publish)
