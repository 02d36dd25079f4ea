"""The one object that the worker asks about consent."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import structlog

from consumer.consent.admission import Admission
from consumer.consent.admitting import Admitting
from consumer.consent.crossing import crossed
from consumer.consent.feed import Ask
from consumer.consent.hashing import Hasher
from consumer.consent.memory import Memory
from consumer.consent.opt_ins import Against, OptIns
from consumer.consent.ports import Shelf
from consumer.consent.rules import Rule, standing
from consumer.consent.words import EMAIL
from consumer.plan import Planned
from consumer.ports import Clock
from consumer.record import Record
from esputnik.call import Call

log = structlog.get_logger()

LOOK_AGAIN = 1.0  # s


class ConsentDesk:
    """One owner, one event loop.

    For each event: `admit` when it is taken; `found` when the look-ups of a call are over;
    `before_opt_in` right before an opt-in is sent; `delivered` as soon as eSputnik took all its
    calls; `remember` when they have ended in any way, and before its record settles.
    """

    def __init__(
        self, *, memory: Memory, shelf: Shelf, hasher: Hasher, skew: float, clock: Clock
    ) -> None:
        """Take the parts; `skew` in seconds."""
        self._memory = memory
        self._shelf = shelf
        self._hasher = hasher
        self._skew = int(skew * 1000)
        self._clock = clock
        self._admitting = Admitting(memory, hasher, self._skew)
        self._opt_ins = OptIns(
            memory=memory, shelf=shelf, admitting=self._admitting, skew=self._skew, clock=clock
        )

    def admit(self, plan: Planned, record: Record, now: float) -> Admission | None:
        """Return what is decided of an event; None where all goes as planned.

        What it says is noted at once. `now` in seconds since 1970 UTC.
        """
        admission = self._admitting.admit(plan, record, now)
        if admission is not None:
            self._audit(admission)
        return admission

    def found(self, admission: Admission, call: Call, learned: Mapping[str, str]) -> None:
        """Note whom the look-ups of a call have found; `call` with what they taught filled in."""
        self._admitting.found(admission, call, learned)

    async def before_opt_in(self, admission: Admission, call: Call, ask: Ask) -> Against | None:
        """Return why an opt-in is not sent, or not now; None where it is.

        `call` with what its look-ups found filled in; `ask` sends a request to eSputnik.
        """
        refusal = await self._opt_ins.refusal(admission, call, ask)
        self._audit(admission)
        return refusal

    def overtaken(self, admission: Admission, call: Call) -> None:
        """Take note of an opt-in that waited and was left out, since an opt-out came meanwhile."""
        word = admission.word(call)
        admission.decide(word.target, "skipped", Rule.OVERTAKEN, word.at)
        self._audit(admission)

    def stands(self, opt_out: Call) -> bool:
        """Tell whether an opt-out by the e-mail list is still the newest word of its address."""
        email = self._admitting.hash_of_address(opt_out)
        return standing(self._memory.words(email, EMAIL), self._skew) is not None

    def delivered(self, admission: Admission, slots: Collection[str], *, is_all: bool) -> None:
        """Note what counts only now; what waited for it looks right after.

        `slots` are those of the words that eSputnik took; `is_all`: it took all of the event.
        """
        self._admitting.delivered(admission, slots, is_all=is_all)

    async def remember(self, admission: Admission, slots: Collection[str]) -> tuple[Call, ...]:
        """Have written what an event says; return once all in-sync replicas have it.

        `slots` are those of the words that eSputnik took. What is returned is to be sent before the
        record settles: opt-outs that crossed with an opt-in of another replica. Waits as long as
        it takes.
        """
        await self._shelf.write(sorted(admission.unwritten))
        for kept in (admission.told, admission.taken):
            for slot in kept.keys() - set(slots):
                del kept[slot]
        if not (admission.told or admission.taken):
            return ()
        while not await self._shelf.catch_up():
            await self._clock.sleep(LOOK_AGAIN)
        again = crossed(self._memory, admission, self._skew)
        self._audit(admission)
        return again

    def _audit(self, admission: Admission) -> None:
        """Log each decision once, without a name."""
        for decision in admission.decisions:
            log.info(
                "consent_decided",
                contact=self._hasher.short(decision.name),
                channel=decision.target,
                verdict=decision.verdict,
                rule=str(decision.rule),
                at=_text(decision.at),
                topic=admission.record.topic,
                partition=admission.record.partition,
                offset=admission.record.offset,
            )
        admission.decisions.clear()


def _text(at: int) -> str:
    time = datetime.fromtimestamp(at / 1000, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
