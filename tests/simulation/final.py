"""What must hold once everything is quiet again."""

from collections.abc import Iterator, Sequence
from typing import Any

from consumer.plan import Planned
from tests.fakes.schedule import this_loop
from tests.simulation.process import Process
from tests.simulation.replica import Replica
from tests.simulation.sequential import quiet, tell, visible
from tests.simulation.watch import CANARY
from tests.simulation.world import World, populate

AGAIN, FEW = 0.1, 5  # of the calls that may be made again although nothing went wrong


def check(world: World, told: Sequence[Sequence[Planned]]) -> None:
    """Note all that does not hold; `told` is what eSputnik was told, as far as one can see."""
    world.history.look(world.network.now)
    world.watch.look()
    world.watch.overtaken()
    for number, text in [
        *_unfinished(world),
        *_books(world),
        *_state(world, told),
        *_counted(world),
        *_budget(world),
    ]:
        world.watch.broken(number, text)


def is_quiet(world: World) -> bool:
    """Tell whether every record is committed, and nothing is under way or still to be learned."""
    if not all(is_idle(replica) for replica in world.living):
        return False
    commits = world.broker.commits
    read = [place for place in world.broker.logs if place.topic in world.topics]
    behind = any(commits[place].offset < world.broker.end(place) for place in read)
    return not behind and not world.history.is_pending()


def is_idle(replica: Replica) -> bool:
    """Tell whether a replica has joined and nothing that it does is unfinished."""
    source, group = replica.source, replica.world.group
    has_joined = source.generation == group.generation and not source.called.is_set()
    is_busy = replica.worker.ledger.records or len(replica.delivery._scheduler)  # noqa: SLF001
    return has_joined and source.is_joined and not is_busy and not replica.busy


def check_stopped(replica: Process) -> None:
    """I16: a process that has stopped leaves nothing behind."""
    broken = replica.world.watch.broken
    if this_loop().tasks[replica.name]:
        names = [str(task.get_coro()) for task in this_loop().tasks[replica.name]]
        broken("I16", f"{replica.name} left {names}")
    if timers := this_loop().timers(replica.name):
        broken("I16", f"{replica.name} left timers {timers}")
    if leaks := [name for name in replica.meter.counts if CANARY.decode() in name]:
        broken("I20", f"{replica.name} counts {leaks}")
    delivery: Any = replica.delivery
    used = delivery._exchange._turns._used  # noqa: SLF001 - nothing else tells it
    waiting = sum(delivery._exchange._keeper.gate.waiting.values())  # noqa: SLF001 - as above
    if used or waiting:
        broken("I16", f"{replica.name} has {used} slots taken and {waiting} waiting")
    flying = {name: n for name, n in replica.meter.counts.items() if name[:9] == "in flight" and n}
    if flying:
        broken("I16", f"{replica.name} counts {flying}")


def check_idle(replica: Replica) -> None:
    """I16 of one that lives on: nothing waits, nothing is under way."""
    broken, delivery = replica.world.watch.broken, replica.delivery
    if len(delivery._scheduler):  # noqa: SLF001 - nothing else tells it
        broken("I16", f"{replica.name} has names whose calls never ended")
    under_way = delivery._scheduler._batcher._under_way  # noqa: SLF001 - as above
    if any(under_way.values()):
        broken("I16", f"{replica.name} has batches that never ended")
    if replica.worker.ledger.records or replica.worker.ledger.bytes:
        broken("I17", f"{replica.name} counts records that are not there")


def _unfinished(world: World) -> Iterator[tuple[str, str]]:
    for (place, offset), entry in world.watch.entries.items():
        if not world.watch.is_finished(entry):
            yield "I3", f"{entry.told.kind} {place.topic}-{place.number}@{offset} came to nothing"


def _books(world: World) -> Iterator[tuple[str, str]]:
    """Taken is delivered, skipped, buried or abandoned."""
    for replica in world.living:
        counts = replica.meter.counts
        taken = sum(n for name, n in counts.items() if name.startswith("taken "))
        ends = ("delivered ", "skipped ", "buried ", "abandoned")
        ended = sum(n for name, n in counts.items() if name.startswith(ends))
        if taken != ended:
            yield "I3", f"{replica.name} took {taken} records and ended {ended}"


def told_by(world: World) -> list[list[Planned]]:
    """Return what was told, in order, in the ways that it may be understood.

    What was buried was not told, save for what is buried besides. What was told once, alone or
    merged into another, and told again with all around it and buried then, may be either; or both,
    where it named a field that those around it do not.
    """
    watch = world.watch
    once, last, merged = (
        [
            entry.plan
            for entry in watch.entries.values()
            if is_told(entry) and isinstance(entry.plan, Planned)
        ]
        for is_told in (watch.was_told, watch.was_told_last, watch.was_told_merged)
    )
    return [once, last, merged, once if once == last else once + last]


def _state(world: World, told: Sequence[Sequence[Planned]]) -> Iterator[tuple[str, str]]:
    """I8, I9, I11: all is as if each event had been told alone, in order."""
    found = visible(world.account)
    ways = [plans for number, plans in enumerate(told) if plans not in told[:number]]
    expected, *others = [_as_told(world, plans) for plans in ways]
    for name in sorted(expected.keys() | found.keys()):
        is_one = found.get(name) in [way.get(name) for way in (expected, *others)]
        if not is_one and not _is_residual(world, name):
            yield "I8", f"{name} is {found.get(name)}, should be {expected.get(name)}"


def _as_told(world: World, plans: Sequence[Planned]) -> dict[str, Any]:
    """Return what an account would hold by the events that were told."""
    account = quiet(world.plan.switches)
    populate(account)
    tell(account, plans)
    return visible(account)


def _is_residual(world: World, name: str) -> bool:
    """Tell whether a request that nobody waited for any more may have come last.

    Nothing recalls it, and nothing tells when it is over: see docs/testing.md.
    """
    if not world.history.is_orphaned(name.rpartition(" ")[2]):
        return False
    world.tell(f"residual {name}")
    return True


def _budget(world: World) -> Iterator[tuple[str, str]]:
    """I20: where nothing goes wrong each call is sent once, but for a few."""
    plans = [entry.plan for entry in world.watch.entries.values()]
    calls = sum(len(plan.calls) for plan in plans if isinstance(plan, Planned))
    if world.plan.is_undisturbed and world.watch.writes > calls * (1 + AGAIN) + FEW:
        yield "I20", f"{world.watch.writes} requests for {calls} calls"


def _counted(world: World) -> Iterator[tuple[str, str]]:
    """I10: what counts was executed at most once, or once more for each doubt."""
    executions = world.account.state()["executions"]
    at_most_once = world.plan.settings["sends.delivery"] == "at_most_once"
    for key, sends in world.watch.sends.items():
        records = len(world.watch.by_key[key])
        most = records if at_most_once else sum(send.fate != "clear" for send in sends)
        if executions.get(key, 0) > most:
            yield "I10", f"{key} was executed {executions[key]} times"
