"""Compares an opt-in with what is remembered: what is against it is told. Pure."""

from collections.abc import Iterable

from consumer.consent.admission import Admission
from consumer.consent.memory import Memory
from consumer.consent.rules import is_erased, is_stale
from consumer.consent.words import Word
from esputnik.outcome import Rejected
from handlers.mapped import Refusal

ERASED = Refusal(reason="consent.erased", detail="is not newer than the deletion of the contact")
GONE = Rejected(reason=ERASED.reason, detail=ERASED.detail)
STALE = Rejected(reason="consent.stale_opt_in", detail="an opt-out is newer, or too close in time")


def refusal_here(
    memory: Memory, admission: Admission, word: Word, hashes: Iterable[bytes], skew: int
) -> Rejected | None:
    """Return why the memory is against an opt-in; None where it is not.

    `hashes`: of all names that the opt-in is about. `skew` in ms.
    """
    if is_of_the_deleted(memory, admission):
        return GONE
    return STALE if is_stale(word, known(memory, word, hashes), skew) else None


def is_overtaken(memory: Memory, word: Word, hashes: Iterable[bytes]) -> bool:
    """Tell whether the person opted out later in the same partition: an opt-in is void then."""
    return any(
        one.is_out and one.place == word.place and one.offset > word.offset
        for one in known(memory, word, hashes)
    )


def is_of_the_deleted(memory: Memory, admission: Admission) -> bool:
    """Tell whether a word of consent is no newer than the deletion of whom it is about."""
    deletions = map(memory.deleted_at, admission.person.hashes)
    return admission.said is not None and is_erased(admission.said.at, deletions)


def known(memory: Memory, word: Word, hashes: Iterable[bytes]) -> list[Word]:
    """Return all that was said about the target of a word under these names."""
    return [one for name in hashes for one in memory.words(name, word.target)]
