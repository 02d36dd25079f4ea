"""The commands, as typed: options in, exit codes out. What they do is done elsewhere.

Results go to standard output, logs and progress to standard error.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
import structlog
import typer

from consumer import __version__
from consumer import app as service
from consumer.byhand import run_call, run_token_create
from consumer.check import Verdict, findings
from consumer.cli_tables import finding_line
from consumer.cli_words import gap
from consumer.errors import SyncError
from consumer.explain import run_explain
from consumer.record import Partition
from consumer.settings import Loaded
from consumer.settings_sources import load
from consumer.telemetry import configure_logs

log = structlog.get_logger()

BUG = 70
Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings.", metavar="FILE", show_default=False),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting, above all else. Repeatable.", metavar="PATH=VALUE"),
]
Json = Annotated[bool, typer.Option("--json", help="JSON lines, also on a terminal.")]
app = typer.Typer(
    help="Keeps eSputnik in step with events from Kafka.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
tokens = typer.Typer(name="token", help="API tokens.", no_args_is_help=True)
app.add_typer(tokens)


# -- the frame ------------------------------------------------------------------------------


@dataclass(slots=True)
class Given:
    """What stands before the command's name, and the environment."""

    environ: Mapping[str, str]
    config: Path | None = None
    overrides: tuple[str, ...] = ()


def loaded_for(
    context: typer.Context, config: Path | None, sets: list[str] | None, *, needs_api_key: bool
) -> Loaded:
    """Return the settings of a command, and log as they say from now on."""
    given: Given = context.obj
    loaded = load(
        config=config or given.config,
        overrides=(*given.overrides, *(sets or ())),
        environ=given.environ,
        needs_api_key=needs_api_key,
    )
    configure_logs(level=loaded.settings.log.level, form=loaded.settings.log.format)
    for warning in loaded.warnings:
        log.warning("settings_warning", reason=warning)
    return loaded


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Do the work of a command, and exit as it says."""
    raise typer.Exit(asyncio.run(work))


def guarded(command: Callable[[], None]) -> int:
    """Run a command and return its exit code; what an operator can mend shows no traceback."""
    configure_logs(level="info", form=None)
    try:
        command()
    except SystemExit as end:
        return _flushed(end.code if isinstance(end.code, int) else 1)
    except Exception as error:
        fault = _to_mend(error)
        if fault is None:
            log.exception("bug", exc_info=error)
            return BUG
        typer.echo(str(fault), err=True)
        return fault.exit_code
    return 0


def _flushed(code: int) -> int:
    """Write out what is left, and return the code; 1 where nobody reads it any more."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _to_mend(error: BaseException) -> SyncError | None:
    """Return what an operator can mend, also out of a group; None where there is a bug in it."""
    if isinstance(error, BaseExceptionGroup):
        faults = [_to_mend(one) for one in error.exceptions]
        return faults[0] if all(faults) else None
    return error if isinstance(error, SyncError) else None


def _version(wanted: bool) -> None:  # noqa: FBT001 - the library's form
    if wanted:
        typer.echo(f"esputnik-sync {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Config = None,
    sets: Set = None,
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    context.obj.config, context.obj.overrides = config, tuple(sets or ())


def write_line(told: Mapping[str, Any]) -> None:
    """Write one result as a line of JSON."""
    sys.stdout.write(orjson.dumps(told, default=str).decode() + "\n")


# -- the service ----------------------------------------------------------------------------


@app.command()
def run(
    context: typer.Context,
    accept_gap: Annotated[
        list[Partition] | None,
        typer.Option(
            parser=gap,
            metavar="TOPIC:PARTITION",
            help="Read on where offsets were lost, and lose what lay between. Repeatable.",
        ),
    ] = None,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Carry events from Kafka to eSputnik until SIGTERM or SIGINT."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)

    finish(service.run(loaded, accept_gap or ()))


@app.command()
def check(
    context: typer.Context, *, as_json: Json = False, config: Config = None, sets: Set = None
) -> None:
    """Try what `run` needs, and say what to do about what fails."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(_check(loaded, as_json=as_json or not sys.stdout.isatty()))


async def _check(loaded: Loaded, *, as_json: bool) -> int:

    has_failed = False
    async for finding in findings(loaded):
        has_failed = has_failed or finding.verdict is Verdict.FAIL
        told = {"check": finding.check, "verdict": finding.verdict.value, "detail": finding.detail}
        told |= {"remedy": finding.remedy} if finding.remedy else {}
        if as_json:
            write_line(told)
        else:
            finding_line(told)
        sys.stdout.flush()
    return int(has_failed)


# -- by hand --------------------------------------------------------------------------


@app.command()
def explain(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Events, a line of JSON each.")],
    *,
    batches: Annotated[
        bool, typer.Option("--batches", help="Also the requests that all would become.")
    ] = False,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Show the exact HTTP that events would make. Sends nothing; needs no key."""
    loaded = loaded_for(context, config, sets, needs_api_key=False)

    raise typer.Exit(run_explain(loaded, file, batches, sys.stdout.buffer))


@app.command()
def call(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="An action, such as add-contact.")],
    source: Annotated[
        str, typer.Option("--json", metavar="FILE|-", help="Its path, query and body, as JSON.")
    ],
    config: Config = None,
    sets: Set = None,
) -> None:
    """Make one call by hand, and print its answer as JSON."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)

    finish(run_call(loaded, action, source))


@tokens.command()
def create(context: typer.Context, config: Config = None, sets: Set = None) -> None:
    """Create an API token, and print it bare."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)

    finish(run_token_create(loaded))
