"""A deployment of the product for a test: topics of its own, an account, real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
from aiokafka import AIOKafkaProducer

from consumer.deadletters.letter import DeadLetter, read_letter
from consumer.record import Record
from demo.figures import Figures, read_figures
from demo.parts import Part, consumer_settings, start_consumer
from tests.brokers.topics import fresh, lag, make_topics, read_all
from tests.integration.account import ServedAccount

LOOK_EVERY = 0.05  # s between looks at a condition
PATIENCE = 90.0  # s until a test gives up on a condition
Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """A running `esputnik-sync run`."""

    part: Part
    admin: str

    async def figures(self) -> Figures:
        self.part.check()
        return read_figures((await self.get("/metrics")).text)

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.get(f"{self.admin}{path}")

    async def ready(self) -> bool:
        self.part.check()
        return (await self.get("/readyz")).is_success

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        return await self.part.stop()

    async def kill(self) -> None:
        """Send SIGKILL."""
        self.part.process.send_signal(signal.SIGKILL)
        await self.part.ended()

    @property
    def log(self) -> str:
        return self.part.log.read_text(errors="replace")


@dataclass(slots=True, kw_only=True)
class Deployment:
    """What a test of the whole product works with. Topics are named without their prefix."""

    bootstrap: str
    account: ServedAccount
    folder: Path
    prefix: str
    topics: Mapping[str, int]
    producer: AIOKafkaProducer
    settings: Mapping[str, Any] = field(default_factory=dict)
    consumers: list[Consumer] = field(default_factory=list)
    produced: int = 0

    def topic(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def environment(self, **more: Any) -> dict[str, str]:
        """The settings of a process of this deployment; None leaves one out."""
        given = {
            "TOPICS": {self.topic(name): {} for name in self.topics},
            "KAFKA__GROUP_ID": self.prefix,
            "DEAD_LETTER__TOPIC": self.topic("dead"),
            "REPLAY__MEMORY_TOPIC": self.topic("replays"),
            "CONSENT__MEMORY_TOPIC": self.topic("consent"),
        }
        own = given | dict(self.settings) | more
        made = consumer_settings(self.bootstrap, self.account.base_url, **own)
        return {name: text for name, text in made.items() if text != "null"}

    # -- events -----------------------------------------------------------------------------

    async def produce(
        self, topic: str, value: object, *, key: bytes | None = None, headers: Headers = ()
    ) -> None:
        raw = value if isinstance(value, bytes) or value is None else orjson.dumps(value)
        await self.producer.send(self.topic(topic), value=raw, key=key, headers=list(headers))
        self.produced += 1

    async def tell(self, topic: str, *events: Mapping[str, Any]) -> None:
        for event in events:
            await self.produce(topic, event)
        await self.producer.flush()

    # -- processes --------------------------------------------------------------------------

    async def start(self, *options: str, **more: Any) -> Consumer:
        """Start a consumer, with options of `run`, and wait until it is ready."""
        consumer = await self.begin(*options, **more)
        await until(consumer.ready)
        return consumer

    async def begin(self, *options: str, **more: Any) -> Consumer:
        """Start a consumer that may never be ready."""
        settings, number = self.environment(**more), len(self.consumers) + 1
        part, admin = await start_consumer(self.folder, settings, number, options)
        consumer = Consumer(part=part, admin=admin)
        self.consumers.append(consumer)
        return consumer

    async def command(self, *arguments: str) -> "Ended":
        """Run a command of the product to its end."""
        return await run_command(*arguments, settings=self.environment())

    async def stop(self) -> None:
        for consumer in self.consumers:
            await consumer.stop()

    # -- what came of it --------------------------------------------------------------------

    async def done(self) -> Figures:
        """Wait until the last consumer has finished with all that was produced."""
        consumer = self.consumers[-1]

        async def is_done() -> bool:
            return (await consumer.figures()).is_done(self.produced)

        await until(is_done)
        return await consumer.figures()

    async def drained(self, seconds: float = PATIENCE) -> None:
        """Wait until the group has committed everything that was produced."""

        async def is_drained() -> bool:
            return not any([any(await self._lags(name)) for name in self.topics])

        await until(is_drained, seconds)

    async def _lags(self, name: str) -> Iterable[int]:
        return (await lag(self.bootstrap, self.prefix, self.topic(name))).values()

    async def dead_records(self) -> list[Record]:
        """What lies in the dead-letter topic, in order."""
        return await read_all(self.bootstrap, self.topic("dead"))

    async def letters(self) -> list[DeadLetter]:
        """The dead letters; all that lies there is one."""
        read = [read_letter(record) for record in await self.dead_records()]
        letters = [letter for letter in read if isinstance(letter, DeadLetter)]
        assert len(letters) == len(read)
        return letters


async def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Look at other processes, again and again, until something holds of them."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - they tell nobody when it does
            await asyncio.sleep(LOOK_EVERY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that ran to its end."""

    code: int
    out: bytes
    err: bytes

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.out.splitlines()]


async def run_command(*arguments: str, settings: Mapping[str, str]) -> Ended:
    """Run `esputnik-sync` with these settings alone."""
    ours = ("ESPUTNIK_SYNC_", "KAFKA_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "consumer",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=kept | dict(settings),
    )
    out, err = await process.communicate()
    return Ended(code=process.returncode or 0, out=out, err=err)


@asynccontextmanager
async def deployed(
    bootstrap: str, folder: Path, topics: Mapping[str, int], **settings: Any
) -> AsyncIterator[Deployment]:
    """Make topics and an account; whatever consumers a test starts are stopped in the end."""
    prefix = fresh("test")
    await make_topics(bootstrap, {f"{prefix}-{name}": count for name, count in topics.items()})
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=5)
    await producer.start()
    account = ServedAccount()
    await account.open()
    deployment = Deployment(
        bootstrap=bootstrap,
        account=account,
        folder=folder,
        prefix=prefix,
        topics=topics,
        producer=producer,
        settings=settings,
    )
    try:
        yield deployment
    finally:
        await producer.stop()
        with suppress(ProcessLookupError):
            await deployment.stop()
        await account.close()
