"""Ends of imports, and what they tell of all imports together."""

import pytest

from consumer.sessions import IMPORT_FAILED, IMPORT_LOST, REMEMBERED, Ending, Meanwhile, Sessions


def an_end(cause: str = "", began: float = 0.0, *, is_first: bool = True) -> Ending:
    return Ending(began=began, cause=cause, is_first=is_first)


@pytest.mark.parametrize(("cause", "limit"), [(IMPORT_FAILED, 10), (IMPORT_LOST, 3)])
def test_so_many_imports_that_fail_in_a_row_are_an_outage(cause: str, limit: int) -> None:
    sessions = Sessions()

    told = [sessions.note(an_end(cause)) for _ in range(limit + 1)]

    assert told == [False] * (limit - 1) + [True, True]


def test_an_import_that_finished_begins_the_row_anew() -> None:
    sessions = Sessions()
    for _ in range(9):
        sessions.note(an_end(IMPORT_FAILED))

    assert not sessions.note(an_end())
    assert not sessions.note(an_end(IMPORT_FAILED))


def test_so_does_a_contact_that_was_found_to_be_to_blame() -> None:
    sessions = Sessions()
    for _ in range(9):
        sessions.note(an_end(IMPORT_FAILED))

    sessions.explained()

    assert not sessions.note(an_end(IMPORT_FAILED))


def test_what_began_since_is_told_apart_by_how_it_ended() -> None:
    sessions = Sessions()
    for began in (1.0, 2.0, 3.0):
        sessions.note(an_end(began=began))
        sessions.note(an_end(IMPORT_FAILED, began))
        sessions.note(an_end(IMPORT_LOST, began, is_first=False))

    assert sessions.meanwhile(2.0) == Meanwhile(finished=2, failed=2, failed_again=2)
    assert sessions.finished == 3


def test_of_very_many_the_last_ones_are_remembered() -> None:
    sessions = Sessions()
    for _ in range(REMEMBERED + 1):
        sessions.note(an_end())

    assert sessions.meanwhile(0.0) == Meanwhile(finished=REMEMBERED)
