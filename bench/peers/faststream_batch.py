"""FastStream with `batch=True`: one typed subscriber, called with a full request of events.

Its acknowledgement is left as it comes, which commits before the work is done; its log is off.
"""

import asyncio
from collections.abc import Sequence

import httpx
from faststream import FastStream
from faststream.kafka import KafkaBroker

from bench.peers.errand import ERRANDS, JSON
from bench.peers.events import ContactEvent, OrderEvent
from bench.peers.task import CUT, task


async def main() -> None:
    """Carry events until ended."""
    mine = task()
    errand = ERRANDS[mine.work]
    http = httpx.AsyncClient(timeout=CUT, headers=JSON)
    broker = KafkaBroker(mine.bootstrap, logger=None)

    async def carry(events: Sequence[OrderEvent] | Sequence[ContactEvent]) -> None:
        body = errand.together([errand.of(event) for event in events])
        (await http.post(mine.api + errand.many, content=body)).raise_for_status()

    async def take_orders(events: list[OrderEvent]) -> None:
        await carry(events)

    async def take_contacts(events: list[ContactEvent]) -> None:
        await carry(events)

    broker.subscriber(
        mine.topic,
        group_id=mine.group,
        auto_offset_reset="earliest",
        batch=True,
        max_records=errand.size,
    )(take_orders if mine.work == "orders" else take_contacts)
    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    asyncio.run(main())
