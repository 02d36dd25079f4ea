"""What is remembered does not depend on the order in which it was heard, nor on repeats."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.consent.memory import Memory
from consumer.consent.packing import LARGEST_OFFSET, Packing, joined
from consumer.consent.words import EMAIL, Known, Link, Word
from consumer.record import Partition
from tests.unit.consumer.consent.given import (
    ANN,
    BOB,
    HERE,
    NOON,
    THERE,
    USER,
    an_opt_in,
    an_opt_out,
    knowledge,
    words,
)

told = st.lists(st.tuples(st.sampled_from((ANN, BOB, USER)), knowledge), max_size=5)


def remembered(heard: Sequence[tuple[bytes, Known]]) -> Memory:
    memory = Memory()
    for name, known in heard:
        memory.merge(name, known)
    return memory


def all_of(memory: Memory) -> dict[bytes, Known]:
    return {name: memory.known(name) for name in memory.names()}


# -- words ------------------------------------------------------------------------------------


def test_a_word_is_known_under_each_name_it_was_said_of_and_no_other() -> None:
    memory = Memory()

    memory.note((ANN, USER), an_opt_out())
    memory.note((USER,), an_opt_in(target="sms"))

    assert memory.words(ANN, EMAIL) == [an_opt_out()]
    assert memory.words(USER, EMAIL) == [an_opt_out()]
    assert memory.words(USER, "sms") == [an_opt_in(target="sms")]
    assert memory.words(ANN, "sms") == memory.words(BOB, EMAIL) == []


def test_of_opt_outs_from_one_partition_the_latest_time_and_the_highest_offset_are_kept() -> None:
    memory = Memory()

    for word in (an_opt_out(NOON, offset=7), an_opt_out(NOON + 5, offset=3)):
        memory.note((ANN,), word)

    assert memory.words(ANN, EMAIL) == [an_opt_out(NOON + 5, offset=7)]


def test_of_opt_ins_from_one_partition_the_newest_is_kept_with_its_own_offset() -> None:
    memory = Memory()

    for word in (an_opt_in(NOON, offset=7), an_opt_in(NOON + 5, offset=3)):
        memory.note((ANN,), word)

    assert memory.words(ANN, EMAIL) == [an_opt_in(NOON + 5, offset=3)]


def test_words_from_several_partitions_stand_side_by_side() -> None:
    memory = Memory()
    said = [an_opt_out(place=HERE), an_opt_out(place=THERE), an_opt_in(place=HERE)]

    for word in said:
        memory.note((ANN,), word)

    assert sorted(memory.words(ANN, EMAIL)) == sorted(said)


@given(words)
def test_a_packed_word_is_the_same_when_unpacked(word: Word) -> None:
    packing = Packing()

    assert list(packing.words(packing.pack(word))) == [word]


def test_the_extremes_of_a_word_can_be_packed() -> None:
    packing = Packing()
    largest = Word(
        is_out=True,
        target="x" * 100,
        at=2**48 - 1,
        place=Partition("t" * 249, 99_999),
        offset=LARGEST_OFFSET,
    )

    (first,) = packing.words(packing.pack(largest))
    (second,) = packing.words(packing.pack(largest._replace(offset=2**60)))

    assert first == second == largest


def test_words_whose_bytes_lie_within_those_of_others_are_not_mistaken_for_them() -> None:
    packing = Packing()
    packed = b""
    said = [an_opt_out(place=Partition("t", number), offset=number) for number in range(40)]
    for word in said:
        packed = joined(packed, packing.pack(word))

    packed = joined(packed, packing.pack(said[7]._replace(at=NOON + 9)))

    said[7] = said[7]._replace(at=NOON + 9)
    assert list(packing.words(packed)) == said


# -- links and deletions ----------------------------------------------------------------------


def test_the_newest_link_and_the_newest_deletion_are_kept() -> None:
    memory = Memory()

    for email, at in ((ANN, NOON + 1), (BOB, NOON)):
        memory.note_link(USER, Link(email, at))
    for at in (NOON, NOON + 1, NOON - 1):
        memory.note_deletion((ANN, USER), at)

    assert memory.link(USER) == Link(ANN, NOON + 1)
    assert memory.deleted_at(ANN) == memory.deleted_at(USER) == NOON + 1
    assert (memory.link(ANN), memory.deleted_at(BOB)) == (None, None)


def test_an_empty_memory_knows_that_it_is() -> None:
    memory = Memory()

    assert (memory.is_empty, memory.has_deletions) == (True, False)
    assert list(memory.names()) == []
    assert memory.known(ANN) == Known()


@pytest.mark.parametrize(
    ("known", "has_deletions"),
    [
        (Known(words=(an_opt_out(),)), False),
        (Known(link=Link(ANN, NOON)), False),
        (Known(deleted_at=NOON), True),
    ],
)
def test_a_memory_that_knows_anything_is_not_empty(known: Known, *, has_deletions: bool) -> None:
    memory = Memory()

    memory.merge(USER, known)

    assert (memory.is_empty, memory.has_deletions) == (False, has_deletions)
    assert list(memory.names()) == [USER]
    assert (memory.knows_any((ANN, USER)), memory.knows_any((ANN, BOB))) == (True, False)


# -- merging ----------------------------------------------------------------------------------


@given(told, st.randoms(use_true_random=False))
def test_the_order_of_what_is_heard_does_not_matter_nor_do_repeats(
    heard: list[tuple[bytes, Known]], dice: Random
) -> None:
    again = [*heard, *heard]
    dice.shuffle(again)

    assert all_of(remembered(again)) == all_of(remembered(heard))


@given(told, told)
def test_what_two_know_is_what_one_knows_who_heard_both(
    here: list[tuple[bytes, Known]], there: list[tuple[bytes, Known]]
) -> None:
    mine, theirs = remembered(here), remembered(there)

    for name in list(theirs.names()):
        mine.merge(name, theirs.known(name))

    assert all_of(mine) == all_of(remembered([*here, *there]))


@given(told, told)
def test_who_tells_less_than_is_known_is_found_out(
    here: list[tuple[bytes, Known]], there: list[tuple[bytes, Known]]
) -> None:
    mine, theirs = remembered(here), remembered(there)

    for name in list(theirs.names()):
        told = theirs.known(name)
        assert mine.merge(name, told) is (mine.known(name) == told)


@pytest.mark.parametrize(
    "more",
    [
        Known(words=(an_opt_out(NOON + 1),)),
        Known(words=(an_opt_out(place=THERE),)),
        Known(words=(an_opt_in(),)),
        Known(link=Link(ANN, NOON)),
        Known(deleted_at=NOON),
    ],
)
def test_a_record_that_lacks_something_is_not_all(more: Known) -> None:
    memory = Memory()
    memory.note((BOB,), an_opt_out())

    assert memory.merge(BOB, Known(words=(an_opt_out(),)))
    memory.merge(BOB, more)
    assert not memory.merge(BOB, Known(words=(an_opt_out(),)))
    assert memory.merge(BOB, memory.known(BOB))
