from collections import deque
from collections.abc import Sequence
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from esputnik.call import Quota
from esputnik.throttle import FORGOTTEN, Throttle


def sent_until(
    throttle: Throttle, end: float, late: Sequence[float] = (0.0,), start: float = 0.0
) -> list[float]:
    """Ask again and again, as the shell does; return when requests went out.

    `late`: by how much the shell wakes too late, in turn.
    """
    now, times, lateness = start, [], cycle(late)
    while now < end:
        wait = throttle.take(Quota.DEFAULT, now)
        if wait == 0:
            times.append(now)
        now += wait and wait + next(lateness)
    return times


def most_in_a_second(times: list[float]) -> int:
    most, window = 0, deque[float]()
    for at in times:
        window.append(at)
        while window[0] <= at - 1.0:
            window.popleft()
        most = max(most, len(window))
    return most


@settings(deadline=None)  # some limits take far more steps than others
@given(limit=st.integers(1, 500), late=st.lists(st.floats(0, 0.02) | st.floats(0, 2.0), min_size=1))
def test_no_window_of_a_second_holds_more_than_the_limit(limit: int, late: list[float]) -> None:
    times = sent_until(Throttle({Quota.DEFAULT: float(limit)}), 5.0, late)

    assert most_in_a_second(times) <= limit


@settings(deadline=None)
@given(limit=st.integers(20, 500))
def test_under_load_less_than_five_in_a_hundred_is_wasted(limit: int) -> None:
    times = sent_until(Throttle({Quota.DEFAULT: float(limit)}), 20.0)

    assert len(times) >= 0.98 * 20 * limit


@settings(deadline=None)
@given(limit=st.integers(10, 500), late=st.lists(st.floats(0, 0.02), min_size=1))
def test_who_wakes_late_loses_that_time_once_a_second(limit: int, late: list[float]) -> None:
    times = sent_until(Throttle({Quota.DEFAULT: float(limit)}), 20.0, late)

    assert len(times) >= 0.95 * 20 * limit


@pytest.mark.parametrize(("limit", "most"), [(10, 10), (99, 99), (200, 198), (350, 347)])
def test_of_a_limit_of_hundreds_some_are_left_for_requests_that_travel_long(
    limit: int, most: int
) -> None:
    times = sent_until(Throttle({Quota.DEFAULT: float(limit)}), 3.0)

    assert most_in_a_second(times) == most


def test_a_limit_that_nobody_reaches_is_kept_as_well() -> None:
    throttle = Throttle({Quota.DEFAULT: 1e300})

    assert all(throttle.take(Quota.DEFAULT, float(now)) == 0 for now in range(20_000))


def test_what_leaves_later_than_it_might_counts_from_then() -> None:
    throttle = Throttle({Quota.DEFAULT: 10.0})
    times = sent_until(throttle, 0.95)
    assert len(times) == 10
    throttle.left(Quota.DEFAULT, times[0], 0.96)

    after = sent_until(throttle, 2.2, start=0.96)

    # The second of the ten is the oldest now, and the first the youngest.
    assert after[0] >= times[1] + 1.0
    assert after[9] >= 0.96 + 1.0


def test_who_left_too_long_ago_to_be_remembered_is_not_noted_again() -> None:
    throttle = Throttle({Quota.DEFAULT: 1.0})
    throttle.take(Quota.DEFAULT, 0.0)
    throttle.take(Quota.DEFAULT, 5.0)

    throttle.left(Quota.DEFAULT, 0.0, 5.5)

    assert throttle.take(Quota.DEFAULT, 6.1) == 0


def test_after_a_rest_a_tenth_of_the_limit_goes_at_once_and_no_more() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})

    at_once = [at for at in sent_until(throttle, 0.001) if at == 0]

    assert 10 <= len(at_once) <= 11


def test_after_a_429_nothing_goes_for_the_named_time_and_then_half() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    throttle.penalise(Quota.DEFAULT, 0.0, 3.0, left=0.0)

    times = sent_until(throttle, 5.0)

    assert times[0] >= 3.0
    assert 80 <= len(times) <= 110


def test_the_pace_recovers() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    throttle.penalise(Quota.DEFAULT, 0.0, 1.0, left=0.0)

    times = [at for at in sent_until(throttle, 210.0) if at >= 200.0]

    assert len(times) >= 900


def test_refusals_that_come_together_count_as_one() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    for _ in range(8):
        throttle.penalise(Quota.DEFAULT, 0.0, 1.0, left=0.0)

    assert len(sent_until(throttle, 3.0)) >= 80


def test_a_refusal_that_comes_late_of_a_request_that_left_early_counts_with_the_others() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    for late in (0.0, 1.5, 3.0):
        throttle.penalise(Quota.DEFAULT, 10.0 + late, 1.0, left=9.9)

    times = [at for at in sent_until(throttle, 16.0) if at >= 15.0]

    assert len(times) >= 45


def test_the_pace_never_falls_below_a_twentieth() -> None:
    throttle = Throttle({Quota.DEFAULT: 200.0})
    for now in range(100):
        throttle.penalise(Quota.DEFAULT, float(now), 0.1, left=float(now))

    times = sent_until(throttle, 101.0)

    assert 8 <= len([at for at in times if at >= 100.0]) <= 11


def test_an_opt_out_waits_for_no_429_but_those_of_its_own() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})

    throttle.penalise(Quota.DEFAULT, 0.0, 3.0, left=0.0)
    assert throttle.take(Quota.DEFAULT, 0.0) == 3.0
    assert throttle.take(Quota.DEFAULT, 0.0, is_urgent=True) == 0

    throttle.penalise(Quota.DEFAULT, 0.0, 2.0, left=0.0, is_urgent=True)
    assert throttle.take(Quota.DEFAULT, 0.0, is_urgent=True) == 2.0
    assert throttle.take(Quota.DEFAULT, 2.0, is_urgent=True) == 0
    assert throttle.take(Quota.DEFAULT, 2.0) == 1.0


def test_an_opt_out_keeps_to_the_limit() -> None:
    throttle = Throttle({Quota.DEFAULT: 1.0})
    throttle.take(Quota.DEFAULT, 0.0, is_urgent=True)

    assert throttle.take(Quota.DEFAULT, 0.0, is_urgent=True) > 0


@settings(deadline=None)
@given(limit=st.integers(1, 200), replicas=st.integers(1, 8))
def test_replicas_that_share_the_limit_keep_to_it_together(limit: int, replicas: int) -> None:
    throttle = Throttle({Quota.DEFAULT: float(limit)})
    throttle.share(1 / replicas, 0.0)

    times = [at for at in sent_until(throttle, 6.0) if at >= 1.0]

    assert most_in_a_second(times) <= max(1, limit // replicas)


def test_a_share_that_grows_again_is_used_to_the_full() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    throttle.share(0.1, 0.0)
    assert len(sent_until(throttle, 2.0)) <= 22

    throttle.share(1.0, 2.0)

    assert throttle.take(Quota.DEFAULT, 2.02) == 0
    assert throttle.take(Quota.DEFAULT, 2.02) <= 0.01


@pytest.mark.parametrize("part", [0.0, -1.0])
def test_a_share_of_nothing_lets_a_request_go_now_and_then(part: float) -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})
    throttle.share(part, 0.0)
    throttle.take(Quota.DEFAULT, 0.0)

    assert 5.0 < throttle.take(Quota.DEFAULT, 0.0) < 20.0


def test_no_share_is_more_than_the_whole() -> None:
    throttle = Throttle({Quota.DEFAULT: 100.0})

    throttle.share(7.0, 0.0)

    assert len(sent_until(throttle, 1.0)) <= 100


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


# -- since when nothing is taken ------------------------------------------------------------


def refused_once(retry_after: float = 3.0) -> Throttle:
    throttle = Throttle(dict.fromkeys(Quota, 10.0))
    throttle.penalise(Quota.EVENT, 5.0, retry_after, left=4.9)
    return throttle


def test_a_quota_is_refused_from_the_first_429_until_something_else_is_answered() -> None:
    throttle = refused_once()
    before = throttle.refused(5.0)
    throttle.penalise(Quota.EVENT, 8.5, 3.0, left=8.4)
    still = throttle.refused(11.0)

    throttle.answered(Quota.EVENT, left=11.5)

    assert before == still == {Quota.EVENT: 5.0}
    assert throttle.refused(11.6) == {}


def test_an_answer_to_what_left_before_a_429_has_lapsed_tells_nothing() -> None:
    throttle = refused_once()

    throttle.answered(Quota.EVENT, left=7.9)

    assert throttle.refused(9.0) == {Quota.EVENT: 5.0}


def test_a_429_after_which_nothing_comes_is_forgotten_and_the_next_one_is_the_first() -> None:
    throttle = refused_once()

    assert throttle.refused(8.0 + FORGOTTEN - 0.1) == {Quota.EVENT: 5.0}
    assert throttle.refused(8.0 + FORGOTTEN) == {}

    throttle.penalise(Quota.EVENT, 2000.0, 1.0, left=1999.0)

    assert throttle.refused(2000.5) == {Quota.EVENT: 2000.0}
