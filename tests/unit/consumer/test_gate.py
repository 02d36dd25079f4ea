from itertools import pairwise

import pytest

from consumer.gate import Gate, Kind, Way
from consumer.sessions import IMPORT_FAILED, Ending
from esputnik.call import Action
from esputnik.outcome import Blocked, Scope

KEY = Blocked(scope=Scope.ACCOUNT, cause="401")
RIGHTS = Blocked(scope=Scope.ACTION, cause="403")
CONTACT, ORDERS = Way(Action.ADD_CONTACT), Way(Action.ADD_ORDERS)
IMPORT = Way(Action.BULK_CONTACTS)
FAILED = Ending(began=0.0, cause=IMPORT_FAILED)
SEND = Way(Action.SEND_MESSAGE, counts=True)
NO_FIELD = "esp.rejected_400 no such field"
EACH = 10.0  # s between failures: so long that only those in a row count


def a_gate_down(way: Way = ORDERS) -> Gate:
    """A gate that holds an action since 0 s for an outage, the first sign of which is over."""
    gate = Gate()
    for before in (4, 3, 2, 1, 0):
        gate.failed("503", way, -EACH * before, 0.0)
    gate.answered(CONTACT, 0.0, succeeded=True)
    return gate


def a_gate_refusing() -> Gate:
    """A gate that holds orders since 0 s, for all of them were refused for one cause."""
    gate = Gate()
    gate.answered(ORDERS, 0.0, succeeded=False)
    gate.refused(ORDERS, 50, {NO_FIELD: 50}, 0.0, 0.0)
    return gate


def kinds(gate: Gate) -> dict[str, Kind]:
    return {name: hold.kind for name, hold in gate.held()}


def test_an_open_gate_lets_every_call_go() -> None:
    gate = Gate()

    assert gate.wait(CONTACT, 0.0) is None
    assert gate.wait(SEND, 0.0) is None
    assert gate.may_still_go(SEND)
    assert (gate.next_probe(), gate.is_blocked(), kinds(gate)) == (None, False, {})


# -- the account --------------------------------------------------------------------------------


def test_a_refused_key_holds_everything_until_a_probe_succeeds() -> None:
    gate = Gate()
    gate.blocked(KEY, CONTACT, 0.0, 0.0)

    assert gate.wait(ORDERS, 1000.0) is not None
    assert not gate.may_still_go(ORDERS)
    assert (gate.next_probe(), gate.is_blocked(), kinds(gate)) == (
        60.0,
        True,
        {"account": Kind.BLOCKED},
    )

    assert gate.probed(ok=True, cause="", now=60.0, roll=0.0) is True
    assert gate.wait(ORDERS, 60.0) is None
    assert not gate.is_blocked()


def test_probes_that_fail_are_put_off_up_to_ten_minutes() -> None:
    gate, times = Gate(), [0.0]
    gate.blocked(KEY, CONTACT, 0.0, 0.0)

    for _ in range(6):
        times.append(gate.next_probe() or 0.0)
        assert gate.probed(ok=False, cause="401", now=times[-1], roll=0.0) is False

    assert [after - before for before, after in pairwise(times)] == [60, 120, 240, 480, 600, 600]


def test_a_probe_that_fails_says_why() -> None:
    gate = Gate()
    gate.blocked(KEY, CONTACT, 0.0, 0.0)

    gate.probed(ok=False, cause="timeout", now=60.0, roll=0.0)

    assert gate.account is not None
    assert gate.account.cause == "timeout"


def test_a_probe_that_nobody_asked_for_changes_nothing() -> None:
    gate = Gate()

    assert gate.probed(ok=True, cause="", now=0.0, roll=0.0) is False
    assert gate.probed(ok=False, cause="401", now=0.0, roll=0.0) is False
    assert gate.next_probe() is None


def test_a_key_that_is_refused_on_trial_leaves_the_turn_to_the_next() -> None:
    gate = a_gate_down()
    gate.wait(ORDERS, 1.0)

    gate.blocked(KEY, ORDERS, 1.0, 0.0)
    gate.probed(ok=True, cause="", now=61.0, roll=0.0)

    assert gate.wait(ORDERS, 61.0) is None


# -- an action ----------------------------------------------------------------------------------


def test_requests_refused_together_count_once() -> None:
    gate = Gate()
    for _ in range(5):
        gate.blocked(KEY, CONTACT, 0.0, 0.0)
        gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)

    assert gate.next_probe() == 60.0
    assert gate.actions[ORDERS.action].next_trial == 60.0


def test_a_refused_action_is_held_alone() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)

    assert gate.wait(ORDERS, 0.0) == 60.0
    assert gate.wait(CONTACT, 0.0) is None
    assert (gate.is_blocked(), kinds(gate)) == (True, {"add-orders": Kind.BLOCKED})


def test_trials_come_with_a_jitter_of_a_tenth() -> None:
    gate = Gate()

    gate.blocked(RIGHTS, ORDERS, 0.0, 0.5)
    assert gate.wait(ORDERS, 0.0) == pytest.approx(63.0)

    gate.wait(ORDERS, 63.0)
    gate.blocked(RIGHTS, ORDERS, 63.0, 0.5)
    assert gate.wait(ORDERS, 63.0) == pytest.approx(126.0)


def test_one_held_call_at_a_time_tries_whether_the_action_is_open_again() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)

    assert not gate.may_still_go(ORDERS)
    assert gate.wait(ORDERS, 60.0) is None
    assert gate.may_still_go(ORDERS)
    assert gate.wait(ORDERS, 60.0) is not None

    assert gate.answered(ORDERS, 60.0, succeeded=True) is True
    assert gate.wait(ORDERS, 60.0) is None


def test_a_trial_that_is_refused_again_waits_longer() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)
    for now in (60.0, 180.0):
        assert gate.wait(ORDERS, now) is None
        gate.blocked(RIGHTS, ORDERS, now, 0.0)

    assert gate.wait(ORDERS, 180.0) == 240.0


def test_a_trial_that_ended_otherwise_leaves_the_turn_to_the_next() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)
    gate.wait(ORDERS, 60.0)

    gate.gave_up(ORDERS.action)
    gate.gave_up(CONTACT.action)

    assert gate.wait(ORDERS, 60.0) is None


def test_a_trial_that_fails_for_another_cause_holds_the_action_for_that() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)
    gate.wait(ORDERS, 60.0)

    gate.failed("503", ORDERS, 60.0, 0.0)

    assert kinds(gate) == {"add-orders": Kind.OUTAGE}
    assert gate.wait(ORDERS, 60.0) == 1.0


def test_what_fails_beside_a_refused_action_changes_nothing_about_it() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, ORDERS, 0.0, 0.0)

    gate.failed("503", ORDERS, 10.0, 0.0)

    assert kinds(gate) == {"add-orders": Kind.BLOCKED}
    assert gate.wait(ORDERS, 10.0) == 50.0


# -- outages ------------------------------------------------------------------------------------


def test_five_failures_in_a_row_are_an_outage() -> None:
    gate = Gate()
    for now in range(4):
        gate.failed("503", ORDERS, EACH * now, 0.0)
    assert gate.wait(ORDERS, 30.0) is None

    gate.failed("503", ORDERS, 40.0, 0.0)

    assert gate.wait(ORDERS, 40.0) == 1.0
    assert (gate.is_blocked(), kinds(gate)) == (False, {"add-orders": Kind.OUTAGE})


def test_an_answer_between_them_is_a_sign_of_life() -> None:
    gate = Gate()
    for now in range(4):
        gate.failed("503", ORDERS, EACH * now, 0.0)
    gate.answered(ORDERS, 30.0, succeeded=False)

    gate.failed("503", ORDERS, 40.0, 0.0)

    assert gate.wait(ORDERS, 40.0) is None


def test_trials_that_fail_come_ever_later_up_to_a_minute() -> None:
    gate, times = a_gate_down(), [0.0]

    for _ in range(8):
        times.append(times[-1] + (gate.wait(ORDERS, times[-1]) or 0.0))
        assert gate.wait(ORDERS, times[-1]) is None
        gate.failed("503", ORDERS, times[-1], 0.0)

    assert [b - a for a, b in pairwise(times)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_trial_that_is_refused_shows_that_the_outage_is_over() -> None:
    gate = a_gate_down()
    gate.wait(ORDERS, 1.0)

    assert gate.answered(ORDERS, 1.0, succeeded=False) is True
    assert kinds(gate) == {}


# -- calls whose repeats count ------------------------------------------------------------------


def test_the_first_sign_of_an_outage_holds_calls_whose_repeats_count() -> None:
    gate = Gate()
    gate.failed("503", CONTACT, 0.0, 0.0)
    gate.failed("503", CONTACT, 0.5, 0.0)

    assert gate.wait(SEND, 0.5) is not None
    assert not gate.may_still_go(SEND)
    assert gate.wait(CONTACT, 0.5) is None
    assert gate.may_still_go(CONTACT)
    assert (gate.next_probe(), gate.is_blocked(), kinds(gate)) == (1.0, False, {})


def test_any_other_call_that_succeeds_lets_them_go() -> None:
    gate = Gate()
    gate.failed("503", CONTACT, 0.0, 0.0)

    assert gate.answered(CONTACT, 0.0, succeeded=False) is False
    assert gate.answered(SEND, 0.0, succeeded=True) is False
    assert gate.wait(SEND, 0.0) is not None

    assert gate.answered(CONTACT, 0.0, succeeded=True) is True
    assert gate.wait(SEND, 0.0) is None


def test_a_probe_that_succeeds_lets_them_go() -> None:
    gate = Gate()
    gate.failed("503", CONTACT, 0.0, 0.0)

    assert gate.probed(ok=True, cause="", now=1.0, roll=0.0) is True
    assert gate.wait(SEND, 1.0) is None


def test_a_probe_that_fails_is_repeated_ever_later() -> None:
    gate = Gate()
    gate.failed("503", CONTACT, 0.0, 0.0)

    gate.probed(ok=False, cause="503", now=1.0, roll=0.0)

    assert gate.next_probe() == 3.0


def test_such_a_call_that_fails_once_is_held_and_never_tries_by_itself() -> None:
    gate = Gate()
    gate.failed("503", SEND, 0.0, 0.0)
    gate.answered(CONTACT, 0.5, succeeded=True)
    gate.waiting[SEND] += 1

    assert kinds(gate) == {"send-message": Kind.OUTAGE}
    assert gate.wait(SEND, 1000.0) is not None
    assert gate.next_probe() == 1.0


def test_while_no_such_call_waits_none_is_said_to_be_held() -> None:
    gate = Gate()
    gate.failed("503", SEND, 0.0, 0.0)

    assert kinds(gate) == {}

    gate.failed("503", ORDERS, 0.0, 0.0)
    gate.waiting[SEND] += 1

    assert kinds(gate) == {"send-message": Kind.OUTAGE}


def test_one_that_is_refused_beside_it_leaves_it_to_be_tried_all_the_same() -> None:
    gate = Gate()
    gate.failed("reset", SEND, 0.0, 0.0)
    gate.blocked(RIGHTS, SEND, 0.1, 0.0)

    probe_at = gate.next_probe()
    gate.probed(ok=True, cause="", now=2.0, roll=0.0)

    assert probe_at == 1.0
    assert gate.wait(SEND, 2.0) is None


def test_it_tries_once_something_else_succeeded_and_its_time_has_come() -> None:
    gate = Gate()
    gate.failed("503", SEND, 0.0, 0.0)
    gate.answered(CONTACT, 0.5, succeeded=True)

    assert gate.answered(CONTACT, 1.0, succeeded=True) is True
    assert gate.wait(SEND, 1.0) is None
    assert gate.answered(SEND, 1.5, succeeded=True) is True
    assert (gate.next_probe(), kinds(gate)) == (None, {})


def test_one_sign_of_life_is_good_for_one_trial() -> None:
    gate = Gate()
    gate.failed("503", SEND, 0.0, 0.0)
    gate.probed(ok=True, cause="", now=1.0, roll=0.0)
    assert gate.probed(ok=True, cause="", now=1.0, roll=0.0) is False
    gate.wait(SEND, 1.0)

    gate.failed("503", SEND, 1.0, 0.0)
    gate.probed(ok=True, cause="", now=2.9, roll=0.0)

    assert gate.wait(SEND, 3.0) is not None
    gate.probed(ok=True, cause="", now=3.0, roll=0.0)
    assert gate.wait(SEND, 3.0) is None


def test_a_probe_that_fails_puts_off_the_trials_that_are_due_alone() -> None:
    gate = Gate()
    gate.failed("503", SEND, 0.0, 0.0)
    gate.failed("503", other := Way(Action.GENERATE_EVENT, counts=True), 0.9, 0.0)
    gate.waiting.update((SEND, other))

    gate.probed(ok=False, cause="timeout", now=1.0, roll=0.0)

    assert {hold.next_trial: hold.cause for _, hold in gate.held()} == {3.0: "timeout", 1.9: "503"}
    assert gate.next_probe() == 1.9


# -- many refusals for one cause ----------------------------------------------------------------


def test_most_calls_refused_for_one_cause_hold_the_action_and_bury_nothing() -> None:
    gate = Gate()

    assert gate.refused(ORDERS, 49, {NO_FIELD: 49}, 0.0, 0.0) is False
    assert gate.refused(ORDERS, 1, {NO_FIELD: 1}, 0.0, 0.0) is True

    assert gate.wait(ORDERS, 0.0) == 60.0
    assert (gate.is_blocked(), kinds(gate)) == (True, {"add-orders": Kind.REFUSALS})


def test_how_many_are_too_many_can_be_set() -> None:
    strict, patient = Gate(0.1), Gate(1.0)

    assert strict.refused(ORDERS, 50, {NO_FIELD: 6}, 0.0, 0.0) is True
    assert patient.refused(ORDERS, 50, {NO_FIELD: 50}, 0.0, 0.0) is False


def test_one_call_of_it_tries_alone_and_while_it_is_refused_waits_a_minute() -> None:
    gate = a_gate_refusing()

    assert gate.tries_one(ORDERS.action)
    for now in (60.0, 120.0, 180.0):
        assert gate.wait(ORDERS, now) is None
        assert gate.answered(ORDERS, now, succeeded=False) is False
        assert gate.refused(ORDERS, 1, {NO_FIELD: 1}, now, 0.0) is True
        assert gate.wait(ORDERS, now) == 60.0


def test_other_holds_are_tried_by_whole_batches() -> None:
    assert not a_gate_down().tries_one(ORDERS.action)
    assert not Gate().tries_one(ORDERS.action)


def test_one_that_succeeds_lets_all_go_and_the_count_begins_anew() -> None:
    gate = a_gate_refusing()
    gate.wait(ORDERS, 60.0)

    assert gate.answered(ORDERS, 60.0, succeeded=True) is True
    assert gate.refused(ORDERS, 1, {}, 60.0, 0.0) is False

    assert kinds(gate) == {}
    assert gate.refused(ORDERS, 48, {NO_FIELD: 48}, 60.0, 0.0) is False


def test_what_was_sent_before_and_succeeds_is_no_refusal() -> None:
    gate = a_gate_refusing()

    assert gate.refused(ORDERS, 5, {}, 1.0, 0.0) is False
    assert gate.wait(ORDERS, 1.0) == 59.0


def test_a_held_account_is_probed_when_it_is_told_to_and_one_that_is_not_never() -> None:
    gate, well = Gate(), Gate()
    gate.blocked(KEY, ORDERS, 0.0, 0.0)

    gate.probe_at(5.0)
    well.probe_at(5.0)

    assert gate.next_probe() == 5.0
    assert well.next_probe() is None


# -- imports that fail --------------------------------------------------------------------------


def a_gate_for_imports() -> Gate:
    """A gate that holds imports since 0 s, for they were taken and failed."""
    gate = Gate()
    for _ in range(10):
        assert gate.wait(IMPORT, 0.0) is None
        gate.taken(IMPORT, 0.0, 0.0)
        gate.imported(IMPORT, FAILED, 0.0, 0.0)
    return gate


def test_imports_that_fail_in_a_row_are_held_as_by_an_outage() -> None:
    gate = a_gate_for_imports()

    assert kinds(gate) == {"bulk-contacts": Kind.OUTAGE}
    assert not gate.is_blocked()
    assert gate.wait(IMPORT, 0.5) == 0.5
    assert gate.wait(SEND, 0.5) is None


def test_that_an_import_was_taken_or_refused_does_not_end_it() -> None:
    gate = a_gate_for_imports()

    assert gate.wait(IMPORT, 1.0) is None
    assert not gate.taken(IMPORT, 1.0, 0.0)
    assert not gate.answered(IMPORT, 1.0, succeeded=False)
    assert kinds(gate) == {"bulk-contacts": Kind.OUTAGE}


def test_the_next_import_is_tried_before_the_last_one_has_ended_up_to_a_minute_later() -> None:
    gate, now, gaps = a_gate_for_imports(), 0.0, []

    for _ in range(9):
        wait = gate.wait(IMPORT, now)
        assert wait is not None
        now += wait
        gaps.append(wait)
        assert gate.wait(IMPORT, now) is None
        gate.taken(IMPORT, now, 0.0)

    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_first_import_that_finishes_lets_all_go() -> None:
    gate = a_gate_for_imports()

    assert gate.imported(IMPORT, Ending(began=0.0), 1.0, 0.0)
    assert kinds(gate) == {}
    assert gate.wait(IMPORT, 1.0) is None
    assert not gate.imported(IMPORT, FAILED, 1.0, 0.0)


def test_so_does_a_contact_that_was_found_to_be_to_blame() -> None:
    gate = a_gate_for_imports()

    assert gate.explained(IMPORT)
    assert kinds(gate) == {}


def test_an_import_that_finishes_does_not_end_another_hold() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, IMPORT, 0.0, 0.0)

    assert not gate.imported(IMPORT, Ending(began=0.0), 1.0, 0.0)
    assert kinds(gate) == {"bulk-contacts": Kind.BLOCKED}


def test_imports_that_fail_do_not_change_why_they_are_held() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, IMPORT, 0.0, 0.0)
    for _ in range(20):
        gate.imported(IMPORT, FAILED, 1.0, 0.0)

    assert kinds(gate) == {"bulk-contacts": Kind.BLOCKED}
