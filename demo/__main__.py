"""`python -m demo`: the whole product at work on this machine, in less than a minute.

Exit codes: 0 everything held; 1 something did not, or a part failed; 2 usage; 130/143 interrupted.
"""

import argparse
import asyncio
import shlex
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.text import Text

from consumer.clock import SystemClock
from consumer.errors import SyncError
from demo.events import Story, events
from demo.parts import DemoError
from demo.play import Stand, play, set_up
from demo.report import checks
from demo.show import Show
from demo.summary import steps, summary

FEWEST = 200
WRONG = 1  # exit code
STORY_AGE = timedelta(hours=1)  # it is of today, and lies behind us however long it is
TROUBLE = (DemoError, SyncError, KafkaError, httpx.HTTPError, OSError)
COMMAND = ".venv/bin/esputnik-sync"
OF_RUN = ("ADMIN__PORT", "LEDGER__URL", "LOG__FORMAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for. `keep`: leave broker and sandbox up until interrupted."""

    count: int
    seed: int
    keep: bool


@dataclass(slots=True, kw_only=True)
class Screen:
    """Where results go, and where progress and trouble go."""

    out: Console = field(default_factory=lambda: Console(highlight=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))


def main() -> int:
    """Run the demonstration and return its exit code."""
    options = _options(sys.argv[1:])
    began = datetime.fromtimestamp(SystemClock().wall(), UTC) - STORY_AGE
    story = events(options.count, options.seed, began)
    return asyncio.run(run(story, options, Screen()))


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m demo", description="The demonstration.")
    parser.add_argument("--count", type=int, default=4000, help="events, at least 200")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another story")
    parser.add_argument("--keep", action="store_true", help="keep broker and sandbox up at the end")
    given = parser.parse_args(arguments)
    if given.count < FEWEST:
        parser.error(f"--count: a story takes at least {FEWEST} events")
    return Options(count=given.count, seed=given.seed, keep=given.keep)


async def run(story: Story, options: Options, screen: Screen) -> int:
    """Perform a story; a signal ends it early. Nothing is left running, whatever happens."""
    stopped = _signals()
    folder = Path(tempfile.mkdtemp(prefix="esputnik-sync-demo-"))
    code = await _guarded(story, options, screen, folder, stopped)
    if stopped.done():
        screen.err.print("Stopped. Nothing is left running.")
    if code == WRONG:
        screen.err.print(f"The logs are in {folder}", soft_wrap=True)
    else:
        shutil.rmtree(folder)
    return code


async def _guarded(
    story: Story, options: Options, screen: Screen, folder: Path, stopped: asyncio.Future[int]
) -> int:
    """Perform until the end or until a signal, stop all parts, and return the exit code."""
    async with AsyncExitStack() as parts:
        performing = asyncio.create_task(_perform(story, options, screen, folder, parts))
        either: set[asyncio.Future[Any]] = {performing, stopped}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not performing.done():
            performing.cancel()
            await asyncio.wait({performing})
            return 128 + stopped.result()
        try:
            stand, holds = performing.result()
            if options.keep:
                await _stay(stand, folder, screen, stopped)
        except TROUBLE as trouble:
            screen.err.print(Text(_sentence(trouble), "red"), soft_wrap=True)
            return WRONG
    return 0 if holds else WRONG


async def _perform(
    story: Story, options: Options, screen: Screen, folder: Path, parts: AsyncExitStack
) -> tuple[Stand, bool]:
    """Play, show the summary, and tell whether everything holds."""
    with Show(screen.err, len(story.samples)) as show:
        stand = await set_up(folder, options.seed, show, parts)
        seen = await play(story, stand, folder, show)
    found = checks(story, seen)
    screen.out.print(summary(seen, found))
    if not options.keep:
        screen.out.print(steps("Try next", NEXT), soft_wrap=True)
    return stand, all(check.holds for check in found)


NEXT = {
    f"{COMMAND} explain demo/sample.ndjson": "the exact HTTP that events become; sends nothing",
    f"{COMMAND} schemas order.changed": "what an order's event may hold",
    "make demo KEEP=1": "once more, and it stays up: look at the dead letters, replay them",
}


async def _stay(stand: Stand, folder: Path, screen: Screen, stopped: asyncio.Future[int]) -> None:
    """Keep what runs running until a signal, and say what can be done with it."""
    await stand.refuse(())
    settings = folder / "settings.sh"
    settings.write_text(_exports(stand.settings()))
    commands = {
        f". {settings}": "lets the commands find this broker and this sandbox",
        f"{COMMAND} dlq list --reason esp": "what eSputnik refused",
        f"{COMMAND} replay --reason esp.partial_item": (
            "the exact HTTP it would send, for the sandbox now takes these; --yes sends it"
        ),
    }
    screen.out.print(steps("Try in another terminal, from this folder", commands), soft_wrap=True)
    screen.out.print(f"\n{stand.api.removesuffix('/api')}/sandbox/state shows the account.")
    screen.out.print("Ctrl-C ends the broker and the sandbox.")
    await stopped


def _exports(settings: Mapping[str, str]) -> str:
    """Return settings for a shell, without those that matter to a running consumer alone."""
    kept = {name: text for name, text in settings.items() if not name.endswith(OF_RUN)}
    return "".join(f"export {name}={shlex.quote(text)}\n" for name, text in kept.items())


def _sentence(trouble: BaseException) -> str:
    if isinstance(trouble, DemoError | SyncError):
        return str(trouble)
    return f"The demonstration broke off: {type(trouble).__name__}: {trouble}"


def _signals() -> asyncio.Future[int]:
    """Return what the first SIGINT or SIGTERM will resolve, with its number."""
    loop = asyncio.get_running_loop()
    caught: asyncio.Future[int] = loop.create_future()

    def catch(number: int) -> None:
        if not caught.done():
            caught.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, catch, number)
    return caught


if __name__ == "__main__":
    sys.exit(main())
