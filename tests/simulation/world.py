"""All that a history happens in: broker, group, account, network, replicas, and the log of it."""

import random
from collections import Counter
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any

import orjson
import structlog

from consumer.record import Partition, Point, Record
from consumer.settings.model import Loaded
from consumer.settings.sources import load
from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from tests.corpus import NOW
from tests.fakes.group import CommitFate, Group, Member
from tests.fakes.kafka import FakeBroker
from tests.fakes.letters import WriteFate, places
from tests.fakes.schedule import later, this_loop
from tests.fakes.topic import FakeTopic
from tests.simulation.dates import DatedAccount
from tests.simulation.events import (
    LONERS,
    MARK_FIELD,
    PEOPLE,
    SMS_SEGMENT,
    TOPICS,
    Produce,
    email_of,
    user_of,
)
from tests.simulation.history import History
from tests.simulation.network import Network
from tests.simulation.plan import Disturbance, Fault, Plan
from tests.simulation.replica import DEAD_LETTERS, Replica
from tests.simulation.watch import Watch

FORBIDDEN = {0.1: "add-orders", 0.5: "bulk-contacts", 1.0: "send-message"}  # by a fault's chance
IN_SANDBOX = ("500", "429", "import_error", "import_stuck")
MOST_REPLICAS = 3
RESTART = 0.5  # s; how long a process takes to come back, at the least
LOST_LETTER = 40.0  # s; longer than anybody waits for an acknowledgement


class World:
    """Broker and account outlive every replica. `topics` are those that are read."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.log: list[str] = []
        self.points: Counter[str] = Counter()  # where replicas were killed
        self.played: Counter[str] = Counter()  # what went wrong, by kind
        self.topics = frozenset(TOPICS)
        self.broker = FakeBroker()
        for topic, count in plan.partitions.items():
            self.broker.make(topic, count)
        self.broker.commits |= dict.fromkeys(self.broker.logs, Point(0))
        for place in places(DEAD_LETTERS):
            self.broker.make(place.topic, place.number + 1)
        self.group = Group(self.broker)
        self.group.on_commit = self._committed
        self.account = DatedAccount(
            switches=Switches(**plan.switches), seed=plan.seed, form=plan.dates
        )
        self.memory = FakeTopic()
        self.notes: list[Record] = []  # what replays write down
        self.history = History(self.account)
        self.network = Network(
            self.account,
            self.history,
            rng=self.rng("network"),
            cuts=self.rng("cuts"),
            latency=plan.latency,
            wall=NOW,
        )
        self.replicas: list[Replica] = []
        self.produced: dict[tuple[Partition, int], Produce] = {}
        self.loaded = loaded_of(orjson.dumps(dict(plan.settings)).decode())
        self.watch = Watch(self)
        self.network.on_execution = self.watch.executed
        self._faults: list[Fault] = []
        self._dice = self.rng("faults")
        self._gaps = self.rng("holes")
        self._names = 0
        self._poison()
        populate(self.account)

    def rng(self, purpose: str) -> random.Random:
        """Return chance for one purpose, so that one draw more of it changes no other."""
        return random.Random(f"{purpose} {self.plan.seed}")  # noqa: S311 - chance, not secrecy

    def tell(self, text: str) -> None:
        """Write a line of the log."""
        self.log.append(f"{this_loop().time():.6f} {text}")

    def digest(self) -> str:
        """Return a hash of all that happened."""
        return sha256("\n".join(self.log).encode()).hexdigest()

    # -- what is done to it ---------------------------------------------------------------

    def produce(self, told: Produce) -> None:
        """Append a record to its topic."""
        if self._gaps.random() < self.plan.holes:
            self.broker.leave_out(Partition(told.topic, told.partition))
            self.played["hole"] += 1
        timestamp = int((NOW + this_loop().time()) * 1000)
        value = told.value and told.value + b" " * told.padding
        record = self.broker.put(
            Record(told.topic, told.partition, 0, timestamp, told.key, value, told.headers)
        )
        self.produced[record.place, record.offset] = told
        self.tell(
            f"produced {told.kind} {record.topic}-{record.partition}@{record.offset} "
            f"~{told.stamp}~ {told.entity}{' poison' * told.is_poison}"
        )
        self.watch.produced(record, told)

    def begin_fault(self, fault: Fault) -> None:
        """Let something go wrong for a while."""
        self.tell(f"begins {fault.kind} {fault.chance}")
        self.played[fault.kind] += 1
        self._faults.append(fault)
        self._apply_faults()
        later(fault.seconds, lambda: self.end_fault(fault))

    def end_fault(self, fault: Fault) -> None:
        """Let it go well again."""
        if fault in self._faults:
            self._faults.remove(fault)
            self.tell(f"ends {fault.kind}")
            self._apply_faults()

    def heal(self) -> None:
        """End all faults, let all replicas live, and see that there is one."""
        for fault in list(self._faults):
            self.end_fault(fault)
        for replica in self.replicas:
            replica.doom = ""
            replica.thaw()
            replica.reach()
        if not self.living:
            self.start_replica()

    def disturb(self, told: Disturbance) -> None:
        """Do something to a replica."""
        self.played[told.kind] += 1
        living = self.living
        if told.kind == "join":
            self._start_another()
        elif told.kind == "flap":
            for member in self.group.members:
                member.called.set()
        elif living:
            self._disturb(living[told.whom % len(living)], told)

    def _disturb(self, replica: Replica, told: Disturbance) -> None:
        self.tell(f"{told.kind} {replica.name} {told.point}")
        match told.kind:
            case "kill":
                replica.doom, replica.skips = told.point, told.skips
                if told.point == "P15":
                    replica.stop()
            case "crash":
                _tell_of_bug(replica)
                replica.kill()
            case "cut":
                replica.cut_off()
                later(told.seconds, replica.reach)
            case "stop":
                self._stop(replica, told.seconds)
            case "cancel":
                this_loop().at_step(told.skips, lambda: self._cancel(replica, told.seconds))
            case "freeze":
                replica.freeze()
                later(told.seconds, replica.thaw)
            case _:
                replica.clock.skew = told.seconds

    def _stop(self, replica: Replica, seconds: float) -> None:
        replica.worker._stop_seconds = seconds  # noqa: SLF001 - as settings would
        replica.stop()
        self._start_later(seconds)

    def _cancel(self, replica: Replica, seconds: float) -> None:
        """Cancel a task of a replica, or all as they hang together; then it stops, or crashes."""
        if not replica.cancel(self._dice):
            return
        if not seconds:
            replica.kill()
        elif replica in self.living:
            self._stop(replica, seconds)

    # -- replicas -------------------------------------------------------------------------

    @property
    def living(self) -> list[Replica]:
        """Return the replicas that are there, and are to stay."""
        return [one for one in self.replicas if not one.is_dead and not one.is_stopping]

    def start_replica(self) -> None:
        """Start one more process."""
        self._names += 1
        replica = Replica(f"r{self._names}", self, self.loaded, 20.0)
        self.replicas.append(replica)
        self.tell(f"{replica.name} starts")
        replica.start()

    def killed_at(self, point: str) -> None:
        """Count where a replica was killed."""
        self.points[point] += 1

    def died(self, replica: Replica) -> None:
        """Note that a process is no more; another one takes its place soon."""
        self.history.orphan(replica.name)
        self._start_later(self._dice.uniform(RESTART, 15.0))

    def _start_later(self, seconds: float) -> None:
        later(RESTART + seconds, self._start_another)

    def _start_another(self) -> None:
        if len(self.living) < MOST_REPLICAS:
            self.start_replica()

    # -- what goes wrong ------------------------------------------------------------------

    def chance(self, kind: str) -> float:
        """Return how likely a fault is now."""
        return max((one.chance for one in self._faults if one.kind == kind), default=0.0)

    def is_struck(self, kind: str) -> bool:
        """Throw the dice for a fault."""
        chance = self.chance(kind)
        return chance > 0 and self._dice.random() < chance

    def commit_fate(self) -> CommitFate:
        """Draw what befalls a commit."""
        there, back = self._seconds(), self._seconds()
        if not self.is_struck("commits"):
            return CommitFate(there=there, back=back)
        is_lost_there = self._dice.random() < 0.5
        return CommitFate(
            there=there, back=back, is_lost_there=is_lost_there, is_lost_back=not is_lost_there
        )

    def write_fate(self) -> WriteFate:
        """Draw what befalls a dead letter: lost, late, twice, or kept and not acknowledged."""
        there, back = self._seconds(), self._seconds()
        if not self.is_struck("letters"):
            return WriteFate(there=there, back=back)
        return self._dice.choice(
            [
                WriteFate(times=0, is_told=False),
                WriteFate(there=LOST_LETTER),
                WriteFate(there=there, back=back, times=2),
                WriteFate(there=there, is_told=False),
            ]
        )

    def _seconds(self) -> float:
        return self._dice.uniform(0, self.plan.latency / 4)

    def _apply_faults(self) -> None:
        chances = {kind: self.chance(kind) for kind in {one.kind for one in self._faults}}
        self.network.chances = chances
        sandbox = {kind: chances[kind] for kind in IN_SANDBOX if kind in chances}
        self.account.faults.plan(sandbox)
        forbidden = [FORBIDDEN[one.chance] for one in self._faults if one.kind == "forbidden"]
        key = "another" if "unauthorized" in chances else "sandbox"
        self.account.change_switches({"forbidden": forbidden, "api_key": key})

    def _committed(self, member: Member, points: Mapping[Partition, Point]) -> None:
        replica = next(one for one in self.replicas if one.source is member)
        self.watch.committed(replica, points)
        replica.crosses("P13")

    # -- before it begins -----------------------------------------------------------------

    def _poison(self) -> None:
        rules: list[dict[str, Any]] = []
        for told in self.plan.produces:
            if told.is_poison:
                contains = f"~{told.stamp}~"
                rules.append(
                    {"action": "add-orders", "contains": contains, "item_error": "bad order"}
                    if told.kind == "order"
                    else {"action": "send-message", "contains": contains, "status": 400}
                )
        self.account.faults.rule(rules)


def populate(account: Account) -> None:
    """Make everybody: an update of whom nobody knows, told again behind a deletion, is lost."""
    book = account._parts.book  # noqa: SLF001 - before the history begins
    for person in range(PEOPLE + LONERS):
        contact = book.create()
        book.set_external(contact, user_of(person))
        email = email_of(person)
        book.set_channels(contact, "email", {email: {"type": "email", "value": email}})


@cache
def loaded_of(settings: str) -> Loaded:
    """Return the settings of a plan."""
    given: dict[str, Any] = {
        "esputnik.api_key": "sandbox",
        "topics": {topic: {} for topic in TOPICS} | {"users": {"tombstone": "delete"}},
        "contacts.custom_fields": {"mark": MARK_FIELD},
        "consent.routes": {"sms": {"segment": SMS_SEGMENT}},
    }
    texts = [
        f"{path}={value if isinstance(value, str) else orjson.dumps(value).decode()}"
        for path, value in (given | orjson.loads(settings)).items()
    ]
    return load(config=None, overrides=texts, environ={}, needs_api_key=True)


def _tell_of_bug(replica: Replica) -> None:
    """Log the bug by which a replica ends, as the command does; its error quotes what it met."""
    met = [job.record for job in replica.worker.ledger.unsettled()]
    structlog.get_logger().exception("bug", exc_info=ValueError(f"cannot read {met}"))
