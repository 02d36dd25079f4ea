"""Of calls that share a name one alone is under way, the earlier first."""

from typing import Any

import pytest

from consumer.job import Errand
from consumer.lanes import MOST_NAMES, Lanes, is_open_to_undoing
from esputnik.call import Action
from tests.builders import IMPORT, a_call, a_job, an_item


def about(*names: str, **changes: Any) -> Errand:
    (errand,) = a_job(a_call(lanes=names, **changes)).errands
    return errand


def importing(*names: str) -> Errand:
    (errand,) = a_job(an_item(IMPORT, lanes=names)).errands
    return errand


def opting_in(*names: str) -> Errand:
    return about(*names, action=Action.REMOVE_UNSUBSCRIBED)


def opting_out(*names: str) -> Errand:
    return about(*names, action=Action.ADD_UNSUBSCRIBED, is_urgent=True)


def enter(lanes: Lanes, errand: Errand) -> bool:
    """Let a call in as the scheduler does; tell whether it may go."""
    ahead = lanes.stand(errand)
    return lanes.wait(errand, ahead or [])


def entered(*errands: Errand) -> Lanes:
    lanes = Lanes()
    for errand in errands:
        enter(lanes, errand)
    return lanes


def end(lanes: Lanes, errand: Errand) -> list[Errand]:
    """End a call; return those that may go now."""
    errand.state = "D"
    return lanes.leave([errand])


# -- who waits for whom ---------------------------------------------------------------------


def test_calls_of_different_contacts_do_not_wait_for_each_other() -> None:
    lanes = Lanes()

    assert enter(lanes, about("e:a"))
    assert enter(lanes, about("e:b"))


def test_a_call_waits_for_an_earlier_one_of_the_same_contact() -> None:
    first, second = about("e:a"), about("e:a")
    lanes = entered(first)

    assert not enter(lanes, second)
    assert end(lanes, first) == [second]


def test_names_that_a_call_ahead_has_too_are_waited_for_as_well() -> None:
    both, by_one, by_other = about("u:1", "e:a"), about("e:a"), about("u:1")
    lanes = entered(both, by_one, by_other)
    last = about("e:a")

    assert not enter(lanes, last)
    assert end(lanes, both) == [by_one]
    assert end(lanes, by_one) == [by_other]
    assert end(lanes, by_other) == [last]
    end(lanes, last)
    assert len(lanes) == 0


def test_the_same_order_makes_no_line_of_other_orders() -> None:
    lanes = entered(about("o:1", "o:2"), about("o:2"))

    assert enter(lanes, about("o:3"))
    assert not enter(lanes, about("o:1"))


def test_a_name_that_many_share_makes_no_line_without_end() -> None:
    strangers = [about(f"u:{number}", "e:a") for number in range(2 * MOST_NAMES)]
    entered(*strangers)

    assert max(len(one.names) for one in strangers) == MOST_NAMES


def test_a_call_waits_for_the_last_one_of_its_contact_alone() -> None:
    first, second, third = about("e:a"), about("e:a"), about("e:a")
    lanes = entered(first, second, third)

    assert end(lanes, first) == [second]
    assert end(lanes, second) == [third]


def test_a_call_about_two_names_waits_for_both() -> None:
    by_email, by_id, both = about("e:a"), about("u:1"), about("u:1", "e:a")
    lanes = entered(by_email, by_id, both)

    assert end(lanes, by_email) == []
    assert end(lanes, by_id) == [both]


def test_a_call_that_shares_two_names_with_another_waits_for_it_once() -> None:
    lanes, first = Lanes(), about("u:1", "e:a", "p:1")
    third = about("p:1", "u:1", "e:b", "e:a")
    enter(lanes, first)
    second = about("e:b")
    enter(lanes, second)

    assert lanes.stand(third) == [first, second]


def test_a_call_that_names_somebody_twice_does_not_wait_for_itself() -> None:
    assert Lanes().stand(about("e:a", "e:a")) is None


def test_a_call_without_a_name_goes_at_once() -> None:
    lanes = entered(about())

    assert enter(lanes, about())
    assert len(lanes) == 0


def test_several_calls_that_end_together_let_go_all_that_waited_for_them() -> None:
    first, second, both = about("e:a"), about("e:b"), about("e:a", "e:b")
    lanes = entered(first, second, both)
    first.state = second.state = "D"

    assert lanes.leave([first, second]) == [both]


def test_a_call_that_is_merged_into_another_adds_its_names() -> None:
    item, next_one = importing("u:1"), about("e:a")
    lanes = entered(item)

    lanes.spread(item, ("u:1", "e:a"))

    assert not enter(lanes, next_one)
    assert end(lanes, item) == [next_one]
    end(lanes, next_one)
    assert len(lanes) == 0


def test_the_names_of_a_merged_call_are_given_back_though_it_is_sent_alone_in_the_end() -> None:
    item = importing("u:1")
    lanes = entered(item)
    lanes.spread(item, ("e:a",))
    item.call = item.origin

    end(lanes, item)

    assert len(lanes) == 0
    assert enter(lanes, about("e:a"))


# -- what is known of those who wait --------------------------------------------------------


def test_the_last_call_of_a_name_is_known_once() -> None:
    first, second = about("e:a", "u:1"), about("p:1")
    lanes = entered(first, second)

    assert lanes.last(("u:1", "e:a", "e:nobody", "p:1")) == [first, second]


def test_the_unfinished_calls_ahead_are_named_once_each() -> None:
    ended, left, right = about("e:a"), about("e:a"), about("u:1")
    last = about("e:a", "u:1")
    lanes = entered(ended, left, right, last)
    end(lanes, ended)

    assert set(lanes.ahead([last, left])) == {last, left, right}
    assert len(list(lanes.ahead([last, left]))) == 3
    assert list(lanes.ahead([ended])) == []


def test_it_is_counted_how_many_wait_under_the_busiest_name() -> None:
    first, waiting = about("e:a", "u:1"), [about("e:a"), about("e:a"), about("u:1")]
    lanes = entered(first, *waiting)

    assert lanes.crowd(("u:1", "e:a", "e:nobody")) == 2
    assert lanes.crowd(()) == 0

    end(lanes, first)

    assert lanes.crowd(("e:a", "u:1")) == 1


def test_a_finished_contact_leaves_nothing_behind() -> None:
    first, second, other = about("e:a", "u:1"), about("e:a"), about("e:b")
    lanes = entered(first, second, other)

    for errand in (first, second, other):
        end(lanes, errand)

    assert len(lanes) == 0
    assert lanes.crowd(("e:a", "u:1")) == 0
    assert not lanes.last(("e:a", "u:1", "e:b"))


# -- opt-outs pass others -------------------------------------------------------------------


def test_an_opt_out_passes_imports() -> None:
    lanes = entered(importing("e:a"), importing("e:a"))

    assert enter(lanes, opting_out("e:a"))


def test_an_opt_out_passes_what_says_nothing_of_consent_however_long_that_is_held() -> None:
    lanes = entered(about("e:a"), about("e:a"))

    assert enter(lanes, opting_out("e:a"))


def test_an_opt_out_by_the_list_passes_one_of_a_category() -> None:
    lanes = entered(about("e:a", action=Action.SET_SUBSCRIPTIONS))

    assert enter(lanes, opting_out("e:a"))


def test_a_plain_call_passes_no_import() -> None:
    lanes = entered(importing("e:a"))

    assert not enter(lanes, about("e:a"))


@pytest.mark.parametrize(
    "action", [Action.REMOVE_UNSUBSCRIBED, Action.DELETE_CONTACT, Action.ADD_UNSUBSCRIBED]
)
def test_an_opt_out_waits_for_what_says_something_of_the_list(action: Action) -> None:
    first, opt_out = about("e:a", action=action), opting_out("e:a")
    lanes = entered(first)

    assert not enter(lanes, opt_out)
    assert end(lanes, first) == [opt_out]


def test_an_opt_out_waits_for_what_stands_before_the_imports_it_passes() -> None:
    opt_in, first, second = opting_in("e:a"), importing("e:a"), importing("e:a")
    opt_out = opting_out("e:a")
    lanes = entered(opt_in, first, second)

    assert not enter(lanes, opt_out)
    assert end(lanes, opt_in) == [first, opt_out]


def test_an_opt_out_waits_once_for_what_stands_before_several_imports() -> None:
    opt_in = opting_in("e:a", "e:b")
    first, second, opt_out = importing("e:a"), importing("e:b"), opting_out("e:a", "e:b")
    lanes = entered(opt_in, first, second)

    assert not enter(lanes, opt_out)
    assert end(lanes, opt_in) == [first, opt_out]


def test_an_import_that_ends_lets_no_opt_out_go_that_waits_for_something_else() -> None:
    item, opt_in = importing("e:a"), opting_in("e:b")
    opt_out = opting_out("e:a", "e:b")
    lanes = entered(item, opt_in, opt_out)

    assert end(lanes, item) == []
    assert end(lanes, opt_in) == [opt_out]


def test_an_opt_out_that_stood_behind_nothing_but_an_ended_call_goes_at_once() -> None:
    ended, item = about("e:a"), importing("e:a")
    lanes = entered(ended, item)
    end(lanes, ended)

    assert enter(lanes, opting_out("e:a"))


def test_what_comes_behind_an_opt_out_still_waits_for_the_import_that_it_passed() -> None:
    running, opt_out, later = importing("e:a"), opting_out("e:a"), about("e:a")
    lanes = entered(running, opt_out, later)

    assert end(lanes, opt_out) == []
    assert end(lanes, running) == [later]


def test_a_second_opt_out_passes_the_first_one_that_has_ended() -> None:
    running, first = importing("e:a"), opting_out("e:a")
    lanes = entered(running, first)
    end(lanes, first)

    assert enter(lanes, opting_out("e:a"))


def test_an_opt_out_that_is_done_lets_another_past_while_it_stands_for_what_it_passed() -> None:
    held, first = about("e:a", action=Action.ADD_ORDERS), opting_out("e:a")
    second, later = opting_out("e:a"), about("e:a")
    lanes = entered(held, first)
    assert not enter(lanes, second)
    enter(lanes, later)

    assert end(lanes, first) == [second]
    assert end(lanes, second) == []
    assert end(lanes, held) == [later]


def test_a_plain_call_does_not_get_past_an_opt_out_that_is_done_before_its_time() -> None:
    held, opt_out = about("e:a", action=Action.ADD_ORDERS), opting_out("e:a")
    later = about("e:a")
    lanes = entered(held, opt_out, later)

    assert end(lanes, opt_out) == []
    assert end(lanes, held) == [later]


def test_an_import_that_ends_first_leaves_the_opt_out_that_passed_it_alone() -> None:
    running, opt_out, later = importing("e:a"), opting_out("e:a"), about("e:a")
    lanes = entered(running, opt_out, later)

    assert end(lanes, running) == []
    assert end(lanes, opt_out) == [later]


def test_an_opt_out_that_is_done_goes_once_more_when_the_imports_have_ended() -> None:
    running, opt_out = importing("e:a"), opting_out("e:a")
    lanes = entered(running, opt_out)
    opt_out.asserted = True

    assert end(lanes, running) == [opt_out]


def test_it_goes_once_more_as_soon_as_what_might_undo_it_has_ended() -> None:
    item, held = importing("e:a"), about("e:a", action=Action.ADD_ORDERS)
    opt_out, later = opting_out("e:a"), about("e:a")
    lanes = entered(item, held, opt_out, later)
    assert is_open_to_undoing(opt_out)
    opt_out.asserted = True

    assert end(lanes, item) == [held, opt_out]
    assert not is_open_to_undoing(opt_out)
    assert end(lanes, opt_out) == []
    assert end(lanes, held) == [later]


@pytest.mark.parametrize("action", [Action.ADD_CONTACT, Action.ADD_ORDERS])
def test_of_what_an_opt_out_passes_only_what_writes_the_profile_might_undo_it(
    action: Action,
) -> None:
    opt_out = opting_out("e:a")
    entered(about("e:a", action=action), opt_out)

    assert is_open_to_undoing(opt_out) == (action is Action.ADD_CONTACT)


def test_a_call_that_was_dropped_while_it_waited_lets_on_nobody_before_its_time() -> None:
    running, dropped, later = about("e:a"), about("e:a"), about("e:a")
    lanes = entered(running, dropped, later)

    assert end(lanes, dropped) == []
    assert end(lanes, running) == [later]
    assert end(lanes, later) == []
    assert len(lanes) == 0


def test_a_call_that_ends_leaves_its_name_to_who_stands_there_by_now() -> None:
    gone, here = about("e:a"), about("e:a")
    lanes = entered(gone)
    lanes.stand(here)

    assert end(lanes, gone) == []
    assert lanes.last(("e:a",)) == [here]


def test_a_call_that_waited_under_two_names_lets_on_those_of_each() -> None:
    first, both, by_email = about("u:1"), about("u:1", "e:a"), about("e:a")
    lanes = entered(first, both, by_email)
    assert end(lanes, first) == [both]

    assert end(lanes, both) == [by_email]

    assert lanes.last(("u:1", "e:a")) == [by_email]
    assert lanes.crowd(("u:1", "e:a")) == 0
