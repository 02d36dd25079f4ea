"""The commands that keep eSputnik in step, and those that try single events and calls."""

import difflib
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from consumer import app as service
from consumer.cli.byhand import run_call, run_token_create
from consumer.cli.check import findings
from consumer.cli.explain import run_explain
from consumer.cli.findings import Finding, Verdict, of_fault
from consumer.cli.main import Config, Json, Lines, Set, finish, loaded_for, typed, write_line
from consumer.cli.tables import finding_line
from consumer.cli.words import gap
from consumer.errors import SettingsError
from consumer.record import Partition
from esputnik.actions import BY_HAND, forms

# What follows `call --help`; click leaves the lines after a \b as they are.
HEAD = "Actions. path fills in the braces; body needs at least the fields named:"
FORMS = "\n".join(("\b", HEAD, *(f"  {form}" for form in forms())))

tokens = typer.Typer(name="token", help="Create an API token.", no_args_is_help=True)


def run(
    context: typer.Context,
    accept_gap: Annotated[
        list[Partition] | None,
        typer.Option(
            parser=typed(gap),
            metavar="TOPIC:PARTITION",
            help="Resume a blocked partition at the start of its log (unknown_progress: at the "
            "committed offset). Records in between are skipped for good. Repeatable.",
        ),
    ] = None,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Send events from Kafka to eSputnik until SIGTERM or SIGINT."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(service.run(loaded, accept_gap or ()))


# -- check ----------------------------------------------------------------------------------


def check(
    context: typer.Context, *, as_json: Json = False, config: Config = None, sets: Set = None
) -> None:
    """Check what `run` needs from Kafka and eSputnik.

    Prints a remedy for each failure. Exits with 0 if nothing fails, else with 1; a warning is not
    a failure.
    """
    is_json = as_json or not sys.stdout.isatty()
    try:
        loaded = loaded_for(context, config, sets, needs_api_key=True)
    except SettingsError as bad:
        for line in bad.faults:
            _tell(of_fault("settings", line), is_json=is_json)
        raise typer.Exit(1) from None
    finish(_check(findings(loaded), is_json=is_json))


async def _check(found: AsyncIterator[Finding], *, is_json: bool) -> int:
    has_failed = False
    async for finding in found:
        has_failed = has_failed or finding.verdict is Verdict.FAIL
        _tell(finding, is_json=is_json)
    return int(has_failed)


def _tell(finding: Finding, *, is_json: bool) -> None:
    told = {"check": finding.check, "verdict": finding.verdict.value, "detail": finding.detail}
    told |= {"remedy": finding.remedy} if finding.remedy else {}
    if is_json:
        write_line(told)
    else:
        finding_line(told)
    sys.stdout.flush()


# -- by hand --------------------------------------------------------------------------------


def explain(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Events, one JSON object per line; - is stdin.")
    ],
    *,
    batches: Annotated[
        bool,
        typer.Option(
            "--batches",
            help="Also print the bulk requests these events would be combined into.",
        ),
    ] = False,
    _: Lines = False,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Show the exact HTTP requests that events would cause.

    Sends nothing, and needs neither Kafka nor a key. A line is a record's value, or a record:
    {"topic": …, "key"?: …, "headers"?: {…}, "timestamp"?: …, "value": …}.
    """
    loaded = loaded_for(context, config, sets, needs_api_key=False)
    raise typer.Exit(run_explain(loaded, file, batches, sys.stdout.buffer))


def call(
    context: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="Such as add-contact; an unknown one lists all.")
    ],
    source: Annotated[
        str,
        typer.Option(
            "--json",
            metavar="FILE|-",
            help='What to send: {"path"?: {…}, "query"?: {…}, "body"?: …}; - is stdin.',
        ),
    ],
    config: Config = None,
    sets: Set = None,
) -> None:
    """Make one API call by hand, and print eSputnik's answer as JSON.

    Exits with 0 if eSputnik accepted it, with 1 if it refused it.
    """
    _check_action(action)
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(run_call(loaded, action, source))


def _check_action(action: str) -> None:
    known = [one.value for one in BY_HAND]
    if action not in known:
        near = difflib.get_close_matches(action, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(known)}"
        raise typer.BadParameter(f"{action} is not an action; {hint}")


@tokens.command()
def create(context: typer.Context, config: Config = None, sets: Set = None) -> None:
    """Create an API token with the API key, and print only the token."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(run_token_create(loaded))
