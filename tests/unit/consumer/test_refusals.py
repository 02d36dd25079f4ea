import pytest

from consumer.refusals import Refusals

FIELD = "esp.rejected_400 no such field"


def noted(refusals: Refusals, good: int, bad: int, now: float = 0.0) -> str | None:
    for _ in range(good):
        refusals.note(now, 1, {})
    causes = [refusals.note(now, 1, {FIELD: 1}) for _ in range(bad)]
    return causes[-1] if causes else None


@pytest.mark.parametrize(("good", "bad", "cause"), [(24, 26, FIELD), (25, 25, None)])
def test_a_cause_stands_behind_more_than_its_share_or_not(
    good: int, bad: int, cause: str | None
) -> None:
    assert noted(Refusals(0.5), good, bad) == cause


def test_few_calls_say_nothing() -> None:
    assert noted(Refusals(0.5), 0, 49) is None


def test_causes_are_counted_apart() -> None:
    causes = {FIELD: 20, "esp.rejected_400 no such order": 20}

    assert Refusals(0.5).note(0.0, 50, causes) is None
    assert Refusals(0.3).note(0.0, 50, causes | {FIELD: 21}) == FIELD


def test_an_answer_that_refuses_nothing_accuses_nobody() -> None:
    refusals = Refusals(0.1)
    noted(refusals, 0, 49)

    assert refusals.note(0.0, 1, {}) is None
    assert refusals.note(0.0, 1, {FIELD: 1}) == FIELD


def test_more_calls_push_older_ones_out() -> None:
    refusals = Refusals(0.5)
    noted(refusals, 500, 0)

    assert noted(refusals, 0, 25) is None
    assert noted(refusals, 0, 1) == FIELD


def test_a_bulk_request_counts_its_calls() -> None:
    refusals = Refusals(0.5)

    assert refusals.note(0.0, 1000, {FIELD: 500}) is None
    assert refusals.note(0.0, 1000, {FIELD: 501}) == FIELD


@pytest.mark.parametrize(("now", "cause"), [(300.0, FIELD), (300.1, None)])
def test_what_is_older_than_five_minutes_is_forgotten(now: float, cause: str | None) -> None:
    refusals = Refusals(0.5)
    noted(refusals, 0, 49)

    assert noted(refusals, 0, 1, now) == cause


def test_after_a_repair_it_begins_anew() -> None:
    refusals = Refusals(0.5)
    noted(refusals, 0, 50)

    refusals.forget()

    assert noted(refusals, 0, 49) is None
    assert noted(refusals, 0, 1) == FIELD
