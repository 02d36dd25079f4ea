"""Runs the product in this process, and ends it at a named point as kill -9 would.

    python launcher.py POINT[:NTH] run

It wraps what the product is made of from outside: the product knows nothing of it. `-` is no point.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Any

from consumer.cli.commands import execute
from consumer.kafka import KafkaSource, KafkaWriter, membership
from consumer.worker import Worker
from esputnik.client import Client

KILLED = 137  # as a shell says of SIGKILL
UNDER_WAY_SECONDS = 0.05  # into a call, which has sent what it sends by then
SESSION_MS = 3_000  # a dead member is missed so soon; the broker must allow it


class When(Enum):
    """Where in a call the process ends."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A method, and where in it. `concerns` looks at the arguments, `brings` at what came back."""

    owner: type
    method: str
    when: When
    concerns: Callable[..., bool] = lambda *_, **__: True
    brings: Callable[[Any], bool] = lambda _: True


def _sends(*actions: str) -> Callable[..., bool]:
    return lambda _, request, **__: request.action in actions


COUNTED = ("send-message", "generate-event")
POINTS: Mapping[str, Point] = {
    "taken": Point(owner=KafkaSource, method="poll", when=When.AFTER, brings=bool),
    "gathered": Point(
        owner=Client, method="exchange", when=When.BEFORE, concerns=_sends("add-orders")
    ),
    "declared": Point(owner=Client, method="exchange", when=When.BEFORE, concerns=_sends(*COUNTED)),
    "sending": Point(owner=Client, method="exchange", when=When.DURING, concerns=_sends(*COUNTED)),
    "sending-in-bulk": Point(
        owner=Client, method="exchange", when=When.DURING, concerns=_sends("add-orders")
    ),
    "sent": Point(owner=Client, method="exchange", when=When.AFTER, concerns=_sends(*COUNTED)),
    "import-accepted": Point(
        owner=Client, method="exchange", when=When.AFTER, concerns=_sends("bulk-contacts")
    ),
    "import-awaited": Point(
        owner=Client, method="exchange", when=When.BEFORE, concerns=_sends("import-status")
    ),
    "burying": Point(owner=KafkaWriter, method="send", when=When.BEFORE),
    "buried-unacknowledged": Point(owner=KafkaWriter, method="send", when=When.DURING),
    "buried": Point(owner=KafkaWriter, method="send", when=When.AFTER),
    "finished": Point(
        owner=KafkaSource,
        method="commit",
        when=When.BEFORE,
        concerns=lambda _, points: bool(points),
    ),
    "committing": Point(owner=KafkaSource, method="commit", when=When.DURING),
    "committed": Point(owner=KafkaSource, method="commit", when=When.AFTER, brings=bool),
    "revoking": Point(owner=Worker, method="revoking", when=When.DURING),
}


def arm(point: Point, nth: int) -> None:
    """Have the process end when this point is reached for the nth time."""
    original = getattr(point.owner, point.method)
    reached = count(1)

    async def wrapped(*given: Any, **named: Any) -> Any:
        if not point.concerns(*given, **named):
            return await original(*given, **named)
        if point.when is When.BEFORE:
            _end_if(next(reached) == nth)
        call = asyncio.ensure_future(original(*given, **named))
        if point.when is When.DURING:
            is_it = next(reached) == nth
            await asyncio.wait({call}, timeout=UNDER_WAY_SECONDS if is_it else 0)
            _end_if(is_it)
        found = await call
        if point.when is When.AFTER and point.brings(found):
            _end_if(next(reached) == nth)
        return found

    setattr(point.owner, point.method, wrapped)


def _end_if(is_it: bool) -> None:  # noqa: FBT001 - reads well
    if is_it:
        os._exit(KILLED)


def main() -> None:
    """Arm what was named, and run the command."""
    name, _, nth = sys.argv[1].partition(":")
    membership.LOOPBACK_SESSION_MS = SESSION_MS
    if name != "-":
        arm(POINTS[name], int(nth or 1))
    sys.exit(execute(sys.argv[2:]))


if __name__ == "__main__":
    main()
