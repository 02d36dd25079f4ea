"""What must hold at every step. Whatever does not is noted in `violations`, by its number.

The numbers are those of docs/testing.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from consumer import build
from consumer.deadletters.letter import DeadLetter, letter_id, read_letter
from consumer.deadletters.reasons import REASONS
from consumer.job import Errand
from consumer.plan import Plan, Planned, Refused, Skipped
from consumer.progress import read_progress
from consumer.record import Headers, Partition, Point, Record
from esputnik.call import Action, Request
from esputnik.outcome import Outcome
from tests.corpus import NOW
from tests.fakes.schedule import this_loop
from tests.simulation.consents import Consents, said_at
from tests.simulation.events import Produce, stamps_in
from tests.simulation.history import Epoch
from tests.simulation.manners import follow
from tests.simulation.optouts import OptOuts
from tests.simulation.requests import faults

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.replica import Replica
    from tests.simulation.world import World

CANARY = b"canary"  # in all that tells of a person
MERGED = {"upsert", "order"}  # kinds of which a later event may stand for an earlier one
SAID = {"out": "out", "attach": "out", "in": "in", "detach": "in"}  # by what was asked for
PROBES_AT_ONCE, PROBES_A_SECOND = 20, 1.0


@dataclass(slots=True, kw_only=True)
class Entry:
    """A record that was produced, what it asks for, and the letters it got."""

    record: Record
    told: Produce
    plan: Plan
    at: float
    letters: list[DeadLetter] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Send:
    """A request whose executions count. `fate`: open, clear (it was not executed), doubt, done."""

    epoch: Epoch
    fate: str = "open"


class Watch:
    """Looks at everything that goes in and out."""

    def __init__(self, world: "World") -> None:
        self.violations: list[str] = []
        self.entries: dict[tuple[Partition, int], Entry] = {}
        self.by_stamp: dict[int, list[Entry]] = defaultdict(list)
        self.by_entity: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.by_key: dict[str, list[Entry]] = defaultdict(list)
        self.sends: dict[str, list[Send]] = defaultdict(list)
        self._world = world
        self._planner = build.planner(world.loaded.settings)
        self._probed: Counter[str] = Counter()
        self._ids: dict[str, Entry] = {}
        self._consents = Consents()
        self._undone: set[str] = set()
        self._opt_outs: dict[str, OptOuts] = {}
        self.writes = 0  # requests that change something
        self._handed: dict[tuple[Epoch, Partition], int] = {}  # what comes next
        self._told: dict[tuple[Epoch, Partition], Point] = {}  # the last commit of each epoch
        self._acked: dict[tuple[Epoch, Partition], list[Point]] = defaultdict(list)
        self._first: dict[int, Epoch | None] = {}  # who executed a stamp first; None: an orphan

    def broken(self, number: str, text: str) -> None:
        """Note that something does not hold."""
        line = f"{number}: {text}"
        self._world.tell(f"BROKEN {line}")
        self.violations.append(line)

    # -- records --------------------------------------------------------------------------

    def produced(self, record: Record, told: Produce) -> None:
        """Take note of what a record asks for."""
        plan = self._planner.plan(record, NOW + this_loop().time())
        now = NOW + this_loop().time()
        entry = Entry(record=record, told=told, plan=plan, at=now)
        self.entries[record.place, record.offset] = entry
        self.by_stamp[told.stamp].append(entry)
        self.by_entity[told.topic, told.entity].append(entry)
        self._consents.produced(entry)
        self._ids[letter_id("main", record)] = entry
        if isinstance(plan, Planned):
            for call in plan.calls:
                self.by_key[call.key].append(entry)

    def is_finished(self, entry: Entry) -> bool:
        """Tell whether a record was applied, buried, or skipped by a rule, as far as one can see.

        A repeat is finished with the first; so is what was merged into something later.
        """
        same = self.by_stamp[entry.told.stamp]
        if isinstance(entry.plan, Skipped) or entry.letters:
            return True
        if isinstance(entry.plan, Refused):
            return False
        if self.is_buried(entry) or entry.plan.refusal is not None:
            return self.is_buried(entry)
        return self._is_applied(same[0]) or self._is_passed_over(entry)

    def is_buried(self, entry: Entry) -> bool:
        """Tell whether an event, or its repeat, is among the dead letters."""
        return any(one.letters for one in self.by_stamp[entry.told.stamp])

    def was_told(self, entry: Entry) -> bool:
        """Tell whether an event reached eSputnik, though part of it, or its repeat, was buried."""
        if self._is_partly_told(entry):
            return True
        return bool(self._world.history.stamps[entry.told.stamp]) or not self.is_buried(entry)

    def was_told_last(self, entry: Entry) -> bool:
        """Tell whether an event reached eSputnik, and was not buried when it was told again."""
        return self.was_told(entry) and (not self.is_buried(entry) or self._is_partly_told(entry))

    def was_told_merged(self, entry: Entry) -> bool:
        """Tell whether an event reached eSputnik, or may have with another that it had joined."""
        letters = [one for same in self.by_stamp[entry.told.stamp] for one in same.letters]
        return self.was_told(entry) or {one.reason for one in letters} == {"esp.import_item"}

    def _is_partly_told(self, entry: Entry) -> bool:
        return isinstance(entry.plan, Planned) and entry.plan.refusal is not None

    def _is_applied(self, entry: Entry) -> bool:
        history, told = self._world.history, entry.told
        if told.targets:
            return all(
                any(one.at >= entry.at for one in history.targets[target])
                for target in told.targets
            )
        return bool(history.stamps[told.stamp])

    def _is_passed_over(self, entry: Entry) -> bool:
        later = self._later(entry)
        if entry.told.kind in MERGED:
            stamps = self._world.history.stamps
            return any(stamps[one.told.stamp] for one in later if one.told.kind in MERGED)
        return _word(entry) == "in" and any(_word(one) == "out" for one in later)

    def _later(self, entry: Entry) -> list[Entry]:
        same = self.by_entity[entry.told.topic, entry.told.entity]
        return [one for one in same if one.record.offset > entry.record.offset]

    # -- commits --------------------------------------------------------------------------

    def committed(self, replica: "Replica", points: Mapping[Partition, Point]) -> None:
        """I1, I2: what is committed is finished, and no commit goes back."""
        self._world.history.look(self._world.network.now)
        for place, point in points.items():
            before = self._world.broker.commits[place]
            if point.offset < before.offset:
                self.broken("I2", f"{place} went back to {point.offset} from {before.offset}")
            for offset in range(before.offset, point.offset):
                entry = self.entries.get((place, offset))  # else there is a hole
                if entry is not None and not self.is_finished(entry):
                    self.broken("I1", f"{replica.name} committed over {_name(entry)}")
            self._told[replica.epoch, place] = point
            replica.tell(f"commits {place.topic}-{place.number} {point.offset} {point.progress}")

    def acknowledged(self, replica: "Replica", points: Mapping[Partition, Point]) -> None:
        """Take note that a replica knows of its commit."""
        for place, point in points.items():
            self._acked[replica.epoch, place].append(point)

    def begins(self, replica: "Replica", places: Iterable[Partition]) -> None:
        """Take note of what a new assignment begins with."""
        for place in places:
            point = self._told[replica.epoch, place] = self._world.broker.commits[place]
            self._acked[replica.epoch, place].append(point)
            self._handed[replica.epoch, place] = point.offset

    def handed(self, replica: "Replica", record: Record) -> None:
        """I4: within an epoch each offset comes once, in order, none is left out but for holes."""
        place, holes = record.place, self._world.broker.holes
        due = self._handed.get((replica.epoch, place), -1)
        missed = [at for at in range(due, record.offset) if (place, at) not in holes]
        if due < 0 or record.offset < due or missed:
            self.broken("I4", f"{replica.name} took {place}@{record.offset}, {due} was due")
        self._handed[replica.epoch, place] = record.offset + 1
        entry = self.entries[place, record.offset]
        if _word(entry) == "out":
            self._opt_outs[replica.name].taken(entry)

    # -- requests -------------------------------------------------------------------------

    def sent(self, replica: "Replica", request: Request, key: str | None) -> None:
        """I7, I13: what a request carries. I10, I14, I15: whether it may go."""
        stamps = sorted(stamps_in(request.body or b""))
        replica.tell(f"sends {request.action} {len(request.body or b'')} {stamps} {key or ''}")
        for number, text in faults(request, self._world.plan.settings):
            self.broken(number, text)
        if request.action is Action.ACCOUNT_INFO:
            self._probes(replica)
        if request.method != "GET":
            self.writes += 1
            if replica.source.generation != self._world.group.generation:
                self.broken("I14", f"{replica.name} sends what is another's: {request.action}")
        if key is not None and key in self.by_key and _counts(request.action):
            self._sends(replica, key)

    def _probes(self, replica: "Replica") -> None:
        """L3: whether an outage is over is not asked again and again without a pause."""
        self._probed[replica.name] += 1
        most = PROBES_AT_ONCE + PROBES_A_SECOND * this_loop().time()
        if self._probed[replica.name] == int(most) + 1:
            self.broken("L3", f"{replica.name} probes the account without a pause")

    def _sends(self, replica: "Replica", key: str) -> None:
        if not any(self._is_written_down(replica, entry) for entry in self.by_key[key]):
            self.broken("I15", f"{replica.name} sends {key} unannounced")
        for before in self.sends[key]:
            if not self._may_go_again(replica, key, before):
                self.broken("I10", f"{replica.name} sends {key} again after {before}")
        self.sends[key].append(Send(epoch=replica.epoch))

    def _is_written_down(self, replica: "Replica", entry: Entry) -> bool:
        place, offset = entry.record.place, entry.record.offset
        point = self._told.get((replica.epoch, place))
        acked = self._acked[replica.epoch, place]
        return (
            point is not None
            and offset in read_progress(*point).declared
            and any(offset in read_progress(*one).declared for one in acked)
        )

    def _may_go_again(self, replica: "Replica", key: str, before: Send) -> bool:
        """Tell whether a call may be sent although it was sent before.

        An event that comes twice is known by the process that saw the first, and by no other.
        """
        if before.fate == "clear":
            return True
        if len(self.by_key[key]) > 1 and before.epoch.replica != replica.name:
            return True
        if self._world.plan.settings["sends.delivery"] == "at_least_once":
            epochs = (before.epoch, replica.epoch)  # of which a zombie's is over, too
            return before.fate == "doubt" or any(map(self._is_over, epochs))
        return False

    def _is_over(self, epoch: Epoch) -> bool:
        """Tell whether what was begun in an epoch may be begun again by somebody."""
        replica = next(one for one in self._world.replicas if one.name == epoch.replica)
        is_past = epoch.generation != self._world.group.generation
        return replica.is_dead or replica.is_stopping or is_past

    def answered(self, replica: "Process", key: str, heard: str) -> None:
        """Take note of what a replica may know of a request that counts."""
        mine = [one for one in self.sends.get(key, ()) if one.epoch.replica == replica.name]
        if mine:
            mine[-1].fate = heard

    def follow(self, replica: "Replica") -> None:
        """I12, I17, I21: look at when a replica reads and sends."""
        self._opt_outs[replica.name] = follow(replica, self.broken)

    def sends_of(self, replica: "Process") -> None:
        """I6: of calls that share a name one alone is under way in a replica."""
        exchange = replica.delivery._exchange  # noqa: SLF001 - the seam lies within
        send = exchange.send

        async def watched(
            errands: Sequence[Errand], attempt: int, failed_imports: int = 0
        ) -> Sequence[Outcome]:
            names = self._occupy(replica, errands)
            try:
                return await send(errands, attempt, failed_imports)
            finally:
                for name in names:
                    replica.busy.pop(name, None)

        exchange.send = watched  # type: ignore[method-assign]  # as above

    def _occupy(self, replica: "Process", errands: Sequence[Errand]) -> list[str]:
        names: list[str] = []
        for errand in errands:
            lanes = {name for one in errand.members() for name in one.origin.lanes}
            if errand.call.is_urgent:
                continue
            for name in sorted(lanes):
                other = replica.busy.get(name)
                if other is not None and other is not errand:
                    self.broken("I6", f"{replica.name} has two calls about {name[:2]} under way")
                replica.busy[name] = errand
                names.append(name)
        return names

    # -- executions -----------------------------------------------------------------------

    def look(self) -> None:
        """I5: within an epoch what is about one thing is executed in the order it was produced."""
        history = self._world.history
        news, history.news[:] = list(history.news), []
        for stamp, execution in news:
            if stamp in self._first or not self.by_stamp[stamp]:
                continue
            self._first[stamp] = None if execution.is_orphan else execution.epoch
            if not execution.is_orphan:
                self._check_order(self.by_stamp[stamp][0], execution.epoch)

    def _check_order(self, entry: Entry, epoch: Epoch) -> None:
        for one in self._later(entry):
            if one.told.stamp != entry.told.stamp and self._first.get(one.told.stamp) == epoch:
                place = f"{entry.record.topic}@{entry.record.offset}"
                self.broken("I5", f"{place} was executed after @{one.record.offset}")

    def executed(self) -> None:
        """I11: look at every step, as anything at all was executed, who may be written to."""
        for email in self._consents.undone(self._world):
            if email not in self._undone:
                self._undone.add(email)
                self.broken("I11", f"{email} is written to though it opted out")

    def overtaken(self) -> None:
        """I11: once all is quiet, no import ended behind an opt-out that had passed it."""
        for email in self._consents.overtaken(self._world.history):
            self.broken("I11", f"{email} is not told again after an import that its opt-out passed")

    # -- dead letters ---------------------------------------------------------------------

    def letter(self, record: Record) -> None:
        """I18, I19: a letter has a reason of the closed set, a right one, and gives all back."""
        found = read_letter(record)
        if not isinstance(found, DeadLetter):
            self.broken("I19", found.why)
            return
        entry = self._ids.get(found.id)
        if entry is None or found.original[4:] != entry.record[4:]:
            self.broken("I19", f"a letter of {found.reason} does not give its record back")
            return
        entry.letters.append(found)
        if any(CANARY in (value or b"") for _, value in tail_of(record, found)):
            self.broken("I20", f"a letter of {found.reason} tells of a person")
        self._world.tell(f"buried {found.reason} of {entry.told.kind} @{entry.record.offset}")
        if found.reason not in REASONS or not self._is_right(entry, found.reason):
            self.broken("I18", f"a {entry.told.kind} was buried as {found.reason}")

    def _is_right(self, entry: Entry, reason: str) -> bool:
        if isinstance(entry.plan, Skipped):
            return False
        if entry.plan.refusal is not None:
            return reason == entry.plan.refusal.reason
        if entry.told.is_poison and reason.startswith("esp."):
            return True
        if entry.told.kind == "upsert" and reason == "esp.import_item":
            return self._world.plan.has_fault("import_error")
        is_in_doubt = reason == "sync.in_doubt" and self._is_in_doubt(entry.plan)
        return is_in_doubt or self._is_outdated(entry, reason)

    def _is_outdated(self, entry: Entry, reason: str) -> bool:
        """Tell whether something later is why a record is buried that was read again."""
        later = [one.told for one in self._later(entry)]
        if reason == "consent.erased":
            return any(told.kind == "deletion" for told in later)
        if reason != "consent.stale_opt_in":
            return False
        is_overtaken = any(_word(one) == "out" for one in self._later(entry))
        return is_overtaken or self._came_late(entry)

    def _came_late(self, entry: Entry) -> bool:
        """Tell whether an opt-out is known that is of a later time."""
        same = self.by_entity[entry.told.topic, entry.told.entity]
        outs = (one for one in same if one.told.kind == "opt_out")
        return any(said_at(one.plan) >= said_at(entry.plan) for one in outs)

    def _is_in_doubt(self, plan: Planned) -> bool:
        at_most_once = self._world.plan.settings["sends.delivery"] == "at_most_once"
        counted = [call for call in plan.calls if _counts(call.action)]
        sends = [send for call in counted for send in self.sends[call.key]]
        is_calm = self._world.plan.is_calm and self._world.plan.replicas == 1
        was_doubted = any(send.fate in {"doubt", "open"} for send in sends)
        return bool(counted) and at_most_once and (was_doubted or not is_calm)


def tail_of(record: Record, letter: DeadLetter) -> Headers:
    """Return the headers that a letter has beside its record's."""
    return record.headers[len(letter.original.headers) :]


def _name(entry: Entry) -> str:
    return f"{entry.told.kind} {entry.record.topic}-{entry.record.partition}@{entry.record.offset}"


def _word(entry: Entry) -> str:
    """Return what a record says of consent, by the list of e-mails or by a segment: out or in."""
    verb = entry.told.targets[0][0] if entry.told.targets else ""
    return SAID.get(verb, "") if entry.told.topic == "opt-outs" else ""


def _counts(action: Action) -> bool:
    return action in {Action.SEND_MESSAGE, Action.GENERATE_EVENT, Action.CREATE_INBOX_MESSAGE}


def lines_with(text: str, logs: Sequence[Mapping[str, Any]]) -> list[str]:
    """I20: return what was logged that holds a text."""
    return [str(one) for one in logs if text in str(one).lower()]
