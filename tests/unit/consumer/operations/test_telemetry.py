import io
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr
from decimal import Decimal
from typing import Any

import orjson
import pytest
import structlog
from aiokafka import TopicPartition

from consumer.deadletters.letter import Burial
from consumer.operations.telemetry import Metrics, configure_logs
from tests.builders import a_record

MARK = "ann@example.com"


@pytest.fixture
def err() -> Iterator[io.StringIO]:
    """What stands for standard error; how logs were configured is put back in the end."""
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    stream = io.StringIO()
    configure(stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = kept
    root.setLevel(level)


def configure(stream: io.StringIO, level: str = "debug", form: str | None = "json") -> None:
    with redirect_stderr(stream):
        configure_logs(level=level, form=form)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


def burst() -> None:
    raise ValueError(f"cannot write {MARK}")


# -- logs -----------------------------------------------------------------------------------


def test_a_line_names_what_happened_its_level_and_the_time(err: io.StringIO) -> None:
    structlog.get_logger().info("buried", topic="orders", partition=3, offset=7)

    (line,) = lines(err)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "buried",
        "level": "info",
        "topic": "orders",
        "partition": 3,
        "offset": 7,
    }


def test_a_field_that_is_not_on_the_list_is_left_out(err: io.StringIO) -> None:
    structlog.get_logger().info("sent", email=MARK, payload={"e": MARK}, action="add-contact")

    (line,) = lines(err)
    assert set(line) == {"event", "level", "timestamp", "action"}
    assert MARK not in err.getvalue()


def test_lines_below_the_level_are_left_out(err: io.StringIO) -> None:
    configure(err, level="warning")

    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    assert [line["event"] for line in lines(err)] == ["loud"]


def test_an_error_shows_where_it_came_from_and_never_its_text(err: io.StringIO) -> None:
    try:
        burst()
    except ValueError:
        structlog.get_logger().exception("bug")

    (line,) = lines(err)
    assert line["error"] == "ValueError"
    assert line["trace"][-1].endswith(" burst")
    assert MARK not in err.getvalue()


def test_an_error_in_a_group_and_its_cause_show_where_they_came_from(err: io.StringIO) -> None:
    try:
        burst()
    except ValueError as cause:
        inner = KeyError(MARK)
        inner.__cause__ = cause
        structlog.get_logger().error("bug", exc_info=ExceptionGroup("both", [inner]))

    (line,) = lines(err)
    assert line["error"] == "ExceptionGroup"
    assert [place for place in line["trace"] if place.startswith("--")] == [
        "-- KeyError",
        "-- ValueError",
    ]
    assert line["trace"][-1].endswith(" burst")
    assert MARK not in err.getvalue()


@pytest.mark.parametrize("name", ["aiokafka.producer", "httpx", "httpcore", "aiohttp", "asyncio"])
def test_a_library_says_its_words_without_the_values(err: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning("Sending (key=%s)", MARK)

    (line,) = lines(err)
    assert (line["logger"], line["reason"]) == (name, "Sending (key=str)")
    assert MARK not in err.getvalue()


@pytest.mark.parametrize(
    ("words", "values", "told"),
    [
        (
            'Unable connect to "%s:%s": %s',
            ("kafka-0.kafka", 9092, ConnectionRefusedError(111, MARK)),
            'Unable connect to "kafka-0.kafka:9092": ConnectionRefusedError',
        ),
        ("No answer from %s:", ("ann",), "No answer from str:"),
        ("Topic %s not found", ("orders",), "Topic orders not found"),
        ("Failed for group '%s': %s", ("g-1", 15), "Failed for group 'g-1': 15"),
        ("Stale offset %d in %s", (7, TopicPartition("orders", 3)), "Stale offset 7 in orders:3"),
        ("Failed with %s", (KeyError,), "Failed with KeyError"),
    ],
)
def test_what_the_kafka_client_names_is_told_where_it_can_be_nobodys(
    err: io.StringIO, words: str, values: tuple[object, ...], told: str
) -> None:
    logging.getLogger("aiokafka.client").error(words, *values)

    (line,) = lines(err)
    assert line["reason"] == told


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("aiokafka", MARK, "str"),
        ("aiokafka", "token-5f1c9d", "str"),
        ("aiokafka", b"ann", "bytes"),
        ("aiokafka", ["ann"], "list"),
        ("aiokafka", ("ann", 3), "tuple"),
        ("httpx", "ann", "str"),
        ("httpx", TopicPartition("ann", 3), "TopicPartition"),
        ("httpx", ValueError(MARK), "ValueError"),
    ],
)
def test_of_a_value_that_may_be_anybodys_a_library_tells_the_kind_alone(
    err: io.StringIO, name: str, value: object, told: str
) -> None:
    logging.getLogger(name).warning("Sending (key=%s) once", value)

    (line,) = lines(err)
    assert line["reason"] == f"Sending (key={told}) once"


@pytest.mark.parametrize(
    ("name", "value"),
    [("aiokafka", MARK), ("aiokafka", "Ann Lee"), ("aiokafka", "Канарка"), ("httpx", "ann")],
)
def test_what_cannot_be_the_name_of_a_topic_is_not_told_as_one(
    err: io.StringIO, name: str, value: str
) -> None:
    logging.getLogger(name).warning("Topic %s", value)

    assert lines(err)[0]["reason"] == "Topic str"


def test_a_library_whose_values_do_not_fit_its_words_says_the_words_alone(
    err: io.StringIO,
) -> None:
    logging.getLogger("asyncio").warning("Took %d s", Decimal(3))
    logging.getLogger("asyncio").warning("Read %(name)s", {"name": MARK})

    assert [line["reason"] for line in lines(err)] == ["Took %d s", "Read %(name)s"]


def test_a_library_that_wrote_its_values_in_itself_is_cut_at_the_first_of_them(
    err: io.StringIO,
) -> None:
    logging.getLogger("asyncio").error(f"Task was destroyed: <Task {MARK}>")  # noqa: G004

    (line,) = lines(err)
    assert line["reason"] == "Task was destroyed"
    assert MARK not in err.getvalue()


def test_what_a_library_says_again_and_again_is_logged_once_in_ten_seconds(
    err: io.StringIO,
) -> None:
    for at in (100.0, 100.1, 109.9, 110.0, 115.0):
        said = {"name": "aiokafka", "levelno": logging.ERROR, "created": at}
        for words in ("Unable to update metadata from %s", "No such node %s"):
            logging.getLogger().handle(
                logging.makeLogRecord({**said, "msg": words, "args": (MARK,)})
            )

    told = [line["reason"] for line in lines(err)]
    assert told == 2 * ["Unable to update metadata from str", "No such node str"]


def test_an_error_that_a_library_logs_shows_its_kind_alone(err: io.StringIO) -> None:
    try:
        burst()
    except ValueError:
        logging.getLogger("aiokafka").exception("failed")

    (line,) = lines(err)
    assert (line["error"], line["level"]) == ("ValueError", "error")
    assert MARK not in err.getvalue()


@pytest.mark.parametrize("name", ["aiokafka.producer", "httpx", "uvicorn.access"])
def test_what_libraries_say_below_a_warning_is_left_out_even_at_debug(
    err: io.StringIO, name: str
) -> None:
    logging.getLogger(name).info("Sending (key=%s)", MARK)
    logging.getLogger(name).debug("value %s", MARK)

    assert err.getvalue() == ""


def test_a_console_line_is_for_people_and_passes_the_same_list(err: io.StringIO) -> None:
    configure(err, form="console")

    structlog.get_logger().info("buried", topic="orders", email=MARK)

    assert "buried" in err.getvalue()
    assert "topic=orders" in err.getvalue()
    assert not err.getvalue().startswith("{")
    assert MARK not in err.getvalue()


def test_without_a_terminal_lines_are_json(err: io.StringIO) -> None:
    configure(err, form=None)

    structlog.get_logger().info("buried")

    assert lines(err)[0]["event"] == "buried"


# -- metrics --------------------------------------------------------------------------------


def told(metrics: Metrics) -> dict[str, float]:
    """The values on the page, by name and labels."""
    page = metrics.render().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in page if not line.startswith("#"))
    return {name: float(value) for name, value in pairs if "_created" not in name}


def test_what_is_told_is_on_the_page_under_its_name() -> None:
    metrics = Metrics()

    metrics.taken("orders", 1)
    metrics.delivered("order.changed", 2.0)
    metrics.skipped("order.changed", "nothing_to_say")
    metrics.buried(Burial(record=a_record(), reason="schema.missing"))
    metrics.abandoned(3)
    metrics.called("add-orders", "200", 0.2)
    metrics.batched("add-orders", 40)
    metrics.imported("FINISHED")
    metrics.throttled(1.5)
    metrics.ignored("user.updated", 2)

    page = told(metrics)
    assert (
        page.items()
        >= {
            'esputnik_sync_records_total{topic="orders"}': 1,
            'esputnik_sync_events_done_total{outcome="delivered",type="order.changed"}': 1,
            'esputnik_sync_events_done_total{outcome="skipped",type="order.changed"}': 1,
            'esputnik_sync_dead_letters_total{reason="schema.missing"}': 1,
            "esputnik_sync_records_abandoned_total": 3,
            'esputnik_sync_calls_total{action="add-orders",status="200"}': 1,
            'esputnik_sync_call_seconds_sum{action="add-orders"}': 0.2,
            'esputnik_sync_batch_size_bucket{action="add-orders",le="50.0"}': 1,
            'esputnik_sync_batch_size_bucket{action="add-orders",le="25.0"}': 0,
            'esputnik_sync_event_delay_seconds_sum{type="order.changed"}': 2,
            'esputnik_sync_imports_total{status="FINISHED"}': 1,
            "esputnik_sync_throttled_seconds_total": 1.5,
            'esputnik_sync_ignored_fields_total{type="user.updated"}': 2,
        }.items()
    )


def test_requests_under_way_are_counted_down_when_they_end() -> None:
    metrics = Metrics()

    metrics.in_flight("add-orders", 1)
    metrics.in_flight("add-orders", 1)
    metrics.in_flight("add-orders", -1)

    assert told(metrics)['esputnik_sync_in_flight{action="add-orders"}'] == 1


def test_an_event_from_the_future_has_no_delay() -> None:
    metrics = Metrics()

    metrics.delivered("order.changed", -5.0)

    assert told(metrics)['esputnik_sync_event_delay_seconds_sum{type="order.changed"}'] == 0


def test_only_an_overruled_consent_counts_as_a_consent_skip() -> None:
    metrics = Metrics()

    metrics.skipped("contact.opted_in", "overtaken")
    metrics.skipped("contact.opted_out", "superseded")
    metrics.skipped("contact.opted_in", "nothing_to_say")

    skips = {name: n for name, n in told(metrics).items() if "consent_skips" in name}
    assert skips == {
        'esputnik_sync_consent_skips_total{rule="overtaken"}': 1,
        'esputnik_sync_consent_skips_total{rule="superseded"}': 1,
    }


def test_no_ignored_field_makes_no_series() -> None:
    metrics = Metrics()

    metrics.ignored("user.updated", 0)

    assert not [name for name in told(metrics) if "ignored_fields_total" in name]


def test_the_gauges_show_what_was_set_last_and_forget_partitions_that_are_gone() -> None:
    metrics = Metrics()
    first: dict[str, Any] = {
        "buffered_records": 5,
        "buffered_bytes": 100,
        "oldest_unfinished": 2.5,
        "imports": 2,
        "oldest_import": 7.5,
        "lags": {("orders", 0): 7, ("orders", 1): 8},
        "paused": {"account": 1, "buffer": 0},
    }

    metrics.gauge(**first)
    metrics.gauge(**first | {"buffered_records": 4, "lags": {("orders", 1): 6}})

    page = told(metrics)
    assert (
        page.items()
        >= {
            "esputnik_sync_buffered_records": 4,
            "esputnik_sync_buffered_bytes": 100,
            "esputnik_sync_oldest_unfinished_seconds": 2.5,
            "esputnik_sync_imports_under_way": 2,
            "esputnik_sync_oldest_import_seconds": 7.5,
            'esputnik_sync_consumer_lag{partition="1",topic="orders"}': 6,
            'esputnik_sync_paused{reason="account"}': 1,
            'esputnik_sync_paused{reason="buffer"}': 0,
        }.items()
    )
    assert 'esputnik_sync_consumer_lag{partition="0",topic="orders"}' not in page


def test_two_processes_in_one_do_not_share_their_counts() -> None:
    one, other = Metrics(), Metrics()

    one.taken("orders", 1)

    assert not [name for name in told(other) if name.startswith("esputnik_sync_records_total")]
