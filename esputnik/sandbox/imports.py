"""Imports: taken at once, applied later and in any order. Pure.

Source: docs.yespo.io/reference/contactsbulkupdate-1 and getimportsessionstatus-1.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from esputnik.sandbox.contacts import Contacts, addresses_of, check_contact
from esputnik.sandbox.segments import Segments
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import RefusedError, items_of

MAX_CONTACTS = 3000
DEDUPE_ON = frozenset(
    {"email", "sms", "push", "mobilepush", "email_or_sms", "id", "externalCustomerId", "fieldId"}
)
FIELDS = frozenset(
    {"firstName", "contactKey", "lastName", "languageCode", "timeZone", "email", "sms"}
    | {"mobilepush", "webpush", "address", "town", "region", "externalCustomerId", "postcode"}
    | {"ordersInfo"}
)


@dataclass(slots=True, kw_only=True)
class Session:
    """One import. Times in the sandbox's own seconds; `ends_at` infinite for a stuck one."""

    id: str
    body: Mapping[str, Any]
    items: list[dict[str, Any]]
    begins_at: float
    ends_at: float
    fails: bool = False
    status: str = "STARTED"
    mapping: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """Return the session as the API shows it."""
        told: dict[str, Any] = {"status": self.status}
        if self.status == "FINISHED":
            told["mapping"] = self.mapping
        if self.status == "ERROR":
            told["description"] = "Import failed"
        return told


class Imports:
    """All sessions. Plain state, one owner."""

    def __init__(
        self, contacts: Contacts, segments: Segments, switches: Switches, rng: random.Random
    ) -> None:
        self.sessions: dict[str, Session] = {}
        self._waiting: list[Session] = []
        self._contacts = contacts
        self._segments = segments
        self._switches = switches
        self._rng = rng

    def take(
        self, body: dict[str, Any], now: float, *, fault: str | None, refused: Mapping[str, str]
    ) -> dict[str, Any]:
        """Queue an import; return the API's answer with the items that are refused at once.

        `fault` is `error` or `stuck`; `refused` maps a text to the error of items that hold it.
        """
        items = items_of(body, "contacts", MAX_CONTACTS)
        _check_shape(body)
        failed, good = [], []
        for item in items:
            error = self._wrong(item, body["dedupeOn"]) or _told_to_refuse(item, refused)
            if error is not None:
                failed.append({**(item if isinstance(item, dict) else {}), "error": error})
            else:
                good.append(item)
        session = self._queue(body, good, now, fault)
        answer: dict[str, Any] = {"id": 0, "asyncSessionId": session.id}
        if failed:
            is_object = len(failed) == 1 and self._switches.one_as_object
            answer["failedContacts"] = failed[0] if is_object else failed
        return answer

    def advance(self, now: float) -> None:
        """Apply every import whose time has come, in the order of their ends."""
        for session in sorted(self._waiting, key=lambda one: one.ends_at):
            if session.begins_at <= now and session.status == "STARTED":
                session.status = "IMPORTING"
            if session.ends_at <= now:
                self._end(session)
        self._waiting = [one for one in self._waiting if one.status in {"STARTED", "IMPORTING"}]

    def _queue(
        self, body: Mapping[str, Any], items: list[dict[str, Any]], now: float, fault: str | None
    ) -> Session:
        seconds = self._switches.import_seconds * (0.5 + self._rng.random())
        session = Session(
            id=f"import-{len(self.sessions) + 1}",
            body=body,
            items=items,
            begins_at=now + seconds / 3,
            ends_at=float("inf") if fault == "stuck" else now + seconds,
            fails=fault == "error",
        )
        self.sessions[session.id] = session
        self._waiting.append(session)
        return session

    def _end(self, session: Session) -> None:
        if session.fails:
            session.status = "ERROR"
            return
        for item in session.items:
            self._apply(session, item)
        session.items = []
        session.status = "FINISHED"

    def _apply(self, session: Session, item: dict[str, Any]) -> None:
        body = session.body
        found = self._contacts.find(item.get("externalCustomerId"), addresses_of(item))
        if found is not None and found.is_deleted:
            if not body.get("restoreDeleted", False):
                return
            found.is_deleted = False
        contact, _ = self._contacts.import_item(
            item,
            dedupe_on=body["dedupeOn"],
            scope=frozenset(body.get("contactFields") or FIELDS),
            custom=body.get("customFieldsIDs") or (),
        )
        for name in body.get("groupNames") or ():
            self._segments.join_by_name(name, contact.id)
        for name in body.get("groupNamesExclude") or ():
            self._segments.leave_by_name(name, contact.id)
        session.mapping.append({"dedupeValue": _dedupe_value(body, item), "contactId": contact.id})

    def _wrong(self, item: object, dedupe_on: str) -> str | None:
        error = check_contact(item, checks_names=self._switches.checks_names)
        if error is not None or not isinstance(item, dict):
            return error or "Contact is not valid"
        named = {kind for kind, _ in addresses_of(item)} | (
            {"externalCustomerId"} if item.get("externalCustomerId") else set()
        )
        if "externalCustomerId" in named or not named.isdisjoint(dedupe_on.split("_or_")):
            return None
        return f"Field {dedupe_on} is required"


def _check_shape(body: Mapping[str, Any]) -> None:
    dedupe_on = body.get("dedupeOn")
    if dedupe_on not in DEDUPE_ON:
        raise RefusedError(400, "dedupeOn is not valid")
    if dedupe_on == "fieldId" and not isinstance(body.get("fieldId"), int):
        raise RefusedError(400, "fieldId is required")
    unknown = set(body.get("contactFields") or ()) - FIELDS
    if unknown:
        raise RefusedError(400, f"contactFields: {min(unknown)} is not valid")


def _told_to_refuse(item: object, refused: Mapping[str, str]) -> str | None:
    spelled = str(item)
    return next((error for text, error in refused.items() if text in spelled), None)


def _dedupe_value(body: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    if body["dedupeOn"] == "externalCustomerId":
        return str(item.get("externalCustomerId"))
    return next((value for _, value in addresses_of(item)), str(item.get("externalCustomerId")))
