"""The commands, as typed. Results go to standard output, progress to standard error."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer

from bench import targets
from bench.arena import Arena, say
from bench.brokers import EMBEDDED
from bench.checks import among, listed
from bench.commands import ceiling
from bench.commands import drain as drains
from bench.commands import gate as gates
from bench.commands import guarantees as pairs
from bench.commands import hostile as bad_records
from bench.commands import lanes as lane_counts
from bench.commands import latency as delays
from bench.commands import limits as floors
from bench.commands import micro as steps
from bench.commands import poison as poisons
from bench.commands import soak as soaks
from bench.commands import versus as heats
from bench.commands import workers as replicas
from bench.machine import described, load
from bench.options import (
    EVERYBODY,
    PAGE,
    WORK_EVENTS,
    Broker,
    Events,
    Latencies,
    Measure,
    Peers,
    Rate,
    Rounds,
    WorkName,
    Write,
    in_arena,
    run,
    tell,
)
from bench.product import NAME
from bench.workload import CONTACTS, ORDERS, WORKS

app = typer.Typer(
    help="Measures the service beside its limits and peers. bench/README.md says how to read it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def limits(
    work: WorkName = "orders",
    events: Events = 200_000,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Show how fast events can be fetched, parsed, validated and encoded, one process each."""
    kind = WORKS[work]

    async def measure(place: Arena) -> str:
        return floors.section(await floors.limits(place, kind, events=events, rounds=rounds), kind)

    run(f"limits {work}", measure, broker, write)


@app.command()
def versus(  # noqa: PLR0913, PLR0917 - the options, as typer wants them
    latency: Latencies = "0,50",
    peers: Peers = EVERYBODY,
    events: Events = WORK_EVENTS,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Compare with the physical limits and the peers on the same orders."""
    run("orders", _versus(ORDERS.name, latency, peers, events, rounds), broker, write)


@app.command()
def contacts(  # noqa: PLR0913, PLR0917 - the options, as typer wants them
    latency: Latencies = "0,50",
    peers: Peers = EVERYBODY,
    events: Events = WORK_EVENTS,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Do the same for contacts, which go through imports; the peers do not wait for their end."""
    run("contacts", _versus(CONTACTS.name, latency, peers, events, rounds), broker, write)


def _versus(work: str, latency: str, peers: str, events: int, rounds: int) -> Measure:
    async def measure(place: Arena) -> str:
        found = await heats.versus(
            place,
            WORKS[work],
            latencies=[float(one) for one in listed(latency)],
            peers=listed(peers),
            events=events,
            rounds=rounds,
        )
        return heats.section(found, WORKS[work])

    return measure


@app.command()
def drain(
    rate: Rate = 10.0,
    events: Events = 500_000,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Drain a backlog under a limit of requests a second."""

    async def measure(place: Arena) -> str:
        return drains.section(await drains.drain(place, rate=rate, events=events))

    run("drain", measure, broker, write)


@app.command()
def latency(  # noqa: PLR0913, PLR0917 - the options, as typer wants them
    rate: Rate = 50.0,
    events: Annotated[int, typer.Option(min=50)] = 500,
    peers: Annotated[
        str,
        typer.Option(help=f"A comma list of {', '.join(delays.WHO)}.", callback=among(delays.WHO)),
    ] = f"{NAME},{delays.ALONE}",
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Show the time from `produce()` to the arrival at the API at low load."""

    async def measure(place: Arena) -> str:
        found = await delays.latency(place, listed(peers), rate=rate, events=events, rounds=rounds)
        return delays.section(found, rate=rate)

    run("latency", measure, broker, write)


@app.command()
def soak(events: Events = 3_000_000, broker: Broker = EMBEDDED, write: Write = None) -> None:
    """Show whether memory grows with the number of events."""

    async def measure(place: Arena) -> str:
        return soaks.section(await soaks.soak(place, events=events))

    run("soak", measure, broker, write)


@app.command()
def workers(
    copies: Annotated[list[int] | None, typer.Argument(help="Numbers of replicas.")] = None,
    events: Events = 1_000_000,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Compare numbers of replicas of one group."""

    async def measure(place: Arena) -> str:
        numbers = copies or [1, 2]
        return replicas.section(
            await replicas.workers(place, numbers, events=events, rounds=rounds)
        )

    run("workers", measure, broker, write)


@app.command()
def lanes(
    counts: Annotated[list[int] | None, typer.Argument(help="Requests at a time.")] = None,
    events: Events = WORK_EVENTS,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Show how well few requests at a time are used at 50 ms latency."""

    async def measure(place: Arena) -> str:
        found = await lane_counts.lanes(place, counts or [1, 2, 4], events=events, rounds=rounds)
        return lane_counts.section(found)

    run("lanes", measure, broker, write)


@app.command()
def poison(
    kinds: Annotated[
        str, typer.Option(help="cut, item, whole; a comma list.", callback=among(poisons.KINDS))
    ] = ",".join(poisons.KINDS),
    events: Events = WORK_EVENTS,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
    write: Write = None,
) -> None:
    """Show what one bad event in a thousand costs."""

    async def measure(place: Arena) -> str:
        return poisons.section(
            await poisons.poison(place, listed(kinds), events=events, rounds=rounds)
        )

    run("poison", measure, broker, write)


@app.command()
def hostile(
    events: Events = 1_000_000, rounds: Rounds = 1, broker: Broker = EMBEDDED, write: Write = None
) -> None:
    """Show what the corpus of bad records costs the good ones between them."""

    async def measure(place: Arena) -> str:
        return bad_records.section(await bad_records.hostile(place, events=events, rounds=rounds))

    run("hostile", measure, broker, write)


@app.command()
def guarantees(
    events: Events = WORK_EVENTS, rounds: Rounds = 3, broker: Broker = EMBEDDED, write: Write = None
) -> None:
    """Show what promises cost: the same work with and without them."""

    async def measure(place: Arena) -> str:
        return pairs.section(await pairs.guarantees(place, events=events, rounds=rounds))

    run("guarantees", measure, broker, write)


@app.command()
def micro(
    events: Annotated[int, typer.Option(min=100)] = steps.EVENTS, write: Write = None
) -> None:
    """Show microseconds an event of the pure steps."""
    before = load()
    tell("micro", f"{steps.micro(events)}\n\n{described(None, before)}", write)


@app.command()
def sink(broker: Broker = EMBEDDED, write: Write = None) -> None:
    """Show what the sink sustains; it should be twice what is measured through it, or more."""

    async def measure(place: Arena) -> str:
        return ceiling.section(await ceiling.ceiling(place.sink))

    run("sink", measure, broker, write)


@app.command()
def gate(events: Events = 100_000, rounds: Rounds = 3, broker: Broker = EMBEDDED) -> None:
    """Judge every target, as JSON; exit 1 if one is broken beyond what noise explains."""

    async def measure(place: Arena) -> list[dict[str, object]]:
        return await gates.gate(place, gates.Size(events=events, rounds=rounds))

    judgements = asyncio.run(in_arena(measure, broker))
    print(orjson.dumps(judgements, option=orjson.OPT_INDENT_2).decode())
    for one in judgements:
        say(f"{one['verdict']:6} {one['what']}: {one['measured']} (goal {one['goal']})")
    if targets.broken(judgements):
        raise typer.Exit(1)


@app.command()
def report(
    write: Annotated[Path, typer.Option("--write", metavar="FILE")] = PAGE,
    events: Events = WORK_EVENTS,
    rounds: Rounds = 3,
    broker: Broker = EMBEDDED,
) -> None:
    """Run everything and replace every section of the page of results."""
    sink(broker, write)
    versus(events=events, rounds=rounds, broker=broker, write=write)
    contacts(events=events, rounds=rounds, broker=broker, write=write)
    limits("orders", events, rounds, broker, write)
    limits("contacts", events, rounds, broker, write)
    lanes(events=events, rounds=rounds, broker=broker, write=write)
    drain(events=events, broker=broker, write=write)
    latency(rounds=rounds, broker=broker, write=write)
    soak(10 * events, broker, write)
    workers(events=3 * events, rounds=rounds, broker=broker, write=write)
    poison(events=events, rounds=rounds, broker=broker, write=write)
    hostile(broker=broker, write=write)
    guarantees(events, rounds, broker, write)
    micro(write=write)
