"""The sink as a server, met by the service's own client."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from bench.peers.errand import ERRANDS
from bench.sink.account import Refuse, Rules
from bench.sink.control import Control
from bench.sink.server import Sink, listen
from bench.workload import CONTACTS, ORDERS, Work
from consumer.plan import Planned, Planner, Topic
from esputnik.answers import read_bulk
from esputnik.call import Call
from esputnik.client import Client
from esputnik.imports import Finished, read_import_status
from esputnik.outcome import Accepted, Delivered, Outcome, Rejected
from esputnik.requests import import_status
from tests.builders import a_record


def calls(work: Work, *numbers: int) -> list[Call]:
    planner = Planner(topics={"work": Topic(type=work.event_type)})
    records = [a_record(topic="work", value=work.event(number)) for number in numbers]
    plans = [planner.plan(record, time.time()) for record in records]
    return [call for plan in plans if isinstance(plan, Planned) for call in plan.calls]


@pytest.fixture
async def sink() -> AsyncIterator[Control]:
    server = await listen(Sink())
    control = Control(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield control
    await control.close()
    server.close()
    await server.wait_closed()


async def sent(sink: Control, work: Work, *numbers: int) -> Sequence[Outcome] | Accepted:
    """Send a bulk request of the work's events; return what the service reads of the answer."""
    travelling = calls(work, *numbers)
    shape = travelling[0].shape
    assert shape is not None
    async with client(sink) as api:
        answer = await api.exchange(shape.request([call.item for call in travelling]))
    return read_bulk(shape, travelling, answer)


def client(sink: Control) -> Client:
    return Client(base_url=sink.api(), login="api", api_key="k", timeout=5.0, max_in_flight=2)


async def test_orders_sent_by_the_service_are_delivered_and_counted(sink: Control) -> None:
    await sink.begin(Rules(events=1000))

    outcomes = await sent(sink, ORDERS, *range(1000))

    assert outcomes == [Delivered()] * 1000
    counts = await sink.counts()
    assert (counts.distinct, counts.doubled, counts.requests) == (1000, 0, 1)
    assert [arrival.items for arrival in await sink.arrivals()] == [1000]
    assert all(await sink.times())


async def test_an_import_is_accepted_and_finished_at_once(sink: Control) -> None:
    await sink.begin(Rules(work="contacts", events=10))

    accepted = await sent(sink, CONTACTS, 1, 3)
    async with client(sink) as api:
        status = read_import_status(await api.exchange(import_status("bench")))

    assert isinstance(accepted, Accepted)
    assert (accepted.refused, status) == ({}, Finished())
    assert (await sink.counts()).distinct == 2


@pytest.mark.parametrize(("refuse", "bad"), [("item", [1]), ("whole", [0, 1, 2])])
async def test_the_service_understands_what_the_sink_refuses(
    sink: Control, refuse: Refuse, bad: list[int]
) -> None:
    await sink.begin(Rules(events=3000, refuse=refuse))

    outcomes = await sent(sink, ORDERS, 998, 999, 1000)

    assert isinstance(outcomes, list)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Rejected)] == bad


async def test_a_new_lap_forgets_the_last_one(sink: Control) -> None:
    await sink.begin(Rules(events=10))
    await sent(sink, ORDERS, 1)

    await sink.begin(Rules(events=10))

    assert (await sink.counts()).distinct == 0
    assert await sink.arrivals() == []


async def test_a_request_in_pieces_is_answered_once_it_is_whole(sink: Control) -> None:
    await sink.begin(Rules(events=10))
    body = ERRANDS["orders"].together([ERRANDS["orders"].read(ORDERS.event(5))])
    head = f"POST /api/v1/orders HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    port = int(sink.address.rsplit(":", 1)[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    for piece in (head[:20], head[20:] + body[:50], body[50:]):
        writer.write(piece)
        await writer.drain()
        await sink.counts()  # the sink has read what was sent before

    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
    assert (await sink.counts()).distinct == 1
    writer.close()
    await writer.wait_closed()
