"""Which broker the laps run on: the embedded one, Apache Kafka, or one that is there already."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from demo.embedded import start_broker
from tests.brokers.kafka import Kafka

EMBEDDED = "embedded"
KAFKA = "kafka"


def chosen(option: str) -> str:
    """Return the broker to use: `BENCH_BROKER`, as host:port, or else what the option says."""
    return os.environ.get("BENCH_BROKER") or option


@asynccontextmanager
async def broker(choice: str, folder: Path) -> AsyncIterator[str]:
    """Run a broker, if it is one of ours, and give its bootstrap address."""
    if choice == EMBEDDED:
        part, bootstrap = await start_broker(folder)
        try:
            yield bootstrap
        finally:
            await part.stop()
    elif choice == KAFKA:
        kafka = await asyncio.to_thread(Kafka.launch, folder)
        try:
            yield kafka.bootstrap
        finally:
            await asyncio.to_thread(kafka.close)
    else:
        yield choice
