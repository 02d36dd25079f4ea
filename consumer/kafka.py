"""The only importer of aiokafka: records in, letters out, and what must be asked of the broker.

aiokafka's traps this file guards against, each found in its sources or by running it:
an error in `getmany` loses what it had drained of other partitions (so everything is sought again
to the ledger's own position); pauses are lost at every rebalance (so they are re-applied); listener
errors are swallowed (so they are kept and raised by the next poll); `commit()` without offsets
commits what was fetched, not what was done (so offsets are always explicit).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownError,
    UnsupportedVersionError,
)

from consumer.errors import CredentialsError, KafkaUnreachableError, SettingsError
from consumer.ports import Listener
from consumer.record import Headers, Partition, Record

log = structlog.get_logger()

SESSION_MS = 45_000
HEARTBEAT_MS = 3_000
REBALANCE_MS = 30_000  # longer than a drain on revoke
REQUEST_MS = 40_000
COMMIT_SECONDS = 10.0
SEND_SECONDS = 30.0
STOP_SECONDS = 10.0
FETCH_BYTES = 2 * 1024 * 1024  # of a partition; a larger record still comes, alone
WRITE = 4  # Kafka's code of the operation
LARGEST_LETTER = 64 * 1024 * 1024  # only the broker says what is too large
AUTHENTICATION_FAULTS = {
    "SaslAuthenticationFailed",
    "AuthenticationFailedError",
    "TopicAuthorizationFailedError",
    "GroupAuthorizationFailedError",
    "ClusterAuthorizationFailedError",
    "UnsupportedSaslMechanismError",
    "IllegalSaslStateError",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the brokers. Words are Kafka's own; `password` is never shown."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = None
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    start_timeout: float = 30.0

    def options(self) -> dict[str, Any]:
        """Return aiokafka's arguments."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "request_timeout_ms": REQUEST_MS,
        }
        if self.sasl_mechanism is not None and "SASL" in self.security_protocol:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password
        if "SSL" in self.security_protocol:
            context = ssl.create_default_context(cafile=self.cafile)
            if self.certfile is not None:
                context.load_cert_chain(self.certfile, self.keyfile)
            options["ssl_context"] = context
        return options

    @property
    def is_loopback(self) -> bool:
        """Tell whether every broker named lies on this machine."""
        hosts = [server.rsplit(":", 1)[0].strip() for server in self.bootstrap_servers.split(",")]
        return all(host in {"localhost", "127.0.0.1", "[::1]"} for host in hosts)


class TooLargeError(Exception):
    """The broker refuses the record for its size."""


class NotAcknowledgedError(Exception):
    """The broker did not acknowledge; the record may arrive all the same. Holds no values."""


class _Startable(Protocol):
    async def start(self) -> None: ...


async def start(client: _Startable, connection: Connection) -> None:
    """Start an aiokafka client, trying until `start_timeout` is over.

    Raises:
        CredentialsError: The brokers refuse the credentials.
        KafkaUnreachableError: No broker answered in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + connection.start_timeout
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                await client.start()
        except (KafkaError, OSError, TimeoutError) as trouble:
            name = type(trouble).__name__
            if name in AUTHENTICATION_FAULTS:
                raise CredentialsError(_refused(connection, name)) from None
            if isinstance(trouble, UnknownError | UnsupportedVersionError):
                raise
            if loop.time() + 1 >= deadline:
                raise KafkaUnreachableError(_unreachable(connection, name)) from None
            await asyncio.sleep(0.5)
        else:
            return


def _refused(connection: Connection, name: str) -> str:
    return (
        f"Kafka at {connection.bootstrap_servers} refuses the credentials ({name}); check "
        "ESPUTNIK_SYNC_KAFKA__SASL_USERNAME, …__SASL_PASSWORD and …__SASL_MECHANISM"
    )


def _unreachable(connection: Connection, name: str) -> str:
    return (
        f"no Kafka broker answered at {connection.bootstrap_servers} within "
        f"{connection.start_timeout:g} s ({name}); check ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS"
    )


# -- reading --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOptions:
    """How the group reads. `gaps` are the partitions whose lost offsets were accepted."""

    group_id: str
    instance_id: str | None = None
    isolation_level: str = "read_committed"
    offset_reset: str = "earliest"
    gaps: frozenset[Partition] = frozenset()


class KafkaSource(ConsumerRebalanceListener):  # type: ignore[misc]
    """A member of the consumer group. `blocked` names partitions that wait for an operator."""

    def __init__(self, connection: Connection, group: GroupOptions) -> None:
        self._connection = connection
        self._group = group
        self._consumer: AIOKafkaConsumer | None = None
        self._listener: Listener | None = None
        self._fault: BaseException | None = None
        self._paused = False
        self.blocked: dict[Partition, str] = {}
        self.is_joined = False

    async def start(self, topics: Iterable[str], listener: Listener) -> None:
        """Join the group; `listener` is told of every assignment from now on."""
        self._listener = listener
        self._consumer = AIOKafkaConsumer(
            **self._connection.options(),
            group_id=self._group.group_id,
            group_instance_id=self._group.instance_id,
            client_id="esputnik-sync",
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level=self._group.isolation_level,
            partition_assignment_strategy=[RangePartitionAssignor],
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        self._consumer.subscribe(topics=list(topics), listener=self)
        await start(self._consumer, self._connection)

    def resubscribe(self, topics: Iterable[str]) -> None:
        """Read these topics from now on; the group rebalances."""
        self._client.subscribe(topics=list(topics), listener=self)

    async def topics(self) -> frozenset[str]:
        """Return the topics that exist and may be seen."""
        return frozenset(await self._client.topics())

    async def stop(self) -> None:
        """Leave the group, within bounds even where no broker answers."""
        if self._consumer is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._consumer.stop()
        except TimeoutError:
            log.warning("kafka_stop_timed_out")

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return the next records, none if all is quiet (or paused) for that long."""
        if self._fault is not None:
            raise self._fault
        try:
            fetched = await self._client.getmany(
                timeout_ms=int(seconds * 1000), max_records=max_records
            )
        except (KafkaError, UnicodeDecodeError) as trouble:
            await self._recover(trouble)
            return ()
        return [record(message) for messages in fetched.values() for message in messages]

    def pause(self, *, paused: bool) -> None:
        """Stop or go on fetching; blocked partitions stay paused."""
        self._paused = paused
        owned = self._client.assignment()
        blocked = {place for place in owned if _partition(place) in self.blocked}
        should_pause = owned if paused else blocked
        are_paused = self._client.paused()
        if should_pause - are_paused:
            self._client.pause(*(should_pause - are_paused))
        if are_paused - should_pause:
            self._client.resume(*(are_paused - should_pause))

    async def commit(self, points: Mapping[Partition, int]) -> bool:
        """Commit; False where the group did not take it (the assignment is over, or later)."""
        offsets = {TopicPartition(place.topic, place.number): at for place, at in points.items()}
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                await self._client.commit(offsets)
        except (CommitFailedError, IllegalStateError, KafkaError, TimeoutError) as trouble:
            log.warning("commit_not_taken", error=type(trouble).__name__)
            return False
        return True

    def caught_up(self) -> bool:
        """Tell whether the last fetches of all partitions were handed out to their ends."""
        return not any(self.lags().values())

    def lags(self) -> dict[Partition, int]:
        """Return how many records lie between what was taken and the fetched high watermark."""
        lags: dict[Partition, int] = {}
        for place, position in self._positions().items():
            high = self._client.highwater(TopicPartition(place.topic, place.number))
            if high is not None:
                lags[place] = max(0, high - position)
        return lags

    # -- assignments ----------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the listener finish; aiokafka would swallow its errors."""
        self.is_joined = False
        if not revoked:
            return
        try:
            await self._told.revoking([_partition(place) for place in revoked])
        except Exception as fault:  # noqa: BLE001 - raised by the next poll
            self._fault = fault

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Find where to begin in each partition, then let the listener begin."""
        try:
            self.blocked.clear()
            starts = {}
            for place in sorted(assigned):
                start_at = await self._start_of(place)
                if start_at is None:
                    self.blocked[_partition(place)] = "no_offset"
                    continue
                self._client.seek(place, start_at)
                starts[_partition(place)] = start_at
            self._told.assigned(starts)
            self.is_joined = True
            self.pause(paused=self._paused)
        except Exception as fault:  # noqa: BLE001 - raised by the next poll
            self._fault = fault

    async def _start_of(self, place: TopicPartition) -> int | None:
        """Return the offset to begin at; None where records may have been lost unseen.

        A partition that the group never committed is new if it lies above all it has committed
        for the topic; its start is committed at once, so that a later absence means loss.
        """
        committed = await self._client.committed(place)
        if committed is not None:
            return int(committed)
        others = self._client.partitions_for_topic(place.topic) or set()
        known = [
            number
            for number in others
            if await self._client.committed(TopicPartition(place.topic, number)) is not None
        ]
        is_new = not known or place.partition > max(known)
        if not is_new and _partition(place) not in self._group.gaps:
            log.error("offset_missing", topic=place.topic, partition=place.partition)
            return None
        start_at = await self._reset(place)
        await self._client.commit({place: start_at})
        return start_at

    async def _reset(self, place: TopicPartition) -> int:
        ends = self._client.end_offsets
        starts = self._client.beginning_offsets
        find = ends if self._group.offset_reset == "latest" else starts
        found: dict[TopicPartition, int] = await find([place])
        return found[place]

    # -- trouble --------------------------------------------------------------------------

    async def _recover(self, trouble: Exception) -> None:
        """Seek everything back to what was taken; block the partitions that cannot be read."""
        log.warning("fetch_failed", error=type(trouble).__name__)
        for place, reason in _unreadable(trouble).items():
            if place in self._group.gaps and reason == "out_of_range":
                first = await self._reset(TopicPartition(place.topic, place.number))
                self._told.assigned({place: first})
            else:
                self.blocked[place] = reason
                log.error("partition_blocked", topic=place.topic, partition=place.number)
        owned = self._client.assignment()
        for place, offset in self._told.next_to_take().items():
            if TopicPartition(place.topic, place.number) in owned:
                self._client.seek(TopicPartition(place.topic, place.number), offset)
        self.pause(paused=self._paused)
        await asyncio.sleep(0.2)  # a fault that stays must not spin

    def _positions(self) -> Mapping[Partition, int]:
        owned = {_partition(place) for place in self._client.assignment()}
        return {place: at for place, at in self._told.next_to_take().items() if place in owned}

    @property
    def _client(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise RuntimeError("the source was not started")
        return self._consumer

    @property
    def _told(self) -> Listener:
        if self._listener is None:
            raise RuntimeError("the source was not started")
        return self._listener


def _unreadable(trouble: Exception) -> dict[Partition, str]:
    """Return the partitions an error of `getmany` names, and why they cannot be read on.

    An error that a partition has no offset names none: the fetcher may ask before a new assignment
    is sought to its starts, and what has no start was blocked by then.
    """
    argument = trouble.args[0] if trouble.args else None
    if isinstance(argument, Mapping):
        places = [place for place in argument if isinstance(place, TopicPartition)]
        reason = "record_too_large" if isinstance(trouble, RecordTooLargeError) else "out_of_range"
        return {_partition(place): reason for place in places}
    return {}


def record(message: Any) -> Record:  # noqa: ANN401 - aiokafka's records have no useful type
    """Return one of aiokafka's records as ours."""
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        key=message.key,
        value=message.value,
        headers=tuple(message.headers),
    )


def _partition(place: TopicPartition) -> Partition:
    return Partition(place.topic, place.partition)


async def read_topic(
    connection: Connection, topic: str, *, isolation_level: str = "read_committed"
) -> AsyncIterator[Record]:
    """Read a whole topic once, up to the high watermarks that the first fetches showed.

    What is written meanwhile is not read, so a reader that writes there does not run after itself.
    """
    consumer = AIOKafkaConsumer(
        **connection.options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation_level,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await start(consumer, connection)
    try:
        async for message in _read_to_marks(consumer, topic):
            yield message
    finally:
        await consumer.stop()


async def _read_to_marks(consumer: AIOKafkaConsumer, topic: str) -> AsyncIterator[Record]:
    numbers = consumer.partitions_for_topic(topic) or await _numbers(consumer, topic)
    places = [TopicPartition(topic, number) for number in sorted(numbers)]
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    marks: dict[TopicPartition, int] = {}
    while True:
        fetched = await consumer.getmany(timeout_ms=500, max_records=1000)
        for place in places:
            high = consumer.highwater(place)
            if high is not None:
                marks.setdefault(place, high)
        for place, messages in fetched.items():
            for message in messages:
                if message.offset < marks[place]:
                    yield record(message)
        done = [
            place in marks and await consumer.position(place) >= marks[place] for place in places
        ]
        if all(done):
            return


async def _numbers(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer.topics()
    consumer.subscribe([topic])
    await consumer._client.force_metadata_update()  # noqa: SLF001 - no public way to wait for it
    numbers: set[int] = consumer.partitions_for_topic(topic) or set()
    consumer.unsubscribe()
    return numbers


# -- writing --------------------------------------------------------------------------------


class KafkaWriter:
    """Writes records and returns once all in-sync replicas have them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect. A broker on this machine may do without idempotence; the log says so."""
        try:
            await self._start(idempotent=True)
        except (UnknownError, UnsupportedVersionError) as trouble:
            if not self._connection.is_loopback:
                raise SettingsError(
                    [
                        "ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS: the broker has no idempotent "
                        "producer; dead letters need one (Apache Kafka 0.11 or later)"
                    ]
                ) from trouble
            log.warning("producer_without_idempotence", error=type(trouble).__name__)
            await self._start(idempotent=False)

    async def _start(self, *, idempotent: bool) -> None:
        producer = AIOKafkaProducer(
            **self._connection.options(),
            client_id="esputnik-sync",
            acks="all",
            enable_idempotence=idempotent,
            max_request_size=LARGEST_LETTER,
            linger_ms=5,
        )
        try:
            await start(producer, self._connection)
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer

    async def stop(self) -> None:
        """Flush and close, within bounds."""
        if self._producer is None:
            return
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._producer.stop()
        except TimeoutError:
            log.warning("kafka_producer_stop_timed_out")

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        near: int | None = None,
    ) -> None:
        """Write one record and wait for the acknowledgement; `near` picks the partition.

        Raises:
            TooLargeError: The broker refuses its size.
            NotAcknowledgedError: No acknowledgement came; it may arrive all the same.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                numbers = sorted(await self._client.partitions_for(topic))
                number = numbers[near % len(numbers)] if near is not None else None
                await self._write(topic, number, key, value, headers)
        except (MessageSizeTooLargeError, RecordTooLargeError) as trouble:
            raise TooLargeError(topic) from trouble
        except (KafkaError, TimeoutError) as trouble:
            raise NotAcknowledgedError(type(trouble).__name__) from trouble

    async def _write(
        self,
        topic: str,
        number: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
    ) -> None:
        if key is None and value is None:  # `send` asserts that there is one of them
            batch = self._client.create_batch()
            batch.append(key=None, value=None, timestamp=None, headers=list(headers))
            batch.close()
            await (await self._client.send_batch(batch, topic, partition=number or 0))
            return
        await self._client.send_and_wait(
            topic, key=key, value=value, partition=number, headers=list(headers)
        )

    @property
    def _client(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise RuntimeError("the writer was not started")
        return self._producer


# -- asking ---------------------------------------------------------------------------------


class KafkaAdmin:
    """What must be asked of the brokers, or made there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._admin = AIOKafkaAdminClient(**connection.options())

    async def __aenter__(self) -> "KafkaAdmin":
        """Connect."""
        await start(self._admin, self._connection)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._admin.close()

    async def topics(self) -> frozenset[str]:
        """Return the topics that exist and may be seen. (Asking for one by name may create it.)"""
        return frozenset(await self._admin.list_topics())

    async def partitions(self, topic: str) -> int:
        """Return how many partitions an existing topic has."""
        described = await self._admin.describe_topics([topic])
        return len(described[0]["partitions"])

    async def may_write(self, topic: str) -> bool | None:
        """Tell whether this user may write an existing topic; None where brokers do not say."""
        described = (await self._admin.describe_topics([topic]))[0]
        if described.get("error_code") == TopicAuthorizationFailedError.errno:
            return False
        operations = described.get("authorized_operations")
        if not isinstance(operations, int) or operations < 0:
            return None
        return bool(operations & (1 << WRITE))

    async def create(self, topic: str, *, partitions: int, config: Mapping[str, str]) -> None:
        """Create a topic, replicated by the lesser of 3 and the brokers; keep one that exists.

        Raises:
            SettingsError: The broker does not allow it.
        """
        brokers = len((await self._admin.describe_cluster())["brokers"])
        wanted = NewTopic(topic, partitions, min(3, max(1, brokers)), topic_configs=dict(config))
        answer = await self._admin.create_topics([wanted])
        for name, code, *rest in answer.topic_errors:
            if code not in {0, TopicAlreadyExistsError.errno}:
                why = rest[0] if rest and rest[0] else f"error {code}"
                raise SettingsError(
                    [
                        f"ESPUTNIK_SYNC_DEAD_LETTER__TOPIC: {name} cannot be created ({why}); "
                        "create it, or allow this user to"
                    ]
                )

    async def coordinator(self, group: str) -> int:
        """Return the broker that coordinates a group.

        Raises:
            CredentialsError: The group may not be used.
        """
        try:
            return int(await self._admin.find_coordinator(group))
        except KafkaError as trouble:
            name = type(trouble).__name__
            raise CredentialsError(_refused(self._connection, name)) from None

    async def config(self, topic: str) -> dict[str, str]:
        """Return a topic's configuration; empty where the broker does not tell."""
        try:
            answers = await self._admin.describe_configs(
                [ConfigResource(ConfigResourceType.TOPIC, topic)]
            )
        except (KafkaError, ValueError, IndexError):
            return {}
        entries = [entry for answer in answers for entry in answer.resources[0][4]]
        return {entry[0]: entry[1] for entry in entries}
