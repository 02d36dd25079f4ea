"""What a user may do, by the rules of Kafka's own authoriser: granted, and taken away again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

LITERAL = 3  # a pattern that means one name
ALLOW = 3
ANY_HOST = "*"
CLUSTER = "kafka-cluster"  # the only name of that kind of resource


class Kind(IntEnum):
    """What a right is about, by Kafka's codes."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4


class Operation(IntEnum):
    """What is done with it, by Kafka's codes."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10


@dataclass(frozen=True, slots=True)
class Right:
    """One right to one resource."""

    kind: Kind
    name: str
    operation: Operation


async def grant(bootstrap: str, user: str, rights: Iterable[Right]) -> None:
    """Let a user do these things."""
    for answer in await _asked(bootstrap, CreateAclsRequest, user, rights):
        assert [code for code, _ in answer.creation_responses] == [0], answer


async def take_away(bootstrap: str, user: str, rights: Iterable[Right]) -> None:
    """Let a user do these things no more; each was granted."""
    for answer in await _asked(bootstrap, DeleteAclsRequest, user, rights):
        assert [len(found) for _, _, found in answer.filter_responses] == [1], answer


async def _asked(
    bootstrap: str, request: Callable[..., Any], user: str, rights: Iterable[Right]
) -> list[Any]:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        asked = [request(**_named(user, right)) for right in rights]
        return [await client.send(client.get_random_node(), one) for one in asked]
    finally:
        await client.close()


def _named(user: str, right: Right) -> dict[str, Any]:
    return {
        "resource_type": int(right.kind),
        "resource_name": right.name,
        "resource_pattern_type_filter": LITERAL,
        "principal": f"User:{user}",
        "host": ANY_HOST,
        "operation": int(right.operation),
        "permission_type": ALLOW,
    }
