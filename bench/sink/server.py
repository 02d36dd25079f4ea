"""The sink as a server: no framework, one connection one protocol, whole bodies scanned at once.

Beside the API's paths it has its own, under `/bench/`: `rules` begins a lap, `counts`, `arrivals`
and `times` tell what came in it.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict

import orjson

from bench.sink.account import Account, Reply, Rules
from bench.sink.wire import Head, read_head, write_reply

_OURS = "/bench/"


class Sink:
    """The account of the present lap."""

    def __init__(self) -> None:
        self.account = Account(Rules())

    def answer(self, head: Head, received: bytearray) -> Reply:
        """Answer one request that was received whole, and nothing after it."""
        if not head.path.startswith(_OURS):
            now = time.monotonic()
            return self.account.reply(head.method, head.path, received, head.body_at, now)
        name = head.path.removeprefix(_OURS)
        if name == "rules":
            self.account = Account(Rules(**orjson.loads(received[head.body_at : head.end])))
        tell = _TELLS.get(name)
        return Reply(200, orjson.dumps(tell(self.account))) if tell else Reply(404, b"{}")


def _counts(account: Account) -> dict[str, int]:
    names = ("requests", "distinct", "doubled", "throttled")
    return {name: getattr(account, name) for name in names}


_TELLS: dict[str, Callable[[Account], object]] = {
    "rules": lambda account: asdict(account.rules),
    "counts": _counts,
    "arrivals": lambda account: [list(one) for one in account.arrivals],
    "times": lambda account: account.times.tolist(),
}


class SinkProtocol(asyncio.Protocol):
    """One connection. Its requests are answered in turn."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._received = bytearray()
        self._head: Head | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole now."""
        self._received += data
        while self._received:
            self._head = self._head or read_head(self._received)
            if self._head is None or len(self._received) < self._head.end:
                return
            reply = self._sink.answer(self._head, self._received)
            del self._received[: self._head.end]
            self._head = None
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        text = write_reply(reply)
        if reply.after:
            asyncio.get_running_loop().call_later(reply.after, self._write, text)
        else:
            self._write(text)

    def _write(self, text: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(text)


async def listen(sink: Sink) -> asyncio.Server:
    """Serve on a free port of the loopback interface."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: SinkProtocol(sink), "127.0.0.1", 0)
