"""The contacts of the account: how they are found, merged, imported and deleted. Pure.

Source: docs.yespo.io/docs/api-methods-adding-contacts, for the rules by which they are found.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_EMAIL = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\"]+\.[^\s@,;<>\".]{2,}")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
CHANNELS = frozenset(
    {"email", "sms", "viber", "mobilepush", "webpush", "appinbox", "widget", "inapp"}
)
TEXTS = ("firstName", "lastName", "contactKey", "languageCode", "timeZone")
ADDRESS = ("region", "town", "address", "postcode")
LONGEST_NAME = 40


@dataclass(slots=True)
class Contact:
    """One contact. `channels` by type, one value each; push tokens with their devices."""

    id: int
    external_id: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    address: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    custom: dict[int, str] = field(default_factory=dict)
    subscriptions: set[str] = field(default_factory=set)
    is_deleted: bool = False
    updated: int = 0

    def shown(self) -> dict[str, Any]:
        """Return the contact as the API shows it."""
        channels: list[dict[str, Any]] = [
            {"type": kind, "value": value} for kind, value in self.channels.items()
        ]
        channels += [
            {"type": "mobilepush", "value": token, "device": device}
            for token, device in self.tokens.items()
        ]
        told: dict[str, Any] = {"id": self.id, "channels": channels, **self.texts}
        told["fields"] = [{"id": key, "value": value} for key, value in self.custom.items()]
        if self.external_id is not None:
            told["externalCustomerId"] = self.external_id
        if self.address:
            told["address"] = dict(self.address)
        return told


class Contacts:
    """All contacts, and where each is found. Plain state, one owner."""

    def __init__(self) -> None:
        self.by_id: dict[int, Contact] = {}
        self._by_external: dict[str, Contact] = {}
        self._by_channel: dict[tuple[str, str], list[Contact]] = {}
        self._by_token: dict[str, Contact] = {}
        self._steps = 0

    # -- finding ----------------------------------------------------------------------------

    def find(self, external_id: str | None, channels: Sequence[tuple[str, str]]) -> Contact | None:
        """Return the contact an item means: by external id, else by channels as they are given.

        Of several that share a channel the most recently updated counts, but one that has another
        external id is never taken.
        """
        if external_id is not None and external_id in self._by_external:
            return self._by_external[external_id]
        for kind, value in channels:
            sharing = [one for one in self._sharing(kind, value) if not one.is_deleted]
            if external_id is not None:
                sharing = [one for one in sharing if one.external_id is None]
            if sharing:
                return max(sharing, key=lambda one: one.updated)
        return None

    def with_token(self, token: str) -> Contact | None:
        """Return the contact that holds a push token."""
        return self._by_token.get(token)

    def search(self, query: Mapping[str, str]) -> list[Contact]:
        """Return the live contacts a search names, by the start of an address as well."""
        live = [one for one in self.by_id.values() if not one.is_deleted]
        if external := query.get("externalCustomerId"):
            found = self._by_external.get(external)
            return [found] if found is not None and not found.is_deleted else []
        for name, kind in (("email", "email"), ("sms", "sms")):
            if wanted := query.get(name):
                exact = [one for one in self._sharing(kind, wanted) if not one.is_deleted]
                return exact or [
                    one for one in live if one.channels.get(kind, "").startswith(wanted.lower())
                ]
        return live

    def _sharing(self, kind: str, value: str) -> list[Contact]:
        return self._by_channel.get((kind, _folded(kind, value)), [])

    # -- writing ----------------------------------------------------------------------------

    def add(self, item: Mapping[str, Any]) -> Contact:
        """Create or update one contact at once; what is left out stays, the deleted come back."""
        channels = addresses_of(item)
        external = _external(item)
        contact = self.find(external, channels) or self._by_tokens(item) or self.create()
        contact.is_deleted = False
        self._write(contact, item, scope=None)
        return contact

    def create(self) -> Contact:
        """Return a new contact that says nothing yet."""
        contact = Contact(id=1_000_001 + len(self.by_id))
        self.by_id[contact.id] = contact
        return contact

    def import_item(
        self,
        item: Mapping[str, Any],
        *,
        dedupe_on: str,
        scope: frozenset[str],
        custom: Sequence[int],
    ) -> tuple[Contact, bool]:
        """Write what an import lists; tell whether the contact is new.

        `scope` are the fields that may be written: those without data are set to null.
        """
        external = _external(item)
        finders = _finders(dedupe_on, addresses_of(item))
        contact = self.find(external, finders)
        is_new = contact is None
        if contact is None:
            contact = self.create()
            scope |= {kind for kind, _ in finders}
        else:
            # What contacts are found by is not changed.
            scope -= {kind for kind, _ in finders if kind in contact.channels}
        self._write(contact, item, scope=scope, custom=custom)
        return contact, is_new

    def delete(self, contact: Contact, *, erase: bool) -> None:
        """Delete a contact; erased, it is gone for good."""
        contact.is_deleted = True
        if erase:
            self._forget(contact)
            del self.by_id[contact.id]

    def _by_tokens(self, item: Mapping[str, Any]) -> Contact | None:
        for channel in item.get("channels") or ():
            found = self._by_token.get(str(channel.get("value")))
            if channel.get("type") == "mobilepush" and found is not None:
                return found
        return None

    def _write(
        self,
        contact: Contact,
        item: Mapping[str, Any],
        *,
        scope: frozenset[str] | None,
        custom: Sequence[int] | None = None,
    ) -> None:
        self._forget(contact)
        external = _external(item)
        if external is not None:
            contact.external_id = external
        _merge(contact.texts, item, TEXTS, scope)
        _merge(contact.address, item.get("address") or {}, ADDRESS, scope)
        given = dict(addresses_of(item))
        _merge(contact.channels, given, ("email", "sms"), scope)
        self._take_tokens(contact, item)
        fields = {int(one["id"]): one.get("value") for one in item.get("fields") or ()}
        for key in fields if custom is None else custom:
            if fields.get(key) is not None:
                contact.custom[key] = str(fields[key])
            else:
                contact.custom.pop(key, None)
        self._steps += 1
        contact.updated = self._steps
        self._remember(contact)

    def _take_tokens(self, contact: Contact, item: Mapping[str, Any]) -> None:
        """A token belongs to one contact only: it moves to the one that is written."""
        for channel in item.get("channels") or ():
            if channel.get("type") == "mobilepush":
                token = str(channel.get("value"))
                before = self._by_token.pop(token, None)
                device = before.tokens.pop(token) if before is not None else {"active": True}
                contact.tokens[token] = device | dict(channel.get("device") or {})

    def _forget(self, contact: Contact) -> None:
        if contact.external_id is not None:
            self._by_external.pop(contact.external_id, None)
        for kind, value in contact.channels.items():
            self._by_channel[kind, _folded(kind, value)].remove(contact)
        for token in contact.tokens:
            self._by_token.pop(token, None)

    def _remember(self, contact: Contact) -> None:
        if contact.external_id is not None:
            self._by_external[contact.external_id] = contact
        for kind, value in contact.channels.items():
            self._by_channel.setdefault((kind, _folded(kind, value)), []).append(contact)
        for token in contact.tokens:
            self._by_token[token] = contact


def check_contact(item: object, *, checks_names: bool) -> str | None:  # noqa: PLR0911 - a list
    """Return what is wrong with a contact, in the API's words; None where nothing is."""
    if not isinstance(item, dict) or not isinstance(item.get("channels", []), list):
        return "Contact is not valid"
    for channel in item.get("channels", []):
        if not isinstance(channel, dict) or channel.get("type") not in CHANNELS:
            return "Channel type is not valid"
        kind, value = channel["type"], channel.get("value")
        if not isinstance(value, str) or not value:
            return "Channel value is required"
        if kind == "email" and not _EMAIL.fullmatch(value):
            return f"'{value}' is not valid email"
        if kind == "sms" and not _PHONE.fullmatch(value):
            return f"'{value}' is not valid phone"
    if checks_names:
        for name in ("firstName", "lastName"):
            if len(str(item.get(name) or "")) > LONGEST_NAME:
                return f"{name} is too long, maximum length is 40"
    return None


def addresses_of(item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the e-mail and the phone of an item, in its order."""
    return [
        (channel["type"], channel["value"].lstrip("+"))
        for channel in item.get("channels") or ()
        if channel.get("type") in {"email", "sms"}
    ]


def valid_email(value: object) -> bool:
    """Tell whether a text is an address."""
    return isinstance(value, str) and bool(_EMAIL.fullmatch(value))


def _external(item: Mapping[str, Any]) -> str | None:
    value = item.get("externalCustomerId")
    return str(value) if value not in {None, ""} else None


def _folded(kind: str, value: str) -> str:
    return value.lower() if kind == "email" else value


def _finders(dedupe_on: str, addresses: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    wanted = set(dedupe_on.split("_or_"))
    return [(kind, value) for kind, value in addresses if kind in wanted]


def _merge(
    held: dict[str, str],
    given: Mapping[str, Any],
    names: Sequence[str],
    scope: frozenset[str] | None,
) -> None:
    """Write what is in scope: all that is given without a scope; with one, absence is null."""
    for name in names:
        value = given.get(name)
        if value is not None and (scope is None or name in scope):
            held[name] = str(value)
        elif scope is not None and name in scope:
            held.pop(name, None)
