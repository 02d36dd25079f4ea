import pytest

from esputnik.retry_after import retry_after

DATE = "Tue, 24 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0.0), ("7", 7.0), (" 7 ", 7.0), ("1.2", 2.0), ("99999", 900.0)],
)
def test_seconds_are_rounded_up_and_bounded(value: str, seconds: float) -> None:
    assert retry_after(value) == seconds


@pytest.mark.parametrize("value", [None, "", "-1", "soon", "1, 2", "12345678901", "٣"])
def test_anything_else_says_nothing(value: str | None) -> None:
    assert retry_after(value, DATE) is None


def test_a_date_is_measured_against_the_answers_own() -> None:
    assert retry_after("Tue, 24 Nov 2026 10:00:30 GMT", DATE) == 30.0
    assert retry_after("Tue, 24 Nov 2026 10:00:30 -0000", DATE) == 30.0


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Tue, 24 Nov 2026 10:00:30 GMT", None),
        ("Tue, 24 Nov 2026 09:00:00 GMT", DATE),
        ("Tue, 99 Nov 2026 09:00:00 GMT", DATE),
        ("Tuesday", DATE),
    ],
)
def test_a_date_that_cannot_be_measured_says_nothing(value: str, date: str | None) -> None:
    assert retry_after(value, date) is None
