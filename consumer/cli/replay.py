"""The command that replays dead letters: the plan, or with --yes the sending."""

import asyncio
import os
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated

import structlog
import typer
from rich.progress import Progress

from consumer.app import Signals
from consumer.build import client, connection, consent, delivery, graveyard, planner, secret_of
from consumer.cli.letters import filtered, matching, print_rows, topic_records
from consumer.cli.main import Config, Json, Set, finish, loaded_for
from consumer.cli.plan import show_plan
from consumer.cli.tables import ENDS, end_rows, terminal
from consumer.clock import SystemClock
from consumer.consent.desk import ConsentDesk
from consumer.consent.topic import prepare
from consumer.credentials import check_key, refresh_key
from consumer.deadletters.memory import Memory, remembered
from consumer.deadletters.reading import Filters
from consumer.deadletters.replay import Ended, Replay, Step, Verdict, decide, told_remedy
from consumer.delivery import Delivery
from consumer.gate import Gate
from consumer.kafka import FollowedTopic, KafkaAdmin, KafkaWriter
from consumer.operations.telemetry import Metrics
from consumer.settings.model import Loaded, env_name
from consumer.shares import REPLAY_SHARE, Traffic
from esputnik.client import Client

log = structlog.get_logger()

Activity = Callable[[], Coroutine[None, None, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """How a replay is to be done."""

    filters: Filters
    limit: int | None
    rate: float | None
    in_doubt: bool
    sends: bool
    as_json: bool


@filtered
def replay(  # noqa: PLR0913 - options
    *,
    context: typer.Context,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send. Without it only the plan is shown.")
    ] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.01, metavar="N", help="At most N letters per second.")
    ] = None,
    in_doubt: Annotated[
        bool,
        typer.Option(
            "--in-doubt",
            help="Also replay messages that may already have been sent; people may get them twice.",
        ),
    ] = False,
    filters: Filters,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Replay at most N letters. Letters that cannot be replayed are listed and not "
            "counted.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Show what dead letters would send now; with --yes, send it.

    Verdicts of the plan: send, bury_again (still refused; --yes dead-letters it again with one more
    attempt) and nothing_to_send. Any other verdict says why the letter cannot be replayed.
    """
    loaded = loaded_for(context, config, sets, needs_api_key=yes)
    wish = _Wish(
        filters=filters, limit=limit, rate=rate, in_doubt=in_doubt, sends=yes, as_json=as_json
    )
    finish(_replay(loaded, wish))


async def _replay(loaded: Loaded, wish: _Wish) -> int:
    settings = loaded.settings
    known = await remembered(topic_records(loaded, settings.replay.memory_topic))
    steps = _first(
        decide(
            await matching(loaded, wish.filters),
            known=known,
            max_attempts=settings.replay.max_attempts,
            in_doubt=wish.in_doubt,
        ),
        wish.limit,
    )
    if wish.sends:
        return await _send(loaded, wish, steps)
    await show_plan(loaded, steps, as_json=wish.as_json)
    return 0


def _first(steps: list[Step], limit: int | None) -> list[Step]:
    """Return the steps up to the last that is taken up: what is refused costs nothing."""
    taken = 0
    for index, step in enumerate(steps):
        taken += step.verdict is Verdict.SEND
        if limit is not None and taken == limit:
            return steps[: index + 1]
    return steps


async def _send(loaded: Loaded, wish: _Wish, steps: Sequence[Step]) -> int:
    """Send what is to be sent; 0 if nothing that was asked for is left undone."""
    signals = Signals()
    signals.listen()
    todo = [step for step in steps if step.verdict is Verdict.SEND]
    left = [step for step in steps if step.verdict not in {Verdict.SEND, Verdict.DELIVERED_BEFORE}]
    shown = terminal(is_error=True)
    with Progress(console=shown, disable=not shown.is_terminal, transient=True) as bar:
        task = bar.add_task("replay", total=len(todo))

        def told(_: Ended) -> None:
            bar.advance(task)

        ended = await _deliver(loaded, wish, todo, signals, told)
    _print_ends(steps, ended, as_json=wish.as_json)
    if signals.first.is_set():
        return 128 + signals.number
    return int(bool(left) or any(one.outcome == "buried" for one in ended))


def _print_ends(steps: Sequence[Step], ended: Sequence[Ended], *, as_json: bool) -> None:
    ends = {one.letter.id: one for one in ended}
    rows = []
    for step in steps:
        letter, end = step.found.letter, ends.get(step.found.letter.id)
        outcome = end.outcome if end else "not_sent"
        why = end.reason if end else step.verdict.value
        if end is None and step.verdict is Verdict.SEND:
            why = "interrupted"
        row = {"id": letter.id, "type": letter.event_type, "outcome": outcome, "reason": why}
        rows.append({**row, **told_remedy(step.verdict)})
    print_rows(rows, end_rows, ENDS, as_json=as_json)
    counts = [
        f"{sum(told['outcome'] == outcome for told in rows)} {outcome.replace('_', ' ')}"
        for outcome in ("delivered", "skipped", "buried", "not_sent")
    ]
    typer.echo(", ".join(counts), err=True)


# -- the parts that `run` is built of -------------------------------------------------------


async def _deliver(
    loaded: Loaded,
    wish: _Wish,
    steps: Sequence[Step],
    signals: Signals,
    told: Callable[[Ended], None],
) -> Sequence[Ended]:
    """Send letters; return how those that were begun have ended."""
    if not steps:
        return ()
    await _make_topics(loaded)
    settings = loaded.settings
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(client(loaded))
        gate, clock = Gate(settings.dead_letter.max_ratio), SystemClock()
        await check_key(api, gate, clock)
        writer = KafkaWriter(connection(settings))
        await writer.start()
        stack.push_async_callback(writer.stop)
        desk, memory = consent(
            settings,
            secret=secret_of(loaded),
            followed=await stack.enter_async_context(
                FollowedTopic(connection(settings), settings.consent.memory_topic)
            ),
            writer=writer,
            clock=clock,
            rng=random.SystemRandom(),
        )
        await memory.load()
        sending, carrying = _parts(
            loaded, wish, api=api, gate=gate, writer=writer, told=told, desk=desk
        )

        async def stop() -> None:
            await signals.first.wait()
            sending.stop()
            await asyncio.sleep(settings.stop.deadline)

        log.warning("replay_begun", records=len(steps), uid=os.getuid())
        await _until_sent(lambda: sending.run(steps), stop, (carrying.run, memory.run))
        log.warning("replay_ended", records=len(sending.tally.ended), uid=os.getuid())
    return sending.tally.ended


async def _make_topics(loaded: Loaded) -> None:
    """Make the topics of what was delivered and of consent, where there are none."""
    topic = loaded.settings.replay.memory_topic
    async with KafkaAdmin(connection(loaded.settings)) as admin:
        if topic not in await admin.topics():
            await admin.create(
                topic,
                partitions=1,
                config={"cleanup.policy": "compact"},
                setting=env_name("replay.memory_topic"),
            )
        await prepare(admin, loaded.settings.consent.memory_topic)


def _parts(  # noqa: PLR0913 - the parts it is built of
    loaded: Loaded,
    wish: _Wish,
    *,
    api: Client,
    gate: Gate,
    writer: KafkaWriter,
    told: Callable[[Ended], None],
    desk: ConsentDesk,
) -> tuple[Replay, Delivery]:
    """Return what sends letters, and what carries their calls, to be run beside it."""
    settings, clock, rng = loaded.settings, SystemClock(), random.SystemRandom()
    carrying = delivery(
        settings,
        sender=api,
        gate=gate,
        clock=clock,
        meter=Metrics(),
        rng=rng,
        traffic=Traffic.REPLAY,
        refresh_key=lambda: refresh_key(api, loaded),
        consent=desk,
    )
    carrying.share(REPLAY_SHARE)
    sending = Replay(
        planner=planner(settings),
        delivery=carrying,
        letters=graveyard(settings, writer, clock, rng),
        memory=Memory(writer, settings.replay.memory_topic, clock),
        clock=clock,
        rate=wish.rate,
        told=told,
        consent=desk,
    )
    carrying.declarations = sending
    return sending, carrying


async def _until_sent(main: Activity, limit: Activity, beside: Iterable[Activity]) -> None:
    """Run `main` with the others beside it; it ends by itself, or when `limit` does."""
    async with asyncio.TaskGroup() as tasks:
        others = [tasks.create_task(start()) for start in beside]
        racing = [tasks.create_task(start()) for start in (main, limit)]
        await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
        for one in (*racing, *others):
            one.cancel()
