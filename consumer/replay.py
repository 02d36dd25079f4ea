"""Dead letters through the same plan, lanes and delivery as live events. Sends nothing by default.

What was delivered is remembered, by letter id, in a compacted topic: a second replay sends nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import structlog

from consumer.burials import job_burial, refused_burial
from consumer.deadletter import Burial, DeadLetter
from consumer.delivery import Delivery
from consumer.job import Job
from consumer.kafka import NotAcknowledgedError
from consumer.letters import Found, would_send
from consumer.plan import Planned, Planner, Refused, Skipped
from consumer.ports import Clock, Letters, Writer
from consumer.record import Record

log = structlog.get_logger()


class Verdict(StrEnum):
    """What a replay does with a letter."""

    SEND = "send"
    DELIVERED_BEFORE = "delivered_before"
    TOO_MANY_ATTEMPTS = "sync.attempts"
    IN_DOUBT = "sync.in_doubt"
    STUB = "stub"
    NOTHING_TO_SEND = "nothing_to_send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One letter of the plan."""

    found: Found
    verdict: Verdict


def decide(
    found: Iterable[Found], *, delivered: frozenset[str], max_attempts: int, in_doubt: bool
) -> list[Step]:
    """Return what becomes of each letter; `in_doubt` sends again what may have run."""
    return [
        Step(found=one, verdict=_verdict(one.letter, delivered, max_attempts, in_doubt=in_doubt))
        for one in found
    ]


def _verdict(
    letter: DeadLetter, delivered: frozenset[str], max_attempts: int, *, in_doubt: bool
) -> Verdict:
    if letter.id in delivered:
        return Verdict.DELIVERED_BEFORE
    if "stub" in letter.flags:
        return Verdict.STUB
    if letter.attempts >= max_attempts:
        return Verdict.TOO_MANY_ATTEMPTS
    if not in_doubt and any(fate.state == "X" for fate in letter.fates):
        return Verdict.IN_DOUBT
    return Verdict.SEND


def plan_line(step: Step, planner: Planner, now: float) -> dict[str, Any]:
    """Return one line of the plan: the exact HTTP a letter would make, or why it is not sent."""
    letter = step.found.letter
    line: dict[str, Any] = {
        "id": letter.id,
        "reason": letter.reason,
        "type": letter.event_type,
        "event_id": letter.event_id,
        "topic": letter.original.topic,
        "partition": letter.original.partition,
        "offset": letter.original.offset,
        "attempts": letter.attempts,
        "verdict": step.verdict.value,
    }
    if step.verdict is Verdict.SEND:
        line |= {"now": would_send(letter, planner, now)}
    return line


# -- memory ---------------------------------------------------------------------------------


async def remembered(records: AsyncIterator[Record]) -> frozenset[str]:
    """Return the ids of the letters that were delivered by any replay so far."""
    ids: dict[str, bool] = {}
    async for record in records:
        if record.key is not None:
            ids[record.key.decode(errors="replace")] = record.value is not None
    return frozenset(letter_id for letter_id, is_kept in ids.items() if is_kept)


class Memory:
    """Writes down that a letter was delivered, and waits until that is safe."""

    def __init__(self, writer: Writer, topic: str, clock: Clock) -> None:
        self._writer = writer
        self._topic = topic
        self._clock = clock

    async def remember(self, letter_id: str) -> None:
        """Return once it is acknowledged. Waits as long as it takes."""
        while True:
            try:
                await self._writer.send(self._topic, key=letter_id.encode(), value=b"delivered")
            except NotAcknowledgedError as trouble:
                log.warning("replay_memory_not_acknowledged", error=str(trouble))
                await self._clock.sleep(1.0)
            else:
                return


# -- sending --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one letter ended."""

    letter: DeadLetter
    outcome: str  # delivered, skipped or buried
    reason: str | None = None


@dataclass(slots=True)
class Tally:
    """Counts by how letters ended."""

    ended: list[Ended] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """Return how many letters ended this way."""
        return sum(one.outcome == outcome for one in self.ended)


class Replay:
    """Sends letters, `rate` a second at the most, and writes down how each ended."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        planner: Planner,
        delivery: Delivery,
        letters: Letters,
        memory: Memory,
        clock: Clock,
        rate: float | None,
        told: Callable[[Ended], None],
    ) -> None:
        self.tally = Tally()
        self._planner = planner
        self._delivery = delivery
        self._letters = letters
        self._memory = memory
        self._clock = clock
        self._rate = rate
        self._told = told
        self._stopping = asyncio.Event()
        self._over: dict[Job, asyncio.Future[None]] = {}

    def stop(self) -> None:
        """Begin no more letters; `run` returns once those under way have ended."""
        self._stopping.set()

    async def run(self, steps: Sequence[Step]) -> Tally:
        """Send every letter that the plan sends."""
        async with asyncio.TaskGroup() as tasks:
            for step in steps:
                if self._stopping.is_set():
                    break
                if step.verdict is Verdict.SEND:
                    self._begin(step.found.letter, tasks)
                    await self._keep_pace()
        return self.tally

    def finish(self, job: Job) -> None:
        """Take a letter back whose calls have ended."""
        self._over.pop(job).set_result(None)

    async def _keep_pace(self) -> None:
        seconds = 1 / self._rate if self._rate else 0.0
        await self._clock.wait(self._stopping, seconds)

    def _begin(self, letter: DeadLetter, tasks: asyncio.TaskGroup) -> None:
        record = letter.original
        plan = self._planner.plan(record, self._clock.wall())
        if isinstance(plan, Refused):
            tasks.create_task(self._bury(letter, refused_burial(record, plan)))
        elif isinstance(plan, Skipped) or not plan.calls:
            tasks.create_task(self._settle(letter, "skipped"))
        else:
            job = Job(record, self._clock.now())
            job.begin(self, plan, plan.calls, plan.occurred_at.timestamp())
            self._over[job] = asyncio.get_running_loop().create_future()
            tasks.create_task(self._end(letter, plan, job, self._over[job]))
            self._delivery.submit(job, letter.fates)

    async def _end(
        self, letter: DeadLetter, plan: Planned, job: Job, over: "asyncio.Future[None]"
    ) -> None:
        await over
        if job.verdict is not None or plan.refusal is not None:
            await self._bury(letter, job_burial(job, plan))
        else:
            await self._settle(letter, "skipped" if job.skipped else "delivered")

    async def _settle(self, letter: DeadLetter, outcome: str) -> None:
        await self._memory.remember(letter.id)
        self._note(Ended(letter=letter, outcome=outcome))

    async def _bury(self, letter: DeadLetter, burial: Burial) -> None:
        fates = burial.fates or letter.fates
        await self._letters.bury(
            replace(burial, fates=fates, attempts=letter.attempts + 1, first_at=letter.first_at)
        )
        self._note(Ended(letter=letter, outcome="buried", reason=burial.reason))

    def _note(self, ended: Ended) -> None:
        self.tally.ended.append(ended)
        self._told(ended)
