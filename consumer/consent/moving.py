"""An opt-out goes along when a person changes e-mail. Pure."""

from consumer.consent.admission import ADDRESS, USER, Admission, Moved, Person, Told
from consumer.consent.memory import Memory
from consumer.consent.rules import Rule, effective, followed, standing
from consumer.consent.told import email_of
from consumer.consent.words import EMAIL, Link, Word
from consumer.plan import Planned
from consumer.record import Record
from handlers.consents import opt_out_of

SLOT = "email"  # of the opt-out among the calls of a contact


class Moving:
    """Compares the e-mail of a contact with what is known of its user id. `skew` in ms."""

    def __init__(self, memory: Memory, skew: int) -> None:
        self._memory = memory
        self._skew = skew

    def admit(self, person: Person, plan: Planned, record: Record, now: float) -> Admission | None:
        """Return what a contact with a user id and an e-mail brings about; None for nothing."""
        user, email = person.hash_of(USER), person.hash_of(ADDRESS)
        if user is None or email is None:
            return None
        word = followed(self._memory, user, email, self._skew)
        if word is None and not self._is_worth_a_link(user, email):
            return None
        at = effective(plan.occurred_at, record.timestamp, now)
        moved = Moved(user, Link(email, at))
        if word is not None:
            admission = Admission(person=person, record=record, moved=moved)
            return self._follow(admission, plan, moved.link.email, word)
        self._memory.note_link(user, moved.link)
        return Admission(person=person, record=record, calls=plan.calls, unwritten={user})

    def _is_worth_a_link(self, user: bytes, email: bytes) -> bool:
        """Tell whether an address is opted out that the user id is not linked to yet."""
        if standing(self._memory.words(email, EMAIL), self._skew) is None:
            return False
        known = self._memory.link(user)
        return known is None or known.email != email

    def _follow(self, admission: Admission, plan: Planned, email: bytes, word: Word) -> Admission:
        """Opt the new e-mail out before the contact gets it, as of when the old one was.

        The link is moved once that was delivered: an attempt that fails does it all again.
        """
        upsert = plan.calls[0]
        opt_out = opt_out_of(email_of(upsert), upsert.identity, SLOT)
        admission.calls = (opt_out, *plan.calls)
        admission.told[SLOT] = Told(opt_out, email, self._memory.opt_ins(email, EMAIL))
        admission.unwritten.add(email)
        admission.decide(EMAIL, "opt_out", Rule.FOLLOWS, word.at)
        self._memory.note((email,), word)
        return admission
