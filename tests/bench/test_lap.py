from bench.figures import Spread
from bench.lap import Contestant, Lap, Track, standing

NOBODY = Contestant(name="n", title="N", command=(), environment=lambda _place, _more: {})


def lap(rate: float = 10.0, *, lost: int | None = 0, doubled: int = 0, rss_mb: float = 50.0) -> Lap:
    return Lap(
        rate=rate,
        cpu_ms=rate,
        rss_mb=rss_mb,
        items=2000,
        requests=3,
        lost=lost,
        doubled=doubled,
    )


def test_laps_come_to_medians_the_most_memory_and_the_sum_of_losses() -> None:
    laps = [lap(10.0, rss_mb=80.0), lap(30.0, lost=2), lap(20.0, doubled=1)]

    result = standing(NOBODY, laps)

    assert (result.rate, result.cpu_ms, result.rss_mb) == (Spread(20.0, 10.0, 30.0), 20.0, 80.0)
    assert (result.lost, result.doubled, result.requests_per_1k) == (2, 1, 1.5)


def test_of_laps_that_were_cut_off_nothing_is_known_to_be_lost() -> None:
    assert standing(NOBODY, [lap(lost=None), lap(lost=None)]).lost is None
    assert standing(NOBODY, [lap(lost=None), lap(lost=4)]).lost == 4


def test_poisoned_and_refused_events_are_not_expected_at_the_sink() -> None:
    assert Track(topic="t", events=3000).valid == 3000
    assert Track(topic="t", events=3000, poisoned=True).valid == 2997
    assert Track(topic="t", events=3000, refuse="item").valid == 2997
