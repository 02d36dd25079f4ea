"""A few events that cannot be mapped are bad events; many of one type are held."""

import pytest

from consumer.job import Job
from consumer.refusals import LEAST
from consumer.unmapped import TRIAL, Unmapped
from tests.builders import a_job

KIND, OTHER, BUG = "order.changed", "user.updated", "map.handler_error"


def refused(unmapped: Unmapped, kind: str, count: int, now: float = 0.0) -> list[Job]:
    """Refuse so many events of a type; return those that are held."""
    jobs = [a_job(offset=offset) for offset in range(count)]
    return [job for job in jobs if unmapped.holds(kind, BUG, job, now)]


@pytest.fixture
def unmapped() -> Unmapped:
    return Unmapped(max_ratio=0.5)


def test_a_few_events_are_not_held(unmapped: Unmapped) -> None:
    assert refused(unmapped, KIND, LEAST - 1) == []
    assert unmapped.held == {}


def test_when_many_were_refused_this_one_and_all_further_ones_are_held(unmapped: Unmapped) -> None:
    held = refused(unmapped, KIND, LEAST + 2)

    assert [job.record.offset for job in held] == [LEAST - 1, LEAST, LEAST + 1]
    assert unmapped.held == {KIND: 3}


def test_what_is_refused_while_others_are_held_is_held_whatever_the_share(
    unmapped: Unmapped,
) -> None:
    refused(unmapped, KIND, LEAST)
    for _ in range(LEAST):
        unmapped.mapped(KIND, 1.0)

    assert len(refused(unmapped, KIND, 1, now=2.0)) == 1


def test_a_few_among_many_that_are_mapped_are_not_held(unmapped: Unmapped) -> None:
    refused(unmapped, KIND, 1)
    for _ in range(LEAST):
        unmapped.mapped(KIND, 0.0)

    assert refused(unmapped, KIND, LEAST // 2) == []


def test_one_type_does_not_hold_another(unmapped: Unmapped) -> None:
    refused(unmapped, KIND, LEAST)

    assert refused(unmapped, OTHER, 1) == []


def test_types_are_watched_from_their_first_refusal_on(unmapped: Unmapped) -> None:
    unmapped.mapped(KIND, 0.0)
    assert not unmapped.is_watching

    refused(unmapped, KIND, 1)

    assert unmapped.is_watching


def test_one_held_event_of_each_type_is_tried_once_a_minute(unmapped: Unmapped) -> None:
    first, second = refused(unmapped, KIND, LEAST + 1)
    (other,) = refused(unmapped, OTHER, LEAST, now=30.0)

    assert unmapped.due(TRIAL - 1) == ()
    assert unmapped.due(TRIAL) == [(KIND, first), (OTHER, other)]
    assert unmapped.due(TRIAL) == ()
    assert unmapped.due(2 * TRIAL) == [(KIND, second)]
    assert unmapped.held == {KIND: 0, OTHER: 0}


def test_where_nothing_is_held_nothing_is_due(unmapped: Unmapped) -> None:
    assert unmapped.due(TRIAL) == ()


def test_a_type_that_works_again_lets_all_its_events_go_and_begins_anew(
    unmapped: Unmapped,
) -> None:
    held = refused(unmapped, KIND, LEAST + 1)

    assert list(unmapped.release(KIND)) == held
    assert list(unmapped.release(KIND)) == []
    assert not unmapped.is_watching
    assert refused(unmapped, KIND, LEAST - 1) == []


def test_records_of_another_member_are_held_no_more(unmapped: Unmapped) -> None:
    gone, kept = refused(unmapped, KIND, LEAST + 1)
    (other,) = refused(unmapped, OTHER, LEAST)

    unmapped.drop(frozenset({gone, other}))

    assert unmapped.held == {KIND: 1}
    assert list(unmapped.release(KIND)) == [kept]
