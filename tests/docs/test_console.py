"""The commands of the documentation do what they say: those that need no Kafka are run."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest
from sybil import Document
from sybil.parsers.markdown import CodeBlockParser

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SANDBOX_PORT = "8200"  # as the documentation writes it

# These need a broker, an account or minutes: other tests run what is behind them.
NOT_RUN = (
    "make ",
    "pip install ",
    ".venv/bin/python -m tests.",
    "esputnik-sync check",
    "esputnik-sync run",
    "esputnik-sync dlq ",
    "esputnik-sync replay ",
)
# These set what others need.
EXPORTS = ("export ",)
RUN = re.compile(
    r"(echo '[^']+' \| )?esputnik-sync (--set \S+ )?(explain|sandbox|call|token|config|schemas)\b.*"
)


def blocks(file: Path) -> list[list[str]]:
    """The commands of each block for the console."""
    document = Document.parse(str(file), CodeBlockParser("console", lambda _: None))
    texts = [str(example.parsed) for example in document.examples()]
    return [
        [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
        for text in texts
    ]


def runnable(file: Path) -> list[list[str]]:
    """The blocks that hold anything to run, without what is not."""
    kept = [[one for one in block if not one.startswith(NOT_RUN)] for block in blocks(file)]
    return [block for block in kept if any(RUN.fullmatch(one) for one in block)]


EVERY = [(file.name, command) for file in FILES for block in blocks(file) for command in block]
WITHOUT_SANDBOX = [
    block
    for file in FILES
    for block in runnable(file)
    if not any(" sandbox" in one or SANDBOX_PORT in one for one in block)
]
AT_SANDBOX = [
    block for file in FILES for block in runnable(file) if any(SANDBOX_PORT in one for one in block)
]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The environment of a newcomer's shell, where the command is installed."""
    command = tmp_path / "esputnik-sync"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m consumer "$@"\n')
    command.chmod(0o755)
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ESPUTNIK_SYNC_", "KAFKA_"))
    }
    return kept | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


def shell(commands: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-ec", "\n".join(commands)],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        check=False,
        timeout=60,
    )


@contextmanager
def sandbox(command: str, environ: dict[str, str]) -> Iterator[str]:
    """Run the sandbox as the documentation says, until the end of the context."""
    with subprocess.Popen(
        ["/bin/sh", "-c", f"exec {command}"], cwd=ROOT, env=environ, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().decode()
        finally:
            process.send_signal(signal.SIGTERM)


def a_free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


@pytest.mark.parametrize(("name", "command"), EVERY)
def test_every_command_is_run_or_known_to_need_more(name: str, command: str) -> None:
    assert command.startswith((*NOT_RUN, *EXPORTS)) or RUN.fullmatch(command), name


def test_there_is_something_to_run() -> None:
    commands = [one for block in [*WITHOUT_SANDBOX, *AT_SANDBOX] for one in block]

    for name in ("explain", "sandbox", "call", "token create", "config show", "schemas"):
        assert any(f"esputnik-sync {name}" in one for one in commands), name


@pytest.mark.parametrize("commands", WITHOUT_SANDBOX, ids=lambda block: block[0][:40])
def test_the_commands_of_a_block_succeed_and_print_lines_of_json(
    environ: dict[str, str], commands: list[str]
) -> None:
    ended = shell(commands, environ)

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert all(isinstance(orjson.loads(line), dict) for line in ended.stdout.splitlines())
    assert ended.stdout


def test_the_commands_that_need_an_account_find_the_sandbox(environ: dict[str, str]) -> None:
    ((serve,), others) = AT_SANDBOX
    port = a_free_port()

    with sandbox(serve.replace(SANDBOX_PORT, port), environ) as line:
        ended = shell([one.replace(SANDBOX_PORT, port) for one in others], environ)

    assert line == f"listening on http://127.0.0.1:{port}/api\n"
    assert (ended.returncode, ended.stderr) == (0, b"")
    answer, token = ended.stdout.decode().splitlines()
    assert "siteId" in orjson.loads(answer)
    assert re.fullmatch(r"\S{8,}", token)


@pytest.mark.parametrize(
    "text", re.findall(r"```json\n(.*?)```", FILES[0].read_text("utf-8"), re.DOTALL)
)
def test_an_event_that_is_shown_can_be_sent(environ: dict[str, str], text: str) -> None:
    event = orjson.dumps(orjson.loads(text)).decode()

    ended = shell([f"echo '{event}' | esputnik-sync explain -"], environ)

    assert orjson.loads(ended.stdout)["outcome"] == "calls"
