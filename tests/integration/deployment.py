"""A deployment of the product for a test: topics of its own, a sandbox, real consumer processes."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from consumer.kafka import Connection, read_topic
from consumer.record import Record
from demo.figures import Figures, read_figures
from demo.parts import Part, consumer_settings, start_consumer
from consumer.sandbox import SandboxServer

LOOK_EVERY = 0.05  # s between looks at a condition
PATIENCE = 90.0  # s until a test gives up on a condition
Headers = Sequence[tuple[str, bytes | None]]


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What a test of the whole product works with. Topic names are given without their prefix."""

    bootstrap: str
    sandbox: SandboxServer
    folder: Path
    prefix: str
    topics: Mapping[str, int]
    producer: AIOKafkaProducer
    settings: dict[str, Any] = field(default_factory=dict)
    consumers: list[tuple[Part, str]] = field(default_factory=list)
    produced: int = 0

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}-dead"

    def topic(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def environment(self, **more: Any) -> dict[str, str]:
        """The settings of a consumer of this deployment."""
        given = {
            "TOPICS": {self.topic(name): {} for name in self.topics},
            "KAFKA__GROUP_ID": self.prefix,
            "DEAD_LETTER__TOPIC": self.dead_letters,
            "REPLAY__MEMORY_TOPIC": f"{self.prefix}-replays",
        }
        return consumer_settings(
            self.bootstrap, self.sandbox.base_url, **(given | self.settings | more)
        )

    # -- events -----------------------------------------------------------------------------

    async def produce(
        self,
        topic: str,
        value: object,
        *,
        key: bytes | None = None,
        headers: Headers = (),
        partition: int | None = None,
    ) -> None:
        raw = value if isinstance(value, bytes) or value is None else orjson.dumps(value)
        await self.producer.send(
            self.topic(topic), value=raw, key=key, headers=list(headers), partition=partition
        )
        self.produced += 1

    async def tell(self, topic: str, *events: Mapping[str, Any]) -> None:
        for event in events:
            await self.produce(topic, event)
        await self.producer.flush()

    # -- processes --------------------------------------------------------------------------

    async def start(self, **more: Any) -> Part:
        part, admin = await start_consumer(
            self.folder, self.environment(**more), len(self.consumers) + 1
        )
        self.consumers.append((part, admin))
        return part

    async def command(self, *arguments: str, given: bytes = b"", **more: Any) -> "Ended":
        """Run a command of the product to its end."""
        return await run_command(*arguments, given=given, settings=self.environment(**more))

    async def stop(self) -> None:
        for part, _ in self.consumers:
            await part.stop()

    def kill(self, part: Part) -> None:
        os.kill(part.process.pid, signal.SIGKILL)

    # -- what came of it --------------------------------------------------------------------

    async def figures(self) -> Figures:
        """The figures of the consumer that was started last."""
        part, admin = self.consumers[-1]
        part.check()
        async with httpx.AsyncClient() as client:
            return read_figures((await client.get(f"{admin}/metrics")).text)

    async def done(self) -> Figures:
        """Wait until the last consumer has finished with all that was produced."""
        async for figures in self._until():
            if figures.is_done(self.produced):
                return figures
        raise AssertionError(f"not done in time: {figures}")

    async def _until(self) -> AsyncIterator[Figures]:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            yield await self.figures()
            await asyncio.sleep(LOOK_EVERY)

    async def drained(self, seconds: float = PATIENCE) -> None:
        """Wait until the group has committed everything that was produced."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap, group_id=self.prefix, enable_auto_commit=False
        )
        await consumer.start()
        places = [
            TopicPartition(self.topic(name), number)
            for name, count in self.topics.items()
            for number in range(count)
        ]
        try:
            ends = await consumer.end_offsets(places)
            async with asyncio.timeout(seconds):
                while any([(await consumer.committed(p) or 0) < ends[p] for p in places]):
                    await asyncio.sleep(LOOK_EVERY)
        finally:
            await consumer.stop()

    async def letters(self) -> list[Record]:
        connection = Connection(bootstrap_servers=self.bootstrap)
        return [record async for record in read_topic(connection, self.dead_letters)]

    async def state(self) -> dict[str, Any]:
        """What the sandbox account holds."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.sandbox.control_url}/sandbox/state")
            return dict(answer.json())

    async def requests(self) -> list[dict[str, Any]]:
        """What the sandbox was asked, in order."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{self.sandbox.control_url}/sandbox/requests")
            return list(answer.json())

    async def rules(self, *rules: Mapping[str, Any]) -> None:
        """Tell the sandbox what to refuse from now on."""
        async with httpx.AsyncClient() as client:
            answer = await client.put(f"{self.sandbox.control_url}/sandbox/rules", json=list(rules))
            answer.raise_for_status()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ran to its end."""

    code: int
    out: bytes
    err: bytes

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.out.splitlines()]


async def run_command(
    *arguments: str, given: bytes = b"", settings: Mapping[str, str] | None = None
) -> Ended:
    """Run `esputnik-sync` with these settings alone."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ESPUTNIK_SYNC_", "KAFKA_"))
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "consumer",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=kept | dict(settings or {}),
    )
    out, err = await process.communicate(given)
    return Ended(code=process.returncode or 0, out=out, err=err)


@asynccontextmanager
async def deployed(
    bootstrap: str,
    folder: Path,
    topics: Mapping[str, int] | Iterable[str],
    *,
    sandbox: Mapping[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[Deployment]:
    """Make topics and a sandbox; whatever consumers a test starts are stopped in the end."""
    counts = dict(topics) if isinstance(topics, Mapping) else dict.fromkeys(topics, 1)
    prefix = f"t{uuid.uuid4().hex[:10]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(f"{prefix}-{name}", n, 1) for name, n in counts.items()])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    await producer.start()
    async with SandboxServer(**(sandbox or {})) as account:
        deployment = Deployment(
            bootstrap=bootstrap,
            sandbox=account,
            folder=folder,
            prefix=prefix,
            topics=counts,
            producer=producer,
            settings=dict(settings),
        )
        try:
            yield deployment
        finally:
            await producer.stop()
            await deployment.stop()
