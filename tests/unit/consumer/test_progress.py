import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.progress import (
    NOTHING_TOLD,
    SPAN,
    Progress,
    UnknownProgressError,
    is_known,
    read_progress,
    write_progress,
)

OFFSETS = st.frozensets(st.integers(0, SPAN - 1), max_size=200)
LARGEST_METADATA = 4096  # bytes, Kafka's own default


@given(st.integers(0, 2**62), OFFSETS, OFFSETS)
def test_what_is_written_is_read(
    base: int, settled: frozenset[int], declared: frozenset[int]
) -> None:
    given_, told = ({base + one for one in some} for some in (settled, declared))

    assert read_progress(base, write_progress(base, given_, told)) == Progress(
        frozenset(given_), frozenset(told)
    )


def test_nothing_to_tell_is_an_empty_text() -> None:
    assert write_progress(7, (), ()) == ""
    assert is_known(7, "")
    assert read_progress(7, "") == read_progress(7, NOTHING_TOLD) == Progress()


def test_the_longest_text_fits_into_what_a_broker_takes() -> None:
    everything = range(SPAN)

    assert len(write_progress(0, everything, everything)) <= LARGEST_METADATA


def test_what_lies_below_or_too_far_above_is_left_out() -> None:
    text = write_progress(100, [99, 100, 100 + SPAN], [])

    assert read_progress(100, text).settled == {100}


@pytest.mark.parametrize("text", ["2AAAA.", "1AAAA", "1?.", "1.!", "1" + "A" * 4 * SPAN + ".", "x"])
def test_what_this_version_did_not_write_is_refused(text: str) -> None:
    with pytest.raises(UnknownProgressError):
        read_progress(0, text)
    assert not is_known(0, text)
