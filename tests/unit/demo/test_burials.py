from consumer.deadletters.letter import NotALetter
from demo.burials import wrong_burials
from demo.sample import SKIPPED
from tests.builders import a_record
from tests.unit.demo.builders import a_letter, a_sample

BAD = a_sample(verdict="schema.enum", headers=(("trace", None), ("trace", b"\x00")))
RECORD = a_record(topic="orders", headers=BAD.headers)


def test_letters_of_the_planted_events_are_right() -> None:
    assert wrong_burials([BAD, a_sample(), a_sample(verdict=SKIPPED)], [a_letter(RECORD)]) == []


def test_a_planted_event_without_a_letter_is_missed() -> None:
    assert wrong_burials([BAD, BAD], [a_letter(RECORD)]) == [
        "1 of topic orders, planted and not buried as schema.enum"
    ]


def test_a_letter_of_a_good_event_is_one_too_many() -> None:
    assert wrong_burials([a_sample()], [a_letter(a_record(topic="orders"))]) == [
        "1 of topic orders, buried and not planted as schema.enum"
    ]


def test_another_reason_is_wrong() -> None:
    assert wrong_burials([BAD], [a_letter(RECORD, "schema.missing")]) == [
        "1 of topic orders, planted and not buried as schema.enum",
        "1 of topic orders, buried and not planted as schema.missing",
    ]


def test_a_changed_byte_is_wrong() -> None:
    changed = a_record(topic="orders", headers=(("trace", None), ("trace", b"\x01")))

    assert len(wrong_burials([BAD], [a_letter(changed)])) == 2


def test_two_events_of_the_same_bytes_take_two_letters() -> None:
    other = a_record(topic="orders", headers=BAD.headers, offset=1)

    assert wrong_burials([BAD, BAD], [a_letter(RECORD), a_letter(other)]) == []


def test_a_letter_that_was_written_twice_counts_once() -> None:
    assert wrong_burials([BAD], [a_letter(RECORD), a_letter(RECORD)]) == []


def test_a_stranger_among_the_letters_is_wrong() -> None:
    assert wrong_burials([], [NotALetter("no tail of ours")]) == [
        "a record of the dead-letter topic is no letter: no tail of ours"
    ]
