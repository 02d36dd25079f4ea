"""Plays histories: one seed to look at it, many to find what breaks.

python -m tests.simulation --seed 42               its log, and what did not hold
python -m tests.simulation --seed 42 --shrink      the least that breaks the same, as a line
python -m tests.simulation --seeds 10000           from --first on; what breaks, one line each
"""

import argparse
import sys
import time
from collections import Counter

from tests.simulation.plan import DISTURBANCES, FAULTS, POINTS, Plan, plan_of, to_text
from tests.simulation.shrink import shrink
from tests.simulation.story import Outcome, play

KINDS = (*FAULTS, *DISTURBANCES, "cancel", "hole", "replay")
LINE = 300  # characters of a violation


def main() -> int:
    """Return 1 if anything did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="play this history and print its log")
    parser.add_argument("--shrink", action="store_true", help="drop what is not needed to break it")
    parser.add_argument("--seeds", type=int, default=1000, help="play so many histories")
    parser.add_argument("--first", type=int, default=0, help="begin with this seed")
    given = parser.parse_args()
    if given.seed is None:
        return _many(given.first, given.seeds)
    return _shrunk(plan_of(given.seed)) if given.shrink else _one(plan_of(given.seed))


def say(*lines: str) -> None:
    """Write lines at once: whoever waits for many histories wants to see the first."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _one(plan: Plan) -> int:
    outcome = play(plan)
    say(*outcome.log, f"hash {outcome.digest}", *outcome.violations)
    return bool(outcome.violations)


def _shrunk(plan: Plan) -> int:
    kinds = _kinds(play(plan))
    if not kinds:
        say("nothing breaks")
        return 0
    least = shrink(plan, lambda tried: kinds <= _kinds(play(tried)))
    outcome = play(least)
    say(*outcome.log, *outcome.violations, to_text(least))
    return 1


def _many(first: int, count: int) -> int:
    began, broken, steps, seconds = time.monotonic(), 0, 0, 0.0
    points, played = Counter[str](), Counter[str]()
    for seed in range(first, first + count):
        outcome = play(plan_of(seed))
        points.update(outcome.points)
        played.update(outcome.played)
        steps, seconds = steps + outcome.steps, seconds + outcome.seconds
        if outcome.violations:
            broken += 1
            say(f"seed {seed}: {outcome.violations[0][:LINE]}")
    say(
        "killed " + " ".join(f"{point}:{points[point]}" for point in POINTS),
        "played " + " ".join(f"{kind}:{played[kind]}" for kind in KINDS),
        f"{steps} steps, {seconds / 3600:.0f} hours of their own time",
        f"{count} histories in {(time.monotonic() - began) / 60:.1f} minutes, {broken} broken",
    )
    return bool(broken)


def _kinds(outcome: Outcome) -> set[str]:
    """Return the numbers of what did not hold."""
    return {line.partition(":")[0] for line in outcome.violations}


if __name__ == "__main__":
    sys.exit(main())
