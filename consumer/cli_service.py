"""The commands that keep eSputnik in step, and those that try single events and calls."""

import difflib
import sys
from collections.abc import AsyncIterator
from typing import Annotated

import typer

from consumer import app as service
from consumer.byhand import run_call, run_token_create
from consumer.check import findings
from consumer.cli import Config, Json, Lines, Set, finish, loaded_for, typed, write_line
from consumer.cli_tables import finding_line
from consumer.cli_words import gap
from consumer.errors import SettingsError
from consumer.explain import run_explain
from consumer.findings import Finding, Verdict, of_fault
from consumer.record import Partition
from esputnik.actions import BY_HAND, forms

# What follows `call --help`; click leaves the lines after a \b as they are.
HEAD = "The actions; path fills in the braces, and body must at least hold what is named:"
FORMS = "\n".join(("\b", HEAD, *(f"  {form}" for form in forms())))

tokens = typer.Typer(name="token", help="Make an API token.", no_args_is_help=True)


def run(
    context: typer.Context,
    accept_gap: Annotated[
        list[Partition] | None,
        typer.Option(
            parser=typed(gap),
            metavar="TOPIC:PARTITION",
            help="Read on in a partition whose offset was lost; what lay between is lost. "
            "Repeatable.",
        ),
    ] = None,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Carry events from Kafka to eSputnik until SIGTERM or SIGINT."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(service.run(loaded, accept_gap or ()))


# -- check ----------------------------------------------------------------------------------


def check(
    context: typer.Context, *, as_json: Json = False, config: Config = None, sets: Set = None
) -> None:
    """Try what `run` needs of Kafka and eSputnik, and say what to do about what fails.

    Ends with 0 if all holds, with 1 if anything fails; a warning is no failure.
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
        str, typer.Argument(metavar="FILE|-", help="Events, one JSON object a line; - is stdin.")
    ],
    *,
    batches: Annotated[
        bool, typer.Option("--batches", help="Then the requests that all of them would share.")
    ] = False,
    _: Lines = False,
    config: Config = None,
    sets: Set = None,
) -> None:
    """Show the exact HTTP that events would make.

    Sends nothing, and needs neither Kafka nor a key. A line is a record's value, or a record:
    {"topic": …, "key"?: …, "headers"?: {…}, "timestamp"?: …, "value": …}.
    """
    loaded = loaded_for(context, config, sets, needs_api_key=False)
    raise typer.Exit(run_explain(loaded, file, batches, sys.stdout.buffer))


def call(
    context: typer.Context,
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="Such as add-contact; a wrong one lists all.")
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
    """Make one call by hand, and print eSputnik's answer as JSON.

    Ends with 0 if it was done, with 1 if it was refused.
    """
    _check_action(action)
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(run_call(loaded, action, source))


def _check_action(action: str) -> None:
    known = [one.value for one in BY_HAND]
    if action not in known:
        near = difflib.get_close_matches(action, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise typer.BadParameter(f"{action} is no action; {hint}")


@tokens.command()
def create(context: typer.Context, config: Config = None, sets: Set = None) -> None:
    """Create an API token with the key of the account, and print it bare."""
    loaded = loaded_for(context, config, sets, needs_api_key=True)
    finish(run_token_create(loaded))
