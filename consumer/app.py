"""The composition root of `run`: plain construction, start-up checks, signals, exit code."""

import asyncio
import os
import random
import signal
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AsyncExitStack

import structlog

from consumer import __version__
from consumer.backpressure import Buffer
from consumer.build import (
    client,
    connection,
    consent,
    delivery,
    graveyard,
    may_count,
    planner,
    secret_of,
    topic_rules,
)
from consumer.clock import SystemClock
from consumer.consent.desk import ConsentDesk
from consumer.consent.topic import ConsentTopic, prepare
from consumer.credentials import check_key, refresh_key
from consumer.deadletters.graveyard import Graveyard
from consumer.deadletters.letter import ROOM
from consumer.delivery import Delivery
from consumer.errors import CredentialsError, SettingsError, UsageError
from consumer.gate import Gate
from consumer.kafka import FollowedTopic, GroupOptions, KafkaAdmin, KafkaSource, KafkaWriter
from consumer.operations.admin import AdminServer
from consumer.operations.garbage import collect
from consumer.operations.health import Vitals
from consumer.operations.telemetry import Metrics
from consumer.operations.watching import watch
from consumer.record import Partition
from consumer.settings.model import Loaded, env_name
from consumer.worker import Worker
from esputnik.client import Client

log = structlog.get_logger()

LOOK_AGAIN = 30.0  # s between looks for topics of the default table that do not exist yet
DEAD_LETTER_PARTITIONS = 8
DEAD_LETTER_RETENTION_MS = 30 * 24 * 3600 * 1000
CLOSING = 3.0  # s of the stop deadline kept for the last commit and the leave, a quarter at most
ENDING = 0.25  # s of it in which the process itself ends, half at most

Activity = Callable[[], Coroutine[None, None, None]]


async def run(loaded: Loaded, accept_gaps: Iterable[Partition] = ()) -> int:
    """Run the consumer until SIGTERM or SIGINT; return the exit code.

    Raises:
        SyncError: Something an operator must mend before it can start.
    """
    signals = Signals()
    signals.listen()
    service = Service(loaded, frozenset(accept_gaps))
    running = asyncio.create_task(service.run(signals))
    stopping = asyncio.create_task(signals.first.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if signals.first.is_set() and not service.is_ready:
        running.cancel()
        await asyncio.wait({running})
        return 128 + signals.number
    stopping.cancel()
    if signals.first.is_set():
        deadline = loaded.settings.stop.deadline
        _end_in(deadline - min(ENDING, deadline / 2))
    await running
    return 0


def _end_in(seconds: float) -> None:
    """End the process then, whatever it still waits for: what is not committed is read again.

    Where no broker answers, each of the last steps may wait for them longer than there is time.
    """
    timer = threading.Timer(seconds, _give_up)
    timer.daemon = True
    timer.start()


def _give_up() -> None:
    log.warning("stop_not_finished")
    os._exit(0)


class Signals:
    """The first signal stops gently, the second at once."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.number = 0

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._caught, number)

    def _caught(self, number: int) -> None:
        if self.first.is_set():
            os._exit(1)
        self.number = number
        self.first.set()


class Service:
    """All the parts of one process, and the order in which they start and stop."""

    def __init__(self, loaded: Loaded, gaps: frozenset[Partition]) -> None:
        self._loaded = loaded
        self._settings = loaded.settings
        self._gaps = gaps
        self._clock = SystemClock()
        self._metrics = Metrics()
        self._gate = Gate(loaded.settings.dead_letter.max_ratio)
        self._topics: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()
        self.is_ready = False

    async def run(self, signals: Signals) -> None:
        """Start everything, carry records until a signal, stop everything."""
        settings = self._settings
        source = KafkaSource(connection(settings), self._group())
        async with AsyncExitStack() as stack:
            way_out = await stack.enter_async_context(client(self._loaded))
            await self._prepare_topics()
            writer = KafkaWriter(connection(settings))
            await writer.start()
            stack.push_async_callback(writer.stop)
            await check_key(way_out, self._gate, self._clock)
            desk, memory = await self._consent(stack, writer)
            letters = graveyard(settings, writer, self._clock, random.SystemRandom())
            worker, sending = self._parts(way_out, source, letters, desk)
            vitals = Vitals(source, worker, sending, self._gate, self._clock, letters=letters)
            admin = AdminServer(
                settings.admin, metrics=self._metrics, health=vitals, version=__version__
            )
            await stack.enter_async_context(admin)
            await source.start(self._topics, worker)
            stack.push_async_callback(source.stop)
            await self._try_ledger(source)
            self.is_ready = True
            log.info("started", topics=sorted(self._topics), version=__version__)
            await _until_first_ends(
                worker.run,
                (
                    sending.run,
                    memory.run,
                    vitals.run,
                    lambda: self._watch_topics(source),
                    lambda: watch(
                        source,
                        moved_at=lambda: worker.last_progress,
                        is_excused=vitals.is_excused,
                        clock=self._clock,
                    ),
                    lambda: collect(self._clock),
                    lambda: _stop_on(signals, worker),
                ),
            )
            unfinished = worker.ledger.records
        log.info("stopped", unfinished=unfinished)

    def _group(self) -> GroupOptions:
        kafka = self._settings.kafka
        return GroupOptions(
            group_id=kafka.group_id,
            instance_id=kafka.group_instance_id,
            isolation_level=kafka.isolation_level,
            offset_reset=kafka.auto_offset_reset,
            gaps=self._gaps,
        )

    async def _consent(
        self, stack: AsyncExitStack, writer: KafkaWriter
    ) -> tuple[ConsentDesk, ConsentTopic]:
        """Return who decides of consent, all that was remembered known to it."""
        topic = self._settings.consent.memory_topic
        desk, memory = consent(
            self._settings,
            secret=secret_of(self._loaded),
            followed=await stack.enter_async_context(
                FollowedTopic(connection(self._settings), topic)
            ),
            writer=writer,
            clock=self._clock,
            rng=random.SystemRandom(),
        )
        await memory.load()
        return desk, memory

    def _parts(
        self, api: Client, source: KafkaSource, letters: Graveyard, desk: ConsentDesk
    ) -> tuple[Worker, Delivery]:
        settings = self._settings
        sending = delivery(
            settings,
            sender=api,
            gate=self._gate,
            clock=self._clock,
            meter=self._metrics,
            rng=random.SystemRandom(),
            caught_up=source.caught_up,
            refresh_key=lambda: refresh_key(api, self._loaded),
            consent=desk,
            lease=source.lease,
        )
        worker = Worker(
            source=source,
            letters=letters,
            planner=planner(settings),
            delivery=sending,
            clock=self._clock,
            meter=self._metrics,
            max_ratio=settings.dead_letter.max_ratio,
            buffer=Buffer(records=settings.buffer.max_records, bytes=settings.buffer.max_bytes),
            consent=desk,
            stop_seconds=settings.stop.deadline - min(CLOSING, settings.stop.deadline / 4),
        )
        if settings.ledger.url == "offsets:":
            sending.declarations = worker
        return worker, sending

    # -- before the first record ----------------------------------------------------------

    async def _prepare_topics(self) -> None:
        """Find the topics to read; make the dead-letter topic where there is none."""
        async with KafkaAdmin(connection(self._settings)) as admin:
            existing = await admin.topics()
            self._topics = self._wanted(existing)
            await self._check_gaps(admin)
            dead = self._settings.dead_letter.topic
            if dead not in existing:
                await self._make_dead_letter_topic(admin)
            consent = self._settings.consent.memory_topic
            await prepare(admin, consent)
            if await admin.may_write(dead) is False:
                raise _not_allowed("WRITE", f"the dead-letter topic {dead}")
            if await admin.may_read(consent) is False:
                raise _not_allowed("READ", f"the consent topic {consent}")
            if await admin.may_write(consent) is False:
                raise _not_allowed("WRITE", f"the consent topic {consent}")

    def _wanted(self, existing: frozenset[str]) -> frozenset[str]:
        named = frozenset(topic_rules(self._settings))
        missing = named - existing
        if missing and not self._settings.has_default_topics:
            raise SettingsError(
                [
                    f"ESPUTNIK_SYNC_TOPICS: the topic {topic} does not exist; create it, let this "
                    "user read it, or remove it from the setting"
                    for topic in sorted(missing)
                ]
            )
        if missing - self._missing:
            log.warning("topics_missing", topics=sorted(missing))
        self._missing = missing
        return named & existing

    async def _check_gaps(self, admin: KafkaAdmin) -> None:
        """Refuse to accept a gap of what is not read: a wrong name would do nothing, unseen."""
        for topic, number in sorted(self._gaps):
            wrong = f"--accept-gap {topic}:{number}"
            if topic not in self._topics:
                topics = ", ".join(sorted(self._topics))
                raise UsageError(f"{wrong}: this topic is not consumed; use one of {topics}")
            last = await admin.partitions(topic) - 1
            if number > last:
                raise UsageError(
                    f"{wrong}: the topic has no such partition; the last one is {last}"
                )

    async def _make_dead_letter_topic(self, admin: KafkaAdmin) -> None:
        largest = [
            int((await admin.config(topic)).get("max.message.bytes", "1048588"))
            for topic in self._topics
        ]
        await admin.create(
            self._settings.dead_letter.topic,
            partitions=DEAD_LETTER_PARTITIONS,
            config={
                "cleanup.policy": "delete",
                "retention.ms": str(DEAD_LETTER_RETENTION_MS),
                "max.message.bytes": str(max(largest, default=1_048_588) + ROOM),
            },
            setting=env_name("dead_letter.topic"),
        )

    async def _try_ledger(self, source: KafkaSource) -> None:
        """Refuse to start where sends that may have run could not be remembered.

        Raises:
            SettingsError: The broker does not keep what is told beside an offset.
        """
        is_needed = self._settings.ledger.url == "offsets:" and may_count(self._settings)
        if is_needed and await source.keeps_progress() is False:
            wrong = "the broker does not store offset metadata"
            advice = "use Apache Kafka, or set it to memory: (a crash may then repeat messages)"
            raise SettingsError([f"{env_name('ledger.url')}: {wrong}; {advice}"])

    # -- while running --------------------------------------------------------------------

    async def _watch_topics(self, source: KafkaSource) -> None:
        """Read topics of the default table once they exist."""
        while self._settings.has_default_topics:
            await self._clock.sleep(LOOK_AGAIN)
            existing = await source.topics()
            found = self._wanted(existing) if existing else frozenset()  # none: no broker tells
            if found - self._topics:
                self._topics |= found
                source.resubscribe(self._topics)
                log.info("topics_found", topics=sorted(self._topics))


def _not_allowed(right: str, topic: str) -> CredentialsError:
    wrong = f"this Kafka user may not {right.lower()} {topic}"
    return CredentialsError(f"{wrong}; grant it {right}")


async def _stop_on(signals: Signals, worker: Worker) -> None:
    await signals.first.wait()
    log.info("stopping")
    worker.stop()


async def _until_first_ends(main: Activity, beside: Iterable[Activity]) -> None:
    """Run `main` with the others beside it; they end when it does."""
    async with asyncio.TaskGroup() as tasks:
        others = [tasks.create_task(start()) for start in beside]
        await main()
        for other in others:
            other.cancel()
