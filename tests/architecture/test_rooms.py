"""The fence between the rooms: who may import what, and which files may touch the world."""

import ast
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What of ours each room may import.
ROOMS = {
    "schemas": {"schemas"},
    "esputnik": {"esputnik"},
    "handlers": {"handlers", "schemas", "esputnik"},
    "consumer": {"consumer", "handlers", "schemas", "esputnik"},
}
OURS = {*ROOMS, "bench", "demo", "tests"}

# The libraries that have one home each: a file, or a folder.
HOMES = {
    "httpx": "esputnik/client.py",
    "httpx_aiohttp": "esputnik/client.py",
    "aiohttp": "esputnik/client.py",
    "aiokafka": "consumer/kafka/",
    "os.environ": "consumer/settings/sources.py",
    "os.getenv": "consumer/settings/sources.py",
}

# The world: closed to all but the shell.
WORLD = {
    "asyncio",
    "gc",
    "logging",
    "os",
    "random",
    "secrets",
    "signal",
    "socket",
    "ssl",
    "starlette",
    "structlog",
    "subprocess",
    "sys",
    "threading",
    "time",
    "typer",
    "uvicorn",
}

SHELL = {
    "esputnik/client.py",
    "esputnik/sandbox/server.py",
    "consumer/__main__.py",
    "consumer/operations/admin.py",
    "consumer/app.py",
    "consumer/build.py",
    "consumer/cli/byhand.py",
    "consumer/cli/check.py",
    "consumer/cli/main.py",
    "consumer/cli/about.py",
    "consumer/cli/letters.py",
    "consumer/cli/plan.py",
    "consumer/cli/replay.py",
    "consumer/cli/service.py",
    "consumer/clock.py",
    "consumer/cli/commands.py",
    "consumer/credentials.py",
    "consumer/consent/desk.py",
    "consumer/consent/feed.py",
    "consumer/consent/opt_ins.py",
    "consumer/consent/ports.py",
    "consumer/consent/topic.py",
    "consumer/delivery.py",
    "consumer/exchange.py",
    "consumer/intake.py",
    "consumer/opposed.py",
    "consumer/cli/explain.py",
    "consumer/following.py",
    "consumer/operations/garbage.py",
    "consumer/gatekeeper.py",
    "consumer/deadletters/graveyard.py",
    "consumer/operations/health.py",
    "consumer/kafka/admin.py",
    "consumer/kafka/answers.py",
    "consumer/kafka/assignment.py",
    "consumer/kafka/commits.py",
    "consumer/kafka/connection.py",
    "consumer/kafka/fence.py",
    "consumer/kafka/fetching.py",
    "consumer/kafka/following_topic.py",
    "consumer/kafka/login.py",
    "consumer/kafka/membership.py",
    "consumer/kafka/reading.py",
    "consumer/kafka/rights.py",
    "consumer/kafka/source.py",
    "consumer/kafka/starts.py",
    "consumer/kafka/writer.py",
    "consumer/deadletters/reading.py",
    "consumer/ports.py",
    "consumer/deadletters/replay.py",
    "consumer/deadletters/memory.py",
    "consumer/requester.py",
    "consumer/cli/sandbox.py",
    "consumer/operations/serving.py",
    "consumer/settings/sources.py",
    "consumer/operations/telemetry.py",
    "consumer/turns.py",
    "consumer/operations/watching.py",
    "consumer/worker.py",
}

# Where chance is part of the model: dice are thrown, but from a seed.
SEEDED = "esputnik/sandbox/"

# What of the world has no import: the clock is an attribute of a value type.
CLOCKS = {"now", "utcnow", "today"}
FILES = sorted(str(p.relative_to(ROOT)) for room in ROOMS for p in (ROOT / room).rglob("*.py"))


def imports(tree: ast.AST) -> set[str]:
    """Return the full names of all that is imported, also inside functions.

    Of `os` and `random` also the parts that are used: some of them are closed to more files.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names |= {f"{m}.{node.attr}" for m in ("os", "random") if m == node.value.id}
    return names


def inside(name: str, homes: Iterable[str]) -> bool:
    return any(name == home or name.startswith(f"{home}.") for home in homes)


def impurities(tree: ast.AST) -> set[str]:
    """Return the ways in which code waits or looks at a clock without importing anything."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith | ast.AsyncFunctionDef):
            found.add("async")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found |= {node.func.attr} & CLOCKS
            if node.func.attr == "Random" and not node.args:
                found.add("no seed")
    return found


def violations(path: str, source: str) -> set[str]:
    """Return what this file of ours uses and may not."""
    tree = ast.parse(source)
    names, room = imports(tree), path.split("/", maxsplit=1)[0]
    strangers = {name for name in names if inside(name, OURS) and not inside(name, ROOMS[room])}
    strange = {library for library, home in HOMES.items() if not path.startswith(home)}
    guests = {name for name in names if inside(name, strange)}
    if path in SHELL:
        return strangers | guests
    dice = {"random", "random.Random"} if path.startswith(SEEDED) else set()
    world = {name for name in names if inside(name, WORLD)} - dice
    return strangers | guests | world | impurities(tree)


# What stands on top of all else: nothing but the entry point imports it.
TOP = {"consumer.cli", "consumer.reference"}


@pytest.mark.parametrize("path", FILES)
def test_nothing_is_built_on_the_commands(path: str) -> None:
    is_on_top = path == "consumer/__main__.py" or path.startswith(tuple(sorted(map(_folder, TOP))))
    names = imports(ast.parse((ROOT / path).read_text("utf-8")))

    assert is_on_top or not {name for name in names if inside(name, TOP)}


def _folder(package: str) -> str:
    return package.replace(".", "/") + "/"


@pytest.mark.parametrize("path", FILES)
def test_a_file_keeps_to_its_room(path: str) -> None:
    assert violations(path, (ROOT / path).read_text("utf-8")) == set()


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("handlers/orders.py", "import httpx", {"httpx"}),
        ("handlers/orders.py", "def f():\n    import random", {"random"}),
        ("handlers/orders.py", "from consumer import worker", {"consumer.worker"}),
        ("schemas/orders.py", "from esputnik.call import Call", {"esputnik.call.Call"}),
        ("esputnik/call.py", "import handlers.orders", {"handlers.orders"}),
        ("esputnik/client.py", "import aiokafka.structs", {"aiokafka.structs"}),
        ("consumer/app.py", "from aiokafka import errors", {"aiokafka.errors"}),
        ("consumer/kafka/reading.py", "import aiokafka.structs", set()),
        ("consumer/worker.py", "from httpx import AsyncClient", {"httpx.AsyncClient"}),
        ("consumer/worker.py", "import os\nos.environ['A']", {"os.environ"}),
        ("consumer/worker.py", "from os import getenv", {"os.getenv"}),
        ("consumer/worker.py", "from tests import builders", {"tests.builders"}),
        ("consumer/plan.py", "async def f(): pass", {"async"}),
        ("consumer/plan.py", "datetime.now(UTC)", {"now"}),
        ("consumer/plan.py", "from time import monotonic", {"time.monotonic"}),
        ("esputnik/sandbox/a.py", "import random\nrandom.random()", {"random.random"}),
        ("esputnik/sandbox/a.py", "import random\nrandom.Random()", {"no seed"}),
        ("esputnik/sandbox/a.py", "import random\nrandom.Random(7)", set()),
        ("consumer/worker.py", "import asyncio, time", set()),
        ("consumer/plan.py", "from timeit import timeit\nimport os_like", set()),
        ("consumer/plan.py", "from handlers.routes import ROUTES", set()),
    ],
)
def test_the_fence_sees_what_was_planted(path: str, source: str, found: set[str]) -> None:
    assert violations(path, source) == found


def test_the_fence_stands_around_every_room() -> None:
    rooms = {path.split("/", maxsplit=1)[0] for path in FILES}
    assert rooms == set(ROOMS)
