"""How an import writes its contacts: which one is meant, and which fields may be written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from esputnik.sandbox.book import ADDRESS, TEXTS, Book, Contact
from esputnik.sandbox.given import EXTERNAL, Given
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import number_of, text_of
from esputnik.sandbox.writer import Writer, holder

Key = TypeVar("Key")

CHANNELS = ("email", "sms", "mobilepush", "webpush")
FIELDS = frozenset({*TEXTS, *ADDRESS, *CHANNELS, EXTERNAL, "ordersInfo"})
DEDUPE = frozenset({"email", "sms", "push", "email_or_sms", "id", EXTERNAL, "fieldId"})
_KINDS = {"email": ("email",), "sms": ("sms",), "push": ("mobilepush",)} | {
    "email_or_sms": ("email", "sms")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The fields that an import may write."""

    texts: tuple[str, ...]
    kinds: tuple[str, ...]
    has_external: bool


def scope_of(listed: Iterable[str], dedupe: str) -> Scope:
    """Return what is in scope: what is listed, or everything; never what contacts are found by."""
    names = set(listed) or FIELDS
    found_by = _KINDS.get(dedupe, (dedupe,))
    return Scope(
        texts=tuple(name for name in (*TEXTS, *ADDRESS) if name in names),
        kinds=tuple(kind for kind in CHANNELS if kind in names and kind not in found_by),
        has_external=EXTERNAL in names and dedupe != EXTERNAL,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import is to do. `everything` is the scope of a list that is left out."""

    dedupe: str
    scope: Scope
    everything: Scope
    field_id: int = 0
    custom: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    groups_left: tuple[str, ...] = ()
    restores: bool = False
    event: str = ""
    contacts: list[Given] = field(default_factory=list)

    def keys(self, given: Given) -> list[tuple[str, str]]:
        """Return what a contact is found by, as kinds and values."""
        if self.dedupe == EXTERNAL:
            return [(EXTERNAL, given.external)] if given.external else []
        if self.dedupe == "id":
            return [("id", given.id)] if given.id else []
        if self.dedupe == "fieldId":
            value = given.custom.get(self.field_id)
            return [("fieldId", value)] if value else []
        return [
            (kind, value)
            for kind in _KINDS[self.dedupe]
            if kind in given.channels
            for value in given.channels[kind]
        ]


class Merger:
    """Applies imports. `raise_event` is told the type and the contact of what is new."""

    def __init__(
        self,
        book: Book,
        writer: Writer,
        segments: Segments,
        switches: Switches,
        raise_event: Callable[[str, Contact], None],
    ) -> None:
        self._book = book
        self._writer = writer
        self._segments = segments
        self._switches = switches
        self._raise = raise_event

    def apply(self, work: Import) -> list[dict[str, Any]]:
        """Write all contacts of an import; return which key became which contact."""
        joined = [self._segments.named(name).id for name in work.groups]
        left = [one.id for name in work.groups_left if (one := self._segments.find(name))]
        mapping = []
        for given in work.contacts:
            keys = work.keys(given)
            contact = self._write(given, keys, work)
            if contact is None:
                continue
            for number in joined:
                self._segments.join(contact, number)
            for number in left:
                self._segments.leave(contact, number)
            mapping.append({"dedupeValue": _told(given, keys), "contactId": contact.id})
        return mapping

    def _write(self, given: Given, keys: list[tuple[str, str]], work: Import) -> Contact | None:
        """Write one contact; None where it is deleted, or named by an id that nobody has."""
        found = self._find(given, keys, work)
        if found is None and work.dedupe == "id" and not given.external:
            return None
        if found is not None and found.is_deleted and not work.restores:
            return None
        contact = found or self._book.create()
        contact.is_deleted = False
        self._book.touch(contact)
        if found is None:
            self._identify(contact, given, keys, work)
        takes_all = found is None and self._switches.new_takes_all_fields
        self._fill(contact, given, work.everything if takes_all else work.scope, work)
        if found is None and work.event:
            self._raise(work.event, contact)
        return contact

    def _find(self, given: Given, keys: list[tuple[str, str]], work: Import) -> Contact | None:
        if given.external and (found := self._book.by_external(given.external)):
            return found
        if work.dedupe == EXTERNAL or not keys:
            return None
        if work.dedupe == "id":
            return self._book.get(number_of(given.id) or 0)
        if work.dedupe == "fieldId":
            return self._by_field(work.field_id, keys[0][1])
        if any(self._book.holders(kind, value) for kind, value in keys):
            return holder(self._book, given.external, keys)
        return holder(self._book, given.external, keys, deleted=True)

    def _by_field(self, number: int, value: str) -> Contact | None:
        found = [one for one in self._book if one.custom.get(number) == value]
        return max(found, key=lambda one: (not one.is_deleted, one.updated), default=None)

    def _identify(
        self, contact: Contact, given: Given, keys: list[tuple[str, str]], work: Import
    ) -> None:
        """Give a new contact what it is found by, listed or not."""
        if given.external:
            self._book.set_external(contact, given.external)
        if work.dedupe == "fieldId":
            _put(contact.custom, work.field_id, given.custom.get(work.field_id, ""))
        for kind in dict.fromkeys(kind for kind, _ in keys if kind in given.channels):
            self._writer.write_channels(contact, kind, given.channels[kind], adds=False)

    def _fill(self, contact: Contact, given: Given, scope: Scope, work: Import) -> None:
        """Write the fields in scope; one that is listed and not sent is blanked."""
        if scope.has_external and contact.external_id != (given.external or None):
            self._book.set_external(contact, given.external or None)
        for name in scope.texts:
            _put(contact.texts, name, given.texts.get(name, ""))
        for kind in scope.kinds:
            channels = given.channels.get(kind, {})
            is_token = kind not in {"email", "sms"}
            adds = bool(channels) and is_token and not self._switches.replace_tokens
            if channels or kind in contact.channels:
                self._writer.write_channels(contact, kind, channels, adds=adds)
        for number in work.custom:
            if number != work.field_id or work.dedupe != "fieldId":
                _put(contact.custom, number, given.custom.get(number, ""))


def _told(given: Given, keys: list[tuple[str, str]]) -> str:
    """Return the value that a contact was found by, as the request wrote it."""
    if not keys:
        return given.external
    kind, value = keys[0]
    channel = given.channels.get(kind, {}).get(value)
    return value if channel is None else text_of(channel["value"])


def _put(held: dict[Key, str], name: Key, value: str) -> None:
    if value:
        held[name] = value
    else:
        held.pop(name, None)
