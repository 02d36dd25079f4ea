"""Every metric: its name, its labels, its meaning with the unit. Pure; `telemetry` counts.

The table of `docs/operations.md` is generated from here.
"""

from dataclasses import dataclass
from typing import Literal

PREFIX = "esputnik_sync_"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
DELAYS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200)
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 3000)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `name` without the prefix, `buckets` of a histogram alone."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


RECORDS = Metric("records_total", "counter", "records taken from Kafka", ("topic",))
EVENTS = Metric(
    "events_done_total",
    "counter",
    "events finished with; `outcome` is `delivered` or `skipped`",
    ("type", "outcome"),
)
LETTERS = Metric("dead_letters_total", "counter", "dead letters acknowledged", ("reason",))
ABANDONED = Metric(
    "records_abandoned_total", "counter", "records that went to another member unfinished"
)
CALLS = Metric(
    "calls_total",
    "counter",
    "requests; `status` is HTTP's, `none` without an answer",
    ("action", "status"),
)
CALL_SECONDS = Metric("call_seconds", "histogram", "s of a request", ("action",), SECONDS)
BATCH_SIZE = Metric("batch_size", "histogram", "items of a bulk request", ("action",), SIZES)
EVENT_DELAY = Metric(
    "event_delay_seconds", "histogram", "s from the event's time to applied", ("type",), DELAYS
)
IN_FLIGHT = Metric("in_flight", "gauge", "requests under way", ("action",))
BUFFERED_RECORDS = Metric("buffered_records", "gauge", "records taken and unfinished")
BUFFERED_BYTES = Metric("buffered_bytes", "gauge", "bytes of them")
OLDEST = Metric("oldest_unfinished_seconds", "gauge", "s since the oldest of them was taken")
LAG = Metric(
    "consumer_lag",
    "gauge",
    "records not taken yet; none before the first fetch, as of a partition blocked from the start, "
    "nor while the group rebalances",
    ("topic", "partition"),
)
THROTTLED = Metric(
    "throttled_seconds_total",
    "counter",
    "s that requests waited for a slot or for the account's limits",
)
PAUSED = Metric(
    "paused",
    "gauge",
    "what is held, by why",
    ("reason",),
)
IMPORTS = Metric("imports_total", "counter", "imports ended, by how", ("status",))
CONSENT_SKIPS = Metric(
    "consent_skips_total", "counter", "consent events that another overruled", ("rule",)
)
RESENT = Metric("resent_total", "counter", "calls that may have run before and were sent again")
IGNORED = Metric(
    "ignored_fields_total",
    "counter",
    "fields left out: unknown ones, and unusable ones beside good ones",
    ("type",),
)

METRICS = (
    RECORDS,
    EVENTS,
    LETTERS,
    ABANDONED,
    CALLS,
    CALL_SECONDS,
    BATCH_SIZE,
    EVENT_DELAY,
    IN_FLIGHT,
    BUFFERED_RECORDS,
    BUFFERED_BYTES,
    OLDEST,
    LAG,
    THROTTLED,
    PAUSED,
    IMPORTS,
    CONSENT_SKIPS,
    RESENT,
    IGNORED,
)


def render_metrics() -> str:
    """Return the table of all metrics, as Markdown."""
    rows = [
        f"| `{PREFIX}{one.name}` | {one.kind} | {_labels(one)} | {one.meaning} |" for one in METRICS
    ]
    return "\n".join(
        ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _labels(metric: Metric) -> str:
    return ", ".join(f"`{label}`" for label in metric.labels)
