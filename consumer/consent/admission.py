"""What is decided of an event when it is taken, and what is to be remembered of it. Pure values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from consumer.consent.words import EMAIL, Link, Word
from consumer.record import Record
from esputnik.call import Call
from handlers.mapped import Refusal

USER, ADDRESS, PHONE = "u:", "e:", "p:"  # how the lanes that name a person begin
CONTACT = "c:"  # the same of eSputnik's own id
_BY_LIST = (ADDRESS, USER, PHONE)
_BY_ROUTE = (USER, ADDRESS, PHONE)


class Person(NamedTuple):
    """Whom an event is about: the names, spelled as lanes are, and the hash of each."""

    names: Sequence[str] = ()
    hashes: Sequence[bytes] = ()

    def hash_of(self, kind: str) -> bytes | None:
        """Return the hash of the name of one kind, None where there is none."""
        for name, hashed in zip(self.names, self.hashes, strict=True):
            if name.startswith(kind):
                return hashed
        return None

    def main(self, target: str | None) -> int:
        """Return the index of the name by which eSputnik is told about a target.

        Source: the calls of `handlers.consents`. The list takes addresses; of whom a route is
        about, the user id is looked up first.
        """
        kinds = _BY_LIST if target == EMAIL else _BY_ROUTE
        return min(range(len(self.names)), key=lambda index: kinds.index(self.names[index][:2]))


class Decision(NamedTuple):
    """One line of the audit: of whom, about what, what was decided by which rule, as of when.

    `name` is spelled as lanes are, and logged as a hash. `at` in ms.
    """

    name: str
    target: str | None
    verdict: str
    rule: str
    at: int


class Told(NamedTuple):
    """An opt-out by the e-mail list: the call, the address, and `Memory.signs` of it before."""

    call: Call
    email: bytes
    signs: tuple[Sequence[Word], int]


class Taken(NamedTuple):
    """An opt-in that was let through: its call, its word, the hashes of whom it is about."""

    call: Call
    word: Word
    hashes: Sequence[bytes]


class Moved(NamedTuple):
    """A user id that has another e-mail now."""

    user: bytes
    link: Link


@dataclass(slots=True, kw_only=True, eq=False)
class Admission:
    """What becomes of an event. It belongs to one job, from its being taken to its end.

    `calls` are to be made instead of the plan's. `refusal`: it is buried, and nothing is sent.
    `skip`: nothing is sent, by this rule.

    The rest is the desk's. `said` is what the event says, its target left open; `targets` as in
    `Planned`. `unwritten` are the hashes of which the topic is to be told before the record
    settles; `told` and `taken`, by the slots of their calls, are looked at again then; `moved` is
    noted once all was delivered. `stale`: the slots of opt-ins that were stale when they came.
    `contacts`, by slot: the hash of the id of the contact that a call's look-up found.
    """

    person: Person
    record: Record
    calls: tuple[Call, ...] = ()
    refusal: Refusal | None = None
    skip: str | None = None
    said: Word | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    unwritten: set[bytes] = field(default_factory=set)
    told: dict[str, Told] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)
    moved: Moved | None = None
    stale: frozenset[str] = frozenset()
    contacts: dict[str, bytes] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    def word(self, call: Call) -> Word:
        """Return what a consent event says about the target of one of its calls."""
        if self.said is None:
            raise ValueError("the event is none of consent")
        return self.said._replace(target=self.targets[call.slot])

    def decide(self, target: str | None, verdict: str, rule: str, at: int) -> None:
        """Take note of a decision for the audit."""
        name = self.person.names[self.person.main(target)]
        self.decisions.append(Decision(name, target, verdict, rule, at))
