"""Plants deliberate defects in copies of the product and sees that they are found.

python -m tests.mutants                     each by the tests that must see it
python -m tests.mutants M7 M18a             these alone
python -m tests.mutants --simulate          each by histories, up to --seeds of them
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.mutants.copies import copied
from tests.mutants.histories import played
from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS
from tests.mutants.trial import ALL_SECONDS, PASSED, Verdict, ran, tried

Way = Callable[[Path, Mutant], Verdict]


def main() -> int:
    """Return 0 if every defect was found, else 1."""
    given = _given()
    chosen = [one for one in MUTANTS if not given.names or one.name in given.names]
    with copied() as clean:
        if not given.simulate and not _holds(clean, chosen):
            return 1
        way: Way = partial(played, seeds=given.seeds) if given.simulate else tried
        verdicts = _each(clean, chosen, way, given.jobs)
    found = sum(verdict.is_killed for verdict in verdicts)
    say(f"{found} of {len(verdicts)} found")
    return int(found < len(verdicts))


def say(line: str) -> None:
    """Write a line at once: whoever waits for many wants to see the first."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    known = [one.name for one in MUTANTS]
    parser.add_argument("names", nargs="*", metavar="NAME", help="these alone; all if none")
    parser.add_argument("--jobs", type=int, default=2, help="so many at a time")
    parser.add_argument("--simulate", action="store_true", help="find them by histories")
    parser.add_argument("--seeds", type=int, default=1000, help="play so many histories at most")
    given = parser.parse_args()
    if strange := set(given.names) - set(known):
        parser.error(f"no such mutants: {', '.join(sorted(strange))}; there are {', '.join(known)}")
    return given


def _holds(clean: Path, mutants: Sequence[Mutant]) -> bool:
    """Tell whether all tests pass without a defect: one that fails anyway would see nothing."""
    tests = sorted({test for one in mutants for test in one.tests})
    code, said = ran(clean, tests, ALL_SECONDS)
    if code != PASSED:
        say(f"{said}\nWithout any defect the tests must pass: mend that first.")
    return code == PASSED


def _each(clean: Path, mutants: Sequence[Mutant], way: Way, jobs: int) -> list[Verdict]:
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for verdict in pool.map(partial(way, clean), mutants):
            verdicts.append(verdict)
            say(str(verdict))
    return verdicts


if __name__ == "__main__":
    sys.exit(main())
