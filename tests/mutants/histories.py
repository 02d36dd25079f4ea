"""Plants a defect and plays histories until one of them breaks a promise.

Those of the whole worker have a fake in place of the edge to Kafka, which has histories of its own.
"""

import time
from pathlib import Path

from tests.mutants.copies import planted, python
from tests.mutants.mutant import Mutant, StaleError
from tests.mutants.trial import Verdict

LINE = 160  # characters of a violation
EDGE = "consumer/kafka/"


def played(clean: Path, mutant: Mutant, seeds: int) -> Verdict:
    """Return which seed of so many was the first to show a defect."""
    began = time.monotonic()
    try:
        with planted(clean, mutant) as root:
            of_edge = mutant.file.startswith(EDGE)
            module = "tests.simulation.edge" if of_edge else "tests.simulation"
            word, told = _first_broken(root, module, seeds)
    except StaleError as trouble:
        return Verdict(name=mutant.name, word="STALE", told=str(trouble))
    return Verdict(name=mutant.name, word=word, told=told, seconds=time.monotonic() - began)


def _first_broken(root: Path, module: str, seeds: int) -> tuple[str, str]:
    """Play until the first line that tells of a broken promise, or of a history that broke off."""
    with python(root, "-m", module, "--seeds", str(seeds)) as process:
        for line in process.stdout or ():
            if line.startswith(("seed ", "Traceback ")):
                process.kill()
                return "killed", f"by {line.strip()[:LINE]}"
    return "SURVIVED", f"{seeds} histories"
