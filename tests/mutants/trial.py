"""Plants a defect and runs the tests that must see it."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.copies import planted, python
from tests.mutants.mutant import Mutant, StaleError

SECONDS = 120.0  # for the tests of one mutant
ALL_SECONDS = 600.0  # for all of them at once
PASSED, FAILED = 0, 1  # pytest's exit codes; all others are of runs that tell nothing
PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-r", "fE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`word` is killed, SURVIVED, STALE or UNCLEAR; `told` by whom, or why."""

    name: str
    word: str
    told: str
    seconds: float = 0.0

    @property
    def is_killed(self) -> bool:
        """Tell whether every test that must see the defect has seen it."""
        return self.word == "killed"

    def __str__(self) -> str:
        return f"{self.name:5} {self.word:8} {self.seconds:4.1f} s  {self.told}"


def tried(clean: Path, mutant: Mutant) -> Verdict:
    """Return whether the tests of a mutant see it, planted in a copy of a clean copy."""
    began = time.monotonic()
    try:
        with planted(clean, mutant) as root:
            code, said = ran(root, mutant.tests, SECONDS)
    except StaleError as trouble:
        return Verdict(name=mutant.name, word="STALE", told=str(trouble))
    word, told = _judged(mutant.tests, code, said)
    return Verdict(name=mutant.name, word=word, told=told, seconds=time.monotonic() - began)


def ran(root: Path, tests: Sequence[str], seconds: float) -> tuple[int | None, str]:
    """Run tests in a copy; return pytest's exit code, None if it took too long, and its words."""
    process = python(root, *PYTEST, *tests)
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        return None, said
    return process.returncode, said


def _judged(tests: Sequence[str], code: int | None, said: str) -> tuple[str, str]:
    lines = said.splitlines()
    red = [line.removeprefix("FAILED ") for line in lines if line.startswith("FAILED ")]
    green = [test for test in tests if not any(_is_of(test, line) for line in red)]
    if code == PASSED or (code == FAILED and green):
        return "SURVIVED", "not seen by " + ", ".join(green)
    if code != FAILED or any(line.startswith("ERROR tests/") for line in lines):
        return "UNCLEAR", f"pytest ended with {code}: {lines[-1] if lines else ''}"
    return "killed", "by " + ", ".join(tests)


def _is_of(test: str, line: str) -> bool:
    """Tell whether a line of pytest's summary is about a test, or one of its cases."""
    return line == test or line.startswith((f"{test}[", f"{test} "))
