"""Decides of each event as it is taken, and notes what it says. Pure.

Opt-outs and deletions are noted at once, so that those still on their way count.
"""

from collections.abc import Callable, Collection, Mapping

from consumer.consent.admission import (
    ADDRESS,
    CONTACT,
    PHONE,
    USER,
    Admission,
    Person,
    Told,
)
from consumer.consent.hashing import Hasher
from consumer.consent.judging import ERASED, is_of_the_deleted, known
from consumer.consent.memory import Memory
from consumer.consent.moving import Moving
from consumer.consent.rules import Rule, effective, is_erased, is_stale, is_superseded
from consumer.consent.told import address, is_opt_in_by_list, is_opt_out_by_list
from consumer.consent.words import EMAIL, Link, Word
from consumer.plan import Planned
from consumer.record import Record
from esputnik.call import Call
from handlers.routes import ROUTES

PEOPLE = frozenset({USER, ADDRESS, PHONE})
_NOT_BY_PHONE = frozenset({USER, ADDRESS})

Decide = Callable[[Planned, Record, float], Admission | None]


class Admitting:
    """Decides by the type of the event. `skew` in ms. Plain state, one owner.

    It runs for every event: nothing is hashed where nothing is known.
    """

    def __init__(self, memory: Memory, hasher: Hasher, skew: int) -> None:
        self._memory = memory
        self._hasher = hasher
        self._skew = skew
        self._moving = Moving(memory, skew)
        self._deciding: dict[str, Decide] = {
            "contact.opted_out": self._opt_out,
            "contact.opted_in": self._opt_in,
            "user.deleted": self._deletion,
            "user.signed_up": self._contact,
            "user.updated": self._contact,
        }
        creations = (kind for kind, route in ROUTES.items() if route.makes_contacts)
        self._deciding |= dict.fromkeys(creations, self._creation)

    def admit(self, plan: Planned, record: Record, now: float) -> Admission | None:
        """Return what is decided of an event; None where nothing is, and all goes as planned.

        `now` in seconds since 1970 UTC.
        """
        decide = self._deciding.get(plan.type)
        return decide(plan, record, now) if decide is not None and plan.calls else None

    # -- opt-outs ---------------------------------------------------------------------------

    def _opt_out(self, plan: Planned, record: Record, now: float) -> Admission:
        admission = self._heard(plan, record, now, is_out=True)
        admission.calls = tuple(call for call in plan.calls if self._is_told(admission, call))
        admission.unwritten.update(admission.person.hashes)
        if not admission.calls:
            admission.refusal = plan.refusal
            admission.skip = None if plan.refusal is not None else Rule.SUPERSEDED.value
        return admission

    def _is_told(self, admission: Admission, call: Call) -> bool:
        """Note an opt-out; tell whether eSputnik is told: unless an opt-in is newer by far."""
        word, person = admission.word(call), admission.person
        main = person.hashes[person.main(word.target)]
        is_old = is_superseded(word, self._memory.words(main, word.target))
        if is_old:
            admission.decide(word.target, "skipped", Rule.SUPERSEDED, word.at)
        else:
            admission.decide(word.target, "opt_out", Rule.NEWEST, word.at)
            if (email := person.hash_of(ADDRESS)) is not None and is_opt_out_by_list(call):
                self._tell(admission, call, email, word)
        self._memory.note(person.hashes, word)
        return not is_old

    def found(self, admission: Admission, call: Call, learned: Mapping[str, str]) -> None:
        """Note whom the look-ups of a word of consent found, however the event names them.

        An opt-out by the list counts for the address. One by a route counts for the contact, and
        an opt-in by a route is compared with what is known of it.
        """
        if admission.said is None or is_opt_in_by_list(call):
            return
        if is_opt_out_by_list(call):
            if admission.person.hash_of(ADDRESS) is None:
                self._tell(admission, call, self.hash_of_address(call), admission.word(call))
            return
        contact = self._hasher.of(CONTACT + learned["id"])
        admission.contacts[call.slot] = contact
        if admission.said.is_out:
            self._memory.note((contact,), admission.word(call))
            admission.unwritten.add(contact)

    def _tell(self, admission: Admission, call: Call, email: bytes, word: Word) -> None:
        """Note an opt-out by the list, and link the user id that it names to the address."""
        told = Told(call, email, self._memory.signs(email, EMAIL))
        admission.told.setdefault(call.slot, told)
        self._memory.note((email,), word)
        admission.unwritten.add(email)
        if (user := admission.person.hash_of(USER)) is not None:
            self._memory.note_link(user, Link(email, word.at))

    def hash_of_address(self, call: Call) -> bytes:
        """Return the hash of the address that a call by the list tells."""
        return self._hasher.of(ADDRESS + address(call).lower())

    def delivered(self, admission: Admission, slots: Collection[str], *, is_all: bool) -> None:
        """Note what counts only once eSputnik has it: opt-ins, and where a person has moved to."""
        for slot, taken in admission.taken.items():
            if slot in slots:
                self._memory.note(taken.hashes, taken.word)
                admission.unwritten.update(taken.hashes)
        if is_all:
            self._moving.delivered(admission)

    # -- opt-ins ----------------------------------------------------------------------------

    def _opt_in(self, plan: Planned, record: Record, now: float) -> Admission:
        """Refuse an opt-in that is erased; whether another one is newest is decided later."""
        admission = self._heard(plan, record, now, is_out=False)
        if is_of_the_deleted(self._memory, admission):
            return _erased(admission, effective(plan.occurred_at, record.timestamp, now))
        admission.calls = plan.calls
        admission.stale = frozenset(
            call.slot for call in plan.calls if self._is_stale(admission, admission.word(call))
        )
        return admission

    def _is_stale(self, admission: Admission, word: Word) -> bool:
        return is_stale(word, known(self._memory, word, admission.person.hashes), self._skew)

    def _heard(self, plan: Planned, record: Record, now: float, *, is_out: bool) -> Admission:
        at = effective(plan.occurred_at, record.timestamp, now)
        return Admission(
            person=self._person(plan),
            record=record,
            said=Word(is_out, "", at, record.place, record.offset),
            targets=plan.targets or {},
        )

    # -- contacts ---------------------------------------------------------------------------

    def _deletion(self, plan: Planned, record: Record, now: float) -> Admission:
        at, person = effective(plan.occurred_at, record.timestamp, now), self._person(plan)
        self._memory.note_deletion(person.hashes, at)
        admission = Admission(
            person=person, record=record, calls=plan.calls, unwritten=set(person.hashes)
        )
        admission.decide(None, "deleted", Rule.DELETION, at)
        return admission

    def _creation(self, plan: Planned, record: Record, now: float) -> Admission | None:
        person = self._known_person(plan) if self._memory.has_deletions else None
        return self._unless_newer(person, plan, record, now) if person is not None else None

    def _contact(self, plan: Planned, record: Record, now: float) -> Admission | None:
        person = self._known_person(plan) if not self._memory.is_empty else None
        if person is None:
            return None
        erased = self._unless_newer(person, plan, record, now)
        return self._moving.admit(person, plan, record, now) if erased is None else erased

    def _unless_newer(
        self, person: Person, plan: Planned, record: Record, now: float
    ) -> Admission | None:
        """Refuse what is no newer than a deletion of whom it is about."""
        deletions = [at for at in map(self._memory.deleted_at, person.hashes) if at is not None]
        if not deletions:
            return None
        at = effective(plan.occurred_at, record.timestamp, now)
        if not is_erased(at, deletions):
            return None
        return _erased(Admission(person=person, record=record), at)

    def _known_person(self, plan: Planned) -> Person | None:
        """Return whom a contact is about, if anything is known of its user id or e-mail.

        Nothing that matters to a contact is known by phone.
        """
        names = [name for name in plan.calls[0].lanes if name[:2] in _NOT_BY_PHONE]
        hashes = list(map(self._hasher.of, names))
        return Person(names, hashes) if self._memory.knows_any(hashes) else None

    def _person(self, plan: Planned) -> Person:
        names = [name for name in plan.calls[0].lanes if name[:2] in PEOPLE]
        return Person(names, list(map(self._hasher.of, names)))


def _erased(admission: Admission, at: int) -> Admission:
    admission.refusal = ERASED
    admission.decide(None, "refused", Rule.ERASED, at)
    return admission
