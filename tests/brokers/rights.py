"""What a user may do, by the rules of Kafka's own authoriser: granted, and taken away again."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

LITERAL = 3  # a pattern that means one name
ALLOW = 3
ANY_HOST = "*"
SECONDS = 10.0  # until a change must be in force


class Kind(IntEnum):
    """What a right is about, by Kafka's codes."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """What is done with it, by Kafka's codes."""

    READ = 3
    WRITE = 4


@dataclass(frozen=True, slots=True)
class Right:
    """One right to one resource."""

    kind: Kind
    name: str
    operation: Operation


async def grant(bootstrap: str, user: str, rights: Iterable[Right]) -> None:
    """Let a user do these things; in force when this returns."""
    await _set(bootstrap, CreateAclsRequest, user, rights, granted=1)


async def take_away(bootstrap: str, user: str, rights: Iterable[Right]) -> None:
    """Let a user do these things no more; in force when this returns."""
    await _set(bootstrap, DeleteAclsRequest, user, rights, granted=0)


async def _set(
    bootstrap: str, request: Callable[..., Any], user: str, rights: Iterable[Right], *, granted: int
) -> None:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        for right in rights:
            named = _named(user, right)
            await client.send(client.get_random_node(), request(**named))
            async with asyncio.timeout(SECONDS):
                while await _count(client, named) != granted:
                    pass
    finally:
        await client.close()


async def _count(client: AIOKafkaClient, named: dict[str, Any]) -> int:
    """Ask for the rules that are in force: a broker learns of changes a moment later."""
    answer = await client.send(client.get_random_node(), DescribeAclsRequest(**named))
    return len(answer.resources)


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
