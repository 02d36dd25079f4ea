"""Events that ended, as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from consumer.operations.event_counts import EventCounts
from consumer.operations.metrics import DELAYS


def scraped(counts: EventCounts) -> dict[str, float]:
    """What a scrape shows: each value by its name without the common prefix and its labels."""
    registry = CollectorRegistry()
    registry.register(counts)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        f"{one.name.removeprefix('esputnik_sync_')} {' '.join(one.labels.values())}": one.value
        for family in families
        for one in family.samples
    }


def test_events_are_counted_by_type_and_outcome() -> None:
    counts = EventCounts()
    for _ in range(2):
        counts.delivered("user.updated", 1.0)
        counts.skipped("user.updated")
    counts.skipped("order.changed")

    shown = scraped(counts)

    assert shown["events_done_total delivered user.updated"] == 2
    assert shown["events_done_total skipped user.updated"] == 2
    assert shown["events_done_total skipped order.changed"] == 1
    assert "events_done_total delivered order.changed" not in shown


def test_each_bucket_holds_the_delays_up_to_its_bound() -> None:
    counts = EventCounts()
    for delay in (0.05, 0.06, 7.0, 99_999.0):
        counts.delivered("user.updated", delay)

    shown = scraped(counts)

    expected = {0.05: 1, 0.1: 2, 5: 2, 10: 3, 43200: 3}
    found = {
        bound: shown[f"event_delay_seconds_bucket {float(bound)} user.updated"]
        for bound in expected
    }
    assert found == expected
    assert shown["event_delay_seconds_bucket +Inf user.updated"] == 4
    assert shown["event_delay_seconds_count user.updated"] == 4
    assert shown["event_delay_seconds_sum user.updated"] == 0.05 + 0.06 + 7.0 + 99_999.0
    assert sum(name.startswith("event_delay_seconds_bucket") for name in shown) == len(DELAYS) + 1


def test_an_event_of_the_near_future_had_no_delay() -> None:
    counts = EventCounts()

    counts.delivered("user.updated", -3.0)

    assert scraped(counts)["event_delay_seconds_sum user.updated"] == 0
    assert scraped(counts)["event_delay_seconds_bucket 0.05 user.updated"] == 1


def test_before_any_event_there_is_nothing_to_show() -> None:
    assert scraped(EventCounts()) == {}
