import math

import pytest

from bench.figures import Spread, percentile, ratio, slope, spread


def test_a_spread_is_the_median_with_the_least_and_the_most() -> None:
    assert spread([9.0, 1.0, 5.0]) == Spread(5.0, 1.0, 9.0)


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1), (1, 1), (50, 50), (51, 51), (99, 99), (100, 100)]
)
def test_a_percentile_is_the_smallest_value_that_covers_its_share(
    percent: float, value: float
) -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert percentile(values, percent) == value


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 99) == 7.0


def test_the_slope_is_that_of_the_line_through_the_points() -> None:
    assert slope([(0.0, 100.0), (1.0, 102.0), (2.0, 104.0)]) == pytest.approx(2.0)


def test_too_few_points_have_no_slope() -> None:
    assert slope([(1.0, 5.0), (1.0, 9.0)]) == 0.0


def test_a_ratio_over_nothing_is_infinite() -> None:
    assert ratio(6.0, 3.0) == 2.0
    assert math.isinf(ratio(1.0, 0.0))


def test_a_share_of_few_values_is_rounded_up_to_a_whole_one() -> None:
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
