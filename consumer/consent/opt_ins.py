"""Decides of an opt-in right before it is sent: it must be newer than every opt-out."""

from typing import Literal

from consumer.consent.admission import Admission, Taken
from consumer.consent.admitting import Admitting
from consumer.consent.feed import Ask, is_stale_there
from consumer.consent.judging import STALE, is_overtaken, known, refusal_here
from consumer.consent.memory import Memory
from consumer.consent.ports import Shelf
from consumer.consent.rules import Rule
from consumer.consent.told import address, is_opt_in_by_list
from consumer.consent.words import Word
from consumer.ports import Clock
from esputnik.activity import NotOffered, Trouble
from esputnik.call import Call
from esputnik.outcome import Deferred, Rejected

NOT_CAUGHT_UP = Deferred(cause="consent_topic")
STALE_THERE = Rejected(
    reason="consent.stale_opt_in",
    detail="eSputnik has an opt-out that is newer, or too close in time",
)
UNKNOWN = Rejected(
    reason="consent.unknown_order",
    detail="no earlier consent of this address is known, and eSputnik offers no activity feed",
)


OVERTAKEN: Literal[Rule.OVERTAKEN] = Rule.OVERTAKEN
Against = Trouble | Literal[Rule.OVERTAKEN]


class OptIns:
    """Asks the memory first, then eSputnik's activity feed. `skew` in ms."""

    def __init__(
        self, *, memory: Memory, shelf: Shelf, admitting: Admitting, skew: int, clock: Clock
    ) -> None:
        self._memory = memory
        self._shelf = shelf
        self._admitting = admitting
        self._skew = skew
        self._clock = clock

    async def refusal(self, admission: Admission, call: Call, ask: Ask) -> Against | None:
        """Return why an opt-in is not sent, or not now; None where it is let through.

        One that was good when it came, and that the person took back while it waited, is overtaken.
        """
        if not await self._shelf.catch_up():
            return NOT_CAUGHT_UP
        word, hashes = admission.word(call), list(admission.person.hashes)
        if is_opt_in_by_list(call):
            hashes.append(self._admitting.hash_of_address(call))
        elif (contact := admission.contacts.get(call.slot)) is not None:
            hashes.append(contact)
        refusal: Against | None = refusal_here(self._memory, admission, word, hashes, self._skew)
        was_good = call.slot not in admission.stale
        if refusal is STALE and was_good and is_overtaken(self._memory, word, hashes):
            refusal = OVERTAKEN
        if refusal is None and is_opt_in_by_list(call):
            refusal = await self._refusal_there(word, hashes, address(call), ask)
        _note(admission, Taken(call, word, hashes), refusal)
        return refusal

    async def _refusal_there(
        self, word: Word, hashes: list[bytes], email: str, ask: Ask
    ) -> Trouble | None:
        """Return why eSputnik's feed is against an opt-in, or why it tells nothing now."""
        now = self._clock.wall()
        told = await is_stale_there(ask, email, word, skew=self._skew, now=now)
        if isinstance(told, NotOffered):
            return None if known(self._memory, word, hashes) else UNKNOWN
        if isinstance(told, bool):
            return STALE_THERE if told else None
        return told


def _note(admission: Admission, taken: Taken, refusal: Against | None) -> None:
    """Take note of what was decided; what waits is decided later, and asked about again."""
    slot, word = taken.call.slot, taken.word
    was_taken = admission.taken.pop(slot, None) is not None
    if refusal is None:
        admission.taken[slot] = taken
        if not was_taken:
            admission.decide(word.target, "opt_in", Rule.NEWEST, word.at)
    elif refusal is OVERTAKEN:
        admission.decide(word.target, "skipped", OVERTAKEN, word.at)
    elif isinstance(refusal, Rejected):
        rule = refusal.reason.removeprefix("consent.")
        admission.decide(word.target, "refused", rule, word.at)
