"""What the probes say, and what the gauges show."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.gate import Gate, Way
from consumer.lease import Lease
from consumer.operations.health import LATE, STALLED, Vitals
from consumer.record import Partition
from consumer.waits import Waits
from esputnik.call import Action, Quota
from esputnik.outcome import Blocked, Scope

ORDERS = Partition("orders", 3)


@dataclass
class Source:
    is_joined: bool = True
    has_topics: bool = True
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
    is_held_up: bool = False
    waiting: Waits = field(default_factory=Waits)

    def is_waiting(self) -> bool:
        return self.is_held_up

    def waits(self) -> Waits:
        return self.waiting


@dataclass
class Letters:
    begun: list[float] = field(default_factory=list)


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
    letters: Letters = field(default_factory=Letters)
    gate: Gate = field(default_factory=Gate)
    clock: Clock = field(default_factory=Clock)

    @cached_property
    def vitals(self) -> Vitals:
        return Vitals(
            self.source,
            self.worker,
            self.sending,
            self.gate,
            self.clock,
            letters=self.letters,
        )

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
    made["import"].sending.is_held_up = True
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

    ready, told = process.vitals.ready()

    why = {
        "what": "kafka",
        "kind": "outage",
        "why": "the group has not assigned anything yet",
        "seconds": 0,
    }
    assert (ready, told) == (False, {"ready": False, "joined": False, "held": [why]})


def test_what_waits_for_an_operator_is_named_with_why_and_since_when() -> None:
    process = Process()
    process.block(Scope.ACCOUNT)
    process.block(Scope.ACTION, Action.ADD_DOMAIN)
    process.worker.unmapped = Unmapped({"order.changed": 60})
    process.source.blocked = {ORDERS: "no_offset"}
    process.vitals.look()
    process.clock.time = 90.4

    ready, told = process.vitals.ready()

    assert not ready
    assert told["held"] == [
        {"what": "account", "kind": "blocked", "why": "401", "seconds": 90},
        {"what": "add-domain", "kind": "blocked", "why": "401", "seconds": 90},
        {"what": "order.changed", "kind": "refusals", "why": "map.handler_error", "records": 60},
        {"what": "orders:3", "kind": "blocked", "why": "no_offset", "seconds": 90},
    ]


def test_a_member_that_its_group_may_have_given_up_is_not_ready_until_it_is_answered() -> None:
    process = Process(source=Source(lease=Lease(session=10.0)))
    process.source.lease.heard(100.0)

    process.clock.time = 109.9
    before = process.vitals.ready()
    process.clock.time = 110.0
    process.vitals.look()
    process.clock.time = 170.0
    silent = process.vitals.ready()
    process.source.lease.heard(171.0)
    after = process.vitals.ready()

    why = {
        "what": "kafka",
        "kind": "outage",
        "why": "the group does not answer",
        "seconds": 60,
    }
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


def held_by(process: Process) -> list[tuple[str, str, str, int]]:
    """Return what a ready process names: what, its kind, why, and for how many seconds."""
    ready, told = process.vitals.ready()
    assert ready
    return [(one["what"], one["kind"], one["why"], one["seconds"]) for one in told["held"]]


def test_a_quota_that_answers_429_is_told_and_needs_no_operator() -> None:
    process = Process(clock=Clock(time=50.0))
    process.sending.waiting = Waits(throttled={Quota.EVENT: 20.0})

    assert held_by(process) == [("quota event", "throttled", "429", 30)]


def test_letters_that_wait_for_long_are_told_with_how_many_there_are() -> None:
    process = Process(clock=Clock(time=LATE + 4.0))
    process.letters.begun = [1.0, 4.0, 5.0]

    assert held_by(process) == [("dead letters", "letters", "not acknowledged", 13)]
    assert process.vitals.ready()[1]["held"][0]["records"] == 2


def test_sends_that_wait_for_a_sign_of_life_are_told_once_there_are_any() -> None:
    process = Process()
    process.gate.doubted("502", 0.0, 0.0)
    process.clock.time = 7.0

    before = held_by(process)
    process.gate.waiting[Way(Action.SEND_MESSAGE, counts=True)] += 1

    assert before == []
    assert held_by(process) == [("sends", "doubt", "502", 7)]


def test_sends_whose_action_is_held_itself_are_told_once() -> None:
    process = Process()
    process.gate.failed("502", Way(Action.SEND_MESSAGE, counts=True), 0.0, 0.0)
    process.gate.waiting[Way(Action.SEND_MESSAGE, counts=True)] += 1

    assert held_by(process) == [("send-message", "outage", "502", 0)]


def test_a_process_without_a_topic_is_ready_and_says_that_it_reads_nothing() -> None:
    process = Process(source=Source(has_topics=False))

    ready, told = process.vitals.ready()

    assert ready
    assert told["held"] == [{"what": "topics", "kind": "missing", "why": "there is none to read"}]


# -- the log --------------------------------------------------------------------------------


def told_of(process: Process, change: Callable[[], object], seconds: int) -> list[dict[str, Any]]:
    """Return what is logged while something lasts for so long, and then once it is over."""
    with capture_logs() as lines:
        for _ in range(seconds):
            process.vitals.look()
            process.clock.time += 1.0
        change()
        process.vitals.look()
    return [dict(line) for line in lines]


def the_end_of(name: str, process: Process) -> Callable[[], object]:
    """Begin something that nobody else logs; return what ends it."""
    process.clock.time = 100.0
    match name:
        case "kafka":
            process.source.lease = Lease(session=10.0)
            process.source.lease.lost()
            return lambda: process.source.lease.heard(process.clock.time)
        case "quota default":
            process.sending.waiting = Waits(throttled={Quota.DEFAULT: 100.0})
            return lambda: setattr(process.sending, "waiting", Waits())
        case _:
            process.letters.begun = [90.0]
            return process.letters.begun.clear


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("kafka", "the group does not answer"),
        ("quota default", "429"),
        ("dead letters", "not acknowledged"),
    ],
)
def test_what_lasts_is_logged_once_and_so_is_its_end(name: str, cause: str) -> None:
    process = Process()
    change = the_end_of(name, process)

    assert told_of(process, change, 60) == [
        {"event": "held", "log_level": "warning", "scope": name, "cause": cause},
        {"event": "resumed", "log_level": "info", "scope": name, "seconds": 60.0},
    ]


def test_what_is_over_soon_leaves_no_line() -> None:
    process = Process()
    change = the_end_of("quota default", process)

    assert told_of(process, change, 10) == []


def test_a_blocked_partition_is_not_logged_again() -> None:
    process = Process(source=Source(blocked={ORDERS: "no_offset"}))

    assert told_of(process, process.source.blocked.clear, 60) == []


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


def test_the_gauges_show_how_many_imports_have_not_ended_and_how_old_they_are() -> None:
    process = Process(clock=Clock(time=400.0))
    none = gauges_of(process)
    process.sending.waiting = Waits(imports=(390.0, 100.0))

    shown = gauges_of(process)

    assert (none["imports"], none["oldest_import"]) == (0, 0.0)
    assert (shown["imports"], shown["oldest_import"]) == (2, 300.0)


def test_the_gauges_count_what_is_held_by_why() -> None:
    process = Process(worker=Worker(is_paused=True))
    process.block(Scope.ACCOUNT)
    process.block(Scope.ACTION, Action.ADD_DOMAIN)
    process.fail(5)
    process.worker.unmapped = Unmapped({"order.changed": 60})
    process.source.blocked = {ORDERS: "no_offset"}
    process.source.lease.lost()
    process.sending.waiting = Waits(throttled={Quota.DEFAULT: 0.0, Quota.EVENT: 0.0})
    process.letters.begun = [-LATE, -LATE, -LATE]

    assert gauges_of(process)["paused"] == {
        "account": 1,
        "action": 1,
        "refusals": 1,
        "outage": 1,
        "doubt": 1,
        "buffer": 1,
        "partition": 1,
        "kafka": 1,
        "throttled": 2,
        "letters": 3,
    }
    assert set(gauges_of(Process())["paused"].values()) == {0}


def test_a_member_that_waits_for_its_assignment_counts_as_away_from_kafka() -> None:
    assert gauges_of(Process(source=Source(is_joined=False)))["paused"]["kafka"] == 1
