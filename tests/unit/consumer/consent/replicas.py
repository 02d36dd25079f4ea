"""Replicas that share a topic in memory."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from consumer.consent.memory import Memory
from consumer.consent.topic import ConsentTopic
from tests.fakes.time import LoopClock
from tests.fakes.topic import FakeFollowed, FakeTopic, FakeWriter

KEY = "ab12"


@dataclass
class Replica:
    """One replica's memory and its way to the topic."""

    topic: FakeTopic
    fingerprint: str = KEY
    memory: Memory = field(default_factory=Memory)

    def __post_init__(self) -> None:
        self.followed, self.writer = FakeFollowed(self.topic), FakeWriter(self.topic)
        self.shelf = ConsentTopic(
            memory=self.memory,
            followed=self.followed,
            writer=self.writer,
            topic=self.topic.name,
            fingerprint=self.fingerprint,
            clock=LoopClock(),
            rng=random.Random(0),  # noqa: S311 - jitter
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load, then follow while the context is open."""
        await self.shelf.load()
        following = asyncio.create_task(self.shelf.run())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait({following})
