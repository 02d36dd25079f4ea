"""The embedded broker of the demonstration, for the tests that need no more than it can do."""

from pathlib import Path

from demo.embedded import READY, broker_command, free_port
from tests.brokers.process import Process

START_SECONDS = 20.0


class Tansu:
    """One embedded broker; it keeps everything in memory, so a stop forgets it all."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self._process = Process(broker_command(port), folder / "broker.log", READY)
        self._process.wait(START_SECONDS)

    def close(self) -> None:
        """End it."""
        self._process.kill()
