"""How long a member, the group and the worker wait for each other."""

from inspect import signature

from consumer.kafka import assignment, connection, membership
from consumer.worker import Worker


def test_a_drain_ends_before_the_group_gives_up_waiting_and_a_join_outlasts_both() -> None:
    drain = signature(Worker).parameters["drain_seconds"].default
    commit = membership.COMMIT_SECONDS

    assert drain + commit < membership.REBALANCE_MS / 1000
    assert membership.REBALANCE_MS < connection.REQUEST_MS < membership.SESSION_MS


def test_a_member_is_heard_often_and_asks_no_longer_than_its_session() -> None:
    sessions = (membership.SESSION_MS, membership.LOOPBACK_SESSION_MS)

    assert min(sessions) > 3 * membership.HEARTBEAT_MS
    assert min(sessions) >= assignment.ASK_SECONDS * 1000
