"""Builders and strategies of what is said about consent."""

from typing import Any

from hypothesis import strategies as st

from consumer.consent.words import EMAIL, Known, Link, Word
from consumer.record import Partition

SKEW = 300_000  # ms
DAY = 86_400_000  # ms
NOON = 1_764_000_000_000  # ms
HERE, THERE = Partition("opt-outs", 0), Partition("opt-outs", 1)
ANN, BOB, USER = b"a" * 15, b"b" * 15, b"u" * 15


def an_opt_out(at: int = NOON, **changes: Any) -> Word:
    given: dict[str, Any] = {"target": EMAIL, "place": HERE, "offset": 0}
    return Word(is_out=True, at=at, **(given | changes))


def an_opt_in(at: int = NOON, **changes: Any) -> Word:
    return an_opt_out(at, **changes)._replace(is_out=False)


# Times that differ by nothing, by little, by the skew, by more, and by more than a day.
times = st.sampled_from((0, 1, SKEW, SKEW + 1, 2 * SKEW, DAY, DAY + 1, DAY + SKEW + 1)).map(
    lambda after: NOON + after
)
places = st.sampled_from((HERE, THERE, Partition("web", 0)))
words = st.builds(
    Word,
    is_out=st.booleans(),
    target=st.sampled_from((EMAIL, "sms")),
    at=times,
    place=places,
    offset=st.integers(0, 6),
)
links = st.builds(Link, email=st.sampled_from((ANN, BOB)), at=times)
knowledge = st.builds(
    Known,
    words=st.lists(words, max_size=4),
    link=st.none() | links,
    deleted_at=st.none() | times,
)
