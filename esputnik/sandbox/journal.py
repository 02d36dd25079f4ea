"""What an account was asked, for people and tests to look at."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from esputnik.sandbox.wire import SandboxRequest

KEPT_REQUESTS = 20_000
KEPT_BYTES = 64 * 1024 * 1024  # of bodies
DROPPED = "dropped"  # in place of the status of a request that was not answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and the status of its answer; None where the connection was reset at once."""

    at: float
    action: str
    request: SandboxRequest
    status: int | None

    def view(self) -> dict[str, Any]:
        """Return the entry as JSON can tell it."""
        return {
            "at": self.at,
            "action": self.action,
            "method": self.request.method,
            "path": self.request.path,
            "query": dict(self.request.query),
            "body": _shown(self.request.body),
            "status": self.status,
            "idempotency_key": self.request.headers.get("idempotency-key"),
        }


class Journal:
    """The last requests, and counts of all of them: by action and status, and by key.

    `executions` counts how often the work of an idempotency key was done.
    """

    def __init__(self, *, kept: int = KEPT_REQUESTS, kept_bytes: int = KEPT_BYTES) -> None:
        self._entries: deque[Entry] = deque()
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._bytes = 0
        self.counts: dict[str, Counter[str]] = {}
        self.executions: Counter[str] = Counter()

    def note(self, action: str, request: SandboxRequest, status: int | None, now: float) -> None:
        """Take note of a request. Bodies are kept as they came and parsed when they are shown."""
        told = DROPPED if status is None else str(status)
        self.counts.setdefault(action, Counter())[told] += 1
        self._entries.append(Entry(at=now, action=action, request=request, status=status))
        self._bytes += len(request.body)
        while len(self._entries) > self._kept or self._bytes > self._kept_bytes:
            self._bytes -= len(self._entries.popleft().request.body)

    def executed(self, request: SandboxRequest) -> None:
        """Count that the work of a request was done."""
        if key := request.headers.get("idempotency-key"):
            self.executions[key] += 1

    def views(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the last requests, the oldest first.

        `query` may name an `action` or a `status`, and the `last` so many.

        Raises:
            ValueError: It names something else, or `last` is no number.
        """
        if strangers := sorted(query.keys() - {"action", "status", "last"}):
            raise ValueError(f"{strangers[0]}: write action, status or last")
        chosen = [
            entry
            for entry in self._entries
            if query.get("action", entry.action) == entry.action
            and query.get("status", str(entry.status)) == str(entry.status)
        ]
        last = query.get("last", str(len(chosen)))
        if not last.isdecimal():
            raise ValueError("last: must be a whole number")
        return [entry.view() for entry in chosen[max(0, len(chosen) - int(last)) :]]


def _shown(body: bytes) -> object:
    try:
        return orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")
