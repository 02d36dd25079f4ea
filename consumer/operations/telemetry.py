"""Logs and metrics, of which neither names a person.

Logs pass an allow-list of fields; what other libraries say keeps its words, and of the values those
that cannot be anybody's.
What each metric is called, and its labels, is declared in `metrics`.
"""

import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from itertools import pairwise
from typing import Any

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from consumer.deadletters.letter import Burial
from consumer.operations import metrics
from consumer.operations.event_counts import EventCounts
from consumer.operations.masking import loggable
from consumer.operations.metrics import PREFIX, Metric

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
FIRST = ("event", "level", "timestamp")
FIELDS = frozenset(
    {*FIRST, "topic", "partition", "offset", "event_id", "event_type", "action", "contact"}
    | {"idempotency_key", "status", "attempt", "duration_ms", "reason", "field", "error", "trace"}
    | {"logger", "cause", "why", "scope", "rule", "seconds", "in_time", "behind", "records", "size"}
    | {"topics", "partitions", "group", "session", "letter", "host", "port", "version"}
    | {"channel", "verdict", "at", "uid", "dead_letter_topic", "unfinished", "from_offset"}
)
SAME_AGAIN = 10.0  # s until the same message of a library is logged again
MOST_MESSAGES = 1000  # of libraries that are remembered for that
CONSENT_RULES = frozenset({"overtaken", "superseded"})  # by which a word of consent is skipped
KAFKA = "aiokafka"  # the library whose words are known to tell what is a topic, group or host
_PLACE = re.compile(r"%[a-z]")
_NAMES = re.compile(r"\b(?:[Tt]opic|group) '?$")
_NAME = re.compile(r"[\w.-]{1,255}", re.ASCII)
_VALUE_BEGINS = re.compile(r"[:=<>'\"(\[{\n\d]")


# -- logs -----------------------------------------------------------------------------------


def configure_logs(*, level: str, form: str | None, has_colours: bool = False) -> None:
    """Send all logs to standard error; `form` is json, console, or None: console on a terminal.

    `has_colours`: lines on a terminal may be coloured.
    """
    is_terminal = sys.stderr.isatty()
    is_console = form == "console" or (form is None and is_terminal)
    renderer: Any = structlog.dev.ConsoleRenderer(colors=is_terminal and has_colours)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *CLEANING,
            renderer if is_console else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_Bridge()]
    root.setLevel(logging.WARNING)


def take_over() -> None:
    """Send to the logs what Python itself would print: warnings, and errors nobody can raise."""
    warnings.showwarning = _warned  # type: ignore[assignment]  # it takes the rest as one
    sys.unraisablehook = lambda lost: _lost(lost.exc_value)
    threading.excepthook = lambda lost: _lost(lost.exc_value)


def _warned(
    _: Warning | str, category: type[Warning], filename: str, lineno: int, *__: object
) -> None:
    """Log the kind of a warning and its place: its text may quote anything."""
    place = f"{filename}:{lineno}"
    structlog.get_logger().warning("python_warning", error=category.__name__, trace=[place])


def _lost(error: BaseException | None) -> None:
    structlog.get_logger().error("error_ignored", exc_info=error)


class _Bridge(logging.Handler):
    """Takes what libraries log, without the values in it that may be anybody's.

    In an outage libraries say the same many times a second: of each message one in ten seconds is
    taken, whatever its values.
    """

    def __init__(self) -> None:
        super().__init__()
        self._taken: dict[tuple[str, str], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Log the words of a library's message, and the kind of its error."""
        words = str(record.msg) if record.args else _first_words(str(record.msg))
        if self._is_repeat((record.name, words), record.created):
            return
        error = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().log(
            record.levelno,
            "library_message",
            logger=record.name,
            reason=_filled(words, record)[:500],
            error=error.__name__ if error else None,
        )

    def _is_repeat(self, said: tuple[str, str], now: float) -> bool:
        if 0 <= now - self._taken.get(said, -SAME_AGAIN) < SAME_AGAIN:
            return True
        if len(self._taken) >= MOST_MESSAGES:
            self._taken.clear()
        self._taken[said] = now
        return False


def _filled(words: str, record: logging.LogRecord) -> str:
    """Return a message with its values, where these fit and may be told."""
    values = record.args
    if not isinstance(values, tuple) or not values:
        return words
    names = _names(words, values) if record.name.split(".")[0] == KAFKA else {}
    try:
        return words % tuple(names.get(at, _kind(value)) for at, value in enumerate(values))
    except (TypeError, ValueError):
        return words


def _names(words: str, values: Sequence[object]) -> Mapping[int, str]:
    """Return, by place, the values that the words take for a topic, a group or a broker's host."""
    around = _PLACE.split(words)
    told: dict[int, str] = {}
    for at, (before, after) in enumerate(pairwise(around[: len(values) + 1])):
        is_host = after == ":" and any(isinstance(one, int) for one in values[at + 1 : at + 2])
        match values[at]:
            case str(name) if (is_host or _NAMES.search(before)) and _NAME.fullmatch(name):
                told[at] = name
            case object(topic=str(topic), partition=int(number)):
                told[at] = f"{topic}:{number}"
            case _:
                pass
    return told


def _kind(value: object) -> object:
    """Return a number as it is, of all else the kind."""
    match value:
        case bool() | int() | float():
            return value
        case type():
            return value.__name__
        case _:
            return type(value).__name__


def _first_words(text: str) -> str:
    """Return a finished text up to its first sign of a value."""
    return _VALUE_BEGINS.split(text, maxsplit=1)[0].strip()[:200]


def _traced(_: object, __: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Write an error as its kind and where it came from; its text may quote anything."""
    error = told.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        told["error"] = type(error).__name__
        told["trace"] = list(_places(error))
    return told


def _places(error: BaseException) -> Iterator[str]:
    """Yield where an error came from, then the same of those in its group and of its cause."""
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"{frame.filename}:{frame.lineno} {frame.name}"
    below = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for one in (*below, error.__cause__):
        if one is not None:
            yield f"-- {type(one).__name__}"
            yield from _places(one)


def _allowed(_: object, __: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep the fields of the list, what happened first; mask what looks like a person in them."""
    ordered = {name: told[name] for name in FIRST if name in told} | dict(told)
    return {
        name: loggable(value)
        for name, value in ordered.items()
        if name in FIELDS and value is not None
    }


CLEANING = (_traced, _allowed)  # what a line goes through so that it tells of no person


def _as_json(_: object, __: str, told: Mapping[str, Any]) -> str:
    return orjson.dumps(told).decode()


# -- metrics --------------------------------------------------------------------------------


class Metrics:
    """All metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._records = self._counter(metrics.RECORDS)
        self._events = EventCounts()
        self._registry.register(self._events)
        self._letters = self._counter(metrics.LETTERS)
        self._abandoned = self._counter(metrics.ABANDONED)
        self._calls = self._counter(metrics.CALLS)
        self._call_seconds = self._histogram(metrics.CALL_SECONDS)
        self._sizes = self._histogram(metrics.BATCH_SIZE)
        self._in_flight = self._gauge(metrics.IN_FLIGHT)
        self._buffered_records = self._gauge(metrics.BUFFERED_RECORDS)
        self._buffered_bytes = self._gauge(metrics.BUFFERED_BYTES)
        self._oldest = self._gauge(metrics.OLDEST)
        self._imports_under_way = self._gauge(metrics.IMPORTS_UNDER_WAY)
        self._oldest_import = self._gauge(metrics.OLDEST_IMPORT)
        self._lag = self._gauge(metrics.LAG)
        self._throttled = self._counter(metrics.THROTTLED)
        self._resent = self._counter(metrics.RESENT)
        self._paused = self._gauge(metrics.PAUSED)
        self._imports = self._counter(metrics.IMPORTS)
        self._consent = self._counter(metrics.CONSENT_SKIPS)
        self._ignored = self._counter(metrics.IGNORED)

    def render(self) -> bytes:
        """Return the page of `/metrics`."""
        return generate_latest(self._registry)

    def _counter(self, told: Metric) -> Counter:
        return Counter(PREFIX + told.name, told.meaning, told.labels, registry=self._registry)

    def _gauge(self, told: Metric) -> Gauge:
        return Gauge(PREFIX + told.name, told.meaning, told.labels, registry=self._registry)

    def _histogram(self, told: Metric) -> Histogram:
        return Histogram(
            PREFIX + told.name,
            told.meaning,
            told.labels,
            registry=self._registry,
            buckets=told.buckets,
        )

    # -- delivery ---------------------------------------------------------------------------

    def called(self, action: str, status: str, seconds: float) -> None:
        """Count one request and its time; `status` is HTTP's, or `none` without an answer."""
        self._calls.labels(action, status).inc()
        self._call_seconds.labels(action).observe(seconds)

    def batched(self, action: str, size: int) -> None:
        """Count the items of one bulk request."""
        self._sizes.labels(action).observe(size)

    def in_flight(self, action: str, change: int) -> None:
        """Note that a request began (1) or ended (-1)."""
        self._in_flight.labels(action).inc(change)

    def imported(self, status: str) -> None:
        """Count an import session by how it ended."""
        self._imports.labels(status).inc()

    def resent(self, calls: int) -> None:
        """Count calls that may have run before and are sent again."""
        self._resent.inc(calls)

    def throttled(self, seconds: float) -> None:
        """Count seconds that a request waited for a slot or for the account's limits."""
        self._throttled.inc(seconds)

    # -- events -----------------------------------------------------------------------------

    def taken(self, topic: str, records: int) -> None:
        """Count records."""
        self._records.labels(topic).inc(records)

    def delivered(self, event_type: str, delay: float) -> None:
        """Count an event that was applied, and the seconds since it happened."""
        self._events.delivered(event_type, delay)

    def skipped(self, event_type: str, rule: str) -> None:
        """Count an event that asked for nothing, by the rule that said so."""
        self._events.skipped(event_type)
        if rule in CONSENT_RULES:
            self._consent.labels(rule).inc()

    def buried(self, burial: Burial) -> None:
        """Count a dead letter that was acknowledged."""
        self._letters.labels(burial.reason).inc()

    def abandoned(self, records: int) -> None:
        """Count records that went to another member unfinished."""
        self._abandoned.inc(records)

    def ignored(self, event_type: str, fields: int) -> None:
        """Count fields that were left out: unknown ones, and unusable ones beside good ones."""
        if fields:
            self._ignored.labels(event_type).inc(fields)

    def gauge(  # noqa: PLR0913 - one for each
        self,
        *,
        buffered_records: int,
        buffered_bytes: int,
        oldest_unfinished: float,
        imports: int,
        oldest_import: float,
        lags: Mapping[tuple[str, int], int],
        paused: Mapping[str, int],
    ) -> None:
        """Set all gauges; partitions that are owned no more disappear."""
        self._buffered_records.set(buffered_records)
        self._buffered_bytes.set(buffered_bytes)
        self._oldest.set(oldest_unfinished)
        self._imports_under_way.set(imports)
        self._oldest_import.set(oldest_import)
        self._lag.clear()
        for (topic, partition), lag in lags.items():
            self._lag.labels(topic, str(partition)).set(lag)
        for reason, count in paused.items():
            self._paused.labels(reason).set(count)
