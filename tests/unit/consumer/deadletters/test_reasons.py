"""The table of reasons is whole and closed."""

import re
from pathlib import Path

import pytest

from consumer.deadletters.reasons import REASONS, render_reasons
from consumer.settings.model import LEAVES
from schemas.problem import Reason

ROOT = Path(__file__).resolve().parents[4]
ROOMS = ("consumer", "esputnik", "handlers", "schemas")
# What tools and alerts are built on: a code is added here by intent, and never renamed.
CODES = {
    "decode": (
        "empty not_utf8 json_syntax json_type json_depth too_many_nodes too_large ce_attr ce_mode "
        "compression content_type header registry_unsupported tombstone"
    ),
    "schema": "missing type enum range conflict type_unknown version_unknown unknown_field",
    "ident": ("missing_contact email_invalid email_idn phone_invalid phone_ambiguous id_unsafe"),
    "time": "no_zone format past future",
    "text": "too_long control",
    "consent": ("no_route no_time ambiguous unnormalised stale_opt_in unknown_order erased"),
    "map": "handler_error unsafe_url",
    "esp": (
        "rejected_400 rejected_422 rejected_4xx partial_item import_item not_found conflict "
        "too_large server_error_poison"
    ),
    "sync": "in_doubt bad_deadletter attempts",
}
# Texts of the same look that are no reasons: intents and settings.
OTHERS = {"consent.opt_in", "consent.opt_out", *LEAVES}
_LOOKS_LIKE = re.compile(rf'"((?:{"|".join(CODES)})\.[a-z0-9_]+)"')


def named_in_the_code() -> set[str]:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    sources = (path.read_text("utf-8") for path in files if path.name != "reasons.py")
    return {name for source in sources for name in _LOOKS_LIKE.findall(source)} - OTHERS


def test_the_reasons_are_a_closed_set_in_the_order_of_the_stages() -> None:
    codes = [f"{stage}.{code}" for stage, line in CODES.items() for code in line.split()]

    assert list(REASONS) == codes


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


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_reason_names_only_settings_that_exist(code: str) -> None:
    reason = REASONS[code]
    named = re.findall(r"ESPUTNIK_SYNC_([A-Z_]+)", reason.meaning + reason.remedy)

    assert {name.lower().replace("__", ".") for name in named} <= set(LEAVES)
