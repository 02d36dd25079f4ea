"""Commits that may go, and those that aiokafka would have let go over what others committed."""

from collections.abc import Collection
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError

from consumer.kafka.fence import fence
from tests.unit.consumer.kafka.stubs import place


@dataclass
class Group:
    """As much of aiokafka's own as is fenced: who it is, what it was assigned, what it sent."""

    member_id: str = "m"
    generation: int = 1
    sent: list[dict[TopicPartition, int]] = field(default_factory=list)
    subscription: SimpleNamespace = field(default_factory=SimpleNamespace)

    def assign_from_subscribed(self, places: Collection[TopicPartition]) -> None:
        self.subscription.assignment = frozenset(places)

    async def _do_commit_offsets(self, _: object, offsets: dict[TopicPartition, int]) -> None:
        self.sent.append(offsets)

    async def commit(self, assignment: object) -> None:
        await self._do_commit_offsets(assignment, {place(0): 7})


@pytest.fixture
def group() -> Group:
    made = Group()
    fence(SimpleNamespace(_coordinator=made, _subscription=made))
    made.assign_from_subscribed({place(0)})
    return made


async def test_a_commit_of_the_assignment_that_lasts_goes(group: Group) -> None:
    await group.commit(group.subscription.assignment)

    assert group.sent == [{place(0): 7}]


async def test_a_commit_as_nobody_does_not_go(group: Group) -> None:
    group.member_id, group.generation = "", -1

    with pytest.raises(CommitFailedError):
        await group.commit(group.subscription.assignment)
    assert group.sent == []


async def test_a_commit_does_not_go_in_a_later_generation(group: Group) -> None:
    group.generation = 2  # joined, and not assigned yet

    with pytest.raises(CommitFailedError):
        await group.commit(group.subscription.assignment)
    assert group.sent == []


async def test_a_commit_of_an_earlier_assignment_does_not_go(group: Group) -> None:
    earlier = group.subscription.assignment
    group.generation = 2
    group.assign_from_subscribed({place(1)})

    with pytest.raises(CommitFailedError):
        await group.commit(earlier)
    assert group.sent == []
