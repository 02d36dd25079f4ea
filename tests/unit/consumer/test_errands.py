"""The calls of jobs: what goes in, and what the end of one means for its job."""

from collections.abc import Mapping
from typing import Any

from consumer.batcher import Limits
from consumer.deadletters.fates import Fate
from consumer.errands import Errands
from consumer.job import Batch, Errand, Job
from consumer.scheduler import Scheduler
from esputnik import requests
from esputnik.call import Action, Call, Repeat
from esputnik.outcome import Delivered, Rejected
from tests.builders import a_call, a_job, a_request, an_item

ANN = "e:ann@example.com"
REFUSED = Rejected(reason="esp.validation", detail="400")


class Desk:
    """Stands where there is one: errands, and all that is in them."""

    def __init__(self) -> None:
        self.scheduler = Scheduler(Limits())
        self.errands = Errands(self.scheduler)

    def submitted(self, *calls: Call, prior: tuple[Fate, ...] = (), **changes: Any) -> Job:
        job = a_job(*calls, **changes)
        self.errands.submit(job, prior, 0.0)
        return job

    def going(self) -> list[Batch]:
        return list(self.scheduler.take(0.0, caught_up=True))

    def end(self, errand: Errand, outcome: Delivered | Rejected) -> None:
        self.errands.end(errand, outcome, 1.0, holds_lane=True)


def a_message(**changes: Any) -> Call:
    return a_call(action=Action.CREATE_INBOX_MESSAGE, intent="inbox.create", lanes=(), **changes)


def a_translation(slot: str) -> Call:
    return a_call(
        action=Action.TRANSLATE_INBOX_MESSAGE,
        intent="inbox.translate",
        slot=slot,
        lanes=(),
        chained=True,
        request=a_request(path="/v1/appinbox/{id}/" + slot),
    )


def states(job: Job) -> list[str]:
    return [errand.state for errand in job.errands]


def the_fate(call: Call, state: str = "D", learned: Mapping[str, str] | None = None) -> Fate:
    return Fate(intent=call.intent, slot=call.slot, state=state, learned=learned or {})


def test_a_call_that_an_earlier_attempt_delivered_is_not_made_again() -> None:
    desk, first, second = Desk(), a_call(slot="a", lanes=()), a_call(slot="b", lanes=())

    job = desk.submitted(first, second, prior=(the_fate(first), the_fate(second, "R")))

    assert states(job) == ["D", ""]
    assert [list(batch.errands) for batch in desk.going()] == [[job.errands[1]]]


def test_a_job_of_which_all_was_delivered_before_is_over_at_once() -> None:
    desk, call = Desk(), a_call()

    job = desk.submitted(call, prior=(the_fate(call),))

    assert job.unfinished == 0
    assert desk.going() == []


def test_what_is_chained_goes_on_with_what_an_earlier_attempt_was_told() -> None:
    desk, message, translation = Desk(), a_message(), a_translation("uk")

    job = desk.submitted(message, translation, prior=(the_fate(message, learned={"id": "7"}),))

    (batch,) = desk.going()
    assert [errand.call.alone().path for errand in batch.errands] == ["/v1/appinbox/7/uk"]
    assert job.unfinished == 1


def test_what_is_chained_to_a_call_in_doubt_is_not_tried() -> None:
    desk = Desk()
    job = a_job(a_message(repeat=Repeat.COUNTS), a_translation("uk"), a_translation("en"))

    desk.errands.doubt(job, 0.0)

    assert states(job) == ["X", "N", "N"]
    assert job.unfinished == 0


def test_a_chained_call_that_ended_before_is_left_as_it_is() -> None:
    desk, message = Desk(), a_message()
    done, left = a_translation("uk"), a_translation("en")
    prior = (the_fate(message, learned={"id": "7"}), the_fate(done))

    job = desk.submitted(message, done, left, prior=prior)

    assert states(job) == ["D", "D", ""]
    assert [list(batch.errands) for batch in desk.going()] == [[job.errands[2]]]


def test_the_first_refusal_of_a_job_is_the_one_that_is_told() -> None:
    desk = Desk()
    job = desk.submitted(a_call(slot="a", lanes=()), a_call(slot="b", lanes=()))
    desk.going()

    desk.end(job.errands[0], REFUSED)
    desk.end(job.errands[1], Rejected(reason="esp.not_found", detail="404"))

    assert job.verdict == (job.errands[0].origin, REFUSED)
    assert states(job) == ["R", "R"]


def test_a_registration_behind_a_deletion_is_left_out() -> None:
    desk = Desk()
    deletion = a_call(action=Action.DELETE_CONTACT, intent="contact.delete", lanes=(ANN,))
    desk.submitted(deletion, occurred_at=200.0)

    job = desk.submitted(a_call(intent="token.register", lanes=(ANN,)), occurred_at=100.0)

    assert (states(job), job.skipped) == (["N"], "deleted")


def test_an_opt_in_that_waits_behind_others_is_left_out_where_an_opt_out_comes() -> None:
    desk = Desk()
    desk.submitted(a_call(lanes=(ANN,)), offset=0)
    opt_in = desk.submitted(
        an_item(requests.REMOVE_UNSUBSCRIBED, intent="consent.opt_in", lanes=(ANN,)), offset=1
    )

    desk.submitted(
        an_item(requests.ADD_UNSUBSCRIBED, intent="consent.opt_out", lanes=(ANN,), is_urgent=True),
        offset=2,
    )

    assert (states(opt_in), opt_in.skipped) == (["N"], "overtaken")


def test_a_look_up_goes_on_to_the_call_that_it_is_for() -> None:
    desk = Desk()
    found = a_request(action=Action.FIND_CONTACT, method="GET", path="/v1/contacts", body=None)
    job = desk.submitted(a_call(lookups=(found,), request=a_request(path="/v1/contact/{id}")))
    desk.going()
    (errand,) = job.errands

    desk.errands.advance(errand, {"id": "7"}, 1.0)

    (batch,) = desk.going()
    assert [one.call.alone().path for one in batch.errands] == ["/v1/contact/7"]
    assert not errand.is_lookup
