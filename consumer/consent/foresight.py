"""What would come of an event, by what is remembered: for those who only look. Pure.

An event is decided as when it is taken, so what it says counts for those that come after it. What
counts only once eSputnik took all its calls does not: an opt-in, and where a person has moved to.
eSputnik is not asked, neither its activity feed nor for the address of who is named otherwise.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from consumer.consent.admission import Admission
from consumer.consent.admitting import Admitting
from consumer.consent.hashing import Hasher
from consumer.consent.judging import refusal_here
from consumer.consent.memory import Memory
from consumer.plan import Planned
from consumer.record import Record
from esputnik.call import Call
from handlers.consents import OPT_IN
from handlers.mapped import Refusal


class Foreseen(NamedTuple):
    """The calls that would be made. `refusal`: the event is buried after them.

    `skip`: nothing is sent, by this rule.
    """

    calls: tuple[Call, ...]
    refusal: Refusal | None = None
    skip: str | None = None


def left(calls: Iterable[Call], delivered: Collection[tuple[str, str]]) -> tuple[Call, ...]:
    """Return the calls that were not delivered before, told by intent and slot."""
    return tuple(call for call in calls if (call.intent, call.slot) not in delivered)


class Foresight:
    """Plain state, one owner. `memory` belongs to it: what events say is noted there."""

    def __init__(self, memory: Memory, hasher: Hasher, skew: float) -> None:
        """Take the parts; `skew` in seconds."""
        self._memory = memory
        self._skew = int(skew * 1000)
        self._admitting = Admitting(memory, hasher, self._skew)

    def of(
        self, plan: Planned, record: Record, now: float, delivered: Collection[tuple[str, str]] = ()
    ) -> Foreseen:
        """Return what would come of an event.

        `now` in seconds since 1970 UTC; `delivered`: intent and slot of the calls that were made
        before.
        """
        admission = self._admitting.admit(plan, record, now)
        if admission is None:
            return Foreseen(left(plan.calls, delivered), plan.refusal)
        calls = left(admission.calls, delivered)
        judged = [(call, self._against(admission, call)) for call in calls]
        refusals = [refusal for _, refusal in judged if refusal is not None]
        refusals += [one for one in (admission.refusal, plan.refusal) if one is not None]
        kept = tuple(call for call, refusal in judged if refusal is None)
        return Foreseen(kept, refusals[0] if refusals else None, admission.skip)

    def _against(self, admission: Admission, call: Call) -> Refusal | None:
        """Return what the memory has against a call, if it tells an opt-in."""
        if call.intent != OPT_IN:
            return None
        word, hashes = admission.word(call), admission.person.hashes
        found = refusal_here(self._memory, admission, word, hashes, self._skew)
        return Refusal(reason=found.reason, detail=found.detail) if found is not None else None
