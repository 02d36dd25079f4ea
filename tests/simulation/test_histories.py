"""Whole histories, each drawn from a seed; those that once broke something come first.

A seed that fails is looked at with `python -m tests.simulation --seed N`; see docs/testing.md.
"""

import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.simulation.plan import POINTS, from_text, plan_of, to_text
from tests.simulation.shrink import shrink
from tests.simulation.story import Outcome, play

HERE = Path(__file__).parent
REGRESSIONS = [
    line for line in (HERE / "regressions.txt").read_text("utf-8").splitlines() if line[0] != "#"
]
AT_ONCE = 20  # seeds in one test
SAMPLE = range(0, 200, AT_ONCE)
pytestmark = pytest.mark.timeout(180)


@cache
def outcomes(first: int) -> dict[int, Outcome]:
    """What came of some seeds; the logs are dropped."""
    return {seed: play(plan_of(seed)) for seed in range(first, first + AT_ONCE)}


@pytest.mark.parametrize("text", REGRESSIONS, ids=lambda text: f"seed {from_text(text).seed}")
def test_what_once_broke_something_holds(text: str) -> None:
    assert play(from_text(text)).violations == ()


@pytest.mark.parametrize("first", SAMPLE)
def test_every_history_keeps_what_is_promised(first: int) -> None:
    broken = {
        f"python -m tests.simulation --seed {seed}": outcome.violations
        for seed, outcome in outcomes(first).items()
        if outcome.violations
    }

    assert broken == {}


def test_replicas_are_killed_at_every_point() -> None:
    points = Counter[str]()
    for first in SAMPLE:
        for outcome in outcomes(first).values():
            points.update(outcome.points)

    assert [point for point in POINTS if not points[point]] == []


@pytest.mark.parametrize("seed", [3, 61])
def test_the_same_seed_makes_the_same_history_in_any_process(seed: int) -> None:
    told = f"from tests.simulation import *; print(play(plan_of({seed})).digest)"
    told = told.replace("*", "plan, story").replace("play(plan_of", "story.play(plan.plan_of")
    root = HERE.parents[1]

    hashes = {
        subprocess.run(
            [sys.executable, "-c", told],
            cwd=root,
            env={"PYTHONPATH": str(root), "PYTHONHASHSEED": number},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for number in ("1", "2")
    }

    assert hashes == {play(plan_of(seed)).digest}


def test_another_seed_makes_another_history() -> None:
    assert play(plan_of(1)).digest != play(plan_of(2)).digest


@pytest.mark.parametrize("seed", range(10))
def test_a_plan_comes_back_from_its_line(seed: int) -> None:
    assert from_text(to_text(plan_of(seed))) == plan_of(seed)


def test_a_plan_is_shrunk_to_what_breaks_it() -> None:
    plan = plan_of(2)
    wanted = {plan.produces[3].stamp, plan.produces[7].stamp}

    least = shrink(plan, lambda tried: wanted <= {one.stamp for one in tried.produces})

    assert {one.stamp for one in least.produces} == wanted
    assert (least.faults, least.disturbances) == ((), ())
