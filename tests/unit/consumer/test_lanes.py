from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumer.lanes import Lanes
from esputnik.call import Call
from tests.builders import IMPORT, a_call, an_item


@dataclass(eq=False)
class Waiting:
    call: Call
    started: bool = False


def about(*names: str, **changes: Any) -> Waiting:
    return Waiting(a_call(lanes=names, **changes))


def importing(*names: str) -> Waiting:
    return Waiting(an_item(IMPORT, lanes=names))


def test_a_call_waits_for_an_earlier_one_of_the_same_contact() -> None:
    lanes: Lanes[Waiting] = Lanes()
    first, second = about("e:a"), about("e:a")

    assert lanes.enter(first) is True
    assert lanes.enter(second) is False
    assert lanes.leave(first) == [second]


def test_calls_of_different_contacts_do_not_wait_for_each_other() -> None:
    lanes: Lanes[Waiting] = Lanes()

    assert lanes.enter(about("e:a")) is True
    assert lanes.enter(about("e:b")) is True


def test_a_call_about_two_names_waits_for_both() -> None:
    lanes: Lanes[Waiting] = Lanes()
    by_email, by_id, both = about("e:a"), about("u:1"), about("u:1", "e:a")
    for waiting in (by_email, by_id, both):
        lanes.enter(waiting)

    assert lanes.leave(by_email) == []
    assert lanes.leave(by_id) == [both]


def test_a_call_without_a_name_goes_at_once() -> None:
    lanes: Lanes[Waiting] = Lanes()

    assert lanes.enter(about()) is True


def test_an_urgent_opt_out_passes_imports() -> None:
    lanes: Lanes[Waiting] = Lanes()
    lanes.enter(importing("e:a"))
    lanes.enter(importing("e:a"))

    assert lanes.enter(about("e:a", is_urgent=True)) is True


def test_an_urgent_opt_out_waits_for_a_call_that_is_no_import() -> None:
    lanes: Lanes[Waiting] = Lanes()
    queued_import, sign_up = importing("e:a"), about("e:a")
    opt_out = about("e:a", is_urgent=True)
    lanes.enter(queued_import)
    lanes.enter(sign_up)

    assert lanes.enter(opt_out) is False
    assert lanes.leave(sign_up) == [opt_out]


def test_a_plain_call_does_not_pass_an_import() -> None:
    lanes: Lanes[Waiting] = Lanes()
    lanes.enter(importing("e:a"))

    assert lanes.enter(about("e:a")) is False


def test_what_comes_after_an_overtaking_opt_out_still_waits_for_the_import() -> None:
    lanes: Lanes[Waiting] = Lanes()
    running, opt_out, later = importing("e:a"), about("e:a", is_urgent=True), about("e:a")
    for waiting in (running, opt_out, later):
        lanes.enter(waiting)

    assert lanes.leave(opt_out) == []
    assert lanes.leave(running) == [later]


def test_a_finished_contact_leaves_nothing_behind() -> None:
    lanes: Lanes[Waiting] = Lanes()
    only = about("e:a", "u:1")
    lanes.enter(only)

    lanes.leave(only)

    assert len(lanes) == 0


def test_the_calls_ahead_are_named_once_each() -> None:
    lanes: Lanes[Waiting] = Lanes()
    first, second = about("e:a", "u:1"), about("e:a", "u:1")
    lanes.enter(first)
    lanes.enter(second)

    assert list(lanes.ahead(second)) == [first]


NAMES = st.sets(st.sampled_from("abcde"), min_size=1, max_size=3)


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=40), st.randoms(use_true_random=False))
def test_no_name_is_in_two_calls_under_way_and_all_get_their_turn(
    wanted: list[tuple[set[str], bool]], dice: Any
) -> None:
    lanes: Lanes[Waiting] = Lanes()
    under_way: list[Waiting] = []
    finished: list[Waiting] = []
    everyone = [
        importing(*sorted(names)) if imports else about(*sorted(names)) for names, imports in wanted
    ]
    for waiting in everyone:
        if lanes.enter(waiting):
            under_way.append(waiting)
        while under_way and dice.random() < 0.3:
            done = under_way.pop(dice.randrange(len(under_way)))
            finished.append(done)
            under_way += lanes.leave(done)
        names = [name for one in under_way for name in one.call.lanes]
        assert len(names) == len(set(names))
    while under_way:
        done = under_way.pop(dice.randrange(len(under_way)))
        finished.append(done)
        under_way += lanes.leave(done)

    assert len(finished) == len(everyone)
    assert len(lanes) == 0
    for name in "abcde":
        arrived = [one for one in everyone if name in one.call.lanes]
        assert [one for one in finished if name in one.call.lanes] == arrived
