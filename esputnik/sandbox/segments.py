"""Segments: who is in which. Source: docs.yespo.io/reference, contacts in groups."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    json_answer,
    text_answer,
    text_of,
)

MAX_MEMBERS = 500
MAX_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment; `is_given` for those an account starts with."""

    id: int
    name: str
    type: str = "Static"
    is_given: bool = False

    def view(self) -> dict[str, Any]:
        """Return the segment as the API shows it."""
        return {"id": self.id, "name": self.name, "type": self.type}


class Segments:
    """The segments of an account. Who is in one stands in the contact."""

    def __init__(self, book: Book, switches: Switches) -> None:
        self._book = book
        self._switches = switches
        self._segments: dict[int, Segment] = {}
        self._by_name: dict[str, Segment] = {}
        for number in range(1, switches.static_segments + 1):
            self._put(Segment(id=number, name=f"Segment {number}", is_given=True))

    def replace(self, given: Iterable[Object]) -> None:
        """Make these the segments there are: id, name, and `Static` or another type."""
        self._segments.clear()
        self._by_name.clear()
        for one in given:
            number = int(one["id"])
            name, kind = str(one.get("name") or f"Segment {number}"), str(one.get("type", "Static"))
            self._put(Segment(id=number, name=name, type=kind))

    def named(self, name: str) -> Segment:
        """Return the segment with this name, which is created where there is none."""
        if found := self._by_name.get(name):
            return found
        made = Segment(id=max(self._segments, default=0) + 1, name=name)
        self._put(made)
        return made

    def find(self, name: str) -> Segment | None:
        """Return the segment with this name."""
        return self._by_name.get(name)

    def contact_view(self, contact: Contact) -> dict[str, Any]:
        """Return a contact as the API shows it, with its segments."""
        groups = [
            self._segments[one].view() for one in sorted(contact.segments & self._segments.keys())
        ]
        return {**contact.view(), "groups": groups}

    def attach(self, asked: Asked) -> SandboxAnswer:
        """Put contacts into a segment; those that do not exist are passed over."""
        return self._change(asked, "attached", lambda one, number: one.segments.add(number))

    def detach(self, asked: Asked) -> SandboxAnswer:
        """Take contacts out of a segment; without ids, all of them.

        Source: docs.yespo.io/reference/detachcontactsfromgroup.
        """
        body = asked.body if isinstance(asked.body, dict) else {}
        if not body.get("contactIds") and not body.get("externalCustomerIds"):
            segment = self._static(asked.number())
            for contact in self._members(segment.id):
                contact.segments.discard(segment.id)
            return text_answer("Contacts were detached")
        return self._change(asked, "detached", lambda one, number: one.segments.discard(number))

    def listed(self, asked: Asked) -> SandboxAnswer:
        """List the segments."""
        name = asked.query.get("name", "").lower()
        rows = [one.view() for one in self._segments.values() if name in one.name.lower()]
        return page(rows, asked)

    def members(self, asked: Asked) -> SandboxAnswer:
        """List who is in a segment."""
        rows = [self.contact_view(one) for one in self._members(self._get(asked.number()).id)]
        return page(rows, asked)

    def state(self) -> dict[str, Any]:
        """Return the segments that hold somebody or were made on the way."""
        held: dict[int, list[Contact]] = {}
        for contact in self._book:
            for number in contact.segments:
                held.setdefault(number, []).append(contact)
        return {
            str(number): {
                **segment.view(),
                "contactIds": [one.id for one in held.get(number, ())],
                "externalCustomerIds": [
                    one.external_id for one in held.get(number, ()) if one.external_id is not None
                ],
            }
            for number, segment in self._segments.items()
            if number in held or not segment.is_given
        }

    def _change(
        self, asked: Asked, verb: str, change: Callable[[Contact, int], None]
    ) -> SandboxAnswer:
        body = asked.fields()
        ids, externals = body.get("contactIds") or [], body.get("externalCustomerIds") or []
        if bool(ids) == bool(externals):
            raise RefusedError("Use either contactIds or externalCustomerIds")
        if len(ids) + len(externals) > MAX_MEMBERS:
            raise RefusedError(f"At most {MAX_MEMBERS} contacts are allowed in a request")
        segment = self._static(asked.number())
        by_id = [self._book.get(int(one)) for one in ids if text_of(one).isdecimal()]
        by_external = [self._book.by_external(text_of(one)) for one in externals]
        for contact in (*by_id, *by_external):
            if contact is not None and not contact.is_deleted:
                change(contact, segment.id)
        return text_answer(f"Contacts were {verb}")

    def _static(self, number: int) -> Segment:
        segment = self._get(number)
        if segment.type != "Static":
            raise RefusedError(f"Group with id='{number}' is not static")
        return segment

    def _get(self, number: int) -> Segment:
        segment = self._segments.get(number)
        if segment is None and self._switches.unknown_segment == "create":
            segment = Segment(id=number, name=f"Segment {number}")
            self._put(segment)
        if segment is None:
            raise RefusedError(f"Group with id='{number}' not found", 404)
        return segment

    def _put(self, segment: Segment) -> None:
        self._segments[segment.id] = segment
        self._by_name[segment.name] = segment

    def _members(self, number: int) -> list[Contact]:
        return [one for one in self._book if number in one.segments and not one.is_deleted]


def page(rows: list[dict[str, Any]], asked: Asked) -> SandboxAnswer:
    """Return a page of rows: `startindex` from 1, `maxrows` of at most 500, `TotalCount`."""
    start, most = asked.query.get("startindex", "1"), asked.query.get("maxrows", str(MAX_ROWS))
    if not (start.isdecimal() and most.isdecimal()) or not 1 <= int(most) <= MAX_ROWS:
        raise RefusedError("startindex or maxrows is not valid")
    first = max(int(start), 1) - 1
    headers = {"TotalCount": str(len(rows))}
    return json_answer(rows[first : first + int(most)], headers=headers)
