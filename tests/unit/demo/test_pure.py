"""The files of the demonstration are pure, save those that start, ask and show."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_rooms import WORLD, imports, impurities, inside

DEMO = Path(__file__).resolve().parents[3] / "demo"
SHELL = {"__main__.py", "embedded.py", "parts.py", "play.py", "show.py", "stream.py", "watch.py"}
SEEDED = {"random", "random.Random"}  # dice, from the seed of the story
PURE = sorted({path.name for path in DEMO.glob("*.py")} - SHELL)


@pytest.mark.parametrize("name", PURE)
def test_a_pure_file_of_the_demonstration_touches_no_world(name: str) -> None:
    tree = ast.parse((DEMO / name).read_text("utf-8"))

    assert {one for one in imports(tree) if inside(one, WORLD)} <= SEEDED
    assert impurities(tree) == set()
