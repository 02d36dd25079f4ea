"""The product under the launcher: real processes that end where a test says."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

from demo.parts import Part, start
from tests.chaos.launcher import KILLED
from tests.chaos.tale import Tale, faults
from tests.integration.deployment import Deployment
from tests.integration.story import REFUSED, Record

LAUNCHER = Path(__file__).with_name("launcher.py")
REFUSAL = {"action": "add-orders", "contains": REFUSED, "item_error": "order is not valid"}
SECONDS = 60.0  # until a point must be reached


async def launched(deployment: Deployment, point: str = "-") -> Part:
    """Start a consumer that ends at this point; `-` is none."""
    number = len(list(deployment.folder.glob("chaos-*.log"))) + 1
    command = (sys.executable, str(LAUNCHER), point, "run")
    log = deployment.folder / f"chaos-{number}.log"
    return await start("consumer", command, log, deployment.environment())


async def ends_at(deployment: Deployment, point: str) -> None:
    """Run a consumer until it ends at this point."""
    part = await launched(deployment, point)
    try:
        async with asyncio.timeout(SECONDS):
            code = await part.ended()
    except TimeoutError:
        await part.stop()
        raise part.failed(f"never came to {point}") from None
    assert code == KILLED, part.failed(f"ended with {code}, not at {point}")


async def produce(deployment: Deployment, records: Iterable[Record]) -> None:
    for record in records:
        await deployment.produce("events", record.value, key=record.key, headers=record.headers)
    await deployment.producer.flush()


async def has_started(part: Part) -> None:
    """Wait until a consumer says that it carries records."""
    await part.first(lambda line: line if '"event":"started"' in line else None)


async def killed(part: Part) -> None:
    """Kill a consumer, whatever it does."""
    part.process.kill()
    await part.ended()


async def books(deployment: Deployment, tale: Tale, kills: int) -> list[str]:
    state, letters = await deployment.account.state(), await deployment.letters()
    return faults(tale, state, letters, lost=kills)
