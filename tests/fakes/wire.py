"""Connections for aiokafka that lead to brokers in memory, in whatever time the loop keeps.

A connection answers one request at a time, in order, as Kafka does: what is sent while a join waits
for others waits with it.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.conn import CloseReason
from aiokafka.errors import KafkaConnectionError

from tests.fakes.brokers import Brokers
from tests.fakes.schedule import OWNER, begin_as
from tests.fakes.time import START

TIMED = (
    "client",
    "cluster",
    "consumer.fetcher",
    "consumer.group_coordinator",
    "consumer.subscription_state",
)
DRAWN = ("client", "consumer.fetcher")


class Dice(random.Random):
    """Chance that does not depend on the order of a set, which differs from process to process."""

    def shuffle(self, things: Any) -> None:
        """Put them in order: who answers puts them out of it again."""
        things.sort(key=str)

    def choice(self, things: Any) -> Any:
        """Draw one."""
        return super().choice(sorted(things, key=str))


@dataclass(eq=False)
class Wire:
    """All connections, by the owner of whoever made them. `slowest` in seconds, each way."""

    brokers: Brokers
    seed: str = ""
    slowest: float = 0.0
    cut: set[str] = field(default_factory=set)  # owners that no connection leads from
    stalled: dict[str, asyncio.Event] = field(default_factory=dict)
    _open: dict[str, list["Connection"]] = field(default_factory=lambda: defaultdict(list))
    _made: Counter[tuple[str, str]] = field(default_factory=Counter)

    async def connect(self, host: str, port: int, **options: Any) -> "Connection":
        """Stand in for aiokafka's `create_conn`. Raises OSError where the owner is cut off."""
        owner = OWNER.get()
        await asyncio.sleep(0)
        if owner in self.cut:
            raise ConnectionRefusedError(f"{host}:{port}")
        self._made[owner, host] += 1
        made = Connection(
            wire=self,
            owner=owner,
            patience=options["request_timeout_ms"] / 1000,
            on_close=options.get("on_close"),
            rng=random.Random(f"{self.seed} {owner} {host} {self._made[owner, host]}"),  # noqa: S311 - chance
        )
        self._open[owner].append(made)
        return made

    def break_off(self, owner: str) -> None:
        """Break all connections of an owner; answers under way are lost, as some requests are."""
        broken, self._open[owner] = self._open[owner], []
        for one in broken:
            one.close(CloseReason.CONNECTION_BROKEN)

    def stall(self, owner: str) -> None:
        """Let nothing pass until `flow`, either way, without a sign of it."""
        self.stalled.setdefault(owner, asyncio.Event())

    def flow(self, owner: str) -> None:
        """Let pass again."""
        event = self.stalled.pop(owner, None)
        if event is not None:
            event.set()

    async def way(self, connection: "Connection") -> None:
        """Take the time that one way takes."""
        await asyncio.sleep(connection.rng.uniform(0, self.slowest))
        while (event := self.stalled.get(connection.owner)) is not None:
            await event.wait()


@dataclass(eq=False, kw_only=True)
class Connection:
    """To one broker. What is closed answers nothing more."""

    wire: Wire
    owner: str
    patience: float  # s until a request counts as lost
    on_close: Any
    rng: random.Random
    _asked: asyncio.Queue[tuple[Any, asyncio.Future[Any]]] = field(default_factory=asyncio.Queue)
    _waiting: dict[asyncio.Future[Any], None] = field(default_factory=dict)
    _is_closed: bool = False
    _serving: asyncio.Task[None] | None = None

    def connected(self) -> bool:
        """Tell whether it can be used."""
        return not self._is_closed

    async def send(self, request: Any, expect_response: bool = True) -> Any:  # noqa: FBT001, FBT002 - as aiokafka calls it
        """Send a request and return its response. Raises KafkaConnectionError, TimeoutError."""
        assert expect_response
        if self._is_closed:
            raise KafkaConnectionError("closed")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[answer] = None
        self._asked.put_nowait((request, answer))
        if self._serving is None:
            self._serving = begin_as("", self._serve())
        try:
            async with asyncio.timeout(self.patience):
                return await answer
        finally:
            self._waiting.pop(answer, None)

    def close(self, reason: Any = None) -> asyncio.Future[None]:
        """Close it; requests under way fail."""
        closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        closed.set_result(None)
        if not self._is_closed:
            self._is_closed = True
            if self._serving is not None:
                self._serving.cancel()
            for answer in list(self._waiting):
                if not answer.done():
                    answer.set_exception(KafkaConnectionError("connection broken"))
            if self.on_close is not None:
                self.on_close(self, reason)
        return closed

    async def _serve(self) -> None:
        while True:
            request, answer = await self._asked.get()
            await self.wire.way(self)
            found = await self.wire.brokers.answer(request)
            await self.wire.way(self)
            if not answer.done():
                answer.set_result(found)


@contextmanager
def in_place_of_sockets(wire: Wire, dice: Dice | None = None) -> Iterator[None]:
    """Have aiokafka connect to brokers in memory; with `dice`, in the loop's time and by chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiokafka.client.create_conn", wire.connect)
        patch.setattr("consumer.kafka.login.create_conn", wire.connect)
        if dice is not None:
            for name in TIMED:
                patch.setattr(f"aiokafka.{name}.time", LOOP_TIME)
            for name in DRAWN:
                patch.setattr(f"aiokafka.{name}.random", dice)
        yield


def _now() -> float:
    return asyncio.get_running_loop().time()


LOOP_TIME = SimpleNamespace(monotonic=_now, time=lambda: START + _now())
