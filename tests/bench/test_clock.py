import pytest

from bench.clock import Arrival, Sample, cpu_between, rss_by_items, steady_rate, window

MB = 1024 * 1024


def arrivals(*pairs: tuple[float, int]) -> list[Arrival]:
    return [Arrival(at, items) for at, items in pairs]


def test_the_clock_runs_from_the_first_arrival_and_leaves_its_items_out() -> None:
    seen = window(arrivals((10.0, 500), (11.0, 300), (12.0, 100)))

    assert (seen.began, seen.ended, seen.items) == (10.0, 12.0, 400)
    assert seen.rate == 200.0


def test_with_replicas_the_clock_runs_once_all_of_them_have_delivered() -> None:
    both = [Arrival(1.0, 10, "a"), Arrival(2.0, 10, "a"), Arrival(3.0, 10, "b")]

    seen = window([*both, Arrival(4.0, 7, "a"), Arrival(5.0, 7, "b")])

    assert (seen.began, seen.items, seen.rate) == (3.0, 14, 7.0)


def test_a_single_arrival_has_no_rate() -> None:
    seen = window(arrivals((1.0, 5)))

    assert seen.rate == 0.0


def test_a_lap_in_which_nothing_arrived_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing arrived"):
        window([])


def test_the_steady_rate_is_blind_to_a_slow_start_and_a_late_end() -> None:
    middle = [(10.0 + step, 100) for step in range(10)]

    rate = steady_rate(arrivals((0.0, 100), *middle, (60.0, 100)))

    assert rate == pytest.approx(100.0)


def test_a_lap_of_one_request_has_no_steady_rate() -> None:
    assert steady_rate(arrivals((1.0, 5))) == 0.0


def test_cpu_is_read_between_samples_in_proportion() -> None:
    samples = [Sample(0.0, 1.0, 0), Sample(10.0, 6.0, 0), Sample(20.0, 6.0, 0)]

    assert cpu_between(samples, 2.0, 15.0) == pytest.approx(4.0)


def test_before_the_first_sample_and_after_the_last_no_cpu_is_used() -> None:
    samples = [Sample(5.0, 1.0, 0), Sample(6.0, 3.0, 0)]

    assert cpu_between(samples, 0.0, 99.0) == pytest.approx(2.0)


def test_memory_is_told_by_how_much_had_arrived() -> None:
    come = arrivals((1.0, 100), (2.0, 100), (3.0, 100))
    samples = [Sample(0.5, 0, 9 * MB), Sample(1.5, 0, 5 * MB), Sample(2.5, 0, 6 * MB)]

    assert rss_by_items(come, samples) == [(100, 5 * MB), (200, 6 * MB)]
