"""What follows from what was said: an opt-out stands unless an explicit opt-in is newer."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.consent.memory import Memory
from consumer.consent.rules import (
    effective,
    followed,
    is_erased,
    is_stale,
    is_stale_to_feed,
    is_superseded,
    ms,
    overrules,
    standing,
)
from consumer.consent.words import EMAIL, Link, Word
from esputnik.activity import UNKNOWN_TIME
from tests.unit.consumer.consent.given import (
    ANN,
    BOB,
    DAY,
    HERE,
    NOON,
    SKEW,
    THERE,
    USER,
    an_opt_in,
    an_opt_out,
    words,
)

NOW = NOON / 1000
HOUR = 3_600_000


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


# -- the time that counts -----------------------------------------------------------------------


def test_times_are_whole_milliseconds_and_none_of_them_is_lost_in_between() -> None:
    found = [ms(datetime(2026, 1, 1, 0, 0, 0, n * 1000 + 999, UTC)) for n in range(1000)]

    assert found == list(range(found[0], found[0] + 1000))
    assert ms(datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))) == found[0]


@pytest.mark.parametrize(
    ("occurred", "timestamp", "counts"),
    [
        (NOON - HOUR, NOON, NOON - HOUR),
        (NOON + 300_000, NOON, NOON + 300_000),
        (NOON + 300_001, NOON - 7, NOON - 7),
        (NOON + HOUR, -1, NOON),
        (NOON + HOUR, NOON + HOUR, NOON + HOUR),
        (NOON + HOUR, NOON + HOUR + 5, NOON + HOUR),  # our clock is slow
    ],
)
def test_an_event_from_the_future_counts_as_of_its_record_and_without_a_time_as_of_now(
    occurred: int, timestamp: int, counts: int
) -> None:
    assert effective(at(occurred), timestamp, NOW) == counts


# -- an opt-in ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opt_in", "is_newer"),
    [
        (an_opt_in(NOON + SKEW + 1, place=THERE), True),
        (an_opt_in(NOON + SKEW, place=THERE, offset=9), False),
        (an_opt_in(NOON, place=THERE, offset=9), False),
        (an_opt_in(NOON + 1, place=HERE, offset=6), True),
        (an_opt_in(NOON, place=HERE, offset=6), False),
        (an_opt_in(NOON + 1, place=HERE, offset=5), False),
        (an_opt_in(NOON + SKEW, place=HERE, offset=4), False),
        (an_opt_in(NOON + SKEW + 1, place=HERE, offset=4), True),
        (an_opt_in(NOON - 1, place=HERE, offset=6), False),
    ],
)
def test_an_opt_in_is_newer_by_more_than_the_skew_or_by_the_order_of_one_partition(
    opt_in: Word, *, is_newer: bool
) -> None:
    opt_out = an_opt_out(NOON, place=HERE, offset=5)

    assert overrules(opt_in, opt_out, SKEW) is is_newer
    assert is_stale(opt_in, [opt_out], SKEW) is not is_newer


def test_without_skew_equal_times_are_an_opt_out_still() -> None:
    assert is_stale(an_opt_in(NOON, place=THERE), [an_opt_out(NOON)], 0)
    assert not is_stale(an_opt_in(NOON + 1, place=THERE), [an_opt_out(NOON)], 0)


def test_an_opt_in_must_be_newer_than_every_opt_out() -> None:
    opt_in = an_opt_in(NOON + 2 * SKEW)
    old, near = an_opt_out(NOON, place=THERE), an_opt_out(NOON + 2 * SKEW - 1, place=THERE)

    assert not is_stale(opt_in, [old, an_opt_in(NOON + DAY)], SKEW)
    assert is_stale(opt_in, [old, near], SKEW)


@pytest.mark.parametrize(
    ("seen", "is_old"),
    [
        ([], False),
        ([at(NOON - SKEW - 1)], False),
        ([at(NOON - SKEW)], True),
        ([at(NOON - DAY), at(NOON + DAY)], True),
        ([UNKNOWN_TIME], True),
    ],
)
def test_an_opt_out_that_esputnik_saw_counts_from_the_skew_before(
    seen: list[datetime], *, is_old: bool
) -> None:
    assert is_stale_to_feed(an_opt_in(NOON), seen, SKEW) is is_old


# -- an opt-out and a deletion ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "is_left_out"),
    [
        ([], False),
        ([an_opt_in(NOON + DAY)], False),
        ([an_opt_in(NOON + DAY + 1)], True),
        ([an_opt_out(NOON + 9 * DAY)], False),
        ([an_opt_in(NOON + SKEW + 1, offset=9)], False),
    ],
)
def test_an_opt_out_is_left_untold_only_where_an_opt_in_is_newer_by_more_than_a_day(
    known: list[Word], *, is_left_out: bool
) -> None:
    assert is_superseded(an_opt_out(NOON), known) is is_left_out


@pytest.mark.parametrize(
    ("deletions", "is_gone"),
    [([], False), ([None], False), ([NOON - 1], False), ([NOON], True), ([None, NOON + 1], True)],
)
def test_what_is_no_newer_than_a_deletion_is_erased(
    deletions: list[int | None], *, is_gone: bool
) -> None:
    assert is_erased(NOON, deletions) is is_gone


# -- all words together -------------------------------------------------------------------------


def heard(said: Sequence[Word]) -> Memory:
    """A memory that heard words in this order, and took the opt-ins that were not stale."""
    memory = Memory()
    for word in said:
        if word.is_out or not is_stale(word, memory.words(ANN, word.target), SKEW):
            memory.note((ANN,), word)
    return memory


def is_newer_by_the_book(opt_in: Word, outs: Sequence[Word]) -> bool:
    """Tell the same as the rules from all that was said: no word was put together with another."""
    beside = [out for out in outs if out.place == opt_in.place]
    is_last = all(out.offset < opt_in.offset and out.at < opt_in.at for out in beside)
    return all(opt_in.at > out.at + SKEW or (is_last and out.place == opt_in.place) for out in outs)


def in_order(said: Sequence[Word]) -> Iterator[Word]:
    """Give the words of each partition offsets in the order of their times."""
    for offset, word in enumerate(sorted(said, key=lambda one: one.at)):
        yield word._replace(offset=offset, target=EMAIL)


@given(st.lists(words, max_size=8))
def test_an_opt_in_is_taken_as_if_every_word_had_been_kept(said: list[Word]) -> None:
    memory, outs = Memory(), []
    for word in (one._replace(target=EMAIL) for one in said):
        if word.is_out:
            outs.append(word)
            memory.note((ANN,), word)
            continue
        is_old = is_stale(word, memory.words(ANN, EMAIL), SKEW)
        assert is_old is not is_newer_by_the_book(word, outs)
        if not is_old:
            memory.note((ANN,), word)


@given(st.lists(words, min_size=1, max_size=8))
def test_an_opt_out_stands_whenever_it_is_the_newest_explicit_word(said: list[Word]) -> None:
    said = [one._replace(target=EMAIL) for one in said]
    outs = [word.at for word in said if word.is_out]
    ins = [word.at for word in said if not word.is_out]

    stands = standing(heard(said).words(ANN, EMAIL), SKEW)

    if max(outs, default=-1) >= max(ins, default=0):
        assert stands is not None
        assert stands.at == max(outs)


@given(st.lists(words, max_size=8), st.data())
def test_where_partitions_tell_their_order_the_verdict_is_that_of_all_words(
    said: list[Word], data: st.DataObject
) -> None:
    said = list(in_order(said))
    order = data.draw(st.permutations(said))
    newest = max((word.at for word in said if not word.is_out), default=-1)
    outs = [word for word in said if word.is_out]

    stands = standing(heard(order).words(ANN, EMAIL), SKEW) is not None

    if all(newest > out.at + SKEW for out in outs):
        assert not stands
    if any(out.at >= newest for out in outs):
        assert stands


@given(st.lists(words, max_size=8))
def test_an_opt_in_that_is_not_stale_leaves_no_opt_out_standing(said: list[Word]) -> None:
    memory = heard(said)
    opt_in = an_opt_in(NOON + 10 * DAY)

    memory.note((ANN,), opt_in)

    assert standing(memory.words(ANN, EMAIL), SKEW) is None


# -- another e-mail -----------------------------------------------------------------------------


def linked(*said: tuple[bytes, Word]) -> Memory:
    """A memory of words by name; the user id was last seen with Ann's address."""
    memory = Memory()
    memory.note_link(USER, Link(ANN, NOON))
    for name, word in said:
        memory.note((name,), word)
    return memory


OUT, NEWER = an_opt_out(NOON), an_opt_out(NOON + 5, place=THERE)
LATER = an_opt_in(NOON + HOUR)


@pytest.mark.parametrize(
    ("memory", "opt_out"),
    [
        (linked((ANN, OUT)), OUT),
        (linked((USER, OUT)), OUT),
        (linked((ANN, OUT), (USER, NEWER)), NEWER),
        (linked(), None),
        (linked((BOB, OUT)), None),
        (linked((ANN, OUT._replace(target="sms"))), None),
        (linked((ANN, OUT), (ANN, LATER)), None),
        (linked((ANN, OUT), (USER, LATER)), None),
        (linked((ANN, OUT), (BOB, LATER)), None),
        (linked((ANN, OUT), (BOB, an_opt_in(NOON - HOUR))), OUT),
        (linked((ANN, OUT), (BOB, an_opt_in(NOON, place=THERE))), OUT),
        (linked((USER, OUT), (ANN, LATER)), None),
        (linked((ANN, OUT), (BOB, OUT)), OUT),
    ],
)
def test_an_opt_out_follows_to_another_e_mail_unless_an_opt_in_overrules_it(
    memory: Memory, opt_out: Word | None
) -> None:
    assert followed(memory, USER, BOB, SKEW) == opt_out


def test_to_the_e_mail_it_was_seen_with_only_words_that_name_neither_opt_in_follow() -> None:
    back = linked((USER, NEWER), (ANN, OUT), (ANN, an_opt_in(NOON + 1, offset=1)))

    assert followed(back, USER, ANN, SKEW) == NEWER
    assert followed(linked((USER, OUT), (ANN, LATER)), USER, ANN, SKEW) is None


def test_of_a_user_id_without_a_link_its_own_words_count() -> None:
    memory = Memory()
    memory.note((USER,), OUT)

    assert followed(memory, USER, BOB, SKEW) == OUT
    assert followed(memory, BOB, ANN, SKEW) is None
