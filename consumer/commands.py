"""All commands, put together."""

from collections.abc import Sequence

from consumer.cli import Given, app, guarded
from consumer.cli_about import config_app, sandbox, schemas
from consumer.cli_letters import dlq
from consumer.cli_replay import replay
from consumer.settings_sources import environment

app.add_typer(dlq)
app.command()(replay)
app.command()(sandbox)
app.command()(schemas)
app.add_typer(config_app)


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run a command, by default the one that was typed; return its exit code."""
    given = Given(environment())
    return guarded(lambda: app(arguments, prog_name="esputnik-sync", obj=given))
