"""Segments and who is in them. Pure. Source: docs.yespo.io/reference/attachcontactstogroup."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from esputnik.sandbox.contacts import Contacts
from esputnik.sandbox.wire import RefusedError

MAX_MEMBERS = 500
FIRST_NAMED_ID = 1001


@dataclass(slots=True)
class Segment:
    """One segment; `kind` Static, Dynamic or Combined."""

    id: int
    name: str
    kind: str = "Static"
    members: set[int] = field(default_factory=set)


class Segments:
    """All segments. Plain state, one owner."""

    def __init__(self, contacts: Contacts, static: int, unknown_status: int) -> None:
        self.by_id = {
            number: Segment(number, f"Segment {number}") for number in range(1, static + 1)
        }
        self._by_name = {segment.name: segment for segment in self.by_id.values()}
        self._contacts = contacts
        self._unknown_status = unknown_status

    def attach(self, segment_id: int, body: Mapping[str, Any]) -> None:
        """Add members; unknown contacts are passed over."""
        segment = self._static(segment_id)
        members = _members(body)
        if members is None:
            raise RefusedError(400, "contactIds or externalCustomerIds must not be empty")
        segment.members |= self._known(*members)

    def detach(self, segment_id: int, body: Mapping[str, Any]) -> None:
        """Take members out; without ids, all of them. That is documented."""
        segment = self._static(segment_id)
        members = _members(body)
        segment.members -= self._known(*members) if members is not None else set(segment.members)

    def join_by_name(self, name: str, contact_id: int) -> None:
        """Add a contact to the segment of a name, which is made where it is missing."""
        if name not in self._by_name:
            number = max(self.by_id, default=0) + 1
            segment = Segment(max(number, FIRST_NAMED_ID), name)
            self.by_id[segment.id] = self._by_name[name] = segment
        self._by_name[name].members.add(contact_id)

    def leave_by_name(self, name: str, contact_id: int) -> None:
        """Take a contact out of the segment of a name."""
        if name in self._by_name:
            self._by_name[name].members.discard(contact_id)

    def forget(self, contact_id: int) -> None:
        """Take a contact out of all segments."""
        for segment in self.by_id.values():
            segment.members.discard(contact_id)

    def put(self, segment: Segment) -> None:
        """Add or replace a segment."""
        self.by_id[segment.id] = self._by_name[segment.name] = segment

    def names_of(self, contact_id: int) -> list[str]:
        """Return the segments a contact is in."""
        return [one.name for one in self.by_id.values() if contact_id in one.members]

    def _static(self, segment_id: int) -> Segment:
        segment = self.by_id.get(segment_id)
        if segment is None:
            raise RefusedError(self._unknown_status, "Segment not found")
        if segment.kind != "Static":
            raise RefusedError(400, "Segment is not static")
        return segment

    def _known(self, kind: str, ids: list[Any]) -> set[int]:
        if kind == "contactIds":
            return {int(one) for one in ids if int(one) in self._contacts.by_id}
        found = (self._contacts.find(str(one), ()) for one in ids)
        return {contact.id for contact in found if contact is not None and not contact.is_deleted}


def _members(body: Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    given = [(name, body[name]) for name in ("contactIds", "externalCustomerIds") if body.get(name)]
    if len(given) > 1:
        raise RefusedError(400, "Only one of contactIds and externalCustomerIds must be specified")
    if given and len(given[0][1]) > MAX_MEMBERS:
        raise RefusedError(400, "Maximum number of contacts is 500")
    return given[0] if given else None
