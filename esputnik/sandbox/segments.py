"""Segments: who is in which. Source: docs.yespo.io/reference, contacts in groups."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, PositiveInt

from esputnik.sandbox.book import Book, Contact
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.told import checked
from esputnik.sandbox.wire import (
    Asked,
    RefusedError,
    SandboxAnswer,
    json_answer,
    number_of,
    text_answer,
    texts_of,
)

MAX_MEMBERS = 500
MAX_ROWS = 500
STATIC = "Static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment; `is_given` for those an account starts with."""

    id: int
    name: str
    type: str = STATIC
    is_given: bool = False

    def view(self) -> dict[str, Any]:
        """Return the segment as the API shows it."""
        return {"id": self.id, "name": self.name, "type": self.type}


class SegmentTold(BaseModel):
    """A segment as a person tells the sandbox of it."""

    model_config = ConfigDict(extra="forbid")

    id: PositiveInt
    name: str = ""
    type: Literal["Static", "Dynamic", "Combined"] = "Static"


class Segments:
    """The segments of an account. Who is in one stands in the contact too."""

    def __init__(self, book: Book, switches: Switches) -> None:
        self._book = book
        self._switches = switches
        self._segments: dict[int, Segment] = {}
        self._by_name: dict[str, Segment] = {}
        self._members: dict[int, dict[int, Contact]] = {}
        self.provide()

    def provide(self) -> None:
        """Make the segments that an account starts with, as far as they are not there."""
        for number in range(1, self._switches.static_segments + 1):
            if number not in self._segments:
                self._put(Segment(id=number, name=f"Segment {number}", is_given=True))

    def replace(self, given: Iterable[object]) -> None:
        """Make these the segments there are. Raises ValueError for what is no `SegmentTold`."""
        segments = [_segment(one) for one in given]
        self._segments.clear()
        self._by_name.clear()
        for segment in segments:
            self._put(segment)

    def find(self, name: str) -> Segment | None:
        """Return the segment with this name."""
        return self._by_name.get(name)

    def named(self, name: str) -> Segment:
        """Return the segment with this name, which is created where there is none."""
        if found := self._by_name.get(name):
            return found
        made = Segment(id=max(self._segments, default=0) + 1, name=name)
        self._put(made)
        return made

    def join(self, contact: Contact, number: int) -> None:
        """Put a contact into a segment."""
        contact.segments.add(number)
        self._members.setdefault(number, {})[contact.id] = contact

    def leave(self, contact: Contact, number: int) -> None:
        """Take a contact out of a segment."""
        contact.segments.discard(number)
        self._members.get(number, {}).pop(contact.id, None)

    def contact_view(self, contact: Contact) -> dict[str, Any]:
        """Return a contact as the API shows it, with its segments."""
        known = (self._segments.get(number) for number in sorted(contact.segments))
        return {**contact.view(), "groups": [one.view() for one in known if one is not None]}

    def attach(self, asked: Asked) -> SandboxAnswer:
        """Put contacts into a segment. Source: docs.yespo.io/reference/attachcontactstogroup."""
        return self._change(asked, "attached", self.join)

    def detach(self, asked: Asked) -> SandboxAnswer:
        """Take contacts out of a segment; without ids, all of them.

        Source: docs.yespo.io/reference/detachcontactsfromgroup.
        """
        body = {} if asked.body is None else asked.fields()
        if body.get("contactIds") or body.get("externalCustomerIds"):
            return self._change(asked, "detached", self.leave)
        segment = self._static(asked.number())
        for contact in list(self._members.get(segment.id, {}).values()):
            self.leave(contact, segment.id)
        return text_answer("Contacts were detached")

    def listed(self, asked: Asked) -> SandboxAnswer:
        """List the segments."""
        name = asked.query.get("name", "").lower()
        rows = [one.view() for one in self._segments.values() if name in one.name.lower()]
        return page(rows, asked)

    def members(self, asked: Asked) -> SandboxAnswer:
        """List who is in a segment."""
        held = self._present(self._get(asked.number()).id)
        return page([self.contact_view(one) for one in held], asked)

    def state(self) -> dict[str, Any]:
        """Return the segments that hold somebody or were made on the way."""
        return {
            str(number): {**segment.view(), **_ids(self._present(number))}
            for number, segment in self._segments.items()
            if self._members.get(number) or not segment.is_given
        }

    def _change(
        self, asked: Asked, verb: str, change: Callable[[Contact, int], None]
    ) -> SandboxAnswer:
        body = asked.fields()
        ids, externals = texts_of(body, "contactIds"), texts_of(body, "externalCustomerIds")
        if bool(ids) == bool(externals):
            raise RefusedError("Use either contactIds or externalCustomerIds")
        if len(ids) + len(externals) > MAX_MEMBERS:
            message = f"At most {MAX_MEMBERS} contacts are allowed in a request"
            raise RefusedError(message, self._switches.oversized_status)
        segment = self._static(asked.number())
        found = [self._book.get(number_of(one) or 0) for one in ids]
        found += [self._book.by_external(one) for one in externals]
        known = [one for one in found if one is not None and not one.is_deleted]
        if len(known) < len(found) and self._switches.unknown_member == "404":
            raise RefusedError("Contact not found", 404)
        for contact in known:
            change(contact, segment.id)
        return text_answer(f"Contacts were {verb}")

    def _static(self, number: int) -> Segment:
        segment = self._get(number)
        if segment.type != STATIC:
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

    def _present(self, number: int) -> Iterator[Contact]:
        members = self._members.get(number, {}).values()
        return (one for one in members if not one.is_deleted)


def page(rows: list[dict[str, Any]], asked: Asked) -> SandboxAnswer:
    """Return a page of rows: `startindex` from 1, `maxrows` of at most 500, `TotalCount`."""
    start = number_of(asked.query.get("startindex", "1"))
    most = number_of(asked.query.get("maxrows", str(MAX_ROWS)))
    if start is None or most is None or not 1 <= most <= MAX_ROWS:
        raise RefusedError("startindex or maxrows is not valid")
    first = max(start, 1) - 1
    headers = {"TotalCount": str(len(rows))}
    return json_answer(rows[first : first + most], headers=headers)


def _segment(told: object) -> Segment:
    given = checked(SegmentTold, told)
    return Segment(id=given.id, name=given.name or f"Segment {given.id}", type=given.type)


def _ids(members: Iterable[Contact]) -> dict[str, list[Any]]:
    held = list(members)
    return {
        "contactIds": [one.id for one in held],
        "externalCustomerIds": [one.external_id for one in held if one.external_id is not None],
    }
