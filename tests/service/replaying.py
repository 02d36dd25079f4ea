"""A replay of a world's dead letters, built as the command builds it, in virtual time."""

import asyncio
import random
from datetime import UTC, datetime

from consumer import build
from consumer.deadletter import Burial, DeadLetter, letter, read_letter
from consumer.letters import Found
from consumer.replay import Replay, Step, Verdict
from consumer.replay_memory import Memory
from consumer.shares import REPLAY_SHARE, Traffic
from tests.fakes.time import START
from tests.fakes.topic import FakeFollowed, FakeWriter
from tests.service.world import World


class _Noted(Memory):
    """Nobody reads again what these replays write down."""

    def __init__(self) -> None:
        self.notes: dict[str, bytes | None] = {}

    async def note(self, letter_id: str, state: bytes | None) -> None:
        await asyncio.sleep(0)
        self.notes[letter_id] = state


async def replayed(world: World) -> World:
    """Replay all that a world buried; return what came of it, as a world that comes after."""
    again = World(like=world)
    replay = _replay(again)
    steps = [
        Step(found=Found(letter=_letter(one), partition=0, offset=number), verdict=Verdict.SEND)
        for number, one in enumerate(world.letters.burials)
    ]
    await again.consent.load()
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(again.delivery.run()), tasks.create_task(again.consent.run())]
        await replay.run(steps)
        for other in beside:
            other.cancel()
    return again


def _letter(burial: Burial) -> DeadLetter:
    now = datetime.fromtimestamp(START, UTC)
    written = letter(burial, group="g", cluster="main", version="1", now=now)
    headers = written.headers
    read = read_letter(
        burial.record._replace(key=written.key, value=written.value, headers=headers)
    )
    assert isinstance(read, DeadLetter)
    return read


def _replay(world: World) -> Replay:
    """Put the parts of a replay in the place of the world's."""
    settings, rng = world.loaded.settings, random.Random(0)  # noqa: S311 - chance, not secrecy
    desk, world.consent = build.consent(
        settings,
        secret=build.secret_of(world.loaded),
        followed=FakeFollowed(world.consent_topic),
        writer=FakeWriter(world.consent_topic),
        clock=world.clock,
        rng=rng,
    )
    world.delivery = build.delivery(
        settings,
        sender=world.sender,
        gate=world.gate,
        clock=world.clock,
        meter=world.meter,
        rng=rng,
        traffic=Traffic.REPLAY,
        consent=desk,
    )
    sending = Replay(
        planner=build.planner(settings),
        delivery=world.delivery,
        letters=world.letters,
        memory=_Noted(),
        clock=world.clock,
        rate=None,
        told=lambda _: None,
        consent=desk,
    )
    world.delivery.share(REPLAY_SHARE)
    world.delivery.declarations = sending
    return sending
