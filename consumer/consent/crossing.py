"""Opt-outs that crossed with an older opt-in at another replica. Pure.

Both sides send, write, and look again. Whichever wrote last sees the other's word; so an opt-out
that stands is sent once more after an opt-in that may have come after it.
"""

from collections.abc import Iterator

from consumer.consent.admission import Admission
from consumer.consent.memory import Memory
from consumer.consent.rules import Rule, standing
from consumer.consent.told import address, is_opt_in_by_list
from consumer.consent.words import EMAIL, Word
from esputnik.call import Call
from handlers.consents import opt_out_of


def crossed(memory: Memory, admission: Admission, skew: int) -> tuple[Call, ...]:
    """Return the opt-outs by the list that are to be sent again. `skew` in ms."""
    found = [*_after_opt_out(memory, admission, skew), *_after_opt_in(memory, admission, skew)]
    for _, word in found:
        admission.decide(EMAIL, "opt_out", Rule.CROSSED, word.at)
    return tuple(call for call, _ in found)


def _after_opt_out(memory: Memory, admission: Admission, skew: int) -> Iterator[tuple[Call, Word]]:
    """Return an opt-out if an opt-in of its address may have been told since, and it stands."""
    for told in admission.told.values():
        word = standing(memory.words(told.email, EMAIL), skew)
        if word is not None and memory.signs(told.email, EMAIL) != told.signs:
            yield told.call, word


def _after_opt_in(memory: Memory, admission: Admission, skew: int) -> Iterator[tuple[Call, Word]]:
    """Return the opt-out of an address that stands in spite of an opt-in that was delivered."""
    for taken in admission.taken.values():
        if not is_opt_in_by_list(taken.call):
            continue
        word = standing(memory.words(taken.hashes[-1], EMAIL), skew)
        if word is not None:
            yield opt_out_of(address(taken.call), taken.call.identity, taken.call.slot), word
