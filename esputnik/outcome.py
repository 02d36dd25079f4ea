"""What eSputnik said about one call, and what became of an exchange.

Outcome
├── Delivered   done (for an import: applied)
├── Rejected    refused for good: a dead letter
├── Deferred    not now: wait and try again
└── Blocked     nothing of this kind can succeed: pause, bury nothing
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response, read to its end and never larger than the client's cap.

    `headers` has lower-case names. `body` is raw.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """No usable response came: refused, reset, timed out, truncated, too large.

    `maybe_sent`: the request may have reached eSputnik and run. `is_untrusted`: the server's
    certificate was refused, which waiting does not mend. `cause` is an error class, never a value.
    """

    maybe_sent: bool
    cause: str
    is_untrusted: bool = False


class Scope(StrEnum):
    """How much a Blocked outcome stops."""

    ACCOUNT = "account"
    ACTION = "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """Done. `learned` holds what the answer taught: `{"id": "3894567"}`.

    `is_left_out`: nothing was sent, nor is it to be.
    """

    learned: Mapping[str, str] = field(default_factory=dict)
    is_left_out: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Refused for good. `reason` is a dead-letter reason, `detail` one line without values.

    `is_whole`: the refusal was of a whole bulk request, so the culprit is still to be found.
    """

    reason: str
    detail: str = ""
    status: int | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not now. `retry_after` in seconds, where the API named a wait.

    `maybe_done`: the request may have run, which matters to calls whose repeats count.
    `is_throttle`: a 429, which is no failure of anybody's. `detail`: one line without values.
    """

    cause: str
    retry_after: float | None = None
    maybe_done: bool = False
    is_throttle: bool = False
    status: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Nothing like this can succeed until an operator acts: pause `scope`, probe, bury nothing."""

    scope: Scope
    cause: str
    status: int | None = None


Outcome = Delivered | Rejected | Deferred | Blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A bulk import was queued: the items not refused at once are done when `session` is.

    `suspect`: the answer also named failures that fit none of the items, so any may be refused.
    """

    session: str
    refused: Mapping[int, Rejected]
    suspect: Rejected | None = None
