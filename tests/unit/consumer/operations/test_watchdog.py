from typing import Any

import pytest

from consumer.operations.watchdog import STALLED, Verdict, Watchdog


def look(watchdog: Watchdog, now: float, **given: Any) -> Verdict:
    return watchdog.look(now, **({"moved_at": 0.0, "behind": 5, "is_excused": False} | given))


def test_a_reader_that_moves_nothing_though_records_wait_is_replaced() -> None:
    watchdog = Watchdog(0.0)

    assert look(watchdog, STALLED - 1) is Verdict.FINE
    assert look(watchdog, STALLED) is Verdict.REBUILD


@pytest.mark.parametrize("excuse", [{"is_excused": True}, {"behind": 0}, {"behind": None}])
def test_whoever_stands_rightly_is_left_alone(excuse: dict[str, Any]) -> None:
    watchdog = Watchdog(0.0)

    assert look(watchdog, 10 * STALLED, **excuse) is Verdict.FINE


def test_time_that_was_excused_does_not_count() -> None:
    watchdog = Watchdog(0.0)
    look(watchdog, STALLED - 1, is_excused=True)

    assert look(watchdog, STALLED + 1) is Verdict.FINE
    assert look(watchdog, 2 * STALLED - 1) is Verdict.REBUILD


def test_progress_begins_the_time_anew() -> None:
    watchdog = Watchdog(0.0)

    assert look(watchdog, STALLED + 50, moved_at=60.0) is Verdict.FINE
    assert look(watchdog, STALLED + 60, moved_at=60.0) is Verdict.REBUILD


def test_a_new_reader_that_stalls_too_ends_the_process() -> None:
    watchdog = Watchdog(0.0)
    look(watchdog, STALLED)

    assert look(watchdog, 2 * STALLED - 1) is Verdict.FINE
    assert look(watchdog, 2 * STALLED) is Verdict.GIVE_UP


def test_a_new_reader_that_moved_may_be_replaced_again() -> None:
    watchdog = Watchdog(0.0)
    look(watchdog, STALLED)

    assert look(watchdog, 3 * STALLED, moved_at=STALLED + 1) is Verdict.REBUILD


def test_an_outage_after_a_replacement_is_no_second_stall() -> None:
    watchdog = Watchdog(0.0)
    look(watchdog, STALLED)
    look(watchdog, 5 * STALLED, behind=None)

    assert look(watchdog, 6 * STALLED - 1) is Verdict.FINE
    assert look(watchdog, 6 * STALLED) is Verdict.GIVE_UP
