"""Dead letters through the same plan, lanes and delivery as live events."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from consumer.consent.desk import ConsentDesk
from consumer.consent.foresight import Foresight
from consumer.deadletters.burials import job_burial, refused_burial
from consumer.deadletters.fates import Fate
from consumer.deadletters.letter import Burial, DeadLetter
from consumer.deadletters.memory import DELIVERED, SENDING, Memory, Remembered
from consumer.deadletters.reading import Found, about, has_used_id, planned, would_send
from consumer.deadletters.reasons import REASONS
from consumer.delivery import Delivery
from consumer.intake import begin, note_end, remembered
from consumer.job import Job
from consumer.plan import Planned, Planner, Refused, Skipped
from consumer.ports import Clock, Letters
from consumer.repeats import Repeats, once


class Verdict(StrEnum):
    """What a replay does with a letter: takes it up, or refuses it.

    What is taken up is `SEND`; its plan tells apart what sends nothing.
    """

    SEND = "send"
    BURY_AGAIN = "bury_again"
    NOTHING_TO_SEND = "nothing_to_send"
    DELIVERED_BEFORE = "delivered_before"
    TOO_MANY_ATTEMPTS = "sync.attempts"
    IN_DOUBT = "sync.in_doubt"
    USED_ID = "schema.conflict"
    STUB = "stub"


REMEDIES: Mapping[Verdict, str] = {
    Verdict.TOO_MANY_ATTEMPTS: REASONS["sync.attempts"].remedy,
    Verdict.IN_DOUBT: REASONS["sync.in_doubt"].remedy,
    Verdict.USED_ID: "Another event with the same id was sent; send this one again with a new id.",
    Verdict.STUB: "The event was too large to keep; send it again from the producer.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One letter of the plan."""

    found: Found
    verdict: Verdict


def decide(
    found: Iterable[Found], *, known: Remembered, max_attempts: int, in_doubt: bool
) -> list[Step]:
    """Return what becomes of each letter; `in_doubt` sends again what may have run."""
    return [
        Step(found=one, verdict=_verdict(one.letter, known, max_attempts, in_doubt=in_doubt))
        for one in found
    ]


def _verdict(
    letter: DeadLetter, known: Remembered, max_attempts: int, *, in_doubt: bool
) -> Verdict:
    if letter.id in known.delivered:
        return Verdict.DELIVERED_BEFORE
    if "stub" in letter.flags:
        return Verdict.STUB
    if has_used_id(letter):
        return Verdict.USED_ID
    if letter.attempts >= max_attempts:
        return Verdict.TOO_MANY_ATTEMPTS
    may_have_run = letter.id in known.sending or any(one.state == "X" for one in letter.fates)
    if may_have_run and not in_doubt:
        return Verdict.IN_DOUBT
    return Verdict.SEND


def plan_line(
    step: Step,
    planner: Planner,
    now: float,
    repeats: Repeats,
    foresight: Foresight | None = None,
) -> dict[str, Any]:
    """Return one line of the plan: the exact HTTP a letter would make, or why it makes none.

    Lines are to be made in order: what a letter says of consent counts for those that follow, and
    one that holds the event of an earlier one is a repeat.
    """
    letter = step.found.letter
    line = about(letter) | {"verdict": step.verdict.value}
    if step.verdict is Verdict.SEND:
        told = would_send(letter, planner, now, repeats, foresight)
        return line | {"verdict": _come_to(told).value, "now": told}
    return line | told_remedy(step.verdict)


def told_remedy(verdict: Verdict) -> dict[str, str]:
    """Return what is to be done about a letter that is refused, if anything is."""
    return {"remedy": REMEDIES[verdict]} if verdict in REMEDIES else {}


def _come_to(told: Mapping[str, Any]) -> Verdict:
    """Return what a letter that is taken up comes to, by what it would send."""
    if told["calls"]:
        return Verdict.SEND
    is_refused = told["outcome"] == "dead_letter"
    return Verdict.BURY_AGAIN if is_refused else Verdict.NOTHING_TO_SEND


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
        consent: ConsentDesk | None = None,
    ) -> None:
        self.tally = Tally()
        self._planner = planner
        self._delivery = delivery
        self._letters = letters
        self._memory = memory
        self._clock = clock
        self._rate = rate
        self._told = told
        self._consent = consent
        self._stopping = asyncio.Event()
        self._over: dict[Job, asyncio.Future[None]] = {}
        self._ids: dict[Job, str] = {}
        self._repeats = Repeats()

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
        if self._consent is not None:
            note_end(job, self._consent)
        self._over[job].set_result(None)

    def may_declare(self, _: Job) -> bool:
        """Tell that it can be written down: each letter has a note of its own."""
        return True

    async def declare(self, job: Job) -> bool:
        """Return once it is written down that a call of a letter is about to be sent."""
        await self._memory.note(self._ids[job], SENDING)
        return True

    def withdraw(self, job: Job) -> None:
        """Leave it written down: how the letter ends is written over it."""

    async def _keep_pace(self) -> None:
        seconds = 1 / self._rate if self._rate else 0.0
        await self._clock.wait(self._stopping, seconds)

    def _begin(self, letter: DeadLetter, tasks: asyncio.TaskGroup) -> None:
        record = letter.original
        plan = once(planned(letter, self._planner, self._clock.wall()), self._repeats)
        if isinstance(plan, Refused):
            tasks.create_task(self._bury(letter, refused_burial(record, plan)))
        elif isinstance(plan, Skipped) or not plan.calls:
            tasks.create_task(self._settle(letter, "skipped"))
        else:
            job = Job(record, self._clock.now())
            begin(
                job,
                owner=self,
                plan=plan,
                desk=self._consent,
                delivery=self._delivery,
                wall=self._clock.wall(),
            )
            self._ids[job] = letter.id
            over = self._make(job, letter.fates)  # here: no task may come before an earlier letter
            tasks.create_task(self._carry(letter, job, over))

    async def _carry(self, letter: DeadLetter, job: Job, over: asyncio.Future[None]) -> None:
        """See a letter through, to its burial if need be."""
        await over
        if self._consent is not None and not await remembered(job, self._consent):
            await self._make(job)
        plan: Planned = job.plan
        if job.verdict is not None or plan.refusal is not None:
            await self._bury(letter, job_burial(job, plan))
        else:
            await self._settle(letter, "skipped" if job.skipped else "delivered")
        job.close()
        del self._ids[job], self._over[job]

    def _make(self, job: Job, prior: Sequence[Fate] = ()) -> asyncio.Future[None]:
        """Have the calls of a letter made; what is returned is done when all have ended."""
        over = self._over[job] = asyncio.get_running_loop().create_future()
        self._delivery.submit(job, prior)
        return over

    async def _settle(self, letter: DeadLetter, outcome: str) -> None:
        await self._memory.note(letter.id, DELIVERED)
        self._note(Ended(letter=letter, outcome=outcome))

    async def _bury(self, letter: DeadLetter, burial: Burial) -> None:
        fates = burial.fates or letter.fates
        await self._letters.bury(
            replace(
                burial,
                fates=fates,
                attempts=letter.attempts + 1,
                first_at=letter.first_at,
                cluster=letter.cluster,
            )
        )
        if burial.fates:  # else nothing was tried, and what may have run still may have
            await self._memory.note(letter.id, None)
        self._note(Ended(letter=letter, outcome="buried", reason=burial.reason))

    def _note(self, ended: Ended) -> None:
        self.tally.ended.append(ended)
        self._told(ended)
