from consumer.gate import Gate
from esputnik.call import Action, Repeat
from esputnik.outcome import Blocked, Scope
from tests.builders import a_call, an_item

KEY = Blocked(scope=Scope.ACCOUNT, cause="401")
RIGHTS = Blocked(scope=Scope.ACTION, cause="403")
SEND = a_call(action=Action.SEND_MESSAGE, repeat=Repeat.COUNTS)


def test_an_open_gate_lets_every_call_go() -> None:
    gate = Gate()

    assert gate.wait(a_call(), 0.0) is None
    assert gate.next_probe() is None
    assert gate.is_blocked is False


def test_a_refused_key_holds_everything_until_a_probe_succeeds() -> None:
    gate = Gate()
    gate.blocked(KEY, Action.ADD_CONTACT, 0.0, 0.0)

    assert gate.wait(an_item(), 1000.0) is not None
    assert gate.is_blocked is True
    assert gate.next_probe() == 60.0

    gate.probed(ok=True, cause="", now=60.0, roll=0.0)

    assert gate.wait(an_item(), 60.0) is None
    assert gate.is_blocked is False


def test_probes_that_fail_are_put_off_up_to_ten_minutes() -> None:
    gate, now, waits = Gate(), 0.0, []
    gate.blocked(KEY, Action.ADD_CONTACT, now, 0.0)
    for _ in range(6):
        due = gate.next_probe() or 0.0
        waits.append(due - now)
        now = due
        gate.probed(ok=False, cause="401", now=now, roll=0.0)

    assert waits == [60.0, 60.0, 120.0, 240.0, 480.0, 600.0]


def test_requests_refused_together_count_once() -> None:
    gate = Gate()
    for _ in range(5):
        gate.blocked(KEY, Action.ADD_CONTACT, 0.0, 0.0)
        gate.blocked(RIGHTS, Action.ADD_ORDERS, 0.0, 0.0)

    assert gate.next_probe() == 60.0
    assert gate.actions[Action.ADD_ORDERS].next_trial == 60.0


def test_a_refused_action_is_held_alone() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, Action.ADD_ORDERS, 0.0, 0.0)

    assert gate.wait(an_item(), 0.0) == 60.0
    assert gate.wait(a_call(), 0.0) is None
    assert [name for name, _ in gate.held()] == ["add-orders"]


def test_one_held_call_at_a_time_tries_whether_the_action_is_open_again() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, Action.ADD_ORDERS, 0.0, 0.0)

    assert gate.wait(an_item(), 60.0) is None
    assert gate.wait(an_item(), 60.0) is not None

    assert gate.answered(an_item(), succeeded=True) is True
    assert gate.wait(an_item(), 60.0) is None


def test_a_trial_that_is_refused_again_waits_longer() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, Action.ADD_ORDERS, 0.0, 0.0)
    gate.wait(an_item(), 60.0)
    gate.blocked(RIGHTS, Action.ADD_ORDERS, 60.0, 0.0)
    gate.wait(an_item(), 120.0)
    gate.blocked(RIGHTS, Action.ADD_ORDERS, 120.0, 0.0)

    assert gate.wait(an_item(), 120.0) == 120.0


def test_a_trial_that_ended_in_an_outage_leaves_the_turn_to_the_next() -> None:
    gate = Gate()
    gate.blocked(RIGHTS, Action.ADD_ORDERS, 0.0, 0.0)
    gate.wait(an_item(), 60.0)

    gate.gave_up(Action.ADD_ORDERS)
    gate.gave_up(Action.ADD_CONTACT)

    assert gate.wait(an_item(), 60.0) is None


def test_the_first_sign_of_an_outage_holds_calls_whose_repeats_count() -> None:
    gate = Gate()
    gate.doubted("503", 0.0, 0.0)
    gate.doubted("503", 5.0, 0.0)

    assert gate.wait(SEND, 0.0) is not None
    assert gate.wait(a_call(), 0.0) is None
    assert gate.next_probe() == 1.0
    assert gate.is_blocked is False


def test_any_other_call_that_succeeds_lets_them_go() -> None:
    gate = Gate()
    gate.doubted("503", 0.0, 0.0)

    assert gate.answered(a_call(), succeeded=False) is False
    assert gate.answered(SEND, succeeded=True) is False
    assert gate.answered(a_call(), succeeded=True) is True
    assert gate.wait(SEND, 0.0) is None


def test_a_probe_that_fails_says_why_and_comes_later() -> None:
    gate = Gate()
    gate.doubted("503", 0.0, 0.0)
    gate.blocked(KEY, Action.ADD_CONTACT, 0.0, 0.0)

    gate.probed(ok=False, cause="timeout", now=10.0, roll=0.0)

    assert dict(gate.held())["account"].cause == "timeout"
    assert gate.next_probe() == 11.0
