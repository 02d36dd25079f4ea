"""Keeps commits to the assignment they were made under: aiokafka forgets which one that was.

It tries a commit again as whoever it is by then. Of a later generation, that may lie over what
another member has committed since; as nobody, once the group has put it out, brokers take it where
the group is empty.
"""

from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError


def fence(consumer: AIOKafkaConsumer) -> None:
    """Let no commit leave this client, once it was started, that its assignment does not allow."""
    coordinator, state = consumer._coordinator, consumer._subscription  # noqa: SLF001 - nothing public tells
    assign, commit = state.assign_from_subscribed, coordinator._do_commit_offsets  # noqa: SLF001 - as above
    given: tuple[object, ...] = ()

    def assigned(places: Collection[TopicPartition]) -> None:
        nonlocal given
        assign(places)
        given = (state.subscription.assignment, coordinator.member_id, coordinator.generation)

    async def committed(assignment: object, offsets: Mapping[TopicPartition, Any]) -> None:
        if given != (assignment, coordinator.member_id, coordinator.generation):
            raise CommitFailedError
        await commit(assignment, offsets)

    state.assign_from_subscribed = assigned
    coordinator._do_commit_offsets = committed  # noqa: SLF001 - as above
