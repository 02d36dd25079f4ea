"""The plan of a replay: what would be sent, and what consent is against. Nothing is written."""

from collections.abc import Sequence

import typer

from consumer.build import planner, secret_of
from consumer.cli.letters import print_rows, topic_records
from consumer.cli.tables import PLAN, plan_rows, plan_summary
from consumer.clock import SystemClock
from consumer.consent.foresight import Foresight
from consumer.consent.hashing import Hasher
from consumer.consent.memory import Memory
from consumer.consent.reading import KEY_SETTING, Reader
from consumer.deadletters.replay import Step, Verdict, plan_line
from consumer.errors import SettingsError
from consumer.repeats import Repeats
from consumer.settings.model import Loaded, env_name

NOT_LOOKED_AT = (
    "consent was not checked, so a real replay may refuse some of these calls; set "
    f"{KEY_SETTING} or {env_name('esputnik.api_key')} to the value that `run` uses"
)


async def show_plan(loaded: Loaded, steps: Sequence[Step], *, as_json: bool) -> None:
    """Print what would be sent, and send nothing.

    Raises:
        SettingsError: The memory of consent was written with another key, or is not understood.
    """
    plan, now = planner(loaded.settings), SystemClock().wall()
    has_any = any(step.verdict is Verdict.SEND for step in steps)
    foresight = await _foresight(loaded) if has_any else None
    repeats = Repeats()
    lines = [plan_line(step, plan, now, repeats, foresight) for step in steps]
    print_rows(lines, plan_rows, PLAN, as_json=as_json)
    typer.echo(plan_summary(lines), err=True)


async def _foresight(loaded: Loaded) -> Foresight | None:
    """Return what tells what consent decides of letters; None, said in a line, without any key."""
    try:
        hasher = Hasher(secret_of(loaded))
    except SettingsError:
        typer.echo(NOT_LOOKED_AT, err=True)
        return None
    memory, topic = Memory(), loaded.settings.consent.memory_topic
    reader = Reader(memory, topic, hasher.fingerprint)
    async for record in topic_records(loaded, topic):
        reader.hear(record)
    reader.end()
    typer.echo(f"read {topic}: {sum(1 for _ in memory.names())} hashes", err=True)
    return Foresight(memory, hasher, loaded.settings.consent.skew)
