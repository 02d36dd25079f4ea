"""The service's parser and client, each event in a request of its own, sent at once.

The yardstick of latency: nothing waits for company, for order or for anything but a free place.
"""

import asyncio
import time

from aiokafka import AIOKafkaConsumer

from bench.baselines.planning import FETCHING, client, planner
from bench.peers.task import task
from consumer.kafka.reading import records
from consumer.plan import Planned

IN_FLIGHT = 16


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
    async with client(mine, IN_FLIGHT) as api, asyncio.TaskGroup() as sending:
        while True:
            for record in records(await consumer.getmany(timeout_ms=200)):
                planned = plan(record, time.time())
                for call in planned.calls if isinstance(planned, Planned) else ():
                    sending.create_task(api.exchange(call.alone()))


if __name__ == "__main__":
    asyncio.run(main())
