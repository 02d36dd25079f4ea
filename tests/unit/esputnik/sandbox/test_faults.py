"""What goes wrong by chance."""

import pytest

from esputnik.sandbox.faults import KINDS, Faults
from tests.unit.esputnik.sandbox.asking import a_contact, an_account, refusal

INFO = "/v1/account/info"


def struck(seed: int, chance: float) -> list[bool]:
    asker = an_account(seed=seed, faults={"500": chance})
    return [asker.get(INFO).status == 500 for _ in range(200)]


def test_the_same_seed_brings_the_same_faults() -> None:
    assert struck(1, 0.5) == struck(1, 0.5)
    assert struck(1, 0.5) != struck(2, 0.5)


def test_faults_come_about_as_often_as_was_asked_for() -> None:
    assert 20 < sum(struck(1, 0.2)) < 60
    assert all(struck(1, 1.0))
    assert not any(struck(1, 0.0))


@pytest.mark.parametrize(
    ("kind", "said"), [("500", (500, "Internal Server Error")), ("429", (429, "Too Many Requests"))]
)
def test_a_refusal_by_chance_does_nothing(kind: str, said: tuple[int, str]) -> None:
    asker = an_account(faults={kind: 1.0})

    assert refusal(asker.post("/v1/contact", a_contact())) == said
    assert asker.contacts() == []


def test_a_planned_429_says_when_to_come_again_as_a_real_one_does() -> None:
    asker = an_account(faults={"429": 1.0}, retry_after=3)

    assert asker.get(INFO).headers["Retry-After"] == "3"


def test_a_reset_comes_before_the_work() -> None:
    asker = an_account(faults={"reset": 1.0})

    answer = asker.post("/v1/contact", a_contact())

    assert answer.is_dropped
    assert asker.contacts() == []
    assert asker.state("requests") == {"add-contact": {"dropped": 1}}


def test_a_late_fault_comes_after_the_work() -> None:
    asker = an_account(faults={"late": 1.0})

    answer = asker.post("/v1/contact", a_contact())

    assert answer.is_dropped
    assert len(asker.contacts()) == 1


def test_a_slow_answer_takes_up_to_a_second() -> None:
    asker = an_account(faults={"slow": 1.0})

    answer = asker.get(INFO)

    assert 0.1 <= answer.delay <= 1.0
    assert (answer.status, answer.is_dropped) == (200, False)


@pytest.mark.parametrize(
    ("kind", "status"), [("import_error", "ERROR"), ("import_stuck", "IMPORTING")]
)
def test_an_import_may_fail_or_never_end(kind: str, status: str) -> None:
    asker = an_account(faults={kind: 1.0})
    session = asker.start_import(a_contact())["asyncSessionId"]

    asker.pass_time(1e6)

    assert asker.status_of(session)["status"] == status
    assert asker.contacts() == []


def test_the_first_of_two_refusals_counts() -> None:
    asker = an_account(faults={"429": 1.0, "500": 1.0})

    assert asker.get(INFO).status == 500


def test_without_faults_nothing_goes_wrong() -> None:
    asker = an_account()

    assert all(asker.get(INFO).status == 200 for _ in range(100))


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"501": 0.1}, f"501 is not a fault; use one of {', '.join(KINDS)}"),
        ({"500": 1.1}, "500: a probability is between 0 and 1"),
        ({"500": "often"}, "500: a probability is between 0 and 1"),
        ([], "the faults are an object of probabilities"),
    ],
)
def test_a_fault_that_is_none_is_refused(faults: object, message: str) -> None:
    plan = Faults({"500": 0.5}, 0)

    with pytest.raises(ValueError, match=message):
        plan.plan(faults)

    assert plan.shown()["faults"] == {"500": 0.5}
