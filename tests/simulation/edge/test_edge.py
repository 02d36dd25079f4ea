"""Histories of the edge to Kafka; `python -m tests.simulation.edge --seed N` looks at one."""

import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.edge.play import Outcome, play
from tests.simulation.edge.world import ACTS

AT_ONCE = 20  # seeds in one test
SAMPLE = range(0, 100, AT_ONCE)
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.timeout(120)


@cache
def outcomes(first: int) -> dict[int, Outcome]:
    """What came of some seeds."""
    return {seed: play(seed) for seed in range(first, first + AT_ONCE)}


@pytest.mark.parametrize("first", SAMPLE)
def test_every_record_comes_once_in_order_to_whoever_it_belongs_to(first: int) -> None:
    broken = {
        f"python -m tests.simulation.edge --seed {seed}": outcome.violations
        for seed, outcome in outcomes(first).items()
        if outcome.violations
    }

    assert broken == {}


def test_everything_happens_that_may_happen() -> None:
    played = Counter[str]()
    for first in SAMPLE:
        for outcome in outcomes(first).values():
            played.update(outcome.played)

    assert [act for act in ACTS if not played[act]] == []


def test_the_same_seed_makes_the_same_history_in_any_process() -> None:
    told = "from tests.simulation.edge.play import play; print(play(3).digest)"

    hashes = {
        subprocess.run(
            [sys.executable, "-c", told],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for number in ("1", "2")
    }

    assert hashes == {play(3).digest}
