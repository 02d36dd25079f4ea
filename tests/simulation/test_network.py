"""What lies beneath the client in histories fails as real connections fail."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from esputnik.client import Client
from esputnik.outcome import Answer, NoAnswer
from tests.builders import a_request
from tests.simulation.history import Epoch
from tests.simulation.network import CUT, REFUSED, RESET, Line, Network, Transport, Trouble

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def exchanged(base_url: str, transport: httpx.AsyncBaseTransport | None) -> Answer | NoAnswer:
    async with Client(
        base_url=base_url,
        login="api",
        api_key="sandbox",
        timeout=5.0,
        max_in_flight=1,
        transport=transport,
    ) as client:
        return await client.exchange(a_request(), key="es1-k")


class Told(Network):
    """A network on which every request comes to the same."""

    def __init__(self, end: Answer | Trouble) -> None:
        self._end = end

    async def carry(self, *_: object) -> Answer | Trouble:
        return self._end


class Nobody:
    epoch = Epoch("r1", 1)
    is_outdated = False

    def crosses(self, point: str) -> bool:
        raise NotImplementedError

    def tell(self, text: str) -> None:
        raise NotImplementedError


async def over_a_line(end: Answer | Trouble) -> tuple[Answer | NoAnswer, str]:
    line = Line(Told(end), Nobody())
    base_url = "https://esputnik.com/api"
    return await exchanged(base_url, Transport(line, "/api")), line.heard["es1-k"]


async def over_sockets(said: bytes | None) -> Answer | NoAnswer:
    """Say something in answer to a request and hang up; None: let nobody listen."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(said or b"")
        writer.close()

    server = await asyncio.start_server(script, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if said is None:
        server.close()
    try:
        return await exchanged(f"http://127.0.0.1:{port}/api", None)
    finally:
        server.close()


@pytest.mark.parametrize(
    ("end", "said", "heard"),
    [
        (REFUSED, None, "clear"),
        (RESET, b"", "doubt"),
        (CUT, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "doubt"),
        (Answer(status=200, body=b"<html>"), b"HTTP/1.1 200 OK\r\n\r\n<html>", "done"),
        (Answer(status=502, body=b"-"), b"HTTP/1.1 502 Bad Gateway\r\n\r\n-", "doubt"),
    ],
)
async def test_the_client_says_the_same_of_both(
    end: Answer | Trouble, said: bytes | None, heard: str
) -> None:
    assert await over_a_line(end) == (await over_sockets(said), heard)
