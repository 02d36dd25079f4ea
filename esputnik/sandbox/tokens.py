"""Mobile push tokens: who has which, and whether pushes go to it."""

from collections.abc import Iterator, Mapping
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Asked, RefusedError, SandboxAnswer, json_answer, text_of

PUSH = "mobilepush"


class Tokens:
    """The push tokens of an account. They stand in the contacts; `_loose` are those of nobody."""

    def __init__(self, book: Book, switches: Switches) -> None:
        self._book = book
        self._switches = switches
        self._loose: dict[tuple[str, str], bool] = {}

    def told(self, value: str, channel: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a channel as it is kept: what is not said of its activity stays as it was."""
        held = self._holder(value)
        device = channel.get("device") or {}
        if held is None or isinstance(device.get("active"), bool):
            return channel
        active = _is_active(held.channels[PUSH][value])
        return {**channel, "device": {**device, "active": active}}

    def set_active(self, asked: Asked) -> SandboxAnswer:
        """Switch a device on or off. Source: docs.yespo.io/reference/changetokenactivated."""
        active = asked.fields().get("active")
        if not isinstance(active, bool):
            raise RefusedError("active is required")
        owner, token = self._find(asked), asked.parts[1]
        if owner is None:
            self._loose[asked.parts[0], token] = active
        else:
            channel = owner.channels[PUSH][token]
            device = {**channel["device"], "active": active}
            owner.channels[PUSH][token] = {**channel, "device": device}
        return json_answer({"active": active})

    def get_active(self, asked: Asked) -> SandboxAnswer:
        """Tell whether a device is switched on."""
        owner, (app, token) = self._find(asked), asked.parts
        if owner is None:
            return json_answer({"active": self._loose[app, token]})
        return json_answer({"active": _is_active(owner.channels[PUSH][token])})

    def owner(self, asked: Asked) -> SandboxAnswer:
        """Tell whose a device is."""
        owner = self._find(asked)
        if owner is None:
            raise RefusedError("Contact not found", 404)
        return json_answer({"id": owner.id})

    def state(self) -> list[dict[str, Any]]:
        """Return the devices."""
        return [*self._held(), *self._unowned()]

    def _held(self) -> Iterator[dict[str, Any]]:
        for contact in self._book:
            for token, channel in contact.channels.get(PUSH, {}).items():
                yield {
                    "appId": _app(channel),
                    "token": token,
                    "active": _is_active(channel),
                    "contactId": contact.id,
                    "externalCustomerId": contact.external_id,
                }

    def _unowned(self) -> Iterator[dict[str, Any]]:
        for (app, token), active in self._loose.items():
            nobody = {"contactId": None, "externalCustomerId": None}
            yield {"appId": app, "token": token, "active": active, **nobody}

    def _find(self, asked: Asked) -> Contact | None:
        """Return whose token the path names; None for one that is nobody's, and yet known."""
        app, token = asked.parts
        holder = self._holder(token)
        if holder is not None and _app(holder.channels[PUSH][token]) == app:
            return holder
        if self._switches.unknown_token == "create":  # noqa: S105 - no secret
            self._loose.setdefault((app, token), True)
        if (app, token) not in self._loose:
            raise RefusedError("Token not found", 404)
        return None

    def _holder(self, token: str) -> Contact | None:
        holders = self._book.holders(PUSH, token) or self._book.holders(PUSH, token, deleted=True)
        return holders[0] if holders else None


def _app(channel: Mapping[str, Any]) -> str:
    """Return the app of a device; "" of a token that came without one."""
    return text_of((channel.get("device") or {}).get("appId"))


def _is_active(channel: Mapping[str, Any]) -> bool:
    return (channel.get("device") or {}).get("active") is not False
