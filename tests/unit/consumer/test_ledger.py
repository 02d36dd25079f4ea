from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.job import History, Job
from consumer.ledger import MOST_BEHIND, Ledger, PartitionLog
from consumer.progress import NOTHING_TOLD, SPAN, read_progress, write_progress
from consumer.record import Partition, Point
from tests.builders import a_job, a_record

USERS = Partition("users", 0)


def opened(ledger: Ledger, offset: int, partition: int = 0) -> Job:
    job = ledger.open(a_record(offset=offset, partition=partition), now=float(offset))
    assert job is not None
    return job


def points(offsets: dict[Partition, int]) -> dict[Partition, Point]:
    return {place: Point(offset) for place, offset in offsets.items()}


def a_ledger(start: int = 0) -> Ledger:
    ledger = Ledger()
    ledger.assign(USERS, Point(start))
    return ledger


def test_the_commit_point_stops_at_the_first_unfinished_record() -> None:
    ledger = a_ledger()
    first, second, third = (opened(ledger, offset) for offset in (0, 1, 2))
    ledger.settle(second)
    ledger.settle(third)

    ((offset, progress),) = ledger.commit_points().values()
    assert offset == 0
    assert read_progress(0, progress).settled == {1, 2}

    ledger.settle(first)

    assert ledger.commit_points() == points({USERS: 3})


def test_what_is_finished_up_to_the_first_unfinished_record_is_let_go_of_at_once() -> None:
    ledger = a_ledger()
    first, second, third = (opened(ledger, offset) for offset in (0, 1, 2))

    ledger.settle(second)
    assert list(ledger.to_come_again([USERS])) == [first, second, third]
    assert (second.record.offset, second.record.value, second.plan) == (1, None, None)

    ledger.settle(first)
    assert list(ledger.to_come_again([USERS])) == [third]


def test_the_commit_point_is_the_next_offset_to_read_even_over_holes() -> None:
    ledger = a_ledger()
    ledger.settle(opened(ledger, 0))
    opened(ledger, 7)

    assert ledger.commit_points() == points({USERS: 7})


def test_what_was_committed_is_not_committed_again() -> None:
    ledger = a_ledger()
    ledger.settle(opened(ledger, 0))
    ledger.committed(ledger.commit_points())

    assert ledger.commit_points() == {}


def test_a_commit_of_a_partition_that_is_gone_is_ignored() -> None:
    ledger = a_ledger()
    ledger.committed({Partition("other", 1): Point(5)})

    assert ledger.next_to_take() == {USERS: 0}


def test_a_record_fetched_twice_is_taken_once() -> None:
    ledger = a_ledger()
    opened(ledger, 3)

    assert ledger.open(a_record(offset=3), now=0.0) is None
    assert ledger.records == 1


def test_a_record_of_a_partition_that_is_not_ours_is_not_taken() -> None:
    assert Ledger().open(a_record(), now=0.0) is None


def test_a_leaving_partition_takes_no_more_but_settles_what_is_open() -> None:
    ledger = a_ledger()
    job = opened(ledger, 0)
    ledger.leave([USERS, Partition("users", 9)])

    assert ledger.open(a_record(offset=1), now=0.0) is None
    assert ledger.settle(job) is True
    assert ledger.commit_points() == points({USERS: 1})


def test_a_late_settle_of_an_old_assignment_is_ignored() -> None:
    ledger = a_ledger()
    old = opened(ledger, 0)
    assert ledger.forget([USERS, Partition("users", 9)]) == 1
    ledger.assign(USERS, Point(0))
    opened(ledger, 0)

    assert ledger.settle(old) is False
    assert ledger.commit_points() == {}
    assert ledger.records == 1


def test_assigning_anew_forgets_the_old_assignment() -> None:
    ledger = a_ledger()
    opened(ledger, 0)

    ledger.assign(USERS, Point(5))

    assert ledger.records == 0
    assert ledger.next_to_take() == {USERS: 5}


def test_settling_twice_is_a_bug() -> None:
    ledger = a_ledger()
    job = opened(ledger, 0)
    ledger.settle(job)

    with pytest.raises(ValueError, match="settled twice"):
        ledger.settle(job)


def test_the_books_count_records_and_bytes() -> None:
    ledger = a_ledger()
    job = opened(ledger, 0)

    assert (ledger.records, ledger.bytes) == (1, job.record.size)

    ledger.settle(job)

    assert (ledger.records, ledger.bytes) == (0, 0)


def test_the_oldest_unfinished_record_is_known() -> None:
    ledger = a_ledger()
    assert ledger.oldest() is None
    first = opened(ledger, 4)
    opened(ledger, 6)

    assert ledger.oldest() == 4.0

    ledger.settle(first)

    assert ledger.oldest() == 6.0


def test_unfinished_records_are_listed_by_partition() -> None:
    ledger = a_ledger()
    ledger.assign(Partition("users", 1), Point(0))
    here, there = opened(ledger, 0), opened(ledger, 0, partition=1)

    assert list(ledger.unsettled()) == [here, there]
    assert list(ledger.unsettled([USERS, Partition("users", 9)])) == [here]


def test_a_partition_with_unfinished_records_is_told_from_one_without() -> None:
    ledger = a_ledger()
    elsewhere = Partition("users", 9)
    job = opened(ledger, 0)

    assert ledger.has_unsettled([elsewhere, USERS])
    assert not ledger.has_unsettled([elsewhere])

    ledger.settle(job)

    assert not ledger.has_unsettled([USERS])


def test_what_whoever_takes_over_reads_again_starts_at_the_commit_point() -> None:
    ledger = a_ledger()
    first, second, third = (opened(ledger, offset) for offset in (0, 1, 2))
    ledger.settle(first)
    ledger.settle(third)
    ledger.commit_points()

    assert list(ledger.to_come_again([USERS])) == [second, third]


def behind_one_that_takes_long(finished: int) -> tuple[Ledger, Job]:
    """A ledger of which all but the first of many records are finished."""
    ledger = a_ledger()
    first, *others = (opened(ledger, offset) for offset in range(finished + 1))
    for job in others:
        ledger.settle(job)
    return ledger, first


def test_behind_a_record_that_takes_long_finished_ones_are_not_kept_without_end() -> None:
    ledger, first = behind_one_that_takes_long(5 * MOST_BEHIND)

    assert len(list(ledger.to_come_again([USERS]))) <= MOST_BEHIND + 1
    assert ledger.is_thinned([Partition("users", 9), USERS])
    ((offset, progress),) = ledger.commit_points().values()
    assert offset == 0
    assert read_progress(0, progress).settled == set(range(1, SPAN))

    ledger.settle(first)

    assert ledger.commit_points() == points({USERS: 5 * MOST_BEHIND + 1})
    assert list(ledger.to_come_again([USERS])) == []


def test_what_is_told_of_finished_records_moves_on_with_the_commit_point() -> None:
    ledger = a_ledger()
    jobs = [opened(ledger, offset) for offset in range(MOST_BEHIND + 3)]
    for job in (*jobs[1:100], *jobs[101:]):
        ledger.settle(job)
    assert ledger.is_thinned([USERS])

    ledger.settle(jobs[0])

    ((offset, progress),) = ledger.commit_points().values()
    assert offset == 100
    assert read_progress(100, progress).settled == set(range(101, SPAN))


def test_what_was_behind_another_and_is_committed_by_now_does_not_count() -> None:
    ledger = a_ledger()
    for offset in range(0, 2 * MOST_BEHIND + 4, 2):
        first, second = opened(ledger, offset), opened(ledger, offset + 1)
        ledger.settle(second)
        ledger.settle(first)
    opened(ledger, 2 * MOST_BEHIND + 4)

    assert not ledger.is_thinned([USERS])


def test_a_few_finished_records_behind_another_are_all_known() -> None:
    ledger, _ = behind_one_that_takes_long(MOST_BEHIND)

    assert len(list(ledger.to_come_again([USERS]))) == MOST_BEHIND + 1
    assert not ledger.is_thinned([USERS])


def test_of_a_partition_that_is_not_ours_nothing_comes_again() -> None:
    ledger = a_ledger()
    job = opened(ledger, 0)

    assert list(ledger.to_come_again([Partition("users", 9), USERS])) == [job]
    assert list(ledger.to_come_again([Partition("users", 9)])) == []


def test_a_record_without_an_assignment_is_nobodys() -> None:
    job = a_job()

    assert not Ledger().is_ours(job)
    assert not Ledger().settle(job)


def test_a_record_is_ours_while_its_assignment_lasts() -> None:
    ledger = a_ledger()
    job = opened(ledger, 0)
    assert ledger.is_ours(job)

    ledger.assign(USERS, Point(0))

    assert not ledger.is_ours(job)


def test_what_the_group_did_not_take_is_committed_again() -> None:
    ledger = a_ledger()
    ledger.settle(opened(ledger, 0))
    wanted = ledger.commit_points()
    assert ledger.commit_points() == {}

    ledger.not_committed(wanted | points({Partition("other", 1): 5}))

    assert ledger.commit_points() == wanted


# -- what is told beside the commit point ---------------------------------------------------


def test_what_an_earlier_assignment_told_of_a_record_is_known_when_it_is_read_again() -> None:
    ledger = Ledger()
    ledger.assign(USERS, Point(3, write_progress(3, settled={5}, declared={4})))

    history = {offset: opened(ledger, offset).history for offset in (3, 4, 5)}

    assert history == {3: History.NONE, 4: History.DECLARED, 5: History.SETTLED}


def test_what_an_earlier_assignment_told_is_passed_on_until_it_is_read_again() -> None:
    ledger = Ledger()
    told = write_progress(3, settled={6}, declared={4, 7})
    ledger.assign(USERS, Point(3, told))
    ledger.settle(opened(ledger, 3))
    opened(ledger, 4)

    ((offset, progress),) = ledger.commit_points().values()

    assert (offset, progress) == (4, write_progress(4, settled={6}, declared={4, 7}))


def test_what_was_told_of_a_record_counts_no_more_once_it_is_read_again() -> None:
    ledger = Ledger()
    ledger.assign(USERS, Point(3, write_progress(3, settled={4}, declared={3})))
    for offset in (3, 4):
        opened(ledger, offset)

    ledger.logs[USERS].withdraw(3)

    assert ledger.commit_points() == points({USERS: 3})


def test_a_send_is_declared_beside_the_commit_point_until_it_is_withdrawn() -> None:
    ledger = a_ledger()
    log = ledger.logs[USERS]
    opened(ledger, 0)

    assert log.declare(0)
    declared = ledger.commit_points()
    ledger.committed(declared)
    log.withdraw(0)

    assert read_progress(0, declared[USERS].progress).declared == {0}
    assert ledger.commit_points() == points({USERS: 0})


def test_of_a_record_that_is_finished_no_send_is_told() -> None:
    ledger = a_ledger()
    job = opened(ledger, 0)
    ledger.logs[USERS].declare(0)

    ledger.settle(job)

    assert ledger.commit_points() == points({USERS: 1})


def test_a_send_too_far_beyond_the_commit_point_cannot_be_declared() -> None:
    ledger = a_ledger()
    log = ledger.logs[USERS]
    first = opened(ledger, 0)
    opened(ledger, SPAN)

    assert log.declare(SPAN - 1)
    assert not log.declare(SPAN)

    ledger.settle(first)

    assert log.declare(SPAN)


@given(st.lists(st.integers(1, 3), max_size=30), st.randoms(use_true_random=False))
def test_the_commit_point_never_passes_an_open_record_nor_goes_back(
    steps: list[int], dice: Any
) -> None:
    ledger, waiting, offset, last = a_ledger(), [], 0, 0
    for step in steps:
        offset += step
        waiting.append(opened(ledger, offset))
        while waiting and dice.random() < 0.5:
            ledger.settle(waiting.pop(dice.randrange(len(waiting))))
        point = ledger.commit_points().get(USERS, Point(last)).offset
        assert point >= last
        assert all(job.record.offset >= point for job in waiting)
        ledger.committed({USERS: Point(point)})
        last = point
    for job in waiting:
        ledger.settle(job)
    point = ledger.commit_points().get(USERS, Point(last)).offset
    assert point == (offset + 1 if steps else 0)


@pytest.mark.parametrize(
    ("start", "is_taken_over"),
    [
        (Point(0), False),
        (Point(0, NOTHING_TOLD), False),
        (Point(0, write_progress(0, settled={1}, declared=())), True),
        (Point(7), True),
    ],
)
def test_a_start_tells_whether_somebody_has_read_before(
    start: Point, *, is_taken_over: bool
) -> None:
    assert PartitionLog(USERS, start).is_taken_over is is_taken_over
