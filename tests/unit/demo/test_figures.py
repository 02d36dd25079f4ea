import pytest

from consumer.operations.telemetry import Metrics
from demo.figures import Figures, read_figures
from tests.unit.demo.builders import some_figures


def read(metrics: Metrics) -> Figures:
    return read_figures(metrics.render().decode())


def test_a_consumer_that_did_nothing_yet_shows_nothing() -> None:
    assert read(Metrics()) == Figures()


def test_figures_are_what_the_metrics_say() -> None:
    metrics = Metrics()
    for topic in ("users", "users", "orders"):
        metrics.taken(topic, 1)
    metrics.delivered("order.changed", 0.1)
    metrics.skipped("user.deleted", "tombstone")
    metrics.abandoned(1)
    metrics.called("add-orders", "200", 0.1)
    metrics.called("add-orders", "429", 0.1)
    metrics.batched("add-orders", 40)
    metrics.gauge(
        buffered_records=4,
        buffered_bytes=9,
        oldest_unfinished=1.0,
        imports=0,
        oldest_import=0.0,
        lags={("users", 0): 2, ("users", 1): 3},
        paused={},
    )

    figures = read(metrics)

    assert (figures.records, figures.delivered, figures.skipped) == (3, 1, 1)
    assert (figures.abandoned, figures.buffered, figures.lag) == (1, 4, 5)
    assert figures.calls == {"add-orders": {"200": 1, "429": 1}}
    assert (figures.items, figures.requests) == ({"add-orders": 40}, 2)


def test_dead_letters_are_counted_by_reason() -> None:
    page = 'esputnik_sync_dead_letters_total{reason="schema.enum"} 3.0\n'

    assert read_figures(page).letters == {"schema.enum": 3}


def test_books_balance_when_every_record_is_somewhere() -> None:
    figures = some_figures()
    figures.records, figures.abandoned, figures.buffered = 6, 1, 2

    assert figures.balances

    figures.records = 7

    assert not figures.balances


@pytest.mark.parametrize(("name", "value"), [("buffered", 1), ("lag", 1), ("delivered", 0)])
def test_it_is_done_only_when_all_is_finished_and_nothing_waits(name: str, value: int) -> None:
    figures = some_figures()

    assert figures.is_done(3)

    setattr(figures, name, value)

    assert not figures.is_done(3)
