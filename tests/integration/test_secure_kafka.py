"""The product on a Kafka that asks who is there: TLS, passwords by SCRAM, certificates."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.brokers.authority import Authority
from tests.brokers.scram import MECHANISMS, set_password
from tests.brokers.secure import TRUSTED, SecureKafka
from tests.integration.deployment import Deployment, Ended, deployed
from tests.integration.events import an_event

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

PASSWORD = "correct-horse"
SOON = "10"  # s until a start gives up


def by_password(broker: SecureKafka, **changes: Any) -> dict[str, Any]:
    """The settings of a user who logs in by a password over TLS."""
    return {
        "KAFKA__BOOTSTRAP_SERVERS": broker.by_password,
        "KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA__SASL_MECHANISM": "SCRAM-SHA-256",
        "KAFKA__SASL_USERNAME": TRUSTED,
        "KAFKA__SASL_PASSWORD": PASSWORD,
        "KAFKA__SSL_CAFILE": str(broker.authority.certificate),
        "KAFKA__START_TIMEOUT": SOON,
    } | changes


def by_certificate(broker: SecureKafka, **changes: Any) -> dict[str, Any]:
    """The settings of a user whose certificate says who it is."""
    own = broker.authority.issue(TRUSTED, f"DNS:{TRUSTED}")
    return {
        "KAFKA__BOOTSTRAP_SERVERS": broker.by_certificate,
        "KAFKA__SECURITY_PROTOCOL": "SSL",
        "KAFKA__SSL_CAFILE": str(broker.authority.certificate),
        "KAFKA__SSL_CERTFILE": str(own.certificate),
        "KAFKA__SSL_KEYFILE": str(own.key),
        "KAFKA__START_TIMEOUT": SOON,
    } | changes


@asynccontextmanager
async def reached(broker: SecureKafka, folder: Path, **settings: Any) -> AsyncIterator[Deployment]:
    """A deployment that reaches the broker as these settings say."""
    for mechanism in MECHANISMS:
        await set_password(broker.plain, TRUSTED, mechanism, PASSWORD)
    async with deployed(broker.plain, folder, {"events": 1}, **settings) as made:
        yield made


async def carries_events(deployment: Deployment) -> None:
    """One event arrives, one that cannot is buried; all in order."""
    await deployment.start()
    await deployment.tell("events", an_event("site.registered", domain="shop.example.com"))
    await deployment.tell("events", an_event("site.registered", 2))
    await deployment.done()

    assert (await deployment.account.requests())[-1]["body"] == {"domain": "shop.example.com"}
    assert [letter.reason for letter in await deployment.letters()] == ["schema.missing"]


def complaint(ended: Ended) -> str:
    """The one line that is for a person."""
    (line,) = [line for line in ended.err.decode().splitlines() if not line.startswith("{")]
    return line


# -- who is let in --------------------------------------------------------------------------


@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_user_with_a_password_in_a_file_is_let_in(
    secure_kafka: SecureKafka, tmp_path: Path, mechanism: str
) -> None:
    password = tmp_path / "password"
    password.write_text(f"{PASSWORD}\n")
    settings = by_password(
        secure_kafka,
        KAFKA__SASL_MECHANISM=mechanism,
        KAFKA__SASL_PASSWORD=None,
        KAFKA__SASL_PASSWORD_FILE=str(password),
    )

    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        await carries_events(deployment)


async def test_a_user_with_a_certificate_is_let_in(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    async with reached(secure_kafka, tmp_path, **by_certificate(secure_kafka)) as deployment:
        await carries_events(deployment)


async def test_the_preflight_passes_over_tls(secure_kafka: SecureKafka, tmp_path: Path) -> None:
    async with reached(secure_kafka, tmp_path, **by_password(secure_kafka)) as deployment:
        ended = await deployment.command("check")

    assert ended.code == 0
    assert {line["verdict"] for line in ended.lines} <= {"ok", "warning"}


# -- who is not -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("run", {"KAFKA__SASL_PASSWORD": "wrong-horse"}),
        ("run", {"KAFKA__SASL_USERNAME": "nobody"}),
        ("run", {"KAFKA__SASL_MECHANISM": "PLAIN"}),
        ("replay", {"KAFKA__SASL_PASSWORD": "wrong-horse"}),
    ],
)
async def test_a_login_that_is_refused_ends_it_with_77_and_one_line(
    secure_kafka: SecureKafka, tmp_path: Path, command: str, changes: dict[str, str]
) -> None:
    settings = by_password(secure_kafka, **changes)
    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        ended = await deployment.command(command)

    assert ended.code == 77
    assert complaint(ended).startswith(
        f"Kafka at {secure_kafka.by_password} refuses the credentials ("
    )
    assert "…__SASL_PASSWORD" in complaint(ended)
    assert b"horse" not in ended.err


async def test_a_login_at_a_listener_that_asks_for_none_points_at_the_protocol(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    settings = by_password(
        secure_kafka,
        KAFKA__BOOTSTRAP_SERVERS=secure_kafka.plain,
        KAFKA__SECURITY_PROTOCOL="SASL_PLAINTEXT",
    )
    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        ended = await deployment.command("run")

    assert ended.code == 77
    assert "has no login on this port" in complaint(ended)
    assert "ESPUTNIK_SYNC_KAFKA__SECURITY_PROTOCOL" in complaint(ended)


async def test_a_missing_certificate_ends_it_with_77_and_one_line(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    settings = by_certificate(secure_kafka, KAFKA__SSL_CERTFILE=None, KAFKA__SSL_KEYFILE=None)
    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        ended = await deployment.command("run")

    assert ended.code == 77
    assert "ESPUTNIK_SYNC_KAFKA__SSL_CERTFILE" in complaint(ended)


async def test_a_certificate_of_a_stranger_ends_it_with_77(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other").issue(TRUSTED, f"DNS:{TRUSTED}")
    settings = by_certificate(
        secure_kafka,
        KAFKA__SSL_CERTFILE=str(stranger.certificate),
        KAFKA__SSL_KEYFILE=str(stranger.key),
    )
    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        ended = await deployment.command("run")

    assert ended.code == 77
    assert "refuses our certificate" in complaint(ended)


# -- whom we do not trust -------------------------------------------------------------------


async def test_a_broker_that_another_authority_vouches_for_is_not_talked_to(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    settings = by_password(secure_kafka, KAFKA__SSL_CAFILE=str(other.certificate))
    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        ended = await deployment.command("run")

    assert ended.code == 69
    assert "has a certificate that cannot be trusted" in complaint(ended)
    assert "ESPUTNIK_SYNC_KAFKA__SSL_CAFILE" in complaint(ended)


async def test_a_broker_with_the_certificate_of_another_host_is_not_talked_to(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    address = secure_kafka.by_password.replace("localhost", "127.0.0.1")
    settings = by_password(secure_kafka, KAFKA__BOOTSTRAP_SERVERS=address)
    async with reached(secure_kafka, tmp_path, **settings) as deployment:
        ended = await deployment.command("run")

    assert ended.code == 69
    assert "certificate is not valid for '127.0.0.1'" in complaint(ended)


async def test_a_listener_without_tls_hears_a_handshake_and_nothing_else(
    secure_kafka: SecureKafka, tmp_path: Path
) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65_536))
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        settings = by_password(
            secure_kafka, KAFKA__BOOTSTRAP_SERVERS=f"{host}:{port}", KAFKA__START_TIMEOUT="2"
        )
        async with reached(secure_kafka, tmp_path, **settings) as deployment:
            ended = await deployment.command("run")

    assert ended.code == 69
    assert "ESPUTNIK_SYNC_KAFKA__BOOTSTRAP_SERVERS and …__SECURITY_PROTOCOL" in complaint(ended)
    assert {raw[:1] for raw in heard} == {b"\x16"}  # how TLS greets
    assert TRUSTED.encode() not in b"".join(heard)
