"""The worked example of CONTRIBUTING works: three files, and the new type is there."""

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("consumer", "esputnik", "handlers", "schemas")
EXAMPLE = "tests/examples/order_returned.json"
_BLOCK = re.compile(
    r"<!-- (\S+): ([a-zA-Z ]+) -->\n\s*```\w+\n(.*?)^\s*```$", re.DOTALL | re.MULTILINE
)


def blocks() -> Iterator[tuple[str, str, str]]:
    """File, place and text of each marked block, in the order of the page."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for path, place, text in _BLOCK.findall(page):
        yield path, place, re.sub(r"^   ", "", text, flags=re.MULTILINE)


def inserted(source: str, place: str, text: str) -> str:
    """A file with a block put where the page says it belongs."""
    if place == "at the end":
        return f"{source}\n\n{text}"
    if place == "with the imports":
        imports = [
            one for one in ast.parse(source).body if isinstance(one, ast.Import | ast.ImportFrom)
        ]
        lines = source.splitlines(keepends=True)
        last = imports[-1].end_lineno or 0
        return "".join([*lines[:last], text, *lines[last:]])
    before, mark, after = source.partition("ROUTES = {\n")
    assert mark, "the file has no ROUTES"
    if place == "above ROUTES":
        return f"{before}{text}\n\n{mark}{after}"
    assert place == "within ROUTES"
    return f"{before}{mark}{text}{after}"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages, with the example followed to the letter."""
    to = tmp_path_factory.mktemp("copy")
    for name in NEEDED:
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, place, text in blocks():
        file = to / path
        if place == "the whole file":
            file.parent.mkdir(parents=True)
            file.write_text(text, "utf-8")
        else:
            file.write_text(inserted(file.read_text("utf-8"), place, text), "utf-8")
    return to


def run(copy: Path, *arguments: str, given: str = "") -> str:
    """What the command of the copy prints."""
    ended = subprocess.run(
        [sys.executable, "-m", "consumer", *arguments],
        cwd=copy,
        input=given.encode(),
        capture_output=True,
        check=False,
        timeout=15,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    return ended.stdout.decode()


def test_the_example_takes_three_files() -> None:
    assert {path for path, _, _ in blocks()} == {
        "schemas/orders.py",
        "handlers/orders.py",
        EXAMPLE,
    }


def test_the_new_event_becomes_the_calls_that_its_example_expects(copy: Path) -> None:
    example = json.loads((copy / EXAMPLE).read_text("utf-8"))

    told = run(copy, "explain", "-", given=json.dumps(example["event"]))

    assert json.loads(told) == example["expected"]


def test_the_new_type_has_a_schema(copy: Path) -> None:
    told = json.loads(run(copy, "schemas", "order.returned"))

    data = told["properties"]["data"]
    assert (told["title"], told["description"]) == ("order.returned", "Goods came back.")
    assert set(data["required"]) == {"order_id", "segment_id"}


def test_the_code_of_the_example_is_as_clean_as_the_rest(copy: Path) -> None:
    ruff = Path(sys.executable).with_name("ruff")
    checked = subprocess.run(
        [
            ruff,
            "check",
            "--fix",
            "--config",
            ROOT / "pyproject.toml",
            "--no-cache",
            "handlers",
            "schemas",
        ],
        cwd=copy,
        capture_output=True,
        check=False,
        timeout=15,
    )

    assert checked.returncode == 0, checked.stdout.decode()
