"""A replay of a world's dead letters, built as the command builds it, in virtual time."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from consumer import build
from consumer.deadletters.letter import Burial, DeadLetter, letter, read_letter
from consumer.deadletters.memory import Memory
from consumer.deadletters.reading import Found
from consumer.deadletters.replay import Replay, Step, Verdict
from consumer.shares import REPLAY_SHARE, Traffic
from tests.fakes.time import START
from tests.fakes.topic import FakeFollowed, FakeWriter
from tests.service.world import World


class _Noted(Memory):
    """Nobody reads again what these replays write down."""

    def __init__(self, notes: dict[str, bytes | None]) -> None:
        self.notes = notes

    async def note(self, letter_id: str, state: bytes | None) -> None:
        await asyncio.sleep(0)
        self.notes[letter_id] = state


async def replayed(
    world: World, notes: dict[str, bytes | None] | None = None, **planning: Any
) -> World:
    """Replay all that a world buried; return what came of it, as a world that comes after.

    `notes` takes what is written down of each letter; `planning` is set otherwise than there.
    """
    again = World(like=world)
    replay = _replay(again, {} if notes is None else notes, planning)
    steps = [
        Step(found=Found(letter=letter_of(one), partition=0, offset=number), verdict=Verdict.SEND)
        for number, one in enumerate(world.letters.burials)
    ]
    await again.consent.load()
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(again.delivery.run()), tasks.create_task(again.consent.run())]
        await replay.run(steps)
        for other in beside:
            other.cancel()
    return again


def letter_of(burial: Burial, cluster: str = "main") -> DeadLetter:
    """Return what is read of a burial that was written at a cluster."""
    now = datetime.fromtimestamp(START, UTC)
    written = letter(burial, group="g", cluster=cluster, version="1", now=now)
    headers = written.headers
    read = read_letter(
        burial.record._replace(key=written.key, value=written.value, headers=headers)
    )
    assert isinstance(read, DeadLetter)
    return read


def _replay(world: World, notes: dict[str, bytes | None], planning: Mapping[str, Any]) -> Replay:
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
        planner=replace(build.planner(settings), **planning),
        delivery=world.delivery,
        letters=world.letters,
        memory=_Noted(notes),
        clock=world.clock,
        rate=None,
        told=lambda _: None,
        consent=desk,
    )
    world.delivery.share(REPLAY_SHARE)
    world.delivery.declarations = sending
    return sending
