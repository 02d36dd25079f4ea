"""A record on its way, and the calls its event asks for."""

from consumer.deadletters.fates import Fate
from consumer.job import Errand
from esputnik.call import Action, Call
from tests.builders import IMPORT, Nobody, a_call, a_job, a_request, an_item

FIND = a_request(action=Action.FIND_CONTACT, method="GET", path="/v1/contacts", body=None)
READ = a_request(
    action=Action.GET_SUBSCRIPTIONS, method="GET", path="/v1/contact/{id}/subscriptions", body=None
)
SET = a_request(action=Action.SET_SUBSCRIPTIONS, path="/v1/contact/{id}/subscriptions")


def looking_up() -> Call:
    """A call that needs the contact's id, and then what it is subscribed to."""
    return a_call(action=Action.SET_SUBSCRIPTIONS, request=SET, lookups=(FIND, READ))


def the_errand(call: Call) -> Errand:
    (errand,) = a_job(call).errands
    return errand


def test_a_job_waits_for_each_of_its_calls() -> None:
    calls = a_call(slot="1"), a_call(slot="2")

    job = a_job(*calls, occurred_at=5.0)

    assert tuple(errand.origin for errand in job.errands) == calls
    assert (job.unfinished, job.occurred_at) == (2, 5.0)


def test_a_job_without_calls_waits_for_nothing() -> None:
    job = a_job()

    assert (job.unfinished, list(job.errands)) == (0, [])


def test_a_job_goes_on_with_more_calls_and_remembers_the_first_ones() -> None:
    job = a_job(a_call(slot="1"))
    job.errands[0].state = "D"

    job.go_on([a_call(slot="2"), a_call(slot="3")])

    assert job.unfinished == 2
    assert [(fate.slot, fate.state) for fate in job.fates()] == [("1", "D"), ("2", "N"), ("3", "N")]


def test_a_job_that_is_over_lets_its_calls_go() -> None:
    job = a_job(a_call())

    job.close()

    assert list(job.errands) == []


def test_a_job_remembers_its_owner_and_what_was_planned() -> None:
    job, owner = a_job(), Nobody()

    job.begin(owner, "a plan", [a_call()], 1.0)

    assert (job.owner, job.plan) == (owner, "a plan")


def test_only_the_calls_right_behind_a_call_are_chained_to_it() -> None:
    job = a_job(
        a_call(slot="head"),
        a_call(slot="1", chained=True),
        a_call(slot="2", chained=True),
        a_call(slot="next"),
        a_call(slot="3", chained=True),
    )
    head, following = job.errands[0], job.errands[3]

    assert [one.origin.slot for one in job.followers(head)] == ["1", "2"]
    assert [one.origin.slot for one in job.followers(following)] == ["3"]


def test_a_call_whose_look_ups_are_done_goes_itself() -> None:
    errand = the_errand(looking_up())

    asked = [errand.call.action]
    while errand.is_lookup:
        errand.advance({"id": "7"})
        asked.append(errand.call.action)

    assert asked == [Action.FIND_CONTACT, Action.GET_SUBSCRIPTIONS, Action.SET_SUBSCRIPTIONS]
    assert errand.call.alone().path == "/v1/contact/7/subscriptions"
    assert errand.fate().learned == {"id": "7"}


def test_a_look_up_that_did_not_teach_what_the_next_step_needs_is_noticed() -> None:
    errand = the_errand(looking_up())

    assert not errand.has_all({})
    assert errand.has_all({"id": "7"})

    errand.advance({"id": "7"})

    assert errand.has_all({})


def test_a_call_without_look_ups_needs_nothing_and_stays_as_it_is() -> None:
    errand = the_errand(a_call())

    errand.advance({"id": "7"})

    assert errand.has_all({})
    assert errand.call is errand.origin


def test_a_look_up_that_showed_there_is_nothing_to_do_is_the_last_step() -> None:
    errand = the_errand(looking_up())

    errand.cut_short()

    assert not errand.is_lookup


def test_a_chained_call_uses_what_the_call_before_it_was_taught() -> None:
    errand = the_errand(a_call(request=SET, chained=True))

    errand.learn({"id": "7"})

    assert errand.call.alone().path == "/v1/contact/7/subscriptions"
    assert errand.fate() == Fate(intent="contact.upsert", slot="", state="N", learned={"id": "7"})


def test_those_a_call_carries_along_come_after_it() -> None:
    errand, rider = the_errand(an_item(IMPORT)), the_errand(an_item(IMPORT))
    assert list(errand.members()) == [errand]

    errand.riders = [rider]

    assert list(errand.members()) == [errand, rider]


def test_a_call_that_waits_for_its_turn_is_open() -> None:
    errand = the_errand(a_call())
    assert errand.is_open

    errand.started = True

    assert not errand.is_open


def test_of_what_was_looked_up_a_letter_tells_the_id_and_no_address() -> None:
    errand = the_errand(looking_up())

    errand.advance({"id": "7", "email": "ann@example.com"})

    assert errand.fate().learned == {"id": "7"}
