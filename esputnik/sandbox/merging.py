"""How an import writes its contacts: which one is meant, and which fields may be written."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from esputnik.sandbox.book import ADDRESS, TEXTS, Book, Contact
from esputnik.sandbox.checks import channels_in, field_id
from esputnik.sandbox.contacts import Contacts, holder, texts_in
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import Object, text_of

Key = TypeVar("Key")

CHANNELS = ("email", "sms", "mobilepush", "webpush")
FIELDS = frozenset({*TEXTS, *ADDRESS, *CHANNELS, "externalCustomerId", "ordersInfo"})
EXTERNAL = "externalCustomerId"
DEDUPE = frozenset({"email", "sms", "push", "email_or_sms", "id", EXTERNAL, "fieldId"})
_KINDS = {"email": ("email",), "sms": ("sms",), "push": ("mobilepush",)} | {
    "email_or_sms": ("email", "sms")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import is to do. `scope`: the fields it may write; None for all of them."""

    dedupe: str
    field_id: int | None = None
    scope: frozenset[str] | None = None
    custom: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    groups_left: tuple[str, ...] = ()
    restores: bool = False
    event: str = ""
    contacts: list[Object] = field(default_factory=list)

    def keys(self, contact: Object) -> list[tuple[str, str]]:
        """Return what the contact is found by, as a kind and a value."""
        if self.dedupe in {"id", EXTERNAL}:
            value = text_of(contact.get(self.dedupe))
            return [(self.dedupe, value)] if value else []
        if self.dedupe == "fieldId":
            fields = (one for one in contact.get("fields") or () if field_id(one) == self.field_id)
            return [("fieldId", value) for one in fields if (value := text_of(one.get("value")))]
        channels = channels_in(contact)
        return [
            (kind, text_of(one["value"]))
            for kind in _KINDS[self.dedupe]
            for one in channels.get(kind, ())
        ]


class Merger:
    """Applies imports. `raise_event` is told the type and the contact of what is new."""

    def __init__(
        self,
        book: Book,
        contacts: Contacts,
        segments: Segments,
        switches: Switches,
        raise_event: Callable[[str, Contact], None],
    ) -> None:
        self._book = book
        self._contacts = contacts
        self._segments = segments
        self._switches = switches
        self._raise = raise_event

    def apply(self, work: Import) -> list[dict[str, Any]]:
        """Write all contacts of an import; return which key became which contact."""
        joined = [self._segments.named(name).id for name in work.groups]
        left = [one.id for name in work.groups_left if (one := self._segments.find(name))]
        mapping = []
        for given in work.contacts:
            contact = self._write(given, work)
            if contact is None:
                continue
            contact.segments.update(joined)
            contact.segments.difference_update(left)
            keys = work.keys(given) or [(EXTERNAL, text_of(given.get(EXTERNAL)))]
            mapping.append({"dedupeValue": keys[0][1], "contactId": contact.id})
        return mapping

    def _write(self, given: Object, work: Import) -> Contact | None:
        """Write one contact; None where it is deleted, or named by an id that nobody has."""
        found = self._find(given, work)
        if found is None and work.dedupe == "id" and not text_of(given.get(EXTERNAL)):
            return None
        if found is not None and found.is_deleted and not work.restores:
            return None
        contact = found or self._book.create()
        contact.is_deleted = False
        self._book.touch(contact)
        if external := text_of(given.get(EXTERNAL)):
            self._take_external(contact, external)
        if found is None:
            self._identify(contact, given, work)
        takes_all = found is None and self._switches.new_takes_all_fields
        self._fill(contact, given, work, None if takes_all else work.scope)
        if found is None and work.event:
            self._raise(work.event, contact)
        return contact

    def _find(self, given: Object, work: Import) -> Contact | None:
        external = text_of(given.get(EXTERNAL))
        if external and (found := self._book.by_external(external)):
            return found
        keys = work.keys(given)
        if work.dedupe == EXTERNAL or not keys:
            return None
        if work.dedupe == "id":
            return self._book.get(int(keys[0][1])) if keys[0][1].isdecimal() else None
        if work.dedupe == "fieldId":
            return self._by_field(work.field_id or 0, keys[0][1])
        return holder(self._book, external, keys) or holder(
            self._book, external, [] if self._is_held(keys) else keys, deleted=True
        )

    def _is_held(self, keys: list[tuple[str, str]]) -> bool:
        return any(self._book.holders(kind, value) for kind, value in keys)

    def _by_field(self, number: int, value: str) -> Contact | None:
        found = [one for one in self._book if one.custom.get(number) == value]
        return max(found, key=lambda one: (not one.is_deleted, one.updated), default=None)

    def _take_external(self, contact: Contact, external: str) -> None:
        if contact.external_id != external:
            self._book.set_external(contact, external)

    def _identify(self, contact: Contact, given: Object, work: Import) -> None:
        """Give a new contact what it is found by, listed or not."""
        for kind, value in work.keys(given):
            if kind == "fieldId":
                contact.custom[work.field_id or 0] = value
            elif kind not in {EXTERNAL, "id"}:
                channels = [one for one in channels_in(given)[kind] if one["value"] == value]
                self._contacts.write_channels(contact, kind, channels)

    def _fill(
        self, contact: Contact, given: Object, work: Import, scope: frozenset[str] | None
    ) -> None:
        """Write the fields in scope; one that is listed and not sent is blanked."""
        texts = texts_in(given)
        for name in (*TEXTS, *ADDRESS):
            if scope is None or name in scope:
                _put(contact.texts, name, texts.get(name, ""))
        channels = channels_in(given)
        dedupe = _KINDS.get(work.dedupe, ())
        for kind in CHANNELS:
            if kind not in dedupe and (scope is None or kind in scope):
                self._fill_channel(contact, kind, channels.get(kind, []))
        values = {field_id(one): text_of(one.get("value")) for one in given.get("fields") or ()}
        for number in work.custom:
            if number != work.field_id or work.dedupe != "fieldId":
                _put(contact.custom, number, values.get(number, ""))

    def _fill_channel(self, contact: Contact, kind: str, channels: list[dict[str, Any]]) -> None:
        if channels:
            self._contacts.write_channels(contact, kind, channels)
        else:
            self._book.set_channel(contact, kind, ())


def _put(held: dict[Key, str], name: Key, value: str) -> None:
    if value:
        held[name] = value
    else:
        held.pop(name, None)
