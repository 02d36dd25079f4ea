"""The real worker between a broker in memory and the sandbox's own account, in virtual time."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson

from consumer import build
from consumer.backpressure import Buffer
from consumer.consent.topic import ConsentTopic
from consumer.gate import Gate
from consumer.lease import Lease
from consumer.operations.health import Vitals
from consumer.record import Partition, Record
from consumer.settings.model import Loaded
from consumer.settings.sources import load
from consumer.worker import Worker
from esputnik.call import Request
from esputnik.outcome import Answer, NoAnswer
from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import SandboxRequest
from handlers.route import Route
from handlers.routes import ROUTES
from tests.fakes.kafka import FakeLetters, FakeSource
from tests.fakes.meter import CountingMeter
from tests.fakes.time import START, LoopClock
from tests.fakes.topic import FakeFollowed, FakeTopic, FakeWriter

WHEN = "2025-11-24T10:00:00Z"  # somewhat before the virtual clock's beginning
PATIENCE = 36_000.0  # virtual seconds


class AccountSender:
    """The way to the sandbox's account without a socket; `latency` in seconds."""

    def __init__(self, account: Account, clock: LoopClock) -> None:
        self.account = account
        self.latency = 0.01
        self.key = self.kept_key = "sandbox"  # what is used, and what its file holds
        self.is_down = False
        self.at_once = 0
        self.most_at_once = 0
        self.sent: list[tuple[float, Request]] = []
        self._clock = clock

    def refresh(self) -> bool:
        """Take the key that its file holds; tell whether it is another."""
        before, self.key = self.key, self.kept_key
        return before != self.key

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        authorization = "Basic " + base64.b64encode(f"api:{self.key}".encode()).decode()
        self.sent.append((self._clock.now(), request))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._clock.sleep(self.latency)
            if self.is_down:
                return NoAnswer(maybe_sent=False, cause="ClientConnectorError")
            return await self._answer(request, key, authorization)
        finally:
            self.at_once -= 1

    async def _answer(
        self, request: Request, key: str | None, authorization: str
    ) -> Answer | NoAnswer:
        headers = {"authorization": authorization, "content-type": "application/json"}
        told = self.account.handle(
            SandboxRequest(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                body=request.body or b"",
                headers=headers | ({"idempotency-key": key} if key else {}),
            ),
            self._clock.wall(),
        )
        await self._clock.sleep(told.delay)
        if told.is_dropped:
            return NoAnswer(maybe_sent=True, cause="ServerDisconnectedError")
        lower = {name.lower(): value for name, value in told.headers.items()}
        return Answer(status=told.status, body=told.body, headers=lower)


class World:
    """One replica and what is around it. Settings by path, as in `--set`.

    `routes` may be changed at any time, as a release changes handlers.
    """

    def __init__(
        self,
        *,
        partitions: Mapping[str, int] | None = None,
        switches: Switches | Mapping[str, Any] | None = None,
        seed: int = 0,
        like: "World | None" = None,
        lease: Lease | None = None,
        **settings: Any,
    ) -> None:
        """Make a world; or, `like` another, a replica that comes after it: all else stays."""
        self.loaded: Loaded = like.loaded if like is not None else loaded(**settings)
        self.clock = LoopClock()
        switched = switches if isinstance(switches, Switches) else Switches(**(switches or {}))
        self.account: Account = like.account if like else Account(switches=switched, seed=seed)
        self.sender = AccountSender(self.account, self.clock)
        self.source: FakeSource = FakeSource(like.source.broker) if like else FakeSource()
        self.source.lease = lease or Lease()
        self.letters = FakeLetters()
        self.consent_topic: FakeTopic = like.consent_topic if like else FakeTopic()
        self.consent: ConsentTopic
        self.meter = CountingMeter()
        self.gate = Gate(self.loaded.settings.dead_letter.max_ratio)
        self.routes: dict[str, Route] = dict(ROUTES)
        self._rng = random.Random(seed)  # noqa: S311 - chance, not secrecy
        topics = {} if like else partitions or {"events": 1}
        for topic, count in topics.items():
            self.source.broker.make(topic, count)
        self.worker = self._worker()

    def _worker(self) -> Worker:
        settings = self.loaded.settings
        desk, self.consent = build.consent(
            settings,
            secret=build.secret_of(self.loaded),
            followed=FakeFollowed(self.consent_topic),
            writer=FakeWriter(self.consent_topic),
            clock=self.clock,
            rng=self._rng,
        )
        self.delivery = build.delivery(
            settings,
            sender=self.sender,
            gate=self.gate,
            clock=self.clock,
            meter=self.meter,
            rng=self._rng,
            caught_up=self.source.caught_up,
            consent=desk,
            lease=self.source.lease,
            refresh_key=self.sender.refresh,
        )
        worker = Worker(
            source=self.source,
            letters=self.letters,
            planner=replace(build.planner(settings), routes=self.routes),
            delivery=self.delivery,
            clock=self.clock,
            meter=self.meter,
            buffer=Buffer(records=settings.buffer.max_records, bytes=settings.buffer.max_bytes),
            max_ratio=settings.dead_letter.max_ratio,
            consent=desk,
        )
        if settings.ledger.url == "offsets:":
            self.delivery.declarations = worker
        return worker

    # -- events ---------------------------------------------------------------------------

    def put(
        self,
        event_type: str,
        data: Mapping[str, Any],
        *,
        topic: str = "events",
        partition: int = 0,
        **envelope: Any,
    ) -> Record:
        """Produce an event in an envelope; `id`, `occurred_at` and the like may be given."""
        place = Partition(topic, partition)
        number = len(self.source.broker.logs[place])
        told = {"id": f"{topic}-{partition}-{number}", "type": event_type, "occurred_at": WHEN}
        return self.put_raw(
            orjson.dumps(told | {"data": data} | envelope), topic=topic, partition=partition
        )

    def put_raw(self, value: bytes | None, *, topic: str = "events", partition: int = 0) -> Record:
        record = Record(topic, partition, 0, int(START * 1000), b"k", value)
        return self.source.put(record)

    # -- running --------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the replica run while the context is open, with all partitions."""
        await self.consent.load()
        self.source.assign(self.worker)
        async with asyncio.TaskGroup() as tasks:
            beside = tasks.create_task(self.delivery.run())
            following = tasks.create_task(self.consent.run())
            main = tasks.create_task(self.worker.run())
            try:
                yield
            finally:
                self.worker.stop()
                await main
                beside.cancel()
                following.cancel()

    @asynccontextmanager
    async def killed_when(
        self, holds: Callable[[], bool], later: float = 0.0
    ) -> AsyncIterator[None]:
        """Let the replica run until something holds, and for a while; then it is no more."""
        await self.consent.load()
        self.source.assign(self.worker)
        tasks = [
            asyncio.ensure_future(self.consent.run()),
            asyncio.ensure_future(self.delivery.run()),
            asyncio.ensure_future(self.worker.run()),
        ]
        await self.until(holds)
        await self.clock.sleep(later)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        yield

    async def settled(self, seconds: float = PATIENCE, *, every: float = 0.05) -> None:
        """Wait until every record is finished, in virtual time."""
        deadline = self.clock.now() + seconds
        await self.clock.sleep(0.001)  # what was just read is in nobody's books yet
        while not self.source.caught_up() or self.source.held or self.worker.ledger.records:
            assert self.clock.now() < deadline, list(self.worker.ledger.unsettled())[:3]
            await self.clock.sleep(every)

    async def until(self, holds: Any, seconds: float = PATIENCE, *, every: float = 0.01) -> float:
        """Wait until something holds; return after how many virtual seconds it did."""
        began = self.clock.now()
        while not holds():
            assert self.clock.now() - began < seconds
            await self.clock.sleep(every)
        return self.clock.now() - began

    # -- what came of it ------------------------------------------------------------------

    def asked(self, action: str) -> list[dict[str, Any]]:
        """Return the requests of an action that the account has seen, in order."""
        return [one for one in self.account.requests() if one["action"] == action]

    def state(self) -> dict[str, Any]:
        return self.account.state()

    def vitals(self) -> Vitals:
        """Return what answers the probes."""
        return Vitals(
            self.source,
            self.worker,
            self.delivery,
            self.gate,
            self.clock,
            letters=self.letters,
        )

    @property
    def reasons(self) -> list[str]:
        return [burial.reason for burial in self.letters.burials]


async def carried(world: World) -> World:
    """Let the replica run until all is finished."""
    async with world.running():
        await world.settled()
    return world


def loaded(**settings: Any) -> Loaded:
    given = {"esputnik.api_key": "sandbox", "topics": {"events": {}}} | settings
    texts = [
        f"{path}={value if isinstance(value, str) else orjson.dumps(value).decode()}"
        for path, value in given.items()
    ]
    return load(config=None, overrides=texts, environ={}, needs_api_key=True)
