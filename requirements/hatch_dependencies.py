"""Gives the wheel its dependencies from run.in, so that they are listed in one place."""

from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Dependencies(MetadataHookInterface):
    """Reads `requirements/run.in`; run.txt alone pins versions."""

    def update(self, metadata: dict[str, object]) -> None:
        """Set `dependencies`, one line of run.in each, comments left out."""
        lines = Path(self.root, "requirements", "run.in").read_text("utf-8").splitlines()
        metadata["dependencies"] = [line for line in lines if line and not line.startswith("#")]
