"""How long a member may be sure of what it was given."""

import math

from consumer.lease import Lease

SESSION, REBALANCE = 10.0, 4.0


def a_lease(*, session: float = math.inf, rebalance: float = math.inf) -> Lease:
    lease = Lease(session=session, rebalance=rebalance)
    lease.heard(100.0)
    return lease


def test_a_lease_that_nobody_tells_of_answers_holds_for_ever() -> None:
    assert Lease(session=SESSION, rebalance=REBALANCE).holds(1e12)


def test_a_lease_holds_for_a_session_from_when_the_group_was_asked() -> None:
    lease = a_lease(session=SESSION)

    assert lease.holds(109.9)
    assert not lease.holds(110.0)


def test_a_lease_ends_where_a_round_may_have_begun_and_ended_unheard() -> None:
    lease = a_lease(session=SESSION, rebalance=REBALANCE)

    assert lease.holds(103.9)
    assert not lease.holds(104.0)


def test_an_answer_in_the_middle_of_a_round_prolongs_the_session_alone() -> None:
    lease = a_lease(session=SESSION, rebalance=2 * SESSION)

    lease.heard(115.0, is_calm=False)

    assert lease.holds(119.9)
    assert not lease.holds(120.0)


def test_a_lease_that_was_lost_is_over_until_the_group_answers() -> None:
    lease = a_lease(session=SESSION)

    lease.lost()
    was_held = lease.holds(101.0)
    lease.heard(102.0)

    assert not was_held
    assert lease.holds(103.0)
