"""The memory's topic: all of it is read at start, then followed, and written.

It is compacted: the last record of a name tells all that is known of it. Every replica follows
what the others write. Two that write of one name at once do not see each other's words, and the
later record may tell less than the earlier; whoever reads that one writes it again, whole. All is
written to one partition, so that everybody reads it in one order.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Mapping

import structlog

from consumer.consent.memory import Memory
from consumer.consent.ports import Admin, Followed, Page
from consumer.consent.reading import SETTING, Reader
from consumer.consent.records import Entry, encode, encode_fingerprint
from consumer.errors import SettingsError
from consumer.kafka import NotAcknowledgedError, TooLargeError
from consumer.ports import Clock, Writer
from consumer.record import Partition

log = structlog.get_logger()

POLICY = "cleanup.policy"
COMPACTED = {
    POLICY: "compact",
    "min.compaction.lag.ms": str(24 * 3600 * 1000),  # time to mend a record that tells less
}
PARTITION = 0  # to which everything is written
FIRST_WAIT = 0.5  # s
LONGEST_WAIT = 30.0  # s
CATCH_UP_SECONDS = 10.0
LONGEST_LESSER = 60.0  # until a record that tells less is written again though others come


async def prepare(admin: Admin, topic: str) -> None:
    """Make the topic where there is none.

    Raises:
        SettingsError: It may not be made, or the one there is forgets.
    """
    if topic not in await admin.topics():
        await admin.create(topic, partitions=1, config=COMPACTED, setting=SETTING)
        return
    policy = (await admin.config(topic)).get(POLICY)
    if policy is not None:
        refuse_forgetful(topic, policy)


def refuse_forgetful(topic: str, policy: str) -> None:
    """Refuse a topic that is there, by its cleanup policy.

    Raises:
        SettingsError: It forgets.
    """
    if policy != COMPACTED[POLICY]:
        raise SettingsError(
            [f"{SETTING}: {topic} has {POLICY}={policy} and would lose opt-outs; set it to compact"]
        )


class ConsentTopic:
    """Keeps a memory and its topic in step. `run` follows; the rest may be called beside it."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        memory: Memory,
        followed: Followed,
        writer: Writer,
        topic: str,
        fingerprint: str,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._memory = memory
        self._followed = followed
        self._writer = writer
        self._topic = topic
        self._fingerprint = fingerprint
        self._reader = Reader(memory, topic, fingerprint)
        self._clock = clock
        self._rng = rng
        self._position: Mapping[Partition, int] = {}
        self._moved = asyncio.Event()
        self._is_quiet = asyncio.Event()
        self._lesser_since: float | None = None
        self._asking = asyncio.Lock()
        self._next: asyncio.Task[bool] | None = None
        self._waiting: Counter[asyncio.Task[bool]] = Counter()

    # -- reading ----------------------------------------------------------------------------

    async def load(self) -> None:
        """Read all that is there. An empty topic is marked with the fingerprint of the key.

        Raises:
            SettingsError: It was written with another key, or holds what is not understood.
        """
        while (ends := await self._followed.ends()) is None:
            await self._clock.sleep(FIRST_WAIT)
        while not self._has_reached(ends):
            self._take(await self._followed.poll())
        self._reader.end()
        if not self._reader.is_marked:
            await self._send(encode_fingerprint(self._fingerprint))

    async def run(self) -> None:
        """Follow the topic until cancelled; write again what tells less than is known.

        Raises:
            SettingsError: As `load` does, in a group.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._mend())
            while True:
                self._take(await self._followed.poll())

    async def catch_up(self) -> bool:
        """Return True once all that was acknowledged so far has been read; False if it takes long.

        Those who call while one asks the brokers wait for the next who asks, together.
        """
        asking = self._next
        if asking is None:
            asking = self._next = asyncio.get_running_loop().create_task(self._ask_and_wait())
        self._waiting[asking] += 1
        try:
            return await asyncio.shield(asking)
        finally:
            self._leave(asking)

    def _leave(self, asking: asyncio.Task[bool]) -> None:
        """Wait for this no more; who was the last ends what nobody needs now."""
        self._waiting[asking] -= 1
        if self._waiting[asking]:
            return
        del self._waiting[asking]
        asking.cancel()
        if self._next is asking:
            self._next = None

    async def _ask_and_wait(self) -> bool:
        async with self._asking:
            self._next = None
            ends = await self._followed.ends()
        if ends is None:
            return False
        deadline = self._clock.now() + CATCH_UP_SECONDS
        while not self._has_reached(ends):
            left = deadline - self._clock.now()
            if left <= 0 or not await self._clock.wait(self._moved, left):
                return False
        return True

    def _has_reached(self, ends: Mapping[Partition, int]) -> bool:
        return all(self._position.get(place, 0) >= end for place, end in ends.items())

    def _take(self, page: Page) -> None:
        for record in page.records:
            self._reader.hear(record)
        self._position = page.position
        self._moved.set()
        self._moved = asyncio.Event()
        if not self._reader.lesser:
            self._lesser_since = None
            return
        now = self._clock.now()
        self._lesser_since = now if self._lesser_since is None else self._lesser_since
        if not page.records or now - self._lesser_since >= LONGEST_LESSER:
            self._is_quiet.set()
            self._lesser_since = None

    # -- writing ----------------------------------------------------------------------------

    async def write(self, names: Iterable[bytes]) -> None:
        """Write all that is known of these names; return once all in-sync replicas have it.

        Waits as long as it takes.
        """
        for name in names:
            await self._send(encode(name, self._memory.known(name)))

    async def _mend(self) -> None:
        while True:
            await self._clock.wait(self._is_quiet, None)
            self._is_quiet.clear()
            names, self._reader.lesser = self._reader.lesser, set()
            await self.write(names)

    async def _send(self, entry: Entry) -> None:
        wait = FIRST_WAIT
        while True:
            try:
                await self._writer.send(
                    self._topic, key=entry.key, value=entry.value, near=PARTITION
                )
            except (NotAcknowledgedError, TooLargeError) as trouble:
                log.warning("consent_not_acknowledged", error=str(trouble))
                await self._clock.sleep(wait * (0.5 + self._rng.random() / 2))
                wait = min(LONGEST_WAIT, wait * 2)
            else:
                return
