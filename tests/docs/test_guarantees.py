"""Every promise of docs/guarantees.md names tests, and the tests that pages name exist."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
PROMISES = [f"G{number}" for number in range(1, 11)]
POINTS = [f"P{number}" for number in range(16)]
RULES = [f"CN-{number}" for number in range(1, 16)]
TRAPS = [f"K-{number}" for number in range(1, 26)] + [f"H-{number}" for number in range(1, 16)]
NO_TEST = "no test"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SECTION = re.compile(r"^## (G\d+): .*?(?=^## )", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ((?:P|CN-|K-|H-)\d+)\b.*$", re.MULTILINE)
CHECKED = re.compile(r"\b([EIL]\d+)\b")
PARTS = ("**Promised.** ", "**Limit.** ", "**Shown by**")


def parts(page: str) -> Mapping[str, str]:
    """What the page says of each promise, point, rule and trap."""
    found = [*SECTION.finditer(page), *ROW.finditer(page)]
    assert len({one[1] for one in found}) == len(found)
    return {one[1]: one[0] for one in found}


SAID = parts(PAGE)


@cache
def functions(path: str) -> Mapping[str, str]:
    """The functions of a file, each with its decorators as they are written."""
    file = ROOT / path
    tree = ast.parse(file.read_text("utf-8")) if file.exists() else ast.Module([], [])
    return {
        node.name: " ".join(map(ast.unparse, node.decorator_list))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def missing(page: str) -> Iterator[str]:
    """Tests that are named and prove nothing: they do not exist, or are not expected to pass."""
    for path, name in NAMED.findall(page):
        decorators = functions(path).get(name)
        if decorators is None or "xfail" in decorators or "skip" in decorators:
            yield f"{path}::{name}"


@pytest.mark.parametrize(("page", "least"), [(PAGE, 150), (SECURITY, 20)], ids=["all", "security"])
def test_every_test_that_is_named_exists_and_is_expected_to_pass(page: str, least: int) -> None:
    assert len(NAMED.findall(page)) == page.count("::test_") >= least
    assert list(missing(page)) == []


@pytest.mark.parametrize(
    "name", ["tests/docs/test_guarantees.py::test_of_nothing", "tests/docs/none.py::test_of_all"]
)
def test_a_test_that_does_not_exist_is_found(name: str) -> None:
    assert list(missing(f"`{name}`")) == [name]


@pytest.mark.parametrize("name", [*PROMISES, *POINTS, *RULES, *TRAPS])
def test_whatever_is_promised_names_a_test_or_says_that_there_is_none(name: str) -> None:
    assert NAMED.search(SAID[name]) or NO_TEST in SAID[name]


@pytest.mark.parametrize("name", PROMISES)
def test_a_promise_says_its_limit_and_what_shows_it(name: str) -> None:
    assert [part for part in PARTS if SAID[name].count(part) != 1] == []


def test_what_histories_look_at_is_explained_by_its_number() -> None:
    files = (ROOT / "tests" / "simulation").rglob("*.py")
    used = {number for file in files for number in CHECKED.findall(file.read_text("utf-8"))}
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")

    assert used
    assert used == set(re.findall(r"^\| ([EIL]\d+) \|", page, re.MULTILINE))
