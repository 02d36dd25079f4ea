"""Any history through the real worker: it ends opted out whenever that is the newest word."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fakes.time import run
from tests.service.replaying import replayed
from tests.service.words import ANN, BOB, DAY, SKEW, TOPICS, a_world, at, is_out, say
from tests.service.world import World

pytestmark = pytest.mark.timeout(60)

# Seconds from the beginning: together, within the skew, beyond it, beyond a day.
TIMES = (-2.0 * DAY, -DAY, -1000.0, -1000.0 + SKEW, -1000.0 + SKEW + 1, -1.0, 0.0)
WORDS = ("out", "in")
ENDS = ("kill", "replay")


class Step(NamedTuple):
    """What happens, and how many seconds it is until the next.

    A word about a person (`out`, `in`), a `profile` without an e-mail, a `move` to one; or how a
    process ends (`kill`, `replay` of what it buried).
    """

    kind: str
    email: str = ANN
    when: float = 0.0
    topic: str = "events"
    wait: float = 0.0


steps = st.builds(
    Step,
    kind=st.sampled_from(("out", "out", "in", "in", "profile", "move", "kill", "replay")),
    email=st.sampled_from((ANN, BOB)),
    when=st.sampled_from(TIMES),
    topic=st.sampled_from(TOPICS),
    wait=st.sampled_from((0.0, 0.02, 0.5, 3.0)),
)


def tell(world: World, step: Step) -> None:
    person = {"user_id": "1", "email": step.email}
    if step.kind in WORDS:
        say(world, step.kind, step.when, topic=step.topic, **person)
        return
    more = {"first_name": "Ann"} if step.kind == "profile" else {}
    who = person if step.kind == "move" else {"user_id": "1"}
    world.put("user.updated", who | more, topic=step.topic, occurred_at=at(step.when))


async def tell_all(world: World, path: Sequence[Step]) -> None:
    for step in path:
        tell(world, step)
        await world.clock.sleep(step.wait)


async def one_life(world: World, path: Sequence[Step], end: str) -> World:
    """Live through what a process sees before it is killed, or replayed; return the one after."""
    if end == "kill":
        telling = asyncio.ensure_future(tell_all(world, path))
        async with world.killed_when(telling.done):
            pass
    else:
        async with world.running():
            await tell_all(world, path)
            await world.settled()
    if end == "replay":
        await replayed(world)
    return World(like=world)


async def lived(path: Sequence[Step], import_seconds: float) -> World:
    """Live through a history, with imports that take so long, and end it at rest."""
    world = a_world(switches={"import_seconds": import_seconds})
    world.put("user.signed_up", {"user_id": "1", "email": ANN}, occurred_at=at(-3 * DAY))
    seen: list[Step] = []
    for step in path:
        if step.kind in ENDS:
            world, seen = await one_life(world, seen, step.kind), []
        else:
            seen.append(step)
    return await one_life(world, seen, "rest")


def newest(path: Sequence[Step], kind: str) -> float:
    return max((step.when for step in path if step.kind == kind), default=-1e12)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=8), st.sampled_from((0.5, 10.0)))
@example([Step("in", when=-1000), Step("out", when=-1000, topic="web")], 10.0)
@example([Step("out", when=-1000, wait=3.0), Step("in", when=-1000, topic="web")], 0.5)
@example([Step("out", when=-1.0), Step("in", when=-1000), Step("replay")], 0.5)
def test_a_person_ends_opted_out_whenever_that_is_the_newest_explicit_word(
    path: list[Step], import_seconds: float
) -> None:
    """Whoever is named by user id and e-mail is one person; where they move to, it goes along."""
    world = run(lived(path, import_seconds))

    outs = [step for step in path if step.kind == "out"]
    if outs and newest(path, "out") >= newest(path, "in"):
        last = max(outs, key=lambda step: step.when)
        assert is_out(world, last.email)
