"""The templates of the app inbox. Source: docs.yespo.io/reference/addappinboxmessage."""

from typing import Any

from esputnik.sandbox.segments import page
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    is_json_text,
    json_answer,
    text_answer,
    text_of,
)

FIRST_MESSAGE = 3_894_567


class Inbox:
    """The app-inbox messages of an account by id, each with its translations by language."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._next_id = FIRST_MESSAGE
        self.held: dict[int, dict[str, Any]] = {}

    def create(self, asked: Asked) -> SandboxAnswer:
        """Create a message in its base language; translations of it come by calls of their own."""
        body = asked.fields()
        self._check(body, ("name", "title", "text"))
        number, self._next_id = self._next_id, self._next_id + 1
        told = body.get("translations") if self._switches.store_translations else None
        translations = {
            text_of(one.get("languageCode")): dict(one)
            for one in (told if isinstance(told, list) else ())
            if isinstance(one, dict)
        }
        self.held[number] = {**body, "id": number, "translations": translations}
        return json_answer({"id": number})

    def translate(self, asked: Asked) -> SandboxAnswer:
        """Write one translation of a message.

        Source: docs.yespo.io/reference/updatetranslatedappinboxmessage.
        """
        message, body = self._message(asked), asked.fields()
        self._check(body, ("title", "text"))
        message["translations"][asked.parts[1]] = dict(body)
        return text_answer(f"Message with id='{message['id']}' has been updated")

    def untranslate(self, asked: Asked) -> SandboxAnswer:
        """Take one translation of a message away."""
        message = self._message(asked)
        if message["translations"].pop(asked.parts[1], None) is None:
            raise RefusedError("Translation not found", 404)
        return text_answer(f"Message with id='{message['id']}' has been updated")

    def update(self, asked: Asked) -> SandboxAnswer:
        """Replace the base version of a message."""
        message, body = self._message(asked), asked.fields()
        self._check(body, ("name", "title", "text"))
        kept = {name: message[name] for name in ("id", "translations")}
        self.held[message["id"]] = {**body, **kept}
        return text_answer(f"Message with id='{message['id']}' has been updated")

    def delete(self, asked: Asked) -> SandboxAnswer:
        """Delete a message."""
        message = self._message(asked)
        del self.held[message["id"]]
        return text_answer(f"Message with id='{message['id']}' has been deleted")

    def get(self, asked: Asked) -> SandboxAnswer:
        """Return a message with its translations."""
        return json_answer(_shown(self._message(asked)))

    def listed(self, asked: Asked) -> SandboxAnswer:
        """List the messages."""
        wanted = asked.query.get("search", "").lower()
        rows = [_shown(one) for one in self.held.values() if wanted in text_of(one["name"]).lower()]
        return page(rows, asked)

    def _message(self, asked: Asked) -> dict[str, Any]:
        message = self.held.get(asked.number())
        if message is None:
            raise RefusedError(f"Message with id='{asked.parts[0]}' not found", 404)
        return message

    def _check(self, body: Object, required: tuple[str, ...]) -> None:
        for name in required:
            if not text_of(body.get(name)):
                raise RefusedError(f"{name} is required")
        if self._switches.check_custom_data and not is_json_text(body.get("customData")):
            raise RefusedError("customData must be a text of JSON")


def _shown(message: Object) -> dict[str, Any]:
    translations = [
        {**one, "languageCode": language} for language, one in message["translations"].items()
    ]
    languages = [text_of(message.get("languageCode")), *message["translations"]]
    return {**message, "translations": translations, "languages": [one for one in languages if one]}
