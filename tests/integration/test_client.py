"""The client against servers that misbehave, over real sockets."""

import asyncio
import base64
import gzip
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from esputnik import requests
from esputnik.client import Client
from esputnik.outcome import Answer, NoAnswer
from tests.builders import a_request

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
    }
    return head[0], headers, await reader.readexactly(int(headers.get("content-length", "0")))


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}/api"
    finally:
        server.close()


def a_client(base_url: str, seconds: float = 5.0, login: str = "api") -> Client:
    return Client(
        base_url=base_url, login=login, api_key="secret", timeout=seconds, max_in_flight=2
    )


async def exchanged(script: Script, seconds: float = 5.0) -> Answer | NoAnswer:
    async with serving(script) as base_url, a_client(base_url, seconds) as client:
        return await client.exchange(a_request(), key="es1-k")


async def test_a_request_goes_out_as_built_and_its_answer_comes_back_whole() -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_request(reader))
        writer.write(answer(b'{"id":1}', "200 OK", "Retry-After: 3"))
        await writer.drain()

    got = await exchanged(script)

    line, headers, body = seen[0]
    assert (line, body) == ("POST /api/v1/contact HTTP/1.1", b"{}")
    assert headers["authorization"] == "Basic " + base64.b64encode(b"api:secret").decode()
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert headers["idempotency-key"] == "es1-k"
    assert headers["accept-encoding"] == "identity"
    assert isinstance(got, Answer)
    assert (got.status, got.body, got.headers["retry-after"]) == (200, b'{"id":1}', "3")


async def test_path_segments_and_queries_arrive_as_they_were_meant() -> None:
    seen: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append((await read_request(reader))[0])
            writer.write(answer(b"{}"))
            await writer.drain()

    async with serving(script) as base_url, a_client(base_url) as client:
        await client.exchange(requests.token_activity("app", "a/b:c%2e d", active=True))
        await client.exchange(requests.find_contact(email="a+b&c@x.com"))

    assert seen == [
        "PUT /api/v1/contact/token/activated/app/a%2Fb:c%252e%20d HTTP/1.1",
        "GET /api/v1/contacts?email=a%2Bb%26c@x.com&startindex=1&maxrows=500 HTTP/1.1",
    ]


async def test_a_refused_connection_sent_nothing() -> None:
    async with serving(lambda *_: asyncio.sleep(0)) as base_url:
        pass
    async with a_client(base_url) as client:
        got = await client.exchange(a_request())

    assert isinstance(got, NoAnswer)
    assert not got.maybe_sent


async def test_a_connection_closed_after_the_request_may_have_done_it() -> None:
    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)

    got = await exchanged(script)

    assert isinstance(got, NoAnswer)
    assert got.maybe_sent


async def test_a_body_cut_short_may_have_been_done() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
        await writer.drain()

    got = await exchanged(script)

    assert isinstance(got, NoAnswer)
    assert got.maybe_sent


@pytest.mark.parametrize(
    "said", [b"HELLO THERE\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9000 + b"\r\n\r\n"]
)
async def test_what_is_no_http_may_have_been_done(said: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(said)
        await writer.drain()

    got = await exchanged(script)

    assert isinstance(got, NoAnswer)
    assert got.maybe_sent


async def test_a_slow_drip_ends_at_the_deadline() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    got = await exchanged(script, seconds=0.3)

    assert got == NoAnswer(maybe_sent=True, cause="timeout")


async def test_a_packed_answer_is_not_unpacked() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer(gzip.compress(b"0" * 1_000_000), "200 OK", "Content-Encoding: gzip"))
        await writer.drain()

    assert await exchanged(script) == NoAnswer(maybe_sent=True, cause="content_encoding")


async def test_an_endless_answer_is_cut_off() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            writer.write(b"0" * 65536)
            await writer.drain()

    assert await exchanged(script) == NoAnswer(maybe_sent=True, cause="answer_too_large")


async def test_redirects_are_not_followed_and_cookies_not_kept() -> None:
    seen: list[dict[str, str]] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append((await read_request(reader))[1])
            writer.write(answer(b"", "302 Found", "Location: /elsewhere", "Set-Cookie: a=b"))
            await writer.drain()

    async with serving(script) as base_url, a_client(base_url) as client:
        first = await client.exchange(a_request())
        await client.exchange(a_request())

    assert isinstance(first, Answer)
    assert first.status == 302
    assert len(seen) == 2
    assert all("cookie" not in headers for headers in seen)


async def test_a_post_is_never_repeated_by_the_transport() -> None:
    count = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        await read_request(reader)
        writer.write(answer(b"{}"))
        await writer.drain()
        await read_request(reader)  # the second request on a kept connection: hang up on it
        count += 1

    async with serving(script) as base_url, a_client(base_url) as client:
        await client.exchange(a_request())
        got = await client.exchange(a_request())

    assert isinstance(got, NoAnswer)
    assert (got.maybe_sent, count) == (True, 1)


async def test_a_changed_key_is_used_from_the_next_request_on() -> None:
    seen: list[str] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append((await read_request(reader))[1]["authorization"])
            writer.write(answer(b"{}"))
            await writer.drain()

    async with serving(script) as base_url, a_client(base_url, login="") as client:
        await client.exchange(a_request())
        assert client.set_api_key("new")
        assert not client.set_api_key("new")
        await client.exchange(a_request())

    assert [base64.b64decode(word.split()[1]) for word in seen] == [b":secret", b":new"]


@pytest.mark.parametrize("path", ["/v1/../../x", "/x"])
async def test_a_path_that_leaves_the_api_is_a_bug(path: str) -> None:
    async with a_client("http://127.0.0.1:1/api") as client:
        with pytest.raises(ValueError, match="leaves"):
            await client.exchange(a_request(path=path))


async def test_a_cancelled_exchange_stays_cancelled() -> None:
    reached = asyncio.Event()

    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        reached.set()
        await asyncio.sleep(30)

    async with serving(script) as base_url, a_client(base_url) as client:
        task = asyncio.create_task(client.exchange(a_request()))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def a_certificate(folder: Path) -> ssl.SSLContext:
    """A server's certificate that nobody vouches for."""
    openssl = shutil.which("openssl")
    assert openssl is not None, "openssl makes the certificate of this test"
    key, cert = folder / "key.pem", folder / "cert.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    return tls


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    tls = a_certificate(tmp_path)

    async with (
        serving(lambda *_: asyncio.sleep(0), tls) as base_url,
        a_client(base_url) as client,
    ):
        got = await client.exchange(a_request())

    assert isinstance(got, NoAnswer)
    assert (got.maybe_sent, got.is_untrusted) == (False, True)
