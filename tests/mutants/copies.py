"""Copies of the work tree, so that no defect is ever planted in the work tree itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
_LISTED = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")


@contextmanager
def copied() -> Iterator[Path]:
    """Copy all that git knows, or would know, as it lies there now."""
    git = shutil.which("git") or "git"
    command = [git, *_LISTED]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    with TemporaryDirectory(prefix="mutants-") as name:
        for file in filter(None, listed.split("\0")):
            if (ROOT / file).is_file():  # else it was deleted and git was not told
                (Path(name) / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, Path(name) / file)
        yield Path(name)


@contextmanager
def planted(clean: Path, mutant: Mutant) -> Iterator[Path]:
    """Copy a clean copy, with all that Python has compiled in it, and plant a defect there.

    Raises StaleError.
    """
    with TemporaryDirectory(prefix=f"mutant-{mutant.name}-") as name:
        shutil.copytree(clean, name, dirs_exist_ok=True)
        mutant.plant(Path(name))
        yield Path(name)


def python(root: Path, *args: str) -> subprocess.Popen[str]:
    """Start this Python with what lies in a copy, which stands before what is installed."""
    return subprocess.Popen(
        [sys.executable, *args],
        cwd=root,
        env=_environment(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _environment(root: Path) -> Mapping[str, str]:
    """Return ours, but for what would have coverage measured in files that will soon be gone."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("COV")}
    return kept | {"PYTHONPATH": str(root)}
