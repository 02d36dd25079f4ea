"""Runs commands of the product as a shell does: real processes, nothing of ours set."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # s until a test gives up on a command
COMMAND = [sys.executable, "-m", "consumer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """The lines of JSON on standard output."""
        return [orjson.loads(line) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[str]:
        """The lines on standard error that are no log."""
        return [line for line in self.err.splitlines() if not line.startswith("{")]


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Return this environment with these settings alone; names without the prefix.

    A name that begins with `_` is one of another program.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ESPUTNIK_SYNC_", "KAFKA_")) and name != "NO_COLOR"
    }
    given = {
        name.removeprefix("_") if name.startswith("_") else f"ESPUTNIK_SYNC_{name}": str(value)
        for name, value in settings.items()
    }
    return kept | {"PYTHONPATH": str(ROOT)} | given


def run(*arguments: str, given: str | None = None, cwd: Path = ROOT, **settings: object) -> Ended:
    """Run a command to its end."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        input=given,
        cwd=cwd,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


@contextmanager
def started(
    arguments: Sequence[str], cwd: Path = ROOT, **settings: object
) -> Iterator[subprocess.Popen[str]]:
    """Start a command; what is left of it at the end of the context is killed."""
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=cwd,
        env=environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end of a command that was started."""
    out, err = process.communicate(timeout=PATIENCE)
    return Ended(code=process.returncode, out=out, err=err)


@contextmanager
def sandbox() -> Iterator[dict[str, str]]:
    """Run an account; the settings by which it is reached."""
    with started(["sandbox", "--port", "0"]) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield {
            "ESPUTNIK__BASE_URL": line.removeprefix("listening on ").strip(),
            "ESPUTNIK__API_KEY": "sandbox",
        }
