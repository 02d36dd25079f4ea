"""The commands, as typed: options in, exit codes out. What they do is done elsewhere.

Results go to standard output, logs and progress to standard error.
"""

import asyncio
import errno
import os
import sys
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import structlog
import typer

from consumer import __version__
from consumer.errors import SyncError
from consumer.operations.telemetry import configure_logs, take_over
from consumer.settings.model import Loaded
from consumer.settings.sources import load

log = structlog.get_logger()

Value = TypeVar("Value")

BUG = 70
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
HELP = """Send events from Kafka to eSputnik.

Settings come from --set, then the environment (ESPUTNIK_SYNC_…), then --config FILE or
./esputnik-sync.yaml, then defaults: `esputnik-sync config show` lists them all."""
EXIT_CODES = """Exit codes: 0 done, 1 failed, 2 wrong usage, 69 Kafka unreachable, 70 a bug,
77 credentials refused, 78 wrong settings, 130 and 143 interrupted."""
Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file with settings.", metavar="FILE", show_default=False),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Override a setting, such as admin.port=0. Repeatable.", metavar="PATH=VALUE"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON lines even on a terminal.")]
Lines = Annotated[
    bool, typer.Option("--json", help="Accepted, but not needed: the output is always JSON lines.")
]
app = typer.Typer(
    help=HELP,
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


# -- the frame ------------------------------------------------------------------------------


@dataclass(slots=True)
class Given:
    """What stands before the command's name, and the environment."""

    environ: Mapping[str, str]
    config: Path | None = None
    overrides: tuple[str, ...] = ()

    @property
    def has_colours(self) -> bool:
        """Tell whether logs may be coloured on a terminal. Source: no-color.org."""
        return not self.environ.get("NO_COLOR")


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
    logs = loaded.settings.log
    configure_logs(level=logs.level, form=logs.format, has_colours=given.has_colours)
    for warning in loaded.warnings:
        log.warning("settings_warning", reason=warning)
    return loaded


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Do the work of a command, and exit as it says."""
    raise typer.Exit(asyncio.run(work))


def guarded(command: Callable[[], None], given: Given) -> int:
    """Run a command and return its exit code; what an operator can mend shows no traceback."""
    fatal = NO_ROOM | {errno.EBADF} if _reopened() else NO_ROOM
    configure_logs(level="info", form=None, has_colours=given.has_colours)
    take_over()
    try:
        command()
    except SystemExit as end:
        return _flushed(_code(end))
    except Exception as error:
        fault = _to_mend(error)
        if isinstance(error, OSError) and error.errno in fatal:
            return _unwritten(error)
        if fault is None:
            log.exception("bug", exc_info=error)
            return BUG
        typer.echo(str(fault), err=True)
        return fault.exit_code
    return 0


def _reopened() -> bool:
    """Stand in for output streams that whoever started us closed; tell whether results have none.

    What cannot be written to is taken in place of standard output: a command with results fails as
    on a full disk, one without goes on. Of errors there is nobody to tell.
    """
    is_closed = sys.stdout is None
    if is_closed:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    return is_closed


def _code(end: SystemExit) -> int:
    """Return an exit code as Python takes it: nothing is success, words are none."""
    if end.code is None:
        return 0
    return end.code if isinstance(end.code, int) else 1


def _flushed(code: int) -> int:
    """Write out what is left, and return the code; 1 where it cannot be, or nobody reads it."""
    try:
        sys.stdout.flush()
    except OSError as trouble:
        return _unwritten(trouble)
    return code


def _unwritten(trouble: OSError) -> int:
    """Say why results could not be written, unless nobody reads any more; return the code."""
    if not isinstance(trouble, BrokenPipeError):
        typer.echo(f"cannot write the output: {trouble.strerror}", err=True)
    # Python flushes once more at its end, and would complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


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
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj.config, context.obj.overrides = config, tuple(sets or ())


def typed(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a reader of an option whose faults show as they are worded."""

    def reader(text: str) -> Value:
        try:
            return read(text)
        except ValueError as fault:
            raise typer.BadParameter(str(fault)) from None

    return reader


def write_line(told: Mapping[str, Any]) -> None:
    """Write one result as a line of JSON."""
    sys.stdout.write(orjson.dumps(told, default=str).decode() + "\n")
