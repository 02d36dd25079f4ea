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


RECORDS = Metric("records_total", "counter", "records consumed from Kafka", ("topic",))
EVENTS = Metric(
    "events_done_total",
    "counter",
    "events finished; `outcome` is `delivered` or `skipped`",
    ("type", "outcome"),
)
LETTERS = Metric(
    "dead_letters_total", "counter", "dead letters written and acknowledged by Kafka", ("reason",)
)
ABANDONED = Metric(
    "records_abandoned_total",
    "counter",
    "unfinished records whose partition was reassigned to another group member",
)
CALLS = Metric(
    "calls_total",
    "counter",
    "requests; `status` is the HTTP status, `none` if there was no answer",
    ("action", "status"),
)
CALL_SECONDS = Metric("call_seconds", "histogram", "seconds per request", ("action",), SECONDS)
BATCH_SIZE = Metric("batch_size", "histogram", "items per bulk request", ("action",), SIZES)
EVENT_DELAY = Metric(
    "event_delay_seconds",
    "histogram",
    "seconds from the event's time until eSputnik applied it",
    ("type",),
    DELAYS,
)
IN_FLIGHT = Metric("in_flight", "gauge", "requests in flight", ("action",))
BUFFERED_RECORDS = Metric("buffered_records", "gauge", "records consumed and not finished")
BUFFERED_BYTES = Metric("buffered_bytes", "gauge", "bytes of the records consumed and not finished")
OLDEST = Metric(
    "oldest_unfinished_seconds", "gauge", "seconds since the oldest unfinished record was consumed"
)
IMPORTS_UNDER_WAY = Metric("imports_under_way", "gauge", "imports accepted and not ended")
OLDEST_IMPORT = Metric(
    "oldest_import_seconds",
    "gauge",
    "seconds since the oldest import that has not ended was accepted; 0 without any",
)
LAG = Metric(
    "consumer_lag",
    "gauge",
    "records not consumed yet; missing before the first fetch (so for a partition blocked from the "
    "start) and while the group rebalances",
    ("topic", "partition"),
)
THROTTLED = Metric(
    "throttled_seconds_total",
    "counter",
    "seconds that requests waited, or wait, for `esputnik.max_in_flight` or a rate limit; a quota "
    "that answers only 429 counts as one waiting request",
)
PAUSED = Metric(
    "paused",
    "gauge",
    "what is held now, by reason (see below); 0 is nothing",
    ("reason",),
)
IMPORTS = Metric("imports_total", "counter", "finished imports, by final status", ("status",))
CONSENT_SKIPS = Metric(
    "consent_skips_total",
    "counter",
    "consent events skipped because another one wins, by rule",
    ("rule",),
)
RESENT = Metric("resent_total", "counter", "calls sent again although they may already have run")
IGNORED = Metric(
    "ignored_fields_total",
    "counter",
    "event fields dropped because they are unknown or invalid",
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
    IMPORTS_UNDER_WAY,
    OLDEST_IMPORT,
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
