"""All commands, put together."""

from collections.abc import Sequence

from consumer.cli.about import config_app, sandbox, schemas
from consumer.cli.letters import dlq
from consumer.cli.main import Given, app, guarded
from consumer.cli.replay import replay
from consumer.cli.service import FORMS, call, check, explain, run, tokens
from consumer.settings.sources import environment

for command in (run, check, explain, replay, sandbox, schemas):
    app.command()(command)
app.command(epilog=FORMS)(call)
for group in (dlq, tokens, config_app):
    app.add_typer(group)


def execute(arguments: Sequence[str] | None = None) -> int:
    """Run a command, by default the one that was typed; return its exit code."""
    given = Given(environment())
    return guarded(lambda: app(arguments, prog_name="esputnik-sync", obj=given), given)
