"""`sink`: what the sink itself sustains, so that it is known not to be what is measured."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlsplit

from bench.peers.errand import ERRANDS
from bench.sink.account import Rules
from bench.sink.control import Control
from bench.tables import figure, table
from bench.workload import ORDERS

SECONDS = 3.0
CONNECTIONS = 8
BODIES = 20  # different ones, sent in turn
HEADS = ("items a request", "requests/s", "items/s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """How many requests a second the sink answered, of so many items each."""

    size: int
    rate: float


async def ceiling(sink: Control) -> list[Ceiling]:
    """Send single items, then full requests, as fast as a raw client can."""
    return [await _measured(sink, size) for size in (1, ORDERS.batch)]


async def _measured(sink: Control, size: int) -> Ceiling:
    bodies = [_body(number, size) for number in range(BODIES)]
    await sink.begin(Rules(events=BODIES * size))
    began = time.monotonic()
    clients = (_client(sink.address, bodies, began + SECONDS) for _ in range(CONNECTIONS))
    requests = sum(await asyncio.gather(*clients))
    return Ceiling(size=size, rate=requests / (time.monotonic() - began))


def _body(number: int, size: int) -> bytes:
    errand = ERRANDS[ORDERS.name]
    events = (ORDERS.event(one) for one in range(number * size, (number + 1) * size))
    return errand.together([errand.read(event) for event in events])


async def _client(address: str, bodies: Sequence[bytes], until: float) -> int:
    """Send one request after the other on a connection; return how many were answered."""
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    answered = 0
    for body in cycle(bodies):
        if time.monotonic() >= until:
            break
        head = f"POST /api/v1/orders HTTP/1.1\r\nHost: sink\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.writelines((head.encode(), body))
        await reader.readuntil(b"\r\n\r\n{}")
        answered += 1
    writer.close()
    return answered


def section(ceilings: Sequence[Ceiling]) -> str:
    """Return the table."""
    rows = [(str(one.size), figure(one.rate), figure(one.rate * one.size)) for one in ceilings]
    return f"## What the sink sustains\n\n{table(HEADS, rows)}"
