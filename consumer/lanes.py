"""Who goes first where calls are about the same contact.

A call enters with the names it is about (`Call.lanes`). It may go when it is the earliest
unfinished call under every one of its names, so waits point to earlier arrivals only and no cycle
can form. One busy contact holds up nobody else.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from esputnik.call import Call


class Place(Protocol):
    """One call's place in the lanes. `started` once it was allowed to go."""

    call: Call
    started: bool


P = TypeVar("P", bound=Place)


class Lanes(Generic[P]):
    """The queues of all names. Plain state, one owner, no lock."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[P]] = {}

    def __len__(self) -> int:
        """Return how many names have an unfinished call."""
        return len(self._queues)

    def enter(self, place: P) -> bool:
        """Queue a call behind all earlier ones that share a name; return whether it may go now."""
        for name in place.call.lanes:
            self._queues.setdefault(name, deque()).append(place)
        return self._start(place)

    def leave(self, place: P) -> list[P]:
        """Take a finished or dropped call out; return those that may go now."""
        for name in place.call.lanes:
            queue = self._queues[name]
            queue.remove(place)
            if not queue:
                del self._queues[name]
        return [waiting for waiting in self._next(place.call.lanes) if self._start(waiting)]

    def ahead(self, place: P) -> Iterator[P]:
        """Return the calls that wait or are under way ahead of this one, each once."""
        seen: set[int] = set()
        for name in place.call.lanes:
            for other in self._queues[name]:
                if other is place:
                    break
                if id(other) not in seen:
                    seen.add(id(other))
                    yield other

    def _start(self, place: P) -> bool:
        if place.started or not self._may_go(place):
            return False
        place.started = True
        return True

    def _may_go(self, place: P) -> bool:
        if all(self._queues[name][0] is place for name in place.call.lanes):
            return True
        # An opt-out by the e-mail list touches no profile, so it need not wait for imports.
        return place.call.is_urgent and all(_is_import(other.call) for other in self.ahead(place))

    def _next(self, names: Iterable[str]) -> Iterator[P]:
        """Return who may have been waiting: the new heads, and urgent calls behind imports."""
        for name in names:
            for waiting in self._queues.get(name, ()):
                yield waiting
                if not _is_import(waiting.call):
                    break


def _is_import(call: Call) -> bool:
    return call.shape is not None and call.shape.is_import
