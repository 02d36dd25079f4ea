"""The table of reasons is whole, and the page of the documentation is made of it."""

import re
from pathlib import Path

import pytest

from consumer.reasons import REASONS, render_reasons
from schemas.problem import Reason

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("consumer", "esputnik", "handlers", "schemas")
# Texts of the same look that are no reasons: intents and settings.
OTHERS = {"consent.opt_in", "consent.opt_out"} | {"consent.memory_topic", "consent.skew"}
_LOOKS_LIKE = re.compile(r'"((?:decode|schema|ident|time|text|consent|map|esp|sync)\.[a-z0-9_]+)"')


def named_in_the_code() -> set[str]:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    sources = (path.read_text("utf-8") for path in files if path.name != "reasons.py")
    return {name for source in sources for name in _LOOKS_LIKE.findall(source)} - OTHERS


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_of_an_event_is_in_the_table(reason: Reason) -> None:
    assert reason.value in REASONS


def test_every_reason_that_the_code_names_is_in_the_table() -> None:
    named = named_in_the_code()

    assert {"esp.rejected_400", "sync.in_doubt", "decode.empty"} <= named
    assert named - set(REASONS) == set()


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_reason_says_what_it_means_and_what_to_do(code: str) -> None:
    reason = REASONS[code]

    assert reason.meaning.endswith(".")
    assert reason.remedy.endswith(".")
    assert f"| `{code}` | {reason.meaning} | {reason.remedy} |" in render_reasons().splitlines()


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    assert (ROOT / "docs" / "dead-letters.md").read_text("utf-8") == render_reasons()
