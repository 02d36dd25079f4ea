"""The service's parser and client in a loop without any guarantee.

No order between the events of one contact, no reading of per-item results, no dead letters, no
metrics; offsets are committed by the clock, done or not; an import is not waited for.
"""

import asyncio
import time

from aiokafka import AIOKafkaConsumer

from bench.baselines.planning import FETCHING, POLL_RECORDS, client, planner
from bench.peers.task import task
from consumer.kafka.reading import records
from consumer.plan import Planned
from esputnik.call import Shape
from esputnik.client import Client

IN_FLIGHT = 8  # as the service has it


class Loop:
    """What waits for a full request, by shape, and what is under way."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._waiting: dict[Shape, list[bytes]] = {}
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._sending: set[asyncio.Task[None]] = set()

    async def add(self, shape: Shape, item: bytes) -> None:
        """Let an item wait; a full request goes out as soon as a place is free."""
        items = self._waiting.setdefault(shape, [])
        items.append(item)
        if len(items) >= shape.max_items:
            await self._send(shape)

    async def flush(self) -> None:
        """Send all that waits."""
        for shape in list(self._waiting):
            await self._send(shape)

    async def _send(self, shape: Shape) -> None:
        items = self._waiting.pop(shape)
        await self._slots.acquire()
        sending = asyncio.create_task(self._carry(shape, items))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)

    async def _carry(self, shape: Shape, items: list[bytes]) -> None:
        try:
            await self._api.exchange(shape.request(items))
        finally:
            self._slots.release()


async def main() -> None:
    """Carry events until ended."""
    mine = task()
    plan = planner(mine).plan
    consumer = AIOKafkaConsumer(
        mine.topic,
        bootstrap_servers=mine.bootstrap,
        group_id=mine.group,
        auto_offset_reset="earliest",
        **FETCHING,
    )
    await consumer.start()
    async with client(mine, IN_FLIGHT) as api:
        loop = Loop(api)
        while True:
            fetched = await consumer.getmany(timeout_ms=200, max_records=POLL_RECORDS)
            now = time.time()
            for record in records(fetched):
                planned = plan(record, now)
                for call in planned.calls if isinstance(planned, Planned) else ():
                    if call.shape is not None:
                        await loop.add(call.shape, call.item)
            if not fetched:
                await loop.flush()


if __name__ == "__main__":
    asyncio.run(main())
