"""What the probes say, and what the gauges show."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from consumer.gate import Gate, Way
from consumer.health import STALLED, Vitals
from consumer.lease import Lease
from consumer.record import Partition
from esputnik.call import Action
from esputnik.outcome import Blocked, Scope

ORDERS = Partition("orders", 3)


@dataclass
class Source:
    is_joined: bool = True
    blocked: dict[Partition, str] = field(default_factory=dict)
    lag: dict[Partition, int] = field(default_factory=lambda: {ORDERS: 7})
    lease: Lease = field(default_factory=Lease)

    def lags(self) -> dict[Partition, int]:
        return self.lag


@dataclass
class Unfinished:
    records: int = 0
    bytes: int = 0
    since: float | None = None

    def oldest(self) -> float | None:
        return self.since


@dataclass
class Unmapped:
    held: dict[str, int] = field(default_factory=dict)


@dataclass
class Worker:
    ledger: Any = field(default_factory=Unfinished)
    unmapped: Any = field(default_factory=Unmapped)
    last_progress: float = 0.0
    is_paused: bool = False
    is_burying: bool = False


@dataclass
class Sending:
    waits: bool = False

    def is_waiting(self) -> bool:
        return self.waits


@dataclass
class Clock:
    time: float = 0.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        raise NotImplementedError


@dataclass
class Gauges:
    shown: dict[str, Any] = field(default_factory=dict)

    def gauge(self, **values: Any) -> None:
        self.shown = values


@dataclass
class Process:
    """A process, its probes, and all that they look at."""

    source: Source = field(default_factory=Source)
    worker: Worker = field(default_factory=Worker)
    sending: Sending = field(default_factory=Sending)
    gate: Gate = field(default_factory=Gate)
    clock: Clock = field(default_factory=Clock)

    @property
    def vitals(self) -> Vitals:
        return Vitals(self.source, self.worker, self.sending, self.gate, self.clock)

    def block(self, scope: Scope, action: Action = Action.ADD_ORDERS) -> None:
        self.gate.blocked(Blocked(scope=scope, cause="401"), Way(action), self.clock.time, 0.0)

    def fail(self, times: int, action: Action = Action.ADD_ORDERS) -> None:
        for _ in range(times):
            self.gate.failed("503", Way(action), self.clock.time, 0.0)


def a_stalled_process() -> Process:
    return Process(clock=Clock(time=STALLED))


# -- alive ----------------------------------------------------------------------------------


def test_a_reader_that_has_lag_and_moves_nothing_is_not_alive() -> None:
    process = a_stalled_process()

    alive, told = process.vitals.alive()

    assert not alive
    assert told == {"alive": False, "lag": 7, "seconds_without_progress": 120.0}


def test_a_pause_of_less_than_two_minutes_is_no_stall() -> None:
    process = a_stalled_process()
    process.worker.last_progress = 0.1

    assert process.vitals.alive()[0]


def test_without_lag_there_is_nothing_to_move() -> None:
    process = a_stalled_process()
    process.source.lag = {ORDERS: 0}

    assert process.vitals.alive()[0]


def test_calls_that_are_open_and_wait_for_nothing_are_no_excuse() -> None:
    process = a_stalled_process()
    process.worker.ledger = Unfinished(records=1)

    assert not process.vitals.alive()[0]
    assert process.vitals.is_excused()


def excuses() -> dict[str, Process]:
    names = ("import", "buffer", "letter", "key", "action", "bug", "partition", "kafka")
    made = {name: a_stalled_process() for name in names}
    made["import"].sending.waits = True
    made["buffer"].worker.is_paused = True
    made["letter"].worker.is_burying = True
    made["key"].block(Scope.ACCOUNT)
    made["action"].block(Scope.ACTION)
    made["bug"].worker.unmapped = Unmapped({"order.changed": 60})
    made["partition"].source.blocked = {ORDERS: "no_offset"}
    made["kafka"].source.lease.lost()
    return made


@pytest.mark.parametrize("name", excuses())
def test_nothing_is_restarted_because_it_is_rightly_held(name: str) -> None:
    assert excuses()[name].vitals.alive()[0]


# -- ready ----------------------------------------------------------------------------------


def test_a_member_of_the_group_that_nothing_blocks_is_ready() -> None:
    assert Process().vitals.ready() == (True, {"ready": True, "joined": True, "held": []})


def test_before_the_group_is_joined_it_is_not_ready() -> None:
    process = Process(source=Source(is_joined=False))

    assert process.vitals.ready() == (False, {"ready": False, "joined": False, "held": []})


def test_what_waits_for_an_operator_is_named_with_why_and_since_when() -> None:
    process = Process()
    process.block(Scope.ACCOUNT)
    process.block(Scope.ACTION, Action.ADD_DOMAIN)
    process.worker.unmapped = Unmapped({"order.changed": 60})
    process.source.blocked = {ORDERS: "no_offset"}
    process.clock.time = 90.4

    ready, told = process.vitals.ready()

    assert not ready
    assert told["held"] == [
        {"what": "account", "kind": "blocked", "why": "401", "seconds": 90},
        {"what": "add-domain", "kind": "blocked", "why": "401", "seconds": 90},
        {"what": "order.changed", "kind": "refusals", "why": "map.handler_error", "records": 60},
        {"what": "orders:3", "kind": "blocked", "why": "no_offset"},
    ]


def test_a_member_that_its_group_may_have_given_up_is_not_ready_until_it_is_answered() -> None:
    process = Process(source=Source(lease=Lease(session=10.0)))
    process.source.lease.heard(100.0)

    process.clock.time = 109.9
    before = process.vitals.ready()
    process.clock.time = 110.0
    silent = process.vitals.ready()
    process.source.lease.heard(111.0)
    after = process.vitals.ready()

    why = {"what": "kafka", "kind": "outage", "why": "the group does not answer"}
    assert before == after == (True, {"ready": True, "joined": True, "held": []})
    assert silent == (False, {"ready": False, "joined": False, "held": [why]})


def test_a_partition_that_is_blocked_is_no_excuse_for_a_reader_of_the_others() -> None:
    process = a_stalled_process()
    process.source.blocked = {ORDERS: "unreadable at offset 7"}

    assert not process.vitals.is_excused()


def test_a_group_that_does_not_answer_is_no_excuse_for_a_reader_whom_brokers_answer() -> None:
    process = a_stalled_process()
    process.source.lease.lost()

    assert not process.vitals.is_excused()


@pytest.mark.parametrize("name", ["key", "action", "bug", "partition"])
def test_each_thing_that_waits_for_an_operator_makes_it_not_ready(name: str) -> None:
    assert not excuses()[name].vitals.ready()[0]


def test_an_outage_is_told_and_needs_no_operator() -> None:
    process = Process()
    process.fail(5)

    ready, told = process.vitals.ready()

    assert ready
    assert [(one["what"], one["kind"]) for one in told["held"]] == [("add-orders", "outage")]


# -- gauges ---------------------------------------------------------------------------------


def gauges_of(process: Process) -> dict[str, Any]:
    gauges = Gauges()
    process.vitals.measure(gauges)
    return gauges.shown


def test_the_gauges_show_what_is_unfinished_and_how_old_it_is() -> None:
    process = Process(clock=Clock(time=12.0))
    process.worker.ledger = Unfinished(records=3, bytes=300, since=2.0)

    shown = gauges_of(process)

    assert (shown["buffered_records"], shown["buffered_bytes"]) == (3, 300)
    assert shown["oldest_unfinished"] == 10.0
    assert shown["lags"] == {("orders", 3): 7}


def test_where_nothing_is_unfinished_nothing_is_old() -> None:
    assert gauges_of(Process(clock=Clock(time=12.0)))["oldest_unfinished"] == 0.0


def test_the_gauges_count_what_is_held_by_why() -> None:
    process = Process(worker=Worker(is_paused=True))
    process.block(Scope.ACCOUNT)
    process.block(Scope.ACTION, Action.ADD_DOMAIN)
    process.fail(5)
    process.worker.unmapped = Unmapped({"order.changed": 60})
    process.source.blocked = {ORDERS: "no_offset"}

    assert gauges_of(process)["paused"] == {
        "account": 1,
        "action": 1,
        "refusals": 1,
        "outage": 1,
        "doubt": 1,
        "buffer": 1,
        "partition": 1,
    }
    assert set(gauges_of(Process())["paused"].values()) == {0}
