"""Imports: taken at once, applied some time later, in any order.

Source: docs.yespo.io/reference/contactsbulkupdate-1 and .../getimportsessionstatus-1.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from typing import Any

from esputnik.sandbox.checks import contact_error
from esputnik.sandbox.merging import DEDUPE, FIELDS, Import, Merger
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    collapsed,
    items_of,
    json_answer,
    text_of,
)

MAX_CONTACTS = 3000
MAX_EVENT_KEY = 100
ERROR, STUCK = "error", "stuck"  # what may become of an import


@dataclass(slots=True, kw_only=True)
class Session:
    """An import under way. `ends_at` is when it is applied, or fails; None for never."""

    id: str
    work: Import
    runs_at: float
    ends_at: float | None
    changed_at: float
    fate: str | None = None
    status: str = "STARTED"
    mapping: list[dict[str, Any]] = field(default_factory=list)


class Imports:
    """The import sessions of an account."""

    def __init__(
        self,
        merger: Merger,
        fields: Callable[[], set[int]],
        switches: Switches,
        seed: int,
    ) -> None:
        self._merger = merger
        self._fields = fields
        self._switches = switches
        self._rng = random.Random(f"imports {seed}")  # noqa: S311 - chance, not secrecy
        self._sessions: dict[str, Session] = {}
        self._due: list[tuple[float, int, Session]] = []

    def start(self, asked: Asked) -> SandboxAnswer:
        """Take an import; the contacts that are refused at once are named in the answer."""
        body = asked.fields()
        contacts = items_of(body, "contacts", MAX_CONTACTS)
        work = self._work(body)
        failed, good = [], []
        for contact in contacts:
            error = self._error(contact, work) or asked.planned_error(contact)
            if error:
                failed.append({**contact, "error": error})
            else:
                good.append(contact)
        work.contacts.extend(good)
        session = self._begin(work, asked)
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
        if session.status == "FINISHED":
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
            elif session.fate == ERROR:
                session.status = "ERROR"
            else:
                session.mapping = self._merger.apply(session.work)
                session.status = "FINISHED"

    def state(self) -> dict[str, Any]:
        """Return the sessions by id."""
        return {
            one.id: {"status": one.status, "contacts": len(one.work.contacts)}
            for one in self._sessions.values()
        }

    def _begin(self, work: Import, asked: Asked) -> Session:
        seconds = self._switches.import_seconds
        extra = self._rng.uniform(0, self._switches.import_spread) * seconds
        session = Session(
            id=f"{self._rng.getrandbits(48):012x}{len(self._sessions)}",
            work=work,
            runs_at=asked.now + seconds / 3,
            ends_at=None if asked.import_fate == STUCK else asked.now + seconds + extra,
            changed_at=asked.now,
            fate=asked.import_fate,
        )
        self._sessions[session.id] = session
        self._plan(session, session.runs_at)
        return session

    def _plan(self, session: Session, due: float | None) -> None:
        if due is not None:
            heappush(self._due, (due, id(session), session))

    def _work(self, body: Object) -> Import:
        dedupe = "push" if body.get("dedupeOn") == "mobilepush" else body.get("dedupeOn")
        if dedupe not in DEDUPE:
            raise RefusedError("dedupeOn is not valid")
        custom = [int(one) for one in body.get("customFieldsIDs") or () if text_of(one).isdecimal()]
        if self._switches.unknown_field == "400" and not set(custom) <= self._fields():
            raise RefusedError("customFieldsIDs names an unknown field")
        field_id = text_of(body.get("fieldId"))
        if dedupe == "fieldId" and not (field_id.isdecimal() and int(field_id) in self._fields()):
            raise RefusedError("fieldId is required")
        scope = body.get("contactFields")
        if scope is not None and not set(scope) <= FIELDS:
            raise RefusedError("contactFields names an unknown field")
        event = text_of(body.get("eventKeyForNewContacts"))
        if len(event) > MAX_EVENT_KEY:
            raise RefusedError("eventKeyForNewContacts is too long")
        return Import(
            dedupe=str(dedupe),
            field_id=int(field_id) if field_id.isdecimal() else None,
            scope=None if scope is None else frozenset(scope),
            custom=tuple(custom),
            groups=tuple(body.get("groupNames") or ()),
            groups_left=tuple(body.get("groupNamesExclude") or ()),
            restores=body.get("restoreDeleted") is True,
            event=event,
        )

    def _error(self, contact: Object, work: Import) -> str:
        error = contact_error(contact, self._fields(), self._switches)
        if error or text_of(contact.get("externalCustomerId")):
            return error
        return "" if work.keys(contact) else f"{work.dedupe} is required to find the contact"
