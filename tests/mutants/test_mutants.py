"""The table of deliberate defects fits the product, and those that plant them tell the truth.

That each defect is caught takes minutes: `make mutants`.
"""

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.mutants.copies import ROOT, copied, python
from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS, number
from tests.mutants.trial import PASSED, ran, tried

ALL = range(1, 26)
KEYS = next(one for one in MUTANTS if one.name == "M9")
pytestmark = pytest.mark.timeout(120)  # each trial is a run of pytest in a process of its own
by_name = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in tree.body if isinstance(node, functions))


@pytest.fixture(scope="module")
def clean() -> Iterator[Path]:
    with copied() as root:
        yield root


# -- the table ------------------------------------------------------------------------------


def test_every_defect_of_the_list_is_there_once() -> None:
    names = [one.name for one in MUTANTS]

    assert {number(one) for one in MUTANTS} == set(ALL)
    assert len(set(names)) == len(names)


@by_name
def test_what_a_mutant_replaces_stands_once_in_its_file(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text("utf-8")

    compile(mutant.planted(text), mutant.file, "exec")


@by_name
def test_the_tests_that_a_mutant_names_exist(mutant: Mutant) -> None:
    ids = [test.partition("::") for test in mutant.tests]

    assert ids
    assert [name for file, _, name in ids if name not in names_in(file)] == []


# -- the trial ------------------------------------------------------------------------------


def test_what_is_tried_is_the_copy_and_nothing_that_is_installed(clean: Path) -> None:
    parts = ("consumer.plan", "esputnik.call", "handlers.mapped", "schemas.base", "tests.builders")
    told = f"from importlib import import_module as get; print(*(get(n).__file__ for n in {parts}))"

    said, _ = python(clean, "-c", told).communicate()

    files = [Path(file) for file in said.split()]
    assert len(files) == len(parts)
    assert all(file.is_relative_to(clean) for file in files)


def test_a_defect_that_its_tests_see_is_killed_and_leaves_the_copy_clean(clean: Path) -> None:
    verdict = tried(clean, KEYS)

    assert verdict.is_killed, verdict
    assert ran(clean, KEYS.tests[:1], 60)[0] == PASSED


def test_a_defect_that_one_of_its_tests_does_not_see_has_survived(clean: Path) -> None:
    blind = "tests/unit/consumer/test_keys.py::test_the_calls_of_one_event_have_keys_of_their_own"

    verdict = tried(clean, replace(KEYS, tests=(*KEYS.tests, blind)))

    assert (verdict.word, verdict.told) == ("SURVIVED", f"not seen by {blind}")


def test_tests_that_cannot_be_run_tell_nothing(clean: Path) -> None:
    file = KEYS.tests[0].partition("::")[0]

    assert tried(clean, replace(KEYS, tests=(f"{file}::test_none",))).word == "UNCLEAR"


def test_a_mutant_of_a_product_that_has_changed_is_stale(clean: Path) -> None:
    verdict = tried(clean, replace(KEYS, old="what is there no more"))

    assert (verdict.word, verdict.is_killed) == ("STALE", False)
