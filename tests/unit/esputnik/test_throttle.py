from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from esputnik.call import Quota
from esputnik.throttle import Throttle


def sent_until(throttle: Throttle, end: float, late: float = 0.0) -> list[float]:
    """Ask again and again, as the shell does; return when requests went out."""
    now, times = 0.0, []
    while now < end:
        wait = throttle.take(Quota.DEFAULT, now)
        if wait == 0:
            times.append(now)
        now += wait and wait + late
    return times


@given(limit=st.integers(1, 500), late=st.floats(0, 0.02))
def test_no_window_of_a_second_holds_more_than_the_limit(limit: int, late: float) -> None:
    window: deque[float] = deque()
    for at in sent_until(Throttle({Quota.DEFAULT: float(limit)}), 5.0, late):
        window.append(at)
        while window[0] <= at - 1.0:
            window.popleft()
        assert len(window) <= limit


@given(limit=st.integers(20, 500))
def test_under_load_less_than_five_in_a_hundred_is_wasted(limit: int) -> None:
    times = sent_until(Throttle({Quota.DEFAULT: float(limit)}), 20.0)

    assert len(times) >= 0.95 * 20 * limit


def test_after_a_429_nothing_goes_for_the_named_time_and_then_half() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    throttle.penalise(Quota.DEFAULT, 0.0, 3.0)

    times = sent_until(throttle, 5.0)

    assert times[0] >= 3.0
    assert 80 <= len(times) <= 110


def test_the_pace_recovers() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    throttle.penalise(Quota.DEFAULT, 0.0, 1.0)

    times = [at for at in sent_until(throttle, 210.0) if at >= 200.0]

    assert len(times) >= 900


def test_refusals_that_come_together_count_as_one() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    for _ in range(8):
        throttle.penalise(Quota.DEFAULT, 0.0, 1.0)

    assert len(sent_until(throttle, 3.0)) >= 80


def test_quotas_are_apart() -> None:
    throttle = Throttle({Quota.DEFAULT: 1.0, Quota.SEARCH: 1.0})
    throttle.take(Quota.DEFAULT, 0.0)

    assert throttle.take(Quota.SEARCH, 0.0) == 0
    assert throttle.take(Quota.DEFAULT, 0.0) > 0


def test_a_clock_that_steps_back_gives_nothing_away() -> None:
    throttle = Throttle({Quota.DEFAULT: 1.0})
    throttle.take(Quota.DEFAULT, 10.0)

    assert throttle.take(Quota.DEFAULT, 5.0) > 0


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Throttle({Quota.DEFAULT: 0.0})
