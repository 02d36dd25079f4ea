"""From what was seen to figures: the window of a lap, its rate, its CPU. Pure.

A lap's clock runs from the first arrival at the sink to the last; what came with the first arrival
is not counted, so neither start-up nor the wait for the group is in it.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Arrival(NamedTuple):
    """A request that brought items to the sink, at a moment of the monotonic clock, in s."""

    at: float
    items: int
    source: str = ""


class Sample(NamedTuple):
    """CPU used so far, in s, and resident memory, in bytes, of all processes of a contestant."""

    at: float
    cpu: float
    rss: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What arrived while the clock ran."""

    began: float
    ended: float
    items: int

    @property
    def rate(self) -> float:
        """Return events a second; 0 where nothing arrived after the first request."""
        seconds = self.ended - self.began
        return self.items / seconds if seconds > 0 else 0.0


def window(arrivals: Sequence[Arrival]) -> Window:
    """Return the window that opens once every source has brought something.

    Raises:
        ValueError: Nothing arrived.
    """
    if not arrivals:
        raise ValueError("nothing arrived at the sink")
    firsts: dict[str, int] = {}
    for index, arrival in enumerate(arrivals):
        firsts.setdefault(arrival.source, index)
    opened = max(firsts.values())
    return Window(
        began=arrivals[opened].at,
        ended=arrivals[-1].at,
        items=sum(arrival.items for arrival in arrivals[opened + 1 :]),
    )


def steady_rate(arrivals: Sequence[Arrival]) -> float:
    """Return events a second over the middle half of what arrived.

    Where it is far from the rate of the whole window, the window is no fair picture: much was read
    ahead before the first arrival, or the last ones waited for something.
    """
    total, come = sum(arrival.items for arrival in arrivals), 0
    middle: list[Arrival] = []
    for arrival in arrivals:
        if total <= 4 * come <= 3 * total:
            middle.append(arrival)
        come += arrival.items
    seconds = middle[-1].at - middle[0].at if middle else 0.0
    return sum(arrival.items for arrival in middle[1:]) / seconds if seconds > 0 else 0.0


def cpu_between(samples: Sequence[Sample], began: float, ended: float) -> float:
    """Return the CPU seconds used between two moments, reading between samples in proportion."""
    return _cpu_at(samples, ended) - _cpu_at(samples, began)


def _cpu_at(samples: Sequence[Sample], moment: float) -> float:
    after = bisect_left(samples, moment, key=lambda sample: sample.at)
    if after == 0:
        return samples[0].cpu
    if after == len(samples):
        return samples[-1].cpu
    left, right = samples[after - 1], samples[after]
    share = (moment - left.at) / (right.at - left.at)
    return left.cpu + share * (right.cpu - left.cpu)


def rss_by_items(arrivals: Sequence[Arrival], samples: Sequence[Sample]) -> list[tuple[int, int]]:
    """Return, for each sample within the lap, how many items had arrived and the memory then."""
    moments = [arrival.at for arrival in arrivals]
    totals = [0]
    for arrival in arrivals:
        totals.append(totals[-1] + arrival.items)
    return [
        (totals[bisect_left(moments, sample.at)], sample.rss)
        for sample in samples
        if moments and moments[0] <= sample.at <= moments[-1]
    ]
