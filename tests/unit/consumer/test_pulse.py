import pytest

from consumer.pulse import Pulse


def a_pulse(*oks: bool, now: float = 0.0) -> Pulse:
    pulse = Pulse()
    for ok in oks:
        pulse.note(now, ok=ok)
    return pulse


def test_five_failures_in_a_row_are_an_outage() -> None:
    pulse = a_pulse(*[False] * 4)

    assert not pulse.is_down()
    pulse.note(0.0, ok=False)
    assert pulse.is_down()


def test_a_success_begins_the_row_anew() -> None:
    pulse = a_pulse(*[False] * 5, True, *[False] * 4)

    assert not pulse.is_down()


@pytest.mark.parametrize(("rounds", "is_down"), [(9, False), (10, True)])
def test_half_of_twenty_that_fail_are_an_outage(rounds: int, *, is_down: bool) -> None:
    assert a_pulse(*[False, True] * rounds).is_down() is is_down


def test_less_than_half_is_none() -> None:
    assert not a_pulse(*[False, True] * 9, True, True).is_down()


@pytest.mark.parametrize(("now", "is_down"), [(30.0, True), (30.1, False)])
def test_what_is_older_than_half_a_minute_is_forgotten(now: float, *, is_down: bool) -> None:
    pulse = a_pulse(*[False, True] * 10)

    pulse.note(now, ok=False)

    assert pulse.is_down() is is_down


def test_of_very_many_requests_the_last_ones_alone_count() -> None:
    assert a_pulse(*[True] * 400, *[False, True] * 100).is_down()


def test_nothing_noted_is_no_success() -> None:
    assert Pulse().success(0.0, since=0.0) == 0.0


def test_success_is_a_share() -> None:
    assert a_pulse(True, True, True, False).success(10.0, since=0.0) == 0.75


def test_the_failures_of_whose_fault_is_in_question_do_not_count() -> None:
    pulse = a_pulse(True, False, False)

    assert pulse.success(0.0, since=0.0, but_failures=2) == 1.0
    assert pulse.success(0.0, since=0.0, but_failures=9) == 1.0


def test_failures_alone_are_no_success_whosever_they_are() -> None:
    assert a_pulse(False).success(0.0, since=0.0, but_failures=1) == 0.0


def test_the_minute_in_which_it_began_counts_only_until_there_is_a_whole_one() -> None:
    pulse = a_pulse(True, now=59.0)
    pulse.note(70.0, ok=False)

    assert pulse.success(100.0, since=50.0) == 0.5
    assert pulse.success(110.0, since=50.0) == 0.0


def test_success_of_more_than_half_an_hour_ago_is_forgotten() -> None:
    pulse = a_pulse(True)

    assert pulse.success(1799.0, since=-60.0) == 1.0
    assert pulse.success(1800.0, since=-60.0) == 0.0
