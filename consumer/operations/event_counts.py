"""Counts events that ended, hundreds of thousands a second: plain numbers, read when asked for.

The library's own counters take a lock and a look-up for each event, which costs more than all else
that is done at an event's end.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from consumer.operations import metrics

DELIVERED, SKIPPED = "delivered", "skipped"
_DELAYS = metrics.EVENT_DELAY.buckets


class _Delays:
    """The delays of one type of event, by bucket."""

    __slots__ = ("buckets", "count", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.buckets = [0] * (len(_DELAYS) + 1)


class EventCounts(Collector):
    """The collector of `events_done_total` and `event_delay_seconds`. One owner, no lock."""

    def __init__(self) -> None:
        self._delays: dict[str, _Delays] = {}
        self._skipped: dict[str, int] = {}

    def delivered(self, event_type: str, delay: float) -> None:
        """Count an event that was applied, and the seconds since it happened."""
        delays = self._delays.get(event_type)
        if delays is None:
            delays = self._delays[event_type] = _Delays()
        delay = max(delay, 0.0)
        delays.count += 1
        delays.total += delay
        delays.buckets[bisect_left(_DELAYS, delay)] += 1

    def skipped(self, event_type: str) -> None:
        """Count an event that asked for nothing."""
        self._skipped[event_type] = self._skipped.get(event_type, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Return both metrics as they stand."""
        yield self._done()
        yield self._delay()

    def _done(self) -> CounterMetricFamily:
        told = metrics.EVENTS
        family = CounterMetricFamily(metrics.PREFIX + told.name, told.meaning, labels=told.labels)
        for event_type, delays in self._delays.items():
            family.add_metric((event_type, DELIVERED), delays.count)
        for event_type, count in self._skipped.items():
            family.add_metric((event_type, SKIPPED), count)
        return family

    def _delay(self) -> HistogramMetricFamily:
        told = metrics.EVENT_DELAY
        family = HistogramMetricFamily(metrics.PREFIX + told.name, told.meaning, labels=told.labels)
        for event_type, delays in self._delays.items():
            family.add_metric((event_type,), _cumulated(delays.buckets), delays.total)
        return family


def _cumulated(counts: list[int]) -> list[tuple[str, float]]:
    """Return the buckets as Prometheus has them: each holds those below it."""
    below, buckets = 0, []
    for bound, count in zip((*_DELAYS, float("inf")), counts, strict=True):
        below += count
        buckets.append((str(float(bound)).replace("inf", "+Inf"), float(below)))
    return buckets
