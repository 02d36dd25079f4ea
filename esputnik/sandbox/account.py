"""One account: who answers what. Pure.

Before every answer stand, in this order: authentication, rights, planned faults, rates, size, form
of the body, repeats.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import orjson

from esputnik.sandbox.faults import Faults
from esputnik.sandbox.journal import Journal
from esputnik.sandbox.parts import Parts
from esputnik.sandbox.routes import Way, is_path, way_of
from esputnik.sandbox.rules import NOTHING, Effect
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.switching import change
from esputnik.sandbox.wire import (
    Asked,
    Object,
    RefusedError,
    SandboxAnswer,
    SandboxRequest,
    json_answer,
    text_answer,
)

UNKNOWN = "unknown"
UNAUTHORIZED, THROTTLED = 401, 429
HANDED_ON = 400  # statuses below are answered as a rule tells them


class Account:
    """What an account holds. Plain state, one owner; time comes along with each request.

    `now` is in seconds since 1970 UTC and never goes back.
    """

    def __init__(
        self,
        *,
        switches: Switches | None = None,
        seed: int = 0,
        faults: Mapping[str, float] | None = None,
    ) -> None:
        self.switches = switches.model_copy() if switches is not None else Switches()
        self.faults = Faults(faults or {}, seed)
        self._seed = seed
        self._segments_given: list[object] | None = None
        self._journal = Journal()
        self._parts = Parts(self.switches, seed)

    # -- a request --------------------------------------------------------------------------

    def handle(self, request: SandboxRequest, now: float) -> SandboxAnswer:
        """Return the answer to a request, and do what it asks."""
        self.advance(now)
        way = way_of(request.method, request.path)
        action = way.action if way is not None else UNKNOWN
        effect = self.faults.befall(action, request.path, request.body)
        if effect.reset == "before":
            self._journal.note(action, request, None, now)
            return SandboxAnswer(delay=effect.delay, is_dropped=True)
        try:
            answer = self._answer(way, request, effect, now)
        except RefusedError as refused:
            answer = self._refusal(refused)
        self._journal.note(action, request, answer.status, now)
        if effect is NOTHING:
            return answer
        return replace(answer, delay=effect.delay, is_dropped=effect.reset == "after")

    def advance(self, now: float) -> None:
        """Let time pass: imports go on."""
        self._parts.imports.advance(now)
        self._parts.orders.advance(now)

    def _answer(
        self, way: Way | None, request: SandboxRequest, effect: Effect, now: float
    ) -> SandboxAnswer:
        guard = self._parts.guard
        guard.authenticate(None if way is None else way.action, request, now)
        if way is None:
            is_known = is_path(request.path)
            raise RefusedError("Method not allowed" if is_known else "Not found", 404 + is_known)
        if way.action in self.switches.forbidden:
            raise RefusedError("Forbidden", self.switches.forbidden_status)
        if effect.status is not None:
            return self._planned(effect, effect.status)
        guard.admit(way.action, request, now)
        asked = _asked(way, request, effect, now)
        fingerprint = guard.unrepeated(way.action, request, asked.body, now)
        answer = self._parts.handles[way.action](asked)
        if fingerprint is not None:
            guard.taken(fingerprint, now)
        self._journal.executed(request)
        return answer

    def _planned(self, effect: Effect, status: int) -> SandboxAnswer:
        """Return the answer that a rule or the dice put in place of the work."""
        if effect.text is not None or status < HANDED_ON:
            return text_answer(effect.text or "", status, effect.headers)
        answer = self._refusal(RefusedError(_phrase(status), status))
        return replace(answer, headers={**answer.headers, **effect.headers})

    def _refusal(self, refused: RefusedError) -> SandboxAnswer:
        status, wait = refused.status, self.switches.retry_after
        is_told = status == THROTTLED and wait is not None
        headers = {"Retry-After": str(wait)} if is_told else {}
        if status == UNAUTHORIZED:
            return json_answer({"status": status, "message": refused.text}, status)
        if self.switches.error_form == "json":
            return json_answer({"message": refused.text}, status, headers)
        return text_answer(refused.text, status, headers)

    # -- from outside -----------------------------------------------------------------------

    def change_switches(self, told: object) -> None:
        """Set some switches, by name. Raises ValueError where one cannot be, and sets none."""
        if "static_segments" in change(self.switches, told):
            self._parts.segments.provide()

    def use_segments(self, given: Iterable[object]) -> None:
        """Make these the segments there are. Raises ValueError for what is none."""
        told = list(given)
        self._parts.segments.replace(told)
        self._segments_given = told

    def happened(self, rows: Iterable[Object]) -> None:
        """Take rows of the activity feed: what people did at eSputnik itself."""
        self._parts.activity.happened(rows)

    def reset(self) -> None:
        """Forget all that the account holds; keep the switches, the segments and the faults."""
        self._journal = Journal()
        self._parts = Parts(self.switches, self._seed)
        if self._segments_given is not None:
            self._parts.segments.replace(self._segments_given)

    def requests(self, query: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the last requests, the oldest first; see `Journal.views`."""
        return self._journal.views(query or {})

    def state(self) -> dict[str, Any]:
        """Return what the account holds."""
        held = self._parts.state()
        journal = self._journal
        return {
            "summary": _summary(held, journal),
            **held,
            "requests": {action: dict(counts) for action, counts in journal.counts.items()},
            "executions": dict(journal.executions),
        }


def _summary(held: Mapping[str, Any], journal: Journal) -> dict[str, int]:
    """Return how many there are of each kind of thing, for a person's first look."""
    lists = {name: len(value) for name, value in held.items() if isinstance(value, list | dict)}
    deleted = sum(one["deleted"] for one in held["contacts"])
    asked = sum(counts.total() for counts in journal.counts.values())
    raised = sum(held["events_raised"].values())
    return lists | {"deleted_contacts": deleted, "events_raised": raised, "requests": asked}


def _asked(way: Way, request: SandboxRequest, effect: Effect, now: float) -> Asked:
    return Asked(
        now=now,
        parts=way.parts,
        query=request.query,
        body=_parsed(request.body),
        size=len(request.body),
        fates=effect.fates,
        import_fate=effect.import_fate,
    )


def _parsed(body: bytes) -> object:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RefusedError("The request body is not JSON") from None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
