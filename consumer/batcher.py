"""Calls gather here until a request is due.

Calls of one shape share a lane and travel together. A lane is due when it is full (by count or
bytes), when its oldest call waited long enough, or at once when nothing of the lane is under way
and the reader has caught up: low load goes out in real time, high load in full requests. A call
with a request of its own is always due.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from esputnik.call import Action, Call, Shape


class HasCall(Protocol):
    """Whatever travels: it knows its call."""

    @property
    def call(self) -> Call:
        """Return the call to be sent."""
        ...


T = TypeVar("T", bound=HasCall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a request may grow. Counts never exceed the API's own limit (`Shape.max_items`)."""

    max_wait: float = 0.25
    max_bytes: int = 4 * 1024 * 1024
    max_items: dict[Action, int] = field(default_factory=dict)
    under_way: int = 8
    imports: int = 64

    def items(self, shape: Shape) -> int:
        """Return how many items one request of this shape carries at most."""
        return min(shape.max_items, self.max_items.get(shape.action, shape.max_items))

    def batches(self, call: Call) -> int:
        """Return how many batches of the call's action may be under way."""
        return self.imports if call.shape is not None and call.shape.is_import else self.under_way


@dataclass(slots=True, eq=False)
class Batch(Generic[T]):
    """Calls that travel in one request, at least one. `size` in bytes of their items."""

    action: Action
    shape: Shape | None  # None for a call with a request of its own
    items: list[T]
    size: int = 0
    opened_at: float = 0.0


class Batcher(Generic[T]):
    """What waits for company. Plain state, one owner, no lock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lanes: dict[Shape, deque[Batch[T]]] = {}
        self._singles: dict[Action, deque[T]] = {}
        self._under_way: dict[Action, int] = {}
        self._shapes_under_way: dict[Shape, int] = {}

    def add(self, item: T, now: float) -> None:
        """Let a call wait for a request that can take it."""
        call = item.call
        if call.shape is None:
            self._singles.setdefault(call.action, deque()).append(item)
            return
        lane = self._lanes.setdefault(call.shape, deque())
        if not lane or not self._fits(lane[-1], call):
            lane.append(Batch(call.action, call.shape, [], opened_at=now))
        lane[-1].items.append(item)
        lane[-1].size += len(call.item) + 1

    def take(self, now: float, *, caught_up: bool) -> Iterator[Batch[T]]:
        """Return what is due now; each counts as under way until `done`."""
        for action, singles in self._singles.items():
            while singles and self._has_room(singles[0].call):
                yield self._start(Batch(action, None, [singles.popleft()], opened_at=now))
        for shape, lane in list(self._lanes.items()):
            while lane and self._is_due(lane, shape, now, caught_up=caught_up):
                yield self._start(lane.popleft())
            if not lane:
                del self._lanes[shape]

    def done(self, batch: Batch[T]) -> None:
        """Give back the place of a batch that is finished."""
        self._under_way[batch.action] -= 1
        if batch.shape is not None:
            left = self._shapes_under_way.pop(batch.shape) - 1
            if left:
                self._shapes_under_way[batch.shape] = left

    def next_due(self, now: float) -> float | None:
        """Return in how many seconds a waiting lane becomes due by age; None if none waits."""
        heads = [
            lane[0].opened_at
            for lane in self._lanes.values()
            if lane and self._has_room(lane[0].items[0].call)
        ]
        return max(0.0, min(heads) + self._limits.max_wait - now) if heads else None

    def withdraw(self, item: T) -> bool:
        """Take a waiting call out again; False if it is not waiting here."""
        shape = item.call.shape
        if shape is None:
            singles = self._singles.get(item.call.action, deque())
            if item in singles:
                singles.remove(item)
                return True
            return False
        lane = self._lanes.get(shape, deque())
        for batch in lane:
            if item in batch.items:
                batch.items.remove(item)
                batch.size -= len(item.call.item) + 1
                if not batch.items:
                    lane.remove(batch)
                return True
        return False

    def _fits(self, batch: Batch[T], call: Call) -> bool:
        shape = call.shape
        if shape is None or len(batch.items) >= self._limits.items(shape):
            return False
        frame = len(shape.head) + len(shape.tail)
        return frame + batch.size + len(call.item) <= self._limits.max_bytes

    def _is_due(self, lane: deque[Batch[T]], shape: Shape, now: float, *, caught_up: bool) -> bool:
        first = lane[0]
        if not self._has_room(first.items[0].call):
            return False
        is_full = len(lane) > 1 or len(first.items) >= self._limits.items(shape)
        is_idle = caught_up and shape not in self._shapes_under_way
        return is_full or is_idle or now - first.opened_at >= self._limits.max_wait

    def _has_room(self, call: Call) -> bool:
        return self._under_way.get(call.action, 0) < self._limits.batches(call)

    def _start(self, batch: Batch[T]) -> Batch[T]:
        self._under_way[batch.action] = self._under_way.get(batch.action, 0) + 1
        if batch.shape is not None:
            shape = batch.shape
            self._shapes_under_way[shape] = self._shapes_under_way.get(shape, 0) + 1
        return batch
