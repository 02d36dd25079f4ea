"""Imports: taken at once, applied some time later, in any order.

Source: docs.yespo.io/reference/contactsbulkupdate-1 and .../getimportsessionstatus-1.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from typing import Any

from esputnik.sandbox.book import Book
from esputnik.sandbox.checks import check_key
from esputnik.sandbox.given import Given, read_contact
from esputnik.sandbox.merging import DEDUPE, FIELDS, Import, Merger, scope_of
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    number_of,
    text_of,
    texts_of,
)

MAX_CONTACTS = 3000
MAX_EVENT_KEY = 100
ERROR, STUCK = "error", "stuck"  # what may become of an import


@dataclass(slots=True, kw_only=True)
class Session:
    """An import under way. `ends_at` is when it is applied, or fails; None for never."""

    id: str
    work: Import
    size: int
    ends_at: float | None
    changed_at: float
    fate: str | None = None
    status: str = "STARTED"
    mapping: list[dict[str, Any]] = field(default_factory=list)


class Imports:
    """The import sessions of an account."""

    def __init__(
        self, book: Book, segments: Segments, merger: Merger, switches: Switches, seed: int
    ) -> None:
        self._book = book
        self._segments = segments
        self._merger = merger
        self._switches = switches
        self._rng = random.Random(f"imports {seed}")  # noqa: S311 - chance, not secrecy
        self._sessions: dict[str, Session] = {}
        self._due: list[tuple[float, int, Session]] = []
        self._numbers = count()

    def start(self, asked: Asked) -> SandboxAnswer:
        """Take an import; the contacts that are refused at once are named in the answer."""
        body = asked.fields()
        contacts = items_of(body, "contacts", MAX_CONTACTS, self._switches.oversized_status)
        work = self._work(body)
        failed = []
        for contact in contacts:
            try:
                given = self._given(contact, work, asked)
            except RefusedError as refused:
                is_named = self._switches.bad_item == "named"
                failed.append({**(contact if is_named else {}), "error": refused.text})
            else:
                if not asked.is_lost(contact):
                    work.contacts.append(given)
        if failed and self._switches.bad_item == "400":
            raise RefusedError(failed[0]["error"])
        session = self._begin(work, len(contacts) - len(failed), asked)
        found = collapsed("failedContacts", failed)
        return json_answer({"id": 0, "asyncSessionId": session.id, **found})

    def status(self, asked: Asked) -> SandboxAnswer:
        """Tell how an import stands; the mapping comes when it is FINISHED."""
        session = self._sessions.get(asked.parts[0])
        if session is None:
            raise RefusedError("Import session not found", self._switches.unknown_session)
        changed = datetime.fromtimestamp(session.changed_at, UTC).isoformat()
        found: dict[str, Any] = {"status": session.status, "timestamp": changed}
        if session.status == "ERROR":
            found["description"] = "The import failed"
        if session.status == "FINISHED" and self._switches.mapping == "all":
            found["mapping"] = session.mapping
        return json_answer(found)

    def advance(self, now: float) -> None:
        """Do what is due, in the order in which it is."""
        while self._due and self._due[0][0] <= now:
            due, _, session = heappop(self._due)
            session.changed_at = due
            if session.status == "STARTED":
                session.status = "IMPORTING"
                self._plan(session, session.ends_at)
            else:
                self._end(session)

    def state(self) -> dict[str, Any]:
        """Return the sessions by id."""
        return {
            one.id: {"status": one.status, "contacts": one.size} for one in self._sessions.values()
        }

    def _begin(self, work: Import, size: int, asked: Asked) -> Session:
        seconds = self._switches.import_seconds
        extra = self._rng.uniform(0, self._switches.import_spread) * seconds
        session = Session(
            id=f"{self._rng.getrandbits(48):012x}{len(self._sessions)}",
            work=work,
            size=size,
            ends_at=None if asked.import_fate == STUCK else asked.now + seconds + extra,
            changed_at=asked.now,
            fate=asked.import_fate,
        )
        self._sessions[session.id] = session
        self._plan(session, asked.now + seconds / 3)
        return session

    def _end(self, session: Session) -> None:
        if session.fate == ERROR:
            session.status = "ERROR"
            return
        session.mapping = self._merger.apply(session.work)
        session.work.contacts.clear()
        session.status = "FINISHED"

    def _plan(self, session: Session, due: float | None) -> None:
        if due is not None:
            heappush(self._due, (due, next(self._numbers), session))

    def _given(self, contact: Object, work: Import, asked: Asked) -> Given:
        """Return a contact of an import, or raise what is wrong with it."""
        given = read_contact(contact, self._book, self._switches)
        if not given.external and not work.keys(given):
            raise RefusedError(f"{work.dedupe} is required to find the contact")
        if error := asked.planned_error(contact):
            raise RefusedError(error)
        return given

    def _work(self, body: Object) -> Import:
        dedupe = _dedupe(body)
        listed = texts_of(body, "contactFields")
        if not FIELDS.issuperset(listed):
            raise RefusedError("contactFields names an unknown field")
        if event := text_of(body.get("eventKeyForNewContacts")):
            check_key("eventKeyForNewContacts", event, MAX_EVENT_KEY)
        return Import(
            dedupe=dedupe,
            scope=scope_of(listed, dedupe),
            everything=scope_of((), dedupe),
            field_id=self._field_id(body, dedupe),
            custom=self._custom(body),
            groups=self._groups(body),
            groups_left=tuple(texts_of(body, "groupNamesExclude")),
            restores=body.get("restoreDeleted", self._switches.restore_deleted) is True,
            event=event,
        )

    def _field_id(self, body: Object, dedupe: str) -> int:
        number = number_of(body.get("fieldId")) or 0
        if dedupe == "fieldId" and not 0 < number <= self._switches.custom_fields:
            raise RefusedError("fieldId is required")
        return number

    def _custom(self, body: Object) -> tuple[int, ...]:
        numbers = [number_of(one) or 0 for one in texts_of(body, "customFieldsIDs")]
        known = [number for number in numbers if 0 < number <= self._switches.custom_fields]
        if len(known) < len(numbers) and self._switches.unknown_field == "400":
            raise RefusedError("customFieldsIDs names an unknown field")
        return tuple(known)

    def _groups(self, body: Object) -> tuple[str, ...]:
        names = texts_of(body, "groupNames")
        if self._switches.unknown_group == "400" and not all(map(self._segments.find, names)):
            raise RefusedError("groupNames names an unknown group")
        return tuple(names)


def _dedupe(body: Object) -> str:
    """Return what contacts are found by; devices are spelled in two ways.

    Source: `push` in the vendor's OpenAPI file, `mobilepush` in a public catalogue of its tools.
    """
    named = text_of(body.get("dedupeOn"))
    found = "push" if named == "mobilepush" else named
    if found not in DEDUPE:
        raise RefusedError("dedupeOn is not valid")
    return found
