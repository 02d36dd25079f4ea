"""The performance: a broker, a sandbox account, the story told, the consumer at work."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from demo.embedded import start_broker
from demo.events import Story
from demo.figures import Figures
from demo.parts import consumer_settings, start_consumer, start_sandbox
from demo.planted import RULES
from demo.report import Performance
from demo.scenes import CONSENT_ROUTES, CUSTOM_FIELDS
from demo.show import Show
from demo.stream import (
    DEAD_LETTERS,
    committed_lag,
    letters,
    make_topics,
    open_group,
    produce,
    producing,
    topics,
)
from demo.watch import Watch

DEAD_LETTER_PARTITIONS = 2
ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What stands while the demonstration runs: the broker's address and the sandbox's."""

    bootstrap: str
    api: str

    def settings(self) -> dict[str, str]:
        """Return the settings of a consumer here, as environment variables."""
        return consumer_settings(
            self.bootstrap,
            self.api,
            CONTACTS__CUSTOM_FIELDS=CUSTOM_FIELDS,
            CONSENT__ROUTES=CONSENT_ROUTES,
        )

    async def refuse(self, rules: tuple[dict[str, str], ...]) -> None:
        """Tell the sandbox what to refuse from now on, and nothing else."""
        async with self._http() as http:
            answer = await http.put("/sandbox/rules", json=rules)
            answer.raise_for_status()

    async def state(self) -> dict[str, Any]:
        """Return what the account holds."""
        async with self._http() as http:
            return dict((await http.get("/sandbox/state")).json())

    def _http(self) -> httpx.AsyncClient:
        root = self.api.removesuffix("/api")
        return httpx.AsyncClient(base_url=root, timeout=ANSWER_SECONDS, trust_env=False)


async def set_up(folder: Path, seed: int, show: Show, parts: AsyncExitStack) -> Stand:
    """Start a broker and a sandbox, with logs in this folder; `parts` stops them."""
    show.step("Starting the broker")
    broker, bootstrap = await start_broker(folder)
    parts.push_async_callback(broker.stop)
    show.step("Starting the eSputnik sandbox")
    sandbox, api = await start_sandbox(folder, seed)
    parts.push_async_callback(sandbox.stop)
    stand = Stand(bootstrap=bootstrap, api=api)
    await stand.refuse(RULES)
    show.step("Creating topics and group")
    await make_topics(bootstrap, topics() | {DEAD_LETTERS: DEAD_LETTER_PARTITIONS})
    await open_group(bootstrap, next(iter(topics())))
    return stand


async def play(story: Story, stand: Stand, folder: Path, show: Show) -> Performance:
    """Tell the story, let a consumer carry it, and return what was seen; the consumer has ended.

    Raises:
        DemoError: A part ended, or stood still.
    """
    async with AsyncExitStack() as stack:
        show.step("Starting the consumer")
        part, admin = await start_consumer(folder, stand.settings())
        stack.push_async_callback(part.stop)
        http = await stack.enter_async_context(
            httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False)
        )
        watch = Watch(part=part, admin=admin, http=http, show=show)
        figures, seconds = await _tell(story, stand, watch)
        show.step("Stopping the consumer, comparing")
        exit_code = await part.stop()
    return Performance(
        seconds=seconds,
        figures=figures,
        state=await stand.state(),
        letters=await letters(stand.bootstrap),
        lag=await committed_lag(stand.bootstrap, topics()),
        exit_code=exit_code,
    )


async def _tell(story: Story, stand: Stand, watch: Watch) -> tuple[Figures, float]:
    """Return the last figures, and the seconds from the first event taken to the last finished."""
    now = asyncio.get_running_loop().time
    people = story.wave(1)
    everything = len(story.samples)
    async with producing(stand.bootstrap) as producer:
        watch.show.step("People sign up")
        await produce(producer, people)
        await watch.until(lambda figures: figures.records > 0)
        begun = now()
        await watch.until(lambda figures: figures.finished >= len(people))
        watch.show.step("They order, move and opt out")
        await produce(producer, story.wave(2))
        await watch.until(lambda figures: figures.finished >= everything)
        ended = now()
    watch.show.step("Waiting for the last commit")
    return await watch.until(lambda figures: figures.is_done(everything)), ended - begun
