"""What is decided of an event, as a value."""

import pytest

from consumer.consent.admission import ADDRESS, PHONE, Admission, Decision, Person
from consumer.consent.words import EMAIL
from tests.builders import a_call, a_record
from tests.unit.consumer.consent.given import ANN, USER, an_opt_out

BOTH = Person(("u:1", "e:ann@example.com"), (USER, ANN))


def test_a_person_is_known_by_the_names_that_the_event_has() -> None:
    assert BOTH.hash_of(ADDRESS) == ANN
    assert BOTH.hash_of(PHONE) is None


@pytest.mark.parametrize(
    ("target", "name"), [(EMAIL, "e:ann@example.com"), ("sms", "u:1"), (None, "u:1")]
)
def test_a_decision_names_whom_esputnik_is_told_of(target: str | None, name: str) -> None:
    admission = Admission(person=BOTH, record=a_record())

    admission.decide(target, "opt_out", "newest", 7)

    assert admission.decisions == [Decision(name, target, "opt_out", "newest", 7)]


def test_each_call_of_a_consent_event_has_the_word_about_its_target() -> None:
    admission = Admission(
        person=BOTH, record=a_record(), said=an_opt_out(target=""), targets={"a": "sms"}
    )

    assert admission.word(a_call(slot="a")) == an_opt_out(target="sms")


def test_an_event_that_is_none_of_consent_has_no_word() -> None:
    admission = Admission(person=BOTH, record=a_record())

    with pytest.raises(ValueError, match="none of consent"):
        admission.word(a_call())
