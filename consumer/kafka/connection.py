"""How to reach the brokers, and how every client starts."""

import asyncio
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    UnknownError,
    UnsupportedVersionError,
)

from consumer.errors import CredentialsError, KafkaUnreachableError, SyncError
from consumer.kafka.login import distrust, knock, refused_certificate

log = structlog.get_logger()

CLIENT_ID = "esputnik-sync"
REQUEST_MS = 40_000  # longer than a rebalance: the answer to a join comes at its end
METADATA_MS = 30_000  # so long a new partition may go unnoticed
RETRY_SECONDS = 0.5
STOP_SECONDS = 10.0
NO_LOGIN = "IllegalSaslStateError"  # said by a listener that asks for no login
AUTHENTICATION_FAULTS = {
    "SaslAuthenticationFailed",
    "AuthenticationFailedError",
    "TopicAuthorizationFailedError",
    "GroupAuthorizationFailedError",
    "ClusterAuthorizationFailedError",
    "UnsupportedSaslMechanismError",
    NO_LOGIN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach the brokers. Words are Kafka's own; `password` is never shown."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    cafile: str | None = None
    certfile: str | None = None
    keyfile: str | None = None
    start_timeout: float = 30.0

    def options(self) -> dict[str, Any]:
        """Return aiokafka's arguments."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "client_id": CLIENT_ID,
            "request_timeout_ms": REQUEST_MS,
            "metadata_max_age_ms": METADATA_MS,
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


class Startable(Protocol):
    """A client of aiokafka."""

    async def start(self) -> None:
        """Connect."""
        ...


async def start(client: Startable, connection: Connection) -> None:
    """Start an aiokafka client, trying until `start_timeout` is over.

    Raises:
        CredentialsError: The brokers refuse the credentials.
        KafkaUnreachableError: No broker answered in time, or its certificate cannot be trusted.
    """
    _pace(client)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + connection.start_timeout
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                await client.start()
        except (KafkaError, OSError, TimeoutError) as trouble:
            name = type(trouble).__name__
            if name in AUTHENTICATION_FAULTS:
                raise refused(connection, name) from None
            if isinstance(trouble, UnknownError | UnsupportedVersionError):
                raise
            if isinstance(trouble, KafkaConnectionError):
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await _ask_why(connection)
            if loop.time() + 2 * RETRY_SECONDS >= deadline:
                raise _unreachable(connection, name) from None
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Disconnect, and leave the group if it has one, within bounds.

    Where brokers are away, aiokafka's stop may wait for them, swallow a cancellation, or end as if
    it had been cancelled itself, its connections still open.
    """
    stopping: Coroutine[Any, Any, None] = consumer.stop()
    task = asyncio.get_running_loop().create_task(stopping)
    await asyncio.wait({task}, timeout=STOP_SECONDS)
    if not task.done() or task.cancelled() or task.exception() is not None:
        log.warning("kafka_stop_not_clean", in_time=task.done())
        task.cancel()
        await consumer._client.close()  # noqa: SLF001 - a second stop would do nothing


def _pace(client: Startable) -> None:
    """Let a client that reaches no broker rest before it asks again.

    aiokafka 0.14 does not where it knows no leader of a partition: while connections are refused
    it asks thousands of times a second.
    """
    name = "client" if isinstance(client, AIOKafkaProducer) else "_client"
    inner = getattr(client, name)
    update = inner._metadata_update  # noqa: SLF001 - nothing public tells that it failed

    async def paced(*asked: Any) -> bool:  # noqa: ANN401 - passed on as it came
        if await update(*asked):
            return True
        await asyncio.sleep(RETRY_SECONDS)
        return False

    inner._metadata_update = paced  # noqa: SLF001 - as above


async def _ask_why(connection: Connection) -> None:
    """Return where waiting may help.

    Raises:
        SyncError: It cannot.
    """
    for trouble in await knock(connection.options()):
        final = _final(connection, trouble)
        if final is not None:
            raise final from None


def _final(connection: Connection, trouble: Exception) -> SyncError | None:
    """Return the error of what only an operator can mend."""
    name = type(trouble).__name__
    if name in AUTHENTICATION_FAULTS:
        return refused(connection, name)
    if alert := refused_certificate(trouble):
        return CredentialsError(
            f"Kafka at {connection.bootstrap_servers} refuses our certificate ({alert}); check "
            "ESPUTNIK_SYNC_KAFKA__SSL_CERTFILE and …__SSL_KEYFILE"
        )
    if why := distrust(trouble):
        return KafkaUnreachableError(
            f"Kafka at {connection.bootstrap_servers} has a certificate that cannot be trusted "
            f"({why}); check ESPUTNIK_SYNC_KAFKA__SSL_CAFILE, and that "
            "…__BOOTSTRAP_SERVERS has the host names of the certificate"
        )
    return None


def refused(connection: Connection, name: str) -> CredentialsError:
    """Return the error of a user who is not let in, or not let do something; `name` is Kafka's."""
    what, lacks_right, _ = name.partition("AuthorizationFailed")
    if lacks_right:
        return CredentialsError(
            f"Kafka at {connection.bootstrap_servers} accepts the login, but this user lacks a "
            f"right to a {what.lower()} ({name}); docs/runbook.md lists the required rights, and "
            "`esputnik-sync check` tests them"
        )
    if name == NO_LOGIN:
        return CredentialsError(
            f"Kafka at {connection.bootstrap_servers} has no login on this port ({name}); check "
            "that ESPUTNIK_SYNC_KAFKA__SECURITY_PROTOCOL is that of the listener, and that "
            "…__BOOTSTRAP_SERVERS has the port of a SASL listener"
        )
    return CredentialsError(
        f"Kafka at {connection.bootstrap_servers} refuses the credentials ({name}); check "
        "ESPUTNIK_SYNC_KAFKA__SASL_USERNAME, …__SASL_PASSWORD and …__SASL_MECHANISM"
    )


def _unreachable(connection: Connection, name: str) -> KafkaUnreachableError:
    return KafkaUnreachableError(
        f"no Kafka broker answered at {connection.bootstrap_servers} within "
        f"{connection.start_timeout:g} s ({name}); check ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS "
        "and …__SECURITY_PROTOCOL"
    )
