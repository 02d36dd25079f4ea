"""What went out about a contact within the last minute, so that a refused repeat can be judged."""

from consumer.recent import WINDOW, Recent

ANN, BEN = "e:ann@example.com", "e:ben@example.com"


def test_the_same_request_is_the_last_one_until_another_is_sent() -> None:
    recent = Recent()
    recent.sent([ANN], b"first", 0.0)

    assert recent.was_last([ANN], b"first", 1.0)

    recent.sent([ANN], b"second", 2.0)

    assert not recent.was_last([ANN], b"first", 3.0)
    assert recent.was_last([ANN], b"second", 3.0)


def test_it_must_be_the_last_about_each_of_its_names() -> None:
    recent = Recent()
    recent.sent([ANN, BEN], b"both", 0.0)
    recent.sent([BEN], b"one", 1.0)

    assert not recent.was_last([ANN, BEN], b"both", 2.0)
    assert recent.was_last([ANN], b"both", 2.0)


def test_nothing_is_the_last_about_whom_nothing_was_sent() -> None:
    assert not Recent().was_last([ANN], b"first", 0.0)


def test_any_other_request_about_a_contact_stands_between() -> None:
    recent = Recent()
    recent.sent([ANN], b"first", 0.0)

    recent.sent([ANN, BEN], None, 1.0)

    assert not recent.was_last([ANN], b"first", 2.0)
    assert recent.knows([ANN], 2.0)
    assert not recent.knows([ANN], WINDOW + 1)


def test_of_requests_that_no_refusal_can_be_about_nothing_is_remembered() -> None:
    recent = Recent()

    recent.sent([BEN], None, 0.0)

    assert not recent.knows([BEN], 0.0)
    assert len(recent) == 0


def test_a_request_is_forgotten_when_the_window_is_over() -> None:
    recent = Recent()
    recent.sent([ANN], b"first", 0.0)

    assert recent.was_last([ANN], b"first", WINDOW)
    assert not recent.was_last([ANN], b"first", WINDOW + 1)
    assert not recent.knows([ANN], WINDOW + 1)
    assert len(recent) == 0


def test_a_request_that_was_sent_anew_is_remembered_from_then_on() -> None:
    recent = Recent()
    recent.sent([ANN], b"first", 0.0)
    recent.sent([ANN], b"first", 30.0)

    assert recent.was_last([ANN], b"first", WINDOW + 1)
    assert not recent.knows([ANN], WINDOW + 31)


def test_one_known_name_is_enough_to_know_of_a_request() -> None:
    recent = Recent()
    recent.sent([ANN], b"first", 0.0)

    assert recent.knows([BEN, ANN], 1.0)
    assert not recent.knows([BEN], 1.0)


def test_after_a_takeover_anything_may_have_been_sent_about_anybody() -> None:
    recent = Recent()
    recent.sent([ANN], b"first", 0.0)

    recent.took_over(1.0)

    assert not recent.was_last([ANN], b"first", 2.0)
    assert recent.knows([BEN], WINDOW)
    assert not recent.knows([BEN], WINDOW + 1)
