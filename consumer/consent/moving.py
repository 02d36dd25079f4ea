"""An opt-out goes along when a person changes e-mail. Pure."""

from consumer.consent.admission import ADDRESS, USER, Admission, Moved, Person, Told
from consumer.consent.memory import Memory
from consumer.consent.rules import Rule, effective, followed, standing
from consumer.consent.told import email_of
from consumer.consent.words import EMAIL, Link, Word
from consumer.plan import Planned
from consumer.record import Record
from esputnik.call import Call
from handlers.consents import opt_out_of

SLOT = "email"  # of the opt-out among the calls of a contact


class Moving:
    """Compares the e-mail of a contact with what is known of its user id. `skew` in ms."""

    def __init__(self, memory: Memory, skew: int) -> None:
        self._memory = memory
        self._skew = skew
        self._untold: set[bytes] = set()  # addresses to which an opt-out follows, until it is there

    def admit(self, person: Person, plan: Planned, record: Record, now: float) -> Admission | None:
        """Return what a contact with a user id and an e-mail brings about; None for nothing."""
        user, email = person.hash_of(USER), person.hash_of(ADDRESS)
        if user is None or email is None:
            return None
        out = self._told_out(email)
        is_sure = (
            out is not None
            and not self._may_be_in(email, out)
            and not self._may_be_untold(user, email, out)
        )
        word = None if is_sure else followed(self._memory, user, email, self._skew)
        if word is None and (out is None or not self._is_new(user, email)):
            return None
        link = Link(email, effective(plan.occurred_at, record.timestamp, now))
        admission = Admission(person=person, record=record, calls=plan.calls)
        if word is not None:
            admission.moved = Moved(user, link)
            self._follow(admission, plan.calls[0], email, word)
        else:
            self._memory.note_link(user, link)
            admission.unwritten.add(user)
        return admission

    def _told_out(self, email: bytes) -> Word | None:
        """Return the opt-out of an address that stands, and that eSputnik has or gets anyway."""
        if email in self._untold:
            return None
        return standing(self._memory.words(email, EMAIL), self._skew)

    def _may_be_in(self, email: bytes, out: Word) -> bool:
        """Tell whether eSputnik may have taken an opt-in all the same.

        Of opt-outs of one partition one word is kept, which stands behind each of them: an opt-in
        that came between two of them was told, and seems to have come before.
        """
        return any(word.at > out.at for word in self._memory.opt_ins(email, EMAIL))

    def _may_be_untold(self, user: bytes, email: bytes, out: Word) -> bool:
        """Tell whether the word may be one that was to follow here and was never told.

        It is noted before it is told, and whatever else is written of the address writes it too.
        """
        if not self._is_new(user, email):
            return False
        word = followed(self._memory, user, email, self._skew)
        return word is not None and word.place == out.place and word.offset >= out.offset

    def _is_new(self, user: bytes, email: bytes) -> bool:
        known = self._memory.link(user)
        return known is None or known.email != email

    def _follow(self, admission: Admission, upsert: Call, email: bytes, word: Word) -> None:
        """Opt the new e-mail out before the contact gets it, as of when the old one was."""
        opt_out = opt_out_of(email_of(upsert), upsert.identity, SLOT)
        admission.told[SLOT] = Told(opt_out, email, self._memory.signs(email, EMAIL))
        admission.calls = (opt_out, *admission.calls)
        admission.decide(EMAIL, "opt_out", Rule.FOLLOWS, word.at)
        self._memory.note((email,), word)
        self._untold.add(email)

    def delivered(self, admission: Admission) -> None:
        """Note that an opt-out has followed: not before, so that one that failed does it again."""
        if admission.moved is None:
            return
        user, link = admission.moved
        self._untold.discard(link.email)
        self._memory.note_link(user, link)
        admission.unwritten.update((user, link.email))
