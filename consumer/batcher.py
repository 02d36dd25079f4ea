"""Calls gather here until a request is due.

Calls of one shape gather together. They are due when they fill a request (by count or bytes), when
the oldest waited long enough, or at once when all was read and the way is free: low load goes out
in real time, high load in full requests. A call that has no shape is always due.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from consumer.gathering import Gathering
from consumer.job import Batch, Errand
from esputnik.call import Action, Call, Repeat, Shape
from handlers.consents import OPT_OUT

PREPARED = 2  # batches ready to go as soon as a request ends, or as the account's limit allows
NOBODY: Mapping[Action, int] = {}
OPT_OUTS_WAIT = 0.25  # s at the most, whatever others wait for company
LEAST_CAP = 16 * 1024  # bytes; a learned cap goes no lower
CAP_HOLDS = 3600.0  # s; then larger requests are tried again: whatever refused them may be mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a request may grow. Counts never exceed the API's own limit (`Shape.max_items`).

    `any_status`: successive states of one order become one, whatever their status.
    """

    max_wait: float = 0.25
    max_bytes: int = 4 * 1024 * 1024
    max_items: dict[Action, int] = field(default_factory=dict)
    under_way: int = 8
    imports: int = 64
    any_status: bool = False

    def items(self, shape: Shape) -> int:
        """Return how many items one request of this shape carries at most."""
        return min(shape.max_items, self.max_items.get(shape.action, shape.max_items))

    def batches(self, call: Call) -> int:
        """Return how many batches of the call's action may be under way."""
        if call.shape is not None and call.shape.is_import:
            return self.imports
        if call.repeat is Repeat.COUNTS:
            return self.under_way  # what a doubt may cost at the most
        return self.under_way + PREPARED


class Batcher:
    """What waits for company. Plain state, one owner, no lock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._head_start = max(0.0, limits.max_wait - OPT_OUTS_WAIT)
        self._gatherings: dict[Shape, Gathering] = {}
        self._singles: dict[Action, deque[Errand]] = {}
        self._under_way: dict[Action, int] = {}
        self._caps: dict[Action, tuple[int, float]] = {}  # bytes, and until when

    def add(self, errand: Errand, now: float, *, is_late: bool = False) -> None:
        """Let a call wait for a request that can take it; `is_late`: it waited elsewhere before."""
        shape = errand.call.shape
        if shape is None:
            self._singles.setdefault(errand.call.action, deque()).append(errand)
            return
        gathering = self._gatherings.get(shape) or self._gather(shape)
        since, waiting = now, gathering.late if is_late else gathering.line
        if errand.origin.intent == OPT_OUT:
            since, waiting = now - self._head_start, gathering.urgent
        errand.gathering, errand.since = gathering, since
        waiting[errand] = None
        gathering.size += len(errand.call.item) + 1
        gathering.since = min(gathering.since, since)

    def take(
        self, now: float, queued: Mapping[Action, int] = NOBODY, *, caught_up: bool
    ) -> Iterator[Batch]:
        """Return what is due now; each counts as under way until `done`.

        `queued`: how many requests of an action wait for their turn already. More are not made
        ready for them to wait, too: a call that comes meanwhile may have its turn first.
        """
        for action, singles in self._singles.items():
            while singles and self._has_room(singles[0]):
                errand = singles.popleft()
                yield self._start(Batch(action, None, {errand: None}))
        self._forget_caps(now)
        ready = Counter(queued)
        for shape, gathering in sorted(self._gatherings.items(), key=_since):
            while not gathering.is_empty() and self._is_due(
                gathering, now, ready, caught_up=caught_up
            ):
                ready[shape.action] += 1
                gathering.under_way += 1
                yield self._start(Batch(shape.action, shape, gathering.cut()))
            if gathering.is_empty() and not gathering.under_way:
                del self._gatherings[shape]

    def done(self, batch: Batch) -> None:
        """Give back the place of a batch that is finished."""
        self._under_way[batch.action] -= 1
        if batch.shape is not None:
            self._gatherings[batch.shape].under_way -= 1

    def resumed(self, batch: Batch) -> None:
        """Take the place of a batch again that was given back while its calls rested."""
        self._under_way[batch.action] += 1
        if batch.shape is not None:
            (self._gatherings.get(batch.shape) or self._gather(batch.shape)).under_way += 1

    def next_due(self, now: float, queued: Mapping[Action, int] = NOBODY) -> float | None:
        """Return in how many seconds waiting calls become due by age; None if none does."""
        due = [
            gathering.since + self._limits.max_wait
            for gathering in self._gatherings.values()
            if not gathering.is_empty() and self._may_prepare(gathering.first(), queued)
        ]
        return max(0.0, min(due) - now) if due else None

    def withdraw(self, errand: Errand) -> float | None:
        """Take a call out again; return since when it waited, None if it is not waiting here."""
        if errand.gathering is None:
            return None
        errand.gathering.leave(errand)
        return errand.since

    def cap(self, action: Action, size: int, now: float) -> None:
        """Learn that a request of so many bytes is too large: build them half as large, a while."""
        known, _ = self._caps.get(action, (self._limits.max_bytes, now))
        self._caps[action] = max(LEAST_CAP, min(known, size // 2)), now + CAP_HOLDS
        self._measure_again()

    def _forget_caps(self, now: float) -> None:
        over = [action for action, (_, until) in self._caps.items() if now >= until]
        for action in over:
            del self._caps[action]
        if over:
            self._measure_again()

    def _measure_again(self) -> None:
        for shape, gathering in self._gatherings.items():
            gathering.room = self._room(shape)

    def _gather(self, shape: Shape) -> Gathering:
        gathering = Gathering(self._limits.items(shape), self._room(shape))
        self._gatherings[shape] = gathering
        return gathering

    def _room(self, shape: Shape) -> int:
        """Return how many bytes of items one request of this shape carries at most."""
        most, _ = self._caps.get(shape.action, (self._limits.max_bytes, 0.0))
        return most - len(shape.head) - len(shape.tail)

    def _is_due(
        self, gathering: Gathering, now: float, ready: Mapping[Action, int], *, caught_up: bool
    ) -> bool:
        one = gathering.first()
        if not self._may_prepare(one, ready):
            return False
        if gathering.is_full():
            return True
        if caught_up and gathering.under_way < self._eager(one):
            return True
        return now >= gathering.since + self._limits.max_wait

    def _eager(self, errand: Errand) -> int:
        """Return how many requests may be under way for one to go without company.

        An import takes its own polls along and holds its contacts, so one at a time is eager; of
        other calls half of what may be under way, which leaves room for full requests.
        """
        shape = errand.call.shape
        return 1 if shape is not None and shape.is_import else max(1, self._limits.under_way // 2)

    def _may_prepare(self, errand: Errand, ready: Mapping[Action, int]) -> bool:
        """Tell whether one more bulk request may be made ready; an opt-out waits for no other."""
        is_opt_out = errand.origin.intent == OPT_OUT
        is_free = is_opt_out or ready.get(errand.call.together(), 0) < PREPARED
        return is_free and self._has_room(errand)

    def _has_room(self, errand: Errand) -> bool:
        call = errand.call
        action = call.action if call.shape is None else call.shape.action
        return self._under_way.get(action, 0) < self._limits.batches(call)

    def _start(self, batch: Batch) -> Batch:
        self._under_way[batch.action] = self._under_way.get(batch.action, 0) + 1
        return batch


def _since(gathering: tuple[Shape, Gathering]) -> float:
    """Return since when somebody waits: the oldest go first, whatever comes to the others."""
    return gathering[1].since
