"""The calls of one shape that wait for a request, which is cut from them as it leaves.

They go in the order in which they came to the scheduler, opt-outs before all others: one that
waited for another call of its contact has its turn where it would have had it, or under a backlog
its contact's next call, and the one after that, would each wait through all of the backlog again.
"""

import math
from collections.abc import Iterable
from heapq import merge
from itertools import chain, islice

from consumer.job import Errand


class Gathering:
    """The calls of one shape that wait for a request.

    `line` holds those that came straight here, in order; `late` those that waited elsewhere before
    and whose turn may have been long ago; `urgent` the opt-outs. `size` in bytes of all their
    items; none began to wait before `since`.
    """

    __slots__ = ("late", "line", "max_items", "room", "since", "size", "under_way", "urgent")

    def __init__(self, max_items: int, room: int) -> None:
        self.line: dict[Errand, None] = {}  # dicts, so that one is taken out fast
        self.late: dict[Errand, None] = {}
        self.urgent: dict[Errand, None] = {}
        self.size = 0
        self.since = math.inf
        self.under_way = 0
        self.max_items = max_items
        self.room = room  # bytes of items

    def is_empty(self) -> bool:
        """Tell whether nobody waits."""
        return not (self.line or self.late or self.urgent)

    def first(self) -> Errand:
        """Return one of those who wait: an opt-out, if there is one."""
        return next(iter(self.urgent or self.line or self.late))

    def is_full(self) -> bool:
        """Tell whether there is a request's fill."""
        waiting = len(self.line) + len(self.late) + len(self.urgent)
        return waiting >= self.max_items or self.size > self.room

    def cut(self) -> dict[Errand, None]:
        """Take out what one request can carry, whose turn it is first."""
        taken: dict[Errand, None] = {}
        size = 0
        for errand in self._in_turn():
            item = len(errand.call.item) + 1
            if taken and size + item > self.room:
                break
            taken[errand] = None
            size += item
            if len(taken) >= self.max_items:
                break
        for errand in taken:
            self._take_out(errand)
        self.size -= size
        heads = (*islice(self.line, 1), *self.late, *self.urgent)
        self.since = min((one.since for one in heads), default=math.inf)
        return taken

    def leave(self, errand: Errand) -> None:
        """Take out one."""
        self._take_out(errand)
        self.size -= len(errand.call.item) + 1

    def _take_out(self, errand: Errand) -> None:
        if errand in self.line:  # as nearly all are
            del self.line[errand]
        else:
            del (self.late if errand in self.late else self.urgent)[errand]
        errand.gathering = None

    def _in_turn(self) -> Iterable[Errand]:
        if not self.late:
            return chain(self.urgent, self.line)
        late = sorted(self.late, key=_turn)
        return chain(self.urgent, merge(late, self.line, key=_turn))


def _turn(errand: Errand) -> int:
    return errand.turn
