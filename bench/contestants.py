"""Everybody that can be measured, by name; who cannot be started here says why."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.lap import Contestant, Place
from bench.peers.node import SCRIPT, NoNodeError, modules
from bench.product import NAME, product
from demo.parts import ROOT

PEERS = ("batch-loop", "kafkajs", "quix", "fs-batch", "naive", "fs-single")
SINGLES = ("naive", "fs-single")  # one event a request
LIMITS = ("getmany", "loads", "validate", "encode")
_TITLES = {
    "getmany": "limit: fetch",
    "loads": "limit: fetch + orjson.loads",
    "validate": "limit: fetch + validate",
    "encode": "limit: fetch + validate + encode",
    "bare": "same parser and client, no guarantees",
    "alone": "same parser and client, one event a request",
    "batch-loop": "aiokafka + aiohttp, batch loop by hand",
    "kafkajs": "kafkajs eachBatch + undici, batch loop by hand",
    "quix": "Quix Streams, batching sink",
    "fs-batch": "FastStream, `batch=True`",
    "naive": "aiokafka + httpx, one by one",
    "fs-single": "FastStream, usual subscriber",
}
_PYTHON = {
    "bare": "bench.baselines.bare",
    "alone": "bench.baselines.alone",
    "batch-loop": "bench.peers.batch_loop",
    "fs-batch": "bench.peers.faststream_batch",
    "naive": "bench.peers.naive",
    "fs-single": "bench.peers.faststream_single",
}


class MissingError(Exception):
    """A contestant that cannot run here; the message says what is missing."""


async def contestant(name: str) -> Contestant:
    """Return one by name.

    Raises:
        MissingError: What it needs is not installed.
        KeyError: There is none of that name.
    """
    if name == NAME:
        return product()
    if name in LIMITS:
        command = (sys.executable, "-m", "bench.baselines.fetch", name)
        return _made(name, command, reports=True)
    if name == "quix":
        return _made(name, (str(_quix_python()), "-m", "bench.peers.quix"))
    if name == "kafkajs":
        return await _kafkajs()
    return _made(name, (sys.executable, "-m", _PYTHON[name]))


def _made(
    name: str,
    command: tuple[str, ...],
    *,
    reports: bool = False,
    more: Mapping[str, str] | None = None,
) -> Contestant:
    def environment(place: Place, _settings: Mapping[str, object]) -> Mapping[str, str]:
        told = {f"BENCH_{key.upper()}": str(value) for key, value in asdict(place).items()}
        return told | dict(more or {})

    return Contestant(
        name=name,
        title=_TITLES[name],
        command=command,
        environment=environment,
        reports=reports,
    )


def _quix_python() -> Path:
    """Return the interpreter of its own environment, which `make bench` makes."""
    named = os.environ.get("BENCH_QUIX_PYTHON")
    python = Path(named) if named else ROOT / ".venv-bench-quix" / "bin" / "python"
    if not python.exists():
        raise MissingError("Quix Streams is not installed; `make bench` does it")
    return python


async def _kafkajs() -> Contestant:
    try:
        path = await modules()
    except NoNodeError as trouble:
        raise MissingError(str(trouble)) from trouble
    return _made("kafkajs", ("node", str(SCRIPT)), more={"NODE_PATH": str(path)})


async def present(names: Sequence[str]) -> tuple[list[Contestant], list[str]]:
    """Return those that can run here, and a line for each that cannot."""
    found: list[Contestant] = []
    missing: list[str] = []
    for name in names:
        try:
            found.append(await contestant(name))
        except MissingError as trouble:
            missing.append(f"{_TITLES[name]}: left out, {trouble}")
    return found, missing
