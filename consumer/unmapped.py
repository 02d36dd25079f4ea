"""Events that our own mapping refuses: a few are bad events, many of one type are a bug of ours.

Many are held, so that a broken release does not bury everything; one in turn is tried again every
minute. Pure.
"""

from collections import deque
from collections.abc import Sequence

from consumer.job import Job
from consumer.refusals import Refusals

TRIAL = 60.0  # s
HELD_FOR = "map.handler_error"


class Unmapped:
    """The held records by event type. Plain state, one owner."""

    def __init__(self, max_ratio: float) -> None:
        self._max_ratio = max_ratio
        self._counts: dict[str, Refusals] = {}
        self._held: dict[str, deque[Job]] = {}
        self._next_trial = 0.0

    @property
    def held(self) -> dict[str, int]:
        """Return how many records of each type are held."""
        return {event_type: len(jobs) for event_type, jobs in self._held.items()}

    @property
    def is_watching(self) -> bool:
        """Tell whether any type was refused lately."""
        return bool(self._counts)

    def holds(self, event_type: str, reason: str, job: Job, now: float) -> bool:
        """Count a refusal; keep its record and return True where too many were refused."""
        known = self._counts.setdefault(event_type, Refusals(self._max_ratio))
        if known.note(now, 1, {reason: 1}) is None and event_type not in self._held:
            return False
        if not self._held:
            self._next_trial = now + TRIAL
        self._held.setdefault(event_type, deque()).append(job)
        return True

    def mapped(self, event_type: str, now: float) -> None:
        """Count an event that was mapped, once any of its type was refused."""
        if event_type in self._counts:
            self._counts[event_type].note(now, 1, {})

    def due(self, now: float) -> Sequence[tuple[str, Job]]:
        """Return the next held record of each type, once a minute; it is held no more."""
        if not self._held or now < self._next_trial:
            return ()
        self._next_trial = now + TRIAL
        return [(event_type, jobs.popleft()) for event_type, jobs in self._held.items() if jobs]

    def release(self, event_type: str) -> Sequence[Job]:
        """Return all held records of a type: its mapping works again."""
        self._counts.pop(event_type, None)
        return self._held.pop(event_type, ())

    def drop(self, jobs: frozenset[Job]) -> None:
        """Forget records that are another member's now."""
        for event_type, held in list(self._held.items()):
            left = deque(job for job in held if job not in jobs)
            if left:
                self._held[event_type] = left
            else:
                del self._held[event_type]
