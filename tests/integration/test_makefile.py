"""`make` on a machine that lacks something: one sentence says what, and nothing is made."""

import shutil
import subprocess
from pathlib import Path

import pytest

from demo.parts import ROOT

TOO_OLD = """\
case "$*" in
    *version_info*) exit 1 ;;
    --version) echo Python 3.9.2 ;;
esac
"""
WITHOUT_VENV = 'case "$*" in *ensurepip*) exit 1 ;; esac\n'
MAKES_NO_VENV = (
    'case "$*" in *"-m venv"*) mkdir -p "$4/bin"; touch "$4/bin/python"; exit 1 ;; esac\n'
)


def make(folder: Path, **pythons: str) -> subprocess.CompletedProcess[str]:
    """Make the virtual environment on a machine that has these Pythons alone."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("mkdir", "touch", "rm"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name, script in pythons.items():
        python = tools / name.replace("_", ".")
        python.write_text(f"#!/bin/sh\n{script}")
        python.chmod(0o755)
    return subprocess.run(
        [shutil.which("make") or "make", f"VENV={folder}/venv", f"{folder}/venv/bin/python"],
        cwd=ROOT,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


OLD = "esputnik-sync needs Python 3.11 or newer, here is {}: install one, or name it with {}"
VENV = "{} cannot make virtual environments: install its venv package (Debian, Ubuntu: {})"


@pytest.mark.parametrize(
    ("pythons", "sentence"),
    [
        ({}, OLD.format("none", "make PYTHON=...")),
        ({"python3": TOO_OLD}, OLD.format("Python 3.9.2", "make PYTHON=...")),
        (
            {"python3": TOO_OLD, "python3_12": WITHOUT_VENV},
            VENV.format("python3.12", "apt install python3-venv"),
        ),
    ],
)
def test_a_machine_without_what_it_takes_is_told_so(
    pythons: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    ended = make(tmp_path, **pythons)

    assert ended.returncode != 0
    assert ended.stderr.splitlines()[0] == sentence
    assert not (tmp_path / "venv").exists()


def test_half_a_virtual_environment_is_taken_away_again(tmp_path: Path) -> None:
    ended = make(tmp_path, python3=MAKES_NO_VENV)

    assert ended.returncode != 0
    assert not (tmp_path / "venv").exists()
