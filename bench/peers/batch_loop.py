"""aiokafka and aiohttp in a batch loop written by hand: fetch, check, send, commit, in turn."""

import asyncio

import aiohttp
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
        enable_auto_commit=False,
    )
    await consumer.start()
    timeout = aiohttp.ClientTimeout(total=CUT)
    async with aiohttp.ClientSession(timeout=timeout, headers=JSON) as http:
        while True:
            fetched = await consumer.getmany(timeout_ms=500, max_records=errand.size)
            items = [errand.read(one.value) for records in fetched.values() for one in records]
            if not items:
                continue
            body = errand.together(items)
            async with http.post(mine.api + errand.many, data=body) as response:
                response.raise_for_status()
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(main())
