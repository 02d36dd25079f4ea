"""What the group's answers to a client say of how long it is a member."""

from dataclasses import dataclass
from typing import NamedTuple

import pytest
from aiokafka.errors import NoError, RebalanceInProgressError, UnknownMemberIdError
from aiokafka.protocol.group import HeartbeatRequest, JoinGroupRequest, SyncGroupRequest

from consumer.kafka.answers import renew
from consumer.lease import Lease

HEARTBEAT = HeartbeatRequest("group", 1, "member")
SYNC = SyncGroupRequest("group", 1, "member", None, [])
JOIN = JoinGroupRequest("group", 10_000, 30_000, "member", None, "consumer", [])


class Answer(NamedTuple):
    """An answer of the coordinator."""

    error_code: int


@dataclass
class Coordinator:
    """As much of aiokafka's own as is listened to."""

    error: int = NoError.errno
    resets: int = 0

    async def _send_req(self, _: object) -> Answer:
        return Answer(self.error)

    def reset_generation(self) -> None:
        self.resets += 1


@dataclass
class Consumer:
    """A client that was started."""

    _coordinator: Coordinator


def listened(error: int = NoError.errno) -> tuple[Lease, Coordinator]:
    """Return a lease that is over, and the coordinator whose answers it listens to."""
    lease, coordinator = Lease(), Coordinator(error)
    lease.lost()
    renew(lease, Consumer(coordinator))
    return lease, coordinator


async def asked(coordinator: Coordinator, request: object) -> Answer:
    """Ask as aiokafka does."""
    return await coordinator._send_req(request)  # noqa: SLF001 - that is what is listened to


@pytest.mark.parametrize("request_", [HEARTBEAT, SYNC], ids=["heartbeat", "sync"])
async def test_an_answer_to_a_heartbeat_or_a_sync_renews_the_lease(request_: object) -> None:
    lease, coordinator = listened()

    answer = await asked(coordinator, request_)

    assert answer == Answer(NoError.errno)
    assert lease.holds(0.0)


async def test_a_round_that_began_leaves_the_session() -> None:
    lease, coordinator = listened(RebalanceInProgressError.errno)

    await asked(coordinator, HEARTBEAT)

    assert lease.holds(0.0)


@pytest.mark.parametrize(
    ("request_", "error"),
    [(HEARTBEAT, UnknownMemberIdError.errno), (JOIN, NoError.errno)],
    ids=["a heartbeat of nobody", "a join"],
)
async def test_other_answers_renew_nothing(request_: object, error: int) -> None:
    lease, coordinator = listened(error)

    await asked(coordinator, request_)

    assert not lease.holds(0.0)


async def test_a_lease_is_lost_once_the_group_has_forgotten_us() -> None:
    lease, coordinator = listened()
    await asked(coordinator, HEARTBEAT)

    coordinator.reset_generation()

    assert not lease.holds(0.0)
    assert coordinator.resets == 1
