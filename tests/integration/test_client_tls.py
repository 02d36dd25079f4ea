"""The client against servers whose certificate is good, or is not."""

import asyncio
import ssl

import pytest

from esputnik.outcome import Answer, NoAnswer
from tests.brokers.authority import EXPIRED, Authority
from tests.builders import a_request
from tests.integration.test_client import a_client, answer, read_request, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our client trusts this authority, as one does whose operator names a file of his own."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))


async def exchanged(tls: ssl.SSLContext) -> tuple[object, int]:
    """What the client got, and how many requests the server read."""
    read = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal read
        await read_request(reader)
        read += 1
        writer.write(answer(b"{}"))
        await writer.drain()

    async with serving(script, tls) as base_url, a_client(base_url) as client:
        return await client.exchange(a_request()), read


async def test_a_certificate_of_a_trusted_authority_is_good(authority: Authority) -> None:
    got, read = await exchanged(authority.issue("good", "IP:127.0.0.1").context())

    assert isinstance(got, Answer)
    assert read == 1


async def test_a_certificate_nobody_vouches_for_is_refused(authority: Authority) -> None:
    got, read = await exchanged(authority.stranger().context())

    assert got == NoAnswer(
        maybe_sent=False, cause="ClientConnectorCertificateError", is_untrusted=True
    )
    assert read == 0


async def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    got, read = await exchanged(authority.issue("expired", "IP:127.0.0.1", EXPIRED).context())

    assert isinstance(got, NoAnswer)
    assert (got.maybe_sent, got.is_untrusted, read) == (False, True, 0)


async def test_the_certificate_of_another_host_is_refused(authority: Authority) -> None:
    got, read = await exchanged(authority.issue("other", "DNS:esputnik.com").context())

    assert isinstance(got, NoAnswer)
    assert (got.maybe_sent, got.is_untrusted, read) == (False, True, 0)


async def test_a_server_that_speaks_plainly_where_tls_is_wanted_was_sent_nothing() -> None:
    heard = bytearray()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1))
        writer.write(answer(b"", "400 Bad Request"))
        await writer.drain()

    async with (
        serving(script) as base_url,
        a_client(base_url.replace("http:", "https:")) as client,
    ):
        got = await client.exchange(a_request())

    assert got == NoAnswer(maybe_sent=False, cause="ClientConnectorSSLError")
    assert heard == b"\x16"  # the beginning of a handshake: no credentials went in the clear


async def test_a_server_that_never_ends_its_handshake_was_sent_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("esputnik.client.CONNECT_SECONDS", 0.3)

    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with (
        serving(script) as base_url,
        a_client(base_url.replace("http:", "https:")) as client,
    ):
        got = await client.exchange(a_request())

    assert got == NoAnswer(maybe_sent=False, cause="ConnectionTimeoutError")


async def test_old_versions_of_tls_are_not_spoken(authority: Authority) -> None:
    tls = authority.issue("old", "IP:127.0.0.1").context()
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1_1

    got, read = await exchanged(tls)

    assert isinstance(got, NoAnswer)
    assert (got.maybe_sent, read) == (False, 0)
