"""The command `esputnik-sync`, also `python -m consumer`."""

import os
import sys
from collections.abc import Sequence

from consumer.cli import Given, app, guarded
from consumer.cli_about import config_app, sandbox, schemas
from consumer.cli_letters import dlq
from consumer.cli_replay import replay

app.add_typer(dlq)
app.command()(replay)
app.command()(sandbox)
app.command()(schemas)
app.add_typer(config_app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code."""
    sys.exit(guarded(lambda: app(arguments, prog_name="esputnik-sync", obj=Given(os.environ))))


if __name__ == "__main__":
    main()
