"""One record on its way, and the calls its event asks for.

Job      a record from being taken to being settled; it is over when all its errands are
Errand   one call on its way: its look-ups first, then it; perhaps carrying later ones along
Batch    errands that travel in one request
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from consumer.consent.admission import Admission
from consumer.deadletters.fates import Fate
from consumer.record import Record
from esputnik.call import Action, Call, Repeat, Shape
from esputnik.filling import blanks, fill_call, steps
from esputnik.outcome import Rejected

if TYPE_CHECKING:
    from consumer.gathering import Gathering

NOTHING: Mapping[str, str] = {}


class History(Enum):
    """What an earlier assignment of its partition had done with a record."""

    NONE = "none"
    SETTLED = "settled"
    DECLARED = "declared"  # a call of it may have been sent


class Log(Protocol):
    """The assignment that a record belongs to."""

    is_closed: bool

    def settle(self, job: "Job") -> None:
        """Book a record as finished."""
        ...

    def may_declare(self, offset: int) -> bool:
        """Tell whether it can be told of a record now, beside the commit point."""
        ...

    def declare(self, offset: int) -> bool:
        """Book a record of which a call is about to be sent; False if that cannot be told."""
        ...

    def withdraw(self, offset: int) -> None:
        """Take that back."""
        ...


class Owner(Protocol):
    """Who is told that a job is over."""

    def finish(self, job: "Job") -> None:
        """Settle the record, or bury it; then let go of its errands (`Job.close`)."""
        ...


class Job:
    """A record on its way, and its size in the buffer. Plain state of the one event loop.

    `plan` is whatever the owner wants to remember, `admission` what is decided of consent, if
    anything; `occurred_at` the event's time in seconds since 1970 UTC. `unfinished` counts the
    errands still to end. `known_as` is the identity by which its repeats are recognised, empty if
    they are not; `counts` tells whether they would count.
    `is_crossed`: an opt-out of it is told again, if it still stands when its turn comes.
    `verdict` is the first refusal, `skipped` the rule by which a call was left out.
    """

    __slots__ = (
        "admission",
        "counts",
        "errands",
        "history",
        "is_abandoned",
        "is_crossed",
        "is_settled",
        "known_as",
        "log",
        "occurred_at",
        "opened_at",
        "owner",
        "plan",
        "record",
        "size",
        "skipped",
        "unfinished",
        "verdict",
    )

    def __init__(self, record: Record, opened_at: float, log: "Log | None" = None) -> None:
        self.record = record
        self.size = record.size
        self.opened_at = opened_at
        self.log = log
        self.history = History.NONE
        self.is_settled = False
        self.is_abandoned = False
        self.is_crossed = False
        self.known_as = ""
        self.counts = False
        self.unfinished = 0
        self.occurred_at = 0.0
        self.verdict: tuple[Call, Rejected] | None = None
        self.skipped: str | None = None
        self.errands: Sequence[Errand] = ()
        self.owner: Owner | None = None
        self.plan: Any = None
        self.admission: Admission | None = None

    def begin(self, owner: Owner, plan: object, calls: Sequence[Call], occurred_at: float) -> None:
        """Take up the calls of the record's event."""
        self.owner = owner
        self.plan = plan
        self.occurred_at = occurred_at
        if len(calls) == 1:  # as most events have it
            self.errands = (Errand(calls[0], self),)
        else:
            self.errands = [Errand(call, self) for call in calls]
        self.unfinished = len(calls)

    def go_on(self, calls: Sequence[Call]) -> None:
        """Take up more calls, now that all others have ended."""
        self.errands = [*self.errands, *(Errand(call, self) for call in calls)]
        self.unfinished = len(calls)

    def close(self) -> None:
        """Let go of the errands, which know the job: so all are freed without a collection."""
        self.errands = ()

    def let_go(self) -> None:
        """Keep of a finished record no more than where it lies: others before it may take long."""
        self.record = self.record.place_mark()
        self.plan = None

    def fates(self) -> tuple[Fate, ...]:
        """Return what became of each call, as a dead letter tells it."""
        return tuple(errand.fate() for errand in self.errands)

    def may_have_counted(self) -> bool:
        """Tell whether a call was made, or may have been, of which each execution counts."""
        return any(
            errand.state in {"D", "X"} and errand.origin.repeat is Repeat.COUNTS
            for errand in self.errands
        )

    def followers(self, head: "Errand") -> Iterator["Errand"]:
        """Return the errands that are chained to this one."""
        at = self.errands.index(head) + 1
        for errand in self.errands[at:]:
            if not errand.origin.chained:
                return
            yield errand


class Errand:
    """One call on its way.

    `origin` is the call as the event asked for it, `call` what is to be sent next. `state` is how
    it ended (see `Fate`), empty before. `waits`, `passing`, `followers`, `ahead` and the `names` it
    stands under belong to the lanes, `turn` to the scheduler: the earlier it came, the less.
    `gathering` is where it waits for company, `since` when. `riders` are later errands whose calls
    were merged into this one's; `is_apart`: they are sent each for itself now, and not all have
    ended. `by_shape`: it goes as an item of a bulk request even when alone. `asserted`: it is done,
    and will be done once more when those have ended that it passed; `again`: such ended while it
    was under way.
    """

    __slots__ = (
        "again",
        "ahead",
        "asserted",
        "by_shape",
        "call",
        "followers",
        "gathering",
        "is_apart",
        "job",
        "learned",
        "names",
        "origin",
        "passing",
        "riders",
        "since",
        "started",
        "state",
        "todo",
        "turn",
        "waits",
    )

    def __init__(self, call: Call, job: Job) -> None:
        self.origin = call
        self.call = call
        self.job = job
        self.state = ""
        self.learned = NOTHING
        self.names = call.lanes
        self.todo: list[Call] | None = None
        self.waits = 0
        self.started = False
        self.by_shape = False
        self.is_apart = False
        self.asserted = False
        self.again = False
        self.gathering: Gathering | None = None
        self.since = 0.0
        self.turn = 0
        self.passing: list[Errand] | None = None
        self.followers: list[Errand] | None = None
        self.ahead: Sequence[Errand] = ()
        self.riders: list[Errand] | None = None
        if call.lookups:
            self.todo = list(steps(call))
            self.call = self.todo.pop(0)

    def fate(self) -> Fate:
        """Return what became of it, as a dead letter tells it: of what was learned, ids alone."""
        call = self.origin
        ids = {name: text for name, text in self.learned.items() if name == "id"}
        return Fate(intent=call.intent, slot=call.slot, state=self.state or "N", learned=ids)

    # -- look-ups -------------------------------------------------------------------------

    @property
    def is_lookup(self) -> bool:
        """Tell whether the call itself is still to come."""
        return bool(self.todo)

    def learn(self, learned: Mapping[str, str]) -> None:
        """Fill in what the call it is chained to has taught."""
        self.learned = dict(learned)
        self.call = fill_call(self.call, self.learned)

    def has_all(self, learned: Mapping[str, str]) -> bool:
        """Tell whether the look-up at hand taught what the next step needs of it."""
        if not self.todo:
            return True
        return not blanks(fill_call(self.todo[0], {**self.learned, **learned}))

    def advance(self, learned: Mapping[str, str]) -> None:
        """Go on to the next step with what the last one taught."""
        self.learned = {**self.learned, **learned}
        if self.todo:
            self.call = fill_call(self.todo.pop(0), self.learned)

    def cut_short(self) -> None:
        """Leave out the steps still to come: the look-up showed that there is nothing to do."""
        self.todo = None

    def members(self) -> Iterator["Errand"]:
        """Return the errand and those it carries along, the earliest first."""
        yield self
        if self.riders is not None:
            yield from self.riders

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended, and all that was merged into it."""
        return bool(self.state) and not self.is_apart

    @property
    def is_open(self) -> bool:
        """Tell whether it was not sent yet: it waits in its lanes, or for company."""
        return not self.started or self.gathering is not None


class Batch:
    """Errands that travel in one request, at least one, in order.

    `shape` is None for a call that has none. `busy` counts the requests it fell into
    that do not rest.
    """

    __slots__ = ("action", "busy", "errands", "shape")

    def __init__(self, action: Action, shape: Shape | None, errands: dict[Errand, None]) -> None:
        self.action = action
        self.shape = shape
        self.errands = errands
        self.busy = 1
