"""I12: an opt-out leaves within a second, whatever else is queued, failing or held."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.job import Job
from consumer.lanes import OF_THE_LIST
from consumer.ledger import PartitionLog
from consumer.plan import Planned
from esputnik.call import Action, Request
from esputnik.outcome import Answer, NoAnswer
from tests.fakes.schedule import later, this_loop
from tests.simulation.history import Epoch
from tests.simulation.network import GARBLED
from tests.simulation.throttles import Throttles, is_opt_out

if TYPE_CHECKING:
    from tests.simulation.replica import Replica
    from tests.simulation.watch import Entry

SECOND = 1.0
STEP = 0.1  # s between two looks, so what is promised is seen to be broken so much later
BY_LIST, BY_SEGMENT = Action.ADD_UNSUBSCRIBED, Action.ATTACH_CONTACTS
LOOK_UP = Action.FIND_CONTACT  # before an opt-out by a segment


@dataclass(slots=True, kw_only=True)
class Waiting:
    """An opt-out that was taken. `since`: nothing excuses since then that it has not left."""

    entry: "Entry"
    epoch: Epoch
    since: float
    is_sent: bool = False

    @property
    def action(self) -> Action:
        """Return by which call it is told."""
        return BY_LIST if self.entry.told.targets[0][0] == "out" else BY_SEGMENT

    @property
    def name(self) -> bytes:
        """Return who opted out."""
        return f'"{self.entry.told.targets[0][-1]}"'.encode()


class OptOuts:
    """The opt-outs that one replica has taken, and how its ways to tell of them fare.

    Only what leaves for the first time is looked at: whatever became of it excuses the rest.
    """

    def __init__(
        self, replica: "Replica", throttles: Throttles, broken: Callable[[str], None]
    ) -> None:
        self._replica = replica
        self._throttles = throttles
        self._broken = broken
        self._waiting: list[Waiting] = []
        self._seen: set[int] = set()
        self._under_way: Counter[Action] = Counter()
        self._about: Counter[bytes] = Counter()  # bodies of calls under way about one contact
        self._failing: set[Action] = set()
        self._is_refused = False  # the key

    def taken(self, entry: "Entry") -> None:
        """Take note of a record that was taken, if it is an opt-out that was not taken before.

        Once partitions went away with something unfinished, remains of that may be ahead of it.
        """
        is_new = isinstance(entry.plan, Planned) and entry.told.stamp not in self._seen
        if is_new and not self._replica.meter.counts["abandoned"]:
            self._seen.add(entry.told.stamp)
            now = this_loop().time()
            waiting = Waiting(entry=entry, epoch=self._replica.epoch, since=now)
            self._waiting.append(waiting)
            later(STEP, lambda: self._look(waiting))

    def sent(self, request: Request) -> None:
        """Take note of a request that leaves."""
        self._under_way[request.action] += 1
        if request.action is Action.ADD_CONTACT:
            self._about[request.body or b""] += 1
        if not is_opt_out(request):
            return
        for waiting in list(self._waiting):
            if waiting.action is request.action and waiting.name in (request.body or b""):
                waiting.is_sent = True
                self._waiting.remove(waiting)

    def ended(self, request: Request, answer: Answer | NoAnswer | None) -> None:
        """Take note of what was heard of a request; None: nobody waits for it any more."""
        self._under_way[request.action] -= 1
        if request.action is Action.ADD_CONTACT:
            self._about[request.body or b""] -= 1
        # A page of some proxy is no answer, whatever its status says.
        is_answer = isinstance(answer, Answer) and answer.body != GARBLED.body
        status = answer.status if isinstance(answer, Answer) and is_answer else 0
        if request.action in {BY_LIST, BY_SEGMENT, LOOK_UP}:
            is_well = 200 <= status < 300
            (self._failing.discard if is_well else self._failing.add)(request.action)
        if status == 401:
            self._is_refused = True
        elif request.action is Action.ACCOUNT_INFO and status == 200:
            self._is_refused = False

    def _look(self, waiting: Waiting) -> None:
        """Look again and again until it was sent, or is another's."""
        replica, now = self._replica, this_loop().time()
        is_ours = replica.epoch == waiting.epoch and not (replica.is_dead or replica.is_stopping)
        if waiting.is_sent or not is_ours:
            return
        if self._is_excused(waiting, now):
            waiting.since = now
        elif now - waiting.since > SECOND + STEP:
            where = f"{waiting.entry.record.topic}@{waiting.entry.record.offset}"
            self._broken(f"{replica.name} keeps an opt-out for itself: {where}")
            return
        later(STEP, lambda: self._look(waiting))

    def _is_excused(self, waiting: Waiting, now: float) -> bool:
        """Tell whether its own way is not free: opt-outs, its own person, or the process."""
        action = waiting.action
        return (
            self._is_torn(now)
            or self._is_refused
            or action in self._failing
            or self._under_way[BY_LIST] + self._under_way[BY_SEGMENT] > 0  # they share a slot
            or self._throttles.is_shut(now)
            or (action is BY_SEGMENT and self._is_about(waiting.name))
            or (action is BY_SEGMENT and self._is_looked_up())
            or self._is_behind(waiting)
        )

    def _is_looked_up(self) -> bool:
        """Tell whether somebody's opt-out is looked up, or cannot be."""
        return self._under_way[LOOK_UP] > 0 or LOOK_UP in self._failing

    def _is_torn(self, now: float) -> bool:
        """Tell whether the process stands still, or must wait for the group."""
        replica, source = self._replica, self._replica.source
        is_member = source in source.group.members and source.is_joined
        is_called = source.called.is_set() or source.is_revoking
        return replica.is_frozen or not is_member or is_called or not source.lease.holds(now)

    def _is_about(self, name: bytes) -> bool:
        """Tell whether calls about a person are under way."""
        return any(name in body for body, count in self._about.items() if count)

    def _is_behind(self, waiting: Waiting) -> bool:
        """Tell whether something earlier about its person is unfinished that it must not pass."""
        jobs = {id(self._entry(job)): job for log in self._logs() for job in log.unsettled()}
        job = jobs.pop(id(waiting.entry), None)
        behind = _connected(waiting.entry, [self._entry(one) for one in jobs.values()])
        if waiting.action is BY_LIST:
            return any(map(_is_of_the_list, behind))
        # One ahead may stand under its name as well, by what was unfinished when that one came.
        return bool(behind) or (job is not None and any(one.waits for one in job.errands))

    def _logs(self) -> Iterable[PartitionLog]:
        return self._replica.worker.ledger.logs.values()

    def _entry(self, job: Job) -> "Entry":
        return self._replica.world.watch.entries[job.record.place, job.record.offset]


def _connected(entry: "Entry", others: "Sequence[Entry]") -> "list[Entry]":
    """Return those who share a name with it, or with one who does."""
    names, found = _names(entry), list["Entry"]()
    while more := [one for one in others if one not in found and names & _names(one)]:
        found += more
        names = names.union(*map(_names, more))
    return found


def _names(entry: "Entry") -> set[str]:
    plan = entry.plan
    return {n for c in plan.calls for n in c.lanes} if isinstance(plan, Planned) else set()


def _is_of_the_list(entry: "Entry") -> bool:
    plan = entry.plan
    return isinstance(plan, Planned) and any(c.action in OF_THE_LIST for c in plan.calls)
