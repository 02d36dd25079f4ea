"""What all commands share: options, the arena they run in, where their tables go."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from bench.arena import Arena, arena, say
from bench.brokers import chosen
from bench.checks import among, numbers
from bench.contestants import PEERS
from bench.machine import described, load
from bench.page import replaced
from demo.parts import ROOT, DemoError

PAGE = ROOT / "docs" / "performance.md"
INTERRUPTED = 130  # exit code
WORK_EVENTS = 320_000  # 40 checkpoints of Quix Streams, so that its last one need not wait
Broker = Annotated[
    str, typer.Option("--broker", help="embedded, kafka or host:port; BENCH_BROKER overrules it.")
]
Events = Annotated[int, typer.Option("--events", min=10_000, help="How much work there is.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, help="Laps of each; medians are shown.")]
Write = Annotated[
    Path | None,
    typer.Option("--write", help="Also replace this command's section of a page.", metavar="FILE"),
]
Latencies = Annotated[
    str, typer.Option("--latency", help="Of the API, in ms; a comma list.", callback=numbers)
]
EVERYBODY = ",".join(PEERS)
Peers = Annotated[str, typer.Option("--peers", help="A comma list.", callback=among(PEERS))]
WorkName = Annotated[Literal["orders", "contacts"], typer.Option("--work")]
Rate = Annotated[float, typer.Option("--rate", min=1.0)]
T = TypeVar("T")
Measure = Callable[[Arena], Awaitable[str]]


def run(name: str, measure: Measure, broker: str, write: Path | None) -> None:
    """Measure, and tell the table with the run's circumstances under a command's name."""
    before = load()
    text = asyncio.run(in_arena(measure, broker))
    tell(name, f"{text}\n\n{described(chosen(broker), before)}", write)


async def in_arena(measure: Callable[[Arena], Awaitable[T]], broker: str) -> T:
    """Return what was measured in an arena; what a person should know ends the process with 1."""
    _stop_in_order()
    try:
        async with arena(chosen(broker)) as place:
            return await measure(place)
    except DemoError as trouble:
        say(str(trouble))
        raise typer.Exit(1) from trouble
    except asyncio.CancelledError as stopped:
        say("stopped")
        raise typer.Exit(INTERRUPTED) from stopped


def _stop_in_order() -> None:
    """On SIGTERM stop as on Ctrl-C: broker, sink and contestants are not left behind."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def tell(name: str, text: str, write: Path | None) -> None:
    """Print a section, and replace the one of this name on a page, if there is a page."""
    print(text)
    if write is not None:
        page = write.read_text("utf-8") if write.exists() else ""
        write.write_text(replaced(page, name, text), "utf-8")
