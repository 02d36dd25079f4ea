"""aiokafka and httpx, one event after the other: what a first version looks like."""

import asyncio

import httpx
from aiokafka import AIOKafkaConsumer

from bench.peers.errand import ERRANDS, JSON
from bench.peers.task import CUT, task


async def main() -> None:
    """Carry events until ended."""
    mine = task()
    errand = ERRANDS[mine.work]
    consumer = AIOKafkaConsumer(
        mine.topic,
        bootstrap_servers=mine.bootstrap,
        group_id=mine.group,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    async with httpx.AsyncClient(timeout=CUT, headers=JSON) as http:
        async for record in consumer:
            body = errand.alone(errand.read(record.value))
            (await http.post(mine.api + errand.one, content=body)).raise_for_status()


if __name__ == "__main__":
    asyncio.run(main())
