"""FastStream as its documentation shows it: one typed subscriber, called for each event.

Its acknowledgement is left as it comes, which commits before the work is done; its log is off.
"""

import asyncio

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

    async def carry(event: OrderEvent | ContactEvent) -> None:
        body = errand.alone(errand.of(event))
        (await http.post(mine.api + errand.one, content=body)).raise_for_status()

    async def take_order(event: OrderEvent) -> None:
        await carry(event)

    async def take_contact(event: ContactEvent) -> None:
        await carry(event)

    broker.subscriber(mine.topic, group_id=mine.group, auto_offset_reset="earliest")(
        take_order if mine.work == "orders" else take_contact
    )
    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    asyncio.run(main())
