import pytest

from bench.lap import Contestant, Lap, Standing, standing
from bench.tables import figure, standings_table, table, times


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (0.123, "0.12"), (1.04, "1.0"), (-2.35, "-2.4"), (84123.4, "84,123")],
)
def test_a_figure_shows_the_digits_that_mean_something(value: float, text: str) -> None:
    assert figure(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.704, "0.70"), (4.2, "4.20"), (3200.4, "3,200")])
def test_a_ratio_shows_two_decimals_while_it_is_small(value: float, text: str) -> None:
    assert times(value) == text


def test_columns_line_up_words_to_the_left_and_figures_to_the_right() -> None:
    assert table(("who", "n"), [("a", "1,000"), ("bcde", "1")]).splitlines() == [
        "| who  |     n |",
        "| ---- | ----: |",
        "| a    | 1,000 |",
        "| bcde |     1 |",
    ]


def test_the_ratio_is_the_service_s_rate_over_each_one_s() -> None:
    ours, theirs = of("ours", 400.0, lost=0), of("theirs", 100.0, lost=None)

    rows = standings_table([ours, theirs], "ours").splitlines()[2:]

    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert [row[2] for row in cells] == ["1", "4.00"]
    assert [row[6] for row in cells] == ["0", "cut off"]


def of(name: str, rate: float, *, lost: int | None) -> Standing:
    someone = Contestant(name=name, title=name, command=(), environment=lambda _place, _more: {})
    return standing(someone, [Lap(rate=rate, cpu_ms=1.0, rss_mb=1.0, items=1, lost=lost)])
