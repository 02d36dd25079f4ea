"""What eSputnik has done: the ground truth, told by what its account was asked and answered.

A stamp or a target counts as done when its request was executed, or, of an import, when that was
applied.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import orjson

from esputnik.call import Action, Request
from esputnik.sandbox.account import Account
from esputnik.sandbox.routes import way_of
from esputnik.sandbox.wire import SandboxAnswer
from tests.simulation.events import stamps_in

GONE = {200, 400, 404}  # answers to a deletion after which nobody is there


class Epoch(NamedTuple):
    """Who sent a request, and in which generation of the group."""

    replica: str
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A stamp was executed. `is_orphan`: nobody waited for it any more, or nobody knows of it."""

    at: float
    epoch: Epoch
    is_orphan: bool


@dataclass(slots=True, kw_only=True)
class Session:
    """An import that was taken, by what it carries, and is not applied yet."""

    stamps: frozenset[int]
    body: bytes
    execution: Execution


@dataclass(slots=True)
class History:
    """What was done, by stamp and by target; `applied` are imports, and when they took effect."""

    account: Account
    stamps: dict[int, list[Execution]] = field(default_factory=lambda: defaultdict(list))
    targets: dict[tuple[str, ...], list[Execution]] = field(
        default_factory=lambda: defaultdict(list)
    )
    sessions: dict[str, Session] = field(default_factory=dict)
    applied: list[tuple[Session, float]] = field(default_factory=list)
    orphans: list[bytes] = field(default_factory=list)  # what was executed unawaited
    news: list[tuple[int, Execution]] = field(default_factory=list)  # since somebody looked

    def executed(self, request: Request, answer: SandboxAnswer, execution: Execution) -> None:
        """Take note of a request that was answered, whether or not the answer arrives."""
        for target in _targets(request, answer.status):
            self.targets[target].append(execution)
        if answer.status >= 300:
            return
        body = (request.body or b"") + request.path.encode() + repr(request.query).encode()
        if execution.is_orphan:
            self.orphans.append(body)
        stamps = stamps_in(body) - stamps_in(answer.body)
        if request.action is not Action.BULK_CONTACTS:
            self._done(stamps, execution)
        elif (name := orjson.loads(answer.body).get("asyncSessionId")) is not None:
            self.sessions[name] = Session(stamps=stamps, body=body, execution=execution)

    def look(self, now: float) -> None:
        """Let the account's time pass, and note which imports were applied, in their order."""
        self.account.advance(now)
        held = self.account._parts.imports._sessions  # noqa: SLF001 - nothing else tells it
        over = [name for name in self.sessions if held[name].status in {"FINISHED", "ERROR"}]
        for name in sorted(over, key=lambda name: held[name].changed_at):
            session = self.sessions.pop(name)
            if held[name].status == "FINISHED":
                self.applied.append((session, held[name].changed_at))
                self._done(session.stamps, replace(session.execution, at=held[name].changed_at))

    def orphan(self, replica: str) -> None:
        """Note that nobody may wait for this replica's imports any more."""
        for session in self.sessions.values():
            execution = session.execution
            if execution.epoch.replica == replica and not execution.is_orphan:
                session.execution = replace(execution, is_orphan=True)
                self.orphans.append(session.body)

    def is_orphaned(self, name: str) -> bool:
        """Tell whether anything about this name was executed that nobody waited for any more."""
        return any(name.encode() in body for body in self.orphans)

    def is_pending(self) -> bool:
        """Tell whether an import is still to be applied that ever will."""
        held = self.account._parts.imports._sessions  # noqa: SLF001 - as above
        return any(held[name].ends_at is not None for name in self.sessions)

    def _done(self, stamps: Iterable[int], execution: Execution) -> None:
        for stamp in sorted(stamps):
            self.stamps[stamp].append(execution)
            self.news.append((stamp, execution))


def _targets(request: Request, status: int) -> Iterable[tuple[str, ...]]:
    """Return what a request did that carries no stamp."""
    action = request.action
    if action is Action.DELETE_CONTACT:
        user = dict(request.query).get("externalCustomerId", "")
        return [("delete", user)] if status in GONE else []
    if status >= 300 or action not in PLAIN:
        return []
    way, body = way_of(request.method, request.path), orjson.loads(request.body or b"{}")
    return PLAIN[action](way.parts if way is not None else (), body)


def _members(verb: str) -> Callable[[Sequence[str], Any], list[tuple[str, ...]]]:
    return lambda parts, body: [
        (verb, parts[0], name) for name in body.get("externalCustomerIds", ())
    ]


# What the requests of an action did, by the parts of its path and its body.
PLAIN: Mapping[Action, Callable[[Sequence[str], Any], list[tuple[str, ...]]]] = {
    Action.ADD_UNSUBSCRIBED: lambda _, body: [("out", email) for email in body["emails"]],
    Action.REMOVE_UNSUBSCRIBED: lambda _, body: [("in", email) for email in body["emails"]],
    Action.ATTACH_CONTACTS: _members("attach"),
    Action.DETACH_CONTACTS: _members("detach"),
    Action.TOKEN_ACTIVITY: lambda parts, body: [("token", parts[1], str(body["active"]))],
    Action.ADD_DOMAIN: lambda _, body: [("site", body["domain"])],
}
