"""Plays a plan to its end and tells what did not hold."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from structlog.testing import capture_logs

from consumer.operations.telemetry import CLEANING
from tests.fakes.schedule import RunawayError, run_seeded, this_loop
from tests.fakes.time import StuckError
from tests.simulation import final
from tests.simulation.plan import Plan
from tests.simulation.replaying import replayed
from tests.simulation.watch import CANARY, lines_with
from tests.simulation.world import World

PATIENCE = 4 * 3600.0  # s in which everything must come to rest
STOPPING = 120.0  # s in which a replica must have stopped
LOOK = 1.0  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a history.

    `points` where replicas were killed, `played` what went wrong; `steps` of the event loop, and
    `seconds` of its own time.
    """

    violations: tuple[str, ...]
    digest: str
    points: Counter[str]
    played: Counter[str]
    steps: int
    seconds: float
    log: tuple[str, ...]


def play(plan: Plan) -> Outcome:
    """Play a plan."""
    world: list[World] = []
    ends: list[tuple[int, float]] = []

    async def main() -> None:
        world.append(World(plan))
        try:
            await _play(world[0])
        finally:
            ends.append((this_loop().steps, this_loop().time()))

    rng = random.Random(f"loop {plan.seed}")  # noqa: S311 - chance, not secrecy
    troubles: list[str] = []
    with capture_logs(processors=CLEANING) as logs:
        try:
            run_seeded(main(), rng, disorder=plan.disorder)
        except (StuckError, RunawayError) as trouble:
            troubles.append(f"L1: {trouble}")
    leaks = [f"I20: {line}" for line in lines_with(CANARY.decode(), logs)]
    held, (steps, seconds) = world[0], ends[0]
    return Outcome(
        violations=(*held.watch.violations, *troubles, *leaks),
        digest=held.digest(),
        points=held.points,
        played=held.played,
        steps=steps,
        seconds=seconds,
        log=tuple(held.log),
    )


async def _play(world: World) -> None:
    for _ in range(world.plan.replicas):
        world.start_replica()
    await _steps(world)
    world.heal()
    if await _comes_to_rest(world):
        told = final.told_by(world)
        final.check(world, told)
        if not world.watch.violations and world.plan.reruns:
            again = await replayed(world)
            await _comes_to_rest(world)
            final.check(world, [[*plans, *again] for plans in told])
        for replica in world.living:
            final.check_idle(replica)
    await _stop_all(world)
    world.watch.violations.extend(f"L2: {text}" for text in this_loop().troubles)


async def _steps(world: World) -> None:
    plan = world.plan
    acts: list[tuple[float, Callable[[], None]]] = [
        *((one.at, lambda one=one: world.produce(one)) for one in plan.produces),
        *((one.at, lambda one=one: world.begin_fault(one)) for one in plan.faults),
        *((one.at, lambda one=one: world.disturb(one)) for one in plan.disturbances),
    ]
    for at, act in sorted(acts, key=lambda pair: pair[0]):
        await _until(at)
        act()
        world.watch.look()
    await _until(plan.ends_at)


async def _until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - this_loop().time()))


async def _comes_to_rest(world: World) -> bool:
    deadline = this_loop().time() + PATIENCE
    while not final.is_quiet(world):
        if any(one.root is not None and one.root.done() for one in world.living):
            return False  # as is told in the end
        if this_loop().time() > deadline:
            world.watch.broken("L1", "it does not come to rest")
            return False
        await asyncio.sleep(LOOK)
        world.history.look(world.network.now)
        world.watch.look()
    return True


async def _stop_all(world: World) -> None:
    for replica in world.living:
        replica.stop()
    roots = {one: one.root for one in world.replicas if one.root is not None}
    await asyncio.wait(list(roots.values()), timeout=STOPPING)
    await asyncio.sleep(1)
    for replica, root in roots.items():
        if not root.done():
            world.watch.broken("I16", f"{replica.name} does not end")
        elif not root.cancelled() and root.exception() is not None:
            world.watch.broken("L2", f"{replica.name} ended by {root.exception()!r}")
        final.check_stopped(replica)
