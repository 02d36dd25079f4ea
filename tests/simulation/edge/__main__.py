"""Plays histories of the edge to Kafka: one seed to look at it, many to find what breaks.

python -m tests.simulation.edge --seed 42        its log, and what did not hold
python -m tests.simulation.edge --seeds 1000     from --first on; what breaks, one line each
"""

import argparse
import sys
from collections import Counter

from tests.simulation.edge.play import play
from tests.simulation.edge.world import ACTS

LINE = 300  # characters of what did not hold


def say(*lines: str) -> None:
    """Write lines at once: whoever waits for many histories wants to see the first."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def main() -> int:
    """Return 1 if anything did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.edge")
    parser.add_argument("--seed", type=int, help="play this history and print its log")
    parser.add_argument("--seeds", type=int, default=1000, help="play so many histories")
    parser.add_argument("--first", type=int, default=0, help="begin with this seed")
    given = parser.parse_args()
    return _many(given.first, given.seeds) if given.seed is None else _one(given.seed)


def _one(seed: int) -> int:
    outcome = play(seed)
    say(*outcome.log, f"hash {outcome.digest}", *outcome.violations)
    return bool(outcome.violations)


def _many(first: int, count: int) -> int:
    broken, played = 0, Counter[str]()
    for seed in range(first, first + count):
        outcome = play(seed)
        played.update(outcome.played)
        if outcome.violations:
            broken += 1
            say(f"seed {seed}: {outcome.violations[0][:LINE]}")
    say(
        "played " + " ".join(f"{act}:{played[act]}" for act in ACTS),
        f"{count} histories, {broken} broken",
    )
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
