"""All commands, put together."""

from collections.abc import Sequence

from consumer.cli import Given, app, guarded
from consumer.cli_about import config_app, sandbox, schemas
from consumer.cli_letters import dlq
from consumer.cli_replay import replay
from consumer.cli_service import FORMS, call, check, explain, run, tokens
from consumer.settings_sources import environment

for command in (run, check, explain, replay, sandbox, schemas):
    app.command()(command)
app.command(epilog=FORMS)(call)
for group in (dlq, tokens, config_app):
    app.add_typer(group)


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run a command, by default the one that was typed; return its exit code."""
    given = Given(environment())
    return guarded(lambda: app(arguments, prog_name="esputnik-sync", obj=given), given)
