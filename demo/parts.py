"""The parts that run beside the demonstration, each a process with a log of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parent.parent
LOOK_EVERY = 0.05  # s
START_SECONDS = 45.0
STOP_SECONDS = 30.0  # a little more than the consumer's own deadline
TAIL_LINES = 15
FORGOTTEN = ("ESPUTNIK_SYNC_", "KAFKA_BOOTSTRAP_SERVERS")


class DemoError(Exception):
    """The demonstration cannot go on; the message is for a person."""


@dataclass(slots=True, kw_only=True)
class Part:
    """One running process."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def tail(self) -> str:
        """Return the last lines of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:]) or "(it wrote nothing)"

    def failed(self, what: str) -> DemoError:
        """Return the error that says what happened and shows the end of the log."""
        return DemoError(f"The {self.name} {what}. The end of its log:\n{self.tail()}")

    def check(self) -> None:
        """Raise if it is not running any more."""
        if self.process.returncode is not None:
            raise self.failed(f"ended with exit code {self.process.returncode}")

    async def ended(self) -> int:
        """Return its exit code once it has ended."""
        return await self.process.wait()

    async def first(self, find: Callable[[str], str | None], seconds: float = START_SECONDS) -> str:
        """Return what `find` finds in a line of the log, the first time it does.

        Raises:
            DemoError: It ended first, or said nothing of the kind in time.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    for line in self.log.read_text(errors="replace").splitlines():
                        if (found := find(line)) is not None:
                            return found
                    self.check()
                    await asyncio.sleep(LOOK_EVERY)
        raise self.failed(f"did not start within {seconds:.0f} s")

    async def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Ask it to stop and return its exit code; a part that does not stop is killed."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(seconds):
                    return await self.process.wait()
            except TimeoutError:
                self.process.kill()
        return await self.process.wait()


async def start(
    name: str, command: Sequence[str], log: Path, settings: Mapping[str, str] | None = None
) -> Part:
    """Start a part. `settings` are the only settings of the product that it sees.

    It runs in a session of its own: Ctrl-C at the terminal reaches the demonstration alone, which
    then stops its parts in order.

    Raises:
        DemoError: The command cannot be run.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FORGOTTEN)}
    try:
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=log.parent,
                env=kept
                | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
                | dict(settings or {}),
                start_new_session=True,
            )
    except OSError as trouble:
        raise DemoError(
            f"The {name} cannot be started: {command[0]}: {trouble.strerror}"
        ) from trouble
    return Part(name=name, process=process, log=log)


async def start_sandbox(folder: Path, seed: int) -> tuple[Part, str]:
    """Start the sandbox account; return it and its address, which ends in `/api`."""
    command = (*_product(), "sandbox", "--port", "0", "--seed", str(seed))
    part = await start("sandbox", command, folder / "sandbox.log")
    try:
        return part, await part.first(_address)
    except BaseException:
        await part.stop()
        raise


async def start_consumer(
    folder: Path, settings: Mapping[str, str], number: int = 1, options: Sequence[str] = ()
) -> tuple[Part, str]:
    """Start the consumer; return it and the address of its metrics."""
    command = (*_product(), "run", *options)
    part = await start("consumer", command, folder / f"consumer-{number}.log", settings)
    try:
        return part, f"http://127.0.0.1:{await part.first(_admin_port)}"
    except BaseException:
        await part.stop()
        raise


def consumer_settings(bootstrap: str, api: str, **more: object) -> dict[str, str]:
    """Return the environment that makes the consumer carry a story to a sandbox.

    `more` are further settings, named as in the environment without the prefix.
    """
    given: dict[str, object] = {
        "KAFKA__BOOTSTRAP_SERVERS": bootstrap,
        "ESPUTNIK__BASE_URL": api,
        "ESPUTNIK__API_KEY": "sandbox",
        "ADMIN__PORT": 0,
        "LEDGER__URL": "memory:",
        "LOG__FORMAT": "json",
    }
    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in (given | more).items()
    }
    return {f"ESPUTNIK_SYNC_{name}": text for name, text in texts.items()}


def _product() -> tuple[str, ...]:
    return (sys.executable, "-m", "consumer")


def _address(line: str) -> str | None:
    _, found, address = line.partition("listening on ")
    return address.strip() if found else None


def _admin_port(line: str) -> str | None:
    with suppress(orjson.JSONDecodeError):
        told = orjson.loads(line)
        if isinstance(told, dict) and told.get("event") == "admin_listening":
            return str(told["port"])
    return None
