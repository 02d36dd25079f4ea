"""The commands that need neither Kafka nor an account: sandbox, schemas, config."""

import asyncio
import difflib
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer

from consumer.cli.main import Config, Json, Set, loaded_for, typed, write_line
from consumer.cli.tables import table
from consumer.cli.words import Chance, chance
from consumer.settings.model import LEAVES, Loaded, Settings
from handlers.routes import ROUTES
from schemas.catalog import json_schema

config_app = typer.Typer(name="config", help="Show the settings.", no_args_is_help=True)


def sandbox(
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="PORT", help="Port to listen on; 0 picks a free one."
        ),
    ] = 8200,
    seed: Annotated[
        int, typer.Option(metavar="N", help="The same seed gives the same faults and ids.")
    ] = 0,
    fault: Annotated[
        list[Chance] | None,
        typer.Option(
            parser=typed(chance),
            metavar="KIND=PROBABILITY",
            help="Inject a fault, such as 500=0.1; an unknown kind lists all kinds. Repeatable.",
        ),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Change how the fake behaves where eSputnik is undocumented, such as "
            "retry_after=1. Repeatable.",
        ),
    ] = None,
) -> None:
    """Run a fake eSputnik account on this machine.

    It accepts any login with the key `sandbox`, serves the API under /api, and shows the data of
    the account at /sandbox/state.
    """
    # The service does without the simulator: only this command loads it.
    from consumer.cli.sandbox import serve  # noqa: PLC0415
    from esputnik.sandbox.faults import KINDS  # noqa: PLC0415
    from esputnik.sandbox.switching import read_switches  # noqa: PLC0415

    faults = {one.kind: one.share for one in fault or ()}
    for kind in faults:
        if kind not in KINDS:
            raise typer.BadParameter(
                f"--fault {kind} is not a kind of fault; use one of {', '.join(KINDS)}"
            )

    try:
        switches = read_switches(switch or ())
    except ValueError as fault_of_switch:
        raise typer.BadParameter(f"--switch {fault_of_switch}") from None

    def ready(address: str) -> None:
        typer.echo(f"listening on {address}")
        sys.stdout.flush()

    asyncio.run(serve(port=port, seed=seed, faults=faults, switches=switches, ready=ready))


def schemas(
    event_type: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE", help="Event type, such as user.updated.", show_default=False
        ),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of one event type, or of all."""
    if event_type is not None and event_type not in ROUTES:
        near = difflib.get_close_matches(event_type, ROUTES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(ROUTES)}"
        raise typer.BadParameter(f"{event_type} is not an event type; {hint}")
    for name, route in ROUTES.items():
        if event_type in {None, name}:
            write_document(json_schema(name, route.model), as_json=as_json)


@config_app.command()
def schema(*, as_json: Json = False) -> None:
    """Print the JSON Schema of the settings."""
    write_document(Settings.model_json_schema(), as_json=as_json)


@config_app.command()
def show(
    context: typer.Context, *, as_json: Json = False, config: Config = None, sets: Set = None
) -> None:
    """Show the effective settings and the source of each; secrets are masked."""
    loaded = loaded_for(context, config, sets, needs_api_key=False)
    rows = _settings_rows(loaded)
    if as_json or not sys.stdout.isatty():
        for row in rows:
            write_line(row)
        return

    table([row | {"value": _shown(row["value"])} for row in rows], ("setting", "value", "origin"))


def _shown(value: object) -> object:
    """Return a value for people: maps with an entry a line."""
    if isinstance(value, dict) and value:
        return "\n".join(f"{name}: {orjson.dumps(one).decode()}" for name, one in value.items())
    return "none" if value is None else value


def write_document(told: Mapping[str, Any], *, as_json: bool) -> None:
    """Write one document of JSON: over many lines on a terminal, else on one."""
    if sys.stdout.isatty() and not as_json:
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        write_line(told)


def _settings_rows(loaded: Loaded) -> list[dict[str, Any]]:
    """Return every setting with its value, secrets masked, and its origin."""
    values = loaded.settings.model_dump(mode="json")
    rows = []
    for path in LEAVES:
        value: Any = values
        for name in path.split("."):
            value = value[name]
        origin = loaded.origins.get(path, "default")
        rows.append({"setting": path, "value": value, "origin": origin})
    return rows
