"""When each call goes, and with whom."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from consumer.batcher import Limits
from consumer.job import Batch, Errand, Job
from consumer.scheduler import Scheduler
from esputnik import requests
from esputnik.call import Action, Call
from tests.builders import a_call, a_job, a_request, an_item

ANN = "e:ann@example.com"
OLD, NEW = 100.0, 200.0  # when events happened


def a_scheduler(**limits: Any) -> Scheduler:
    return Scheduler(Limits(**limits))


def an_update(user: str = "1", **fields: str) -> Call:
    """An update of a contact, as an item of an import."""
    shape = requests.bulk_contacts(
        dedupe_on="externalCustomerId",
        contact_fields=tuple(fields),
        custom_fields_ids=(),
        group_names=(),
        restore_deleted=False,
    )
    item = orjson.dumps({"externalCustomerId": user, "channels": [], **fields})
    lanes = (f"u:{user}",)
    return an_item(shape, item, intent="contact.upsert", lanes=lanes)


def a_deletion() -> Call:
    return a_call(action=Action.DELETE_CONTACT, intent="contact.delete", lanes=(ANN,))


def an_opt_in(**changes: Any) -> Call:
    """An opt-in by the e-mail list."""
    given = {"intent": "consent.opt_in", "lanes": (ANN,)} | changes
    return an_item(requests.REMOVE_UNSUBSCRIBED, b'"ann@example.com"', **given)


def an_opt_out() -> Call:
    intent = "consent.opt_out"
    item = b'"ann@example.com"'
    shape = requests.ADD_UNSUBSCRIBED
    return an_item(shape, item, intent=intent, lanes=(ANN,), is_urgent=True)


def submitted(scheduler: Scheduler, call: Call, now: float = 0.0, **changes: Any) -> Errand:
    (errand,) = a_job(call, **changes).errands
    scheduler.submit(errand, now)
    return errand


def taken(scheduler: Scheduler, now: float = 0.0) -> list[Batch]:
    return list(scheduler.take(now, caught_up=True))


def sent(scheduler: Scheduler, now: float = 0.0) -> list[Errand]:
    return [errand for batch in taken(scheduler, now) for errand in batch.errands]


def end(scheduler: Scheduler, *errands: Errand) -> None:
    for errand in errands:
        for member in errand.members():
            member.state = "D"
    scheduler.ended(errands, 0.0)


def abandon(*errands: Errand) -> None:
    for errand in errands:
        errand.job.is_abandoned = True


# -- order ----------------------------------------------------------------------------------


def test_a_call_goes_when_the_one_before_it_has_ended() -> None:
    scheduler = a_scheduler()
    first, second = (submitted(scheduler, a_call()) for _ in range(2))

    assert sent(scheduler) == [first]
    assert sent(scheduler) == []
    end(scheduler, first)
    assert sent(scheduler) == [second]


def test_a_contact_of_whom_all_calls_have_ended_is_forgotten() -> None:
    scheduler = a_scheduler()
    errand = submitted(scheduler, a_call())
    assert len(scheduler) == 1

    end(scheduler, errand)

    assert len(scheduler) == 0


def test_a_call_keeps_its_turn_between_its_own_requests() -> None:
    scheduler = a_scheduler()
    first, second = (submitted(scheduler, a_call()) for _ in range(2))
    sent(scheduler)

    scheduler.again(first, 1.0)

    assert sent(scheduler, 1.0) == [first]
    end(scheduler, first)
    assert sent(scheduler) == [second]


def test_it_is_known_how_many_wait_behind_a_busy_contact() -> None:
    scheduler = a_scheduler()
    first, *_others = (submitted(scheduler, a_call()) for _ in range(3))

    assert scheduler.crowd(first) == 2


# -- company --------------------------------------------------------------------------------


def test_items_of_different_contacts_go_in_one_request() -> None:
    scheduler = a_scheduler()
    one, other = (submitted(scheduler, an_update(user, firstName="Ann")) for user in "12")

    (batch,) = taken(scheduler)

    assert list(batch.errands) == [one, other]


def test_an_item_waits_for_company_while_there_is_more_to_read() -> None:
    scheduler = a_scheduler(max_wait=0.25)
    submitted(scheduler, an_update(firstName="Ann"), now=1.0)

    assert scheduler.next_due(1.0) == 0.25
    assert list(scheduler.take(1.0, caught_up=False)) == []
    assert len(list(scheduler.take(1.25, caught_up=False))) == 1


def test_a_request_that_was_too_large_makes_the_next_ones_smaller() -> None:
    scheduler = a_scheduler()
    scheduler.too_large(Action.BULK_CONTACTS, 2, 0.0)
    for user in "12":
        submitted(scheduler, an_update(user, firstName="a" * 10_000))

    (batch, *_others) = taken(scheduler, 9.0)

    assert len(batch.errands) == 1


def test_a_batch_has_its_place_until_it_is_done_and_may_take_it_again() -> None:
    scheduler = a_scheduler(imports=1)
    submitted(scheduler, an_update("1", firstName="Ann"))
    (batch,) = taken(scheduler)
    submitted(scheduler, an_update("2", firstName="Bob"))

    scheduler.done(batch)
    scheduler.resumed(batch)
    assert taken(scheduler, 9.0) == []
    scheduler.done(batch)

    assert len(taken(scheduler, 9.0)) == 1


# -- merging --------------------------------------------------------------------------------


def test_an_update_joins_the_open_update_of_the_same_contact() -> None:
    scheduler = a_scheduler()
    item = submitted(scheduler, an_update(firstName="Ann"))
    rider = submitted(scheduler, an_update(lastName="Lee"))

    assert sent(scheduler) == [item]

    told = orjson.loads(item.call.item)
    assert (told["firstName"], told["lastName"]) == ("Ann", "Lee")
    assert list(item.members()) == [item, rider]


def test_further_updates_join_as_well_in_their_order() -> None:
    scheduler = a_scheduler()
    item, *riders = (submitted(scheduler, an_update(firstName=name)) for name in "abc")

    assert sent(scheduler) == [item]
    assert orjson.loads(item.call.item)["firstName"] == "c"
    assert list(item.members()) == [item, *riders]


def test_a_merged_update_is_due_when_the_first_of_it_is() -> None:
    scheduler = a_scheduler(max_wait=0.25)
    submitted(scheduler, an_update(firstName="Ann"), now=0.0)
    submitted(scheduler, an_update(lastName="Lee"), now=0.2)

    assert scheduler.next_due(0.2) == pytest.approx(0.05)


def test_an_update_joins_one_that_waits_itself_and_goes_in_its_turn() -> None:
    scheduler = a_scheduler()
    ahead = submitted(scheduler, a_call(lanes=("u:1",)))
    item = submitted(scheduler, an_update(firstName="Ann"))
    rider = submitted(scheduler, an_update(lastName="Lee"))

    assert sent(scheduler) == [ahead]
    assert list(item.members()) == [item, rider]
    end(scheduler, ahead)
    assert sent(scheduler) == [item]


def test_an_update_waits_for_one_that_is_under_way() -> None:
    scheduler = a_scheduler()
    first = submitted(scheduler, an_update(firstName="Ann"))
    sent(scheduler)

    second = submitted(scheduler, an_update(lastName="Lee"))

    assert sent(scheduler) == []
    assert list(first.members()) == [first]
    end(scheduler, first)
    assert sent(scheduler, 9.0) == [second]


def set_by_shape(errand: Errand) -> None:
    errand.by_shape = True


@pytest.mark.parametrize("change", [set_by_shape, abandon])
def test_nothing_joins_an_item_that_goes_apart_or_is_abandoned(change: Any) -> None:
    scheduler = a_scheduler()
    first = submitted(scheduler, an_update(firstName="Ann"))
    change(first)

    submitted(scheduler, an_update(lastName="Lee"))

    assert sent(scheduler) == [first]
    assert list(first.members()) == [first]


def test_calls_that_no_single_call_could_stand_for_are_not_merged() -> None:
    scheduler = a_scheduler()

    assert scheduler.merged(a_call(), a_call()) is None


@pytest.mark.parametrize("any_status", [True, False])
def test_orders_of_different_status_are_merged_where_that_is_wanted(
    any_status: bool,  # noqa: FBT001 - a case of the table
) -> None:
    scheduler = a_scheduler(any_status=any_status)
    before, after = (an_item(item=b'{"status":"%s"}' % status) for status in (b"A", b"B"))

    assert (scheduler.merged(before, after) is not None) is any_status


# -- abandoned calls ------------------------------------------------------------------------


def test_abandoned_calls_that_wait_are_not_sent_and_hold_up_nobody() -> None:
    scheduler = a_scheduler()
    first, gone, last = (submitted(scheduler, a_call()) for _ in range(3))
    sent(scheduler)
    abandon(gone)

    end(scheduler, first)

    assert gone.state == "N"
    assert sent(scheduler) == [last]


def test_thousands_of_abandoned_calls_of_one_contact_leave_at_once() -> None:
    scheduler = a_scheduler()
    first, *gone = (submitted(scheduler, a_call()) for _ in range(3000))
    sent(scheduler)
    abandon(*gone)

    end(scheduler, first)

    assert {one.state for one in gone} == {"N"}
    assert len(scheduler) == 0


def test_an_abandoned_call_goes_all_the_same_for_those_it_carries_along() -> None:
    scheduler = a_scheduler()
    ahead = submitted(scheduler, a_call(lanes=("u:1",)))
    item = submitted(scheduler, an_update(firstName="Ann"))
    submitted(scheduler, an_update(lastName="Lee"))
    sent(scheduler)
    abandon(item)

    end(scheduler, ahead)

    assert sent(scheduler) == [item]


# -- deletions ------------------------------------------------------------------------------


@pytest.mark.parametrize(("occurred_at", "is_behind"), [(OLD, True), (NEW, False)])
def test_what_happened_before_a_deletion_under_way_is_behind_it(
    occurred_at: float,
    is_behind: bool,  # noqa: FBT001 - a case of the table
) -> None:
    scheduler = a_scheduler()
    (deletion,) = a_job(a_deletion(), occurred_at=OLD).errands
    scheduler.submit(deletion, 0.0)
    submitted(scheduler, a_call())

    assert scheduler.is_behind_deletion(a_call(), occurred_at) is is_behind


def test_what_is_about_others_or_behind_a_finished_deletion_is_behind_none() -> None:
    scheduler = a_scheduler()
    (deletion,) = a_job(a_deletion(), occurred_at=NEW).errands
    scheduler.submit(deletion, 0.0)

    assert not scheduler.is_behind_deletion(a_call(lanes=("e:ben@example.com",)), OLD)
    end(scheduler, deletion)
    assert not scheduler.is_behind_deletion(a_call(), OLD)


# -- consent --------------------------------------------------------------------------------


def overruled(opt_in: Call, before: Any = None, after: Any = None) -> tuple[Job, bool]:
    """Let an opt-in wait, then an opt-out come; `before` and `after` change their records.

    Return also whether the opt-out overruled the opt-in.
    """
    scheduler = a_scheduler()
    submitted(scheduler, a_call(lanes=(ANN,)))
    sent(scheduler)
    job = a_job(opt_in, **{"occurred_at": OLD, "offset": 1} | (before or {}))
    out = a_job(an_opt_out(), **{"occurred_at": OLD, "offset": 2} | (after or {}))
    scheduler.submit(job.errands[0], 0.0)
    overtaken = scheduler.submit(out.errands[0], 0.0)
    assert list(overtaken) in ([], [job.errands[0]])
    return job, bool(overtaken)


def test_an_opt_in_that_waits_is_overruled_by_a_later_opt_out() -> None:
    job, is_overruled = overruled(an_opt_in())

    assert is_overruled
    assert job.errands[0].state == "N"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"occurred_at": NEW}, {"occurred_at": OLD}, True),
        ({"partition": 1, "offset": 9}, {"occurred_at": NEW}, True),
        ({"partition": 1, "offset": 9}, {}, True),
        ({"partition": 1, "occurred_at": NEW}, {"occurred_at": OLD}, False),
    ],
    ids=["within a partition by offset", "else by time", "the same time", "newer"],
)
def test_an_opt_in_is_overruled_if_it_is_no_newer(
    before: dict[str, Any],
    after: dict[str, Any],
    expected: bool,  # noqa: FBT001 - a case of the table
) -> None:
    _, is_overruled = overruled(an_opt_in(), before, after)

    assert is_overruled is expected


@pytest.mark.parametrize("action", [Action.DETACH_CONTACTS, Action.SET_SUBSCRIPTIONS])
def test_an_opt_in_to_another_channel_is_not_overruled(action: Action) -> None:
    call = a_call(action=action, intent="consent.opt_in", lanes=(ANN,))

    _, is_overruled = overruled(call)

    assert not is_overruled


def test_an_opt_in_is_overruled_that_has_yet_to_look_up_the_contact() -> None:
    find = a_request(action=Action.FIND_CONTACT, method="GET", path="/v1/contacts", body=None)

    _, is_overruled = overruled(an_opt_in(lookups=(find,)))

    assert is_overruled


def test_an_opt_in_is_overruled_once() -> None:
    scheduler = a_scheduler()
    submitted(scheduler, a_call(lanes=(ANN,)))
    opt_in = submitted(scheduler, an_opt_in(), offset=1)
    first, second = (a_job(an_opt_out(), offset=offset).errands[0] for offset in (2, 3))

    assert list(scheduler.submit(first, 0.0)) == [opt_in]
    assert list(scheduler.submit(second, 0.0)) == []


def test_an_opt_in_under_way_is_waited_for() -> None:
    scheduler = a_scheduler()
    opt_in = submitted(scheduler, an_opt_in(), offset=1)
    sent(scheduler)
    (opt_out,) = a_job(an_opt_out(), offset=2).errands

    assert not scheduler.submit(opt_out, 0.0)

    assert sent(scheduler) == []
    end(scheduler, opt_in)
    assert sent(scheduler) == [opt_out]


def test_where_the_opt_in_was_all_there_was_the_opt_out_goes_at_once() -> None:
    scheduler = a_scheduler()
    opt_in = submitted(scheduler, an_opt_in(), offset=1)
    (opt_out,) = a_job(an_opt_out(), offset=2).errands

    assert list(scheduler.submit(opt_out, 0.0)) == [opt_in]

    assert sent(scheduler) == [opt_out]
    end(scheduler, opt_out)
    assert len(scheduler) == 0


def test_an_opt_out_passes_an_import_of_the_same_contact() -> None:
    scheduler = a_scheduler()
    update = submitted(scheduler, an_update(firstName="Ann"))
    assert sent(scheduler) == [update]

    opt_out = submitted(scheduler, replace(an_opt_out(), lanes=("u:1",)))

    assert sent(scheduler) == [opt_out]
