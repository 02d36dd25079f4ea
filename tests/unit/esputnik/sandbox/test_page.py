"""What docs/sandbox.md says of rules and switches."""

import re
from pathlib import Path

import orjson
import pytest

from esputnik.sandbox.page import render_reference
from esputnik.sandbox.rules import Rule
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.switching import read_switches
from tests.unit.esputnik.sandbox.asking import an_account

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "sandbox.md").read_text("utf-8")
TABLES = render_reference()


def test_every_switch_and_every_member_of_a_rule_has_a_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", TABLES, re.MULTILINE)

    members = [one.alias or name for name, one in Rule.model_fields.items()]
    assert rows == [*members, *Switches.model_fields]


@pytest.mark.parametrize(
    "row",
    [
        "| `import` | Let an import fail, or never end. |",
        "| `forbidden` | none | a list | Calls outside the key's rights. |",
        "| `unknown_session` | `404` | 400 to 599 | The status of",
        "| `unknown_field` | `400` | `400`, `ignore` | What becomes of",
        "| `max_emails` | `3000` | a whole number, `none` | Addresses in",
        "| `limits` | none | `default`, `search`, ",
        "| `loose_search` | `true` | `true`, `false` | Whether",
    ],
)
def test_a_row_says_the_default_and_what_a_switch_takes(row: str) -> None:
    assert f"\n{row}" in TABLES


def test_the_page_lists_the_parts_of_the_state() -> None:
    table = PAGE.partition("The parts of the state:")[2].partition("##")[0]

    named = re.findall(r"^\| (.*?) \|", table, re.MULTILINE)[2:]
    assert re.findall(r"`(\w+)`", " ".join(named)) == list(an_account().account.state())


def test_the_examples_of_the_page_can_be_told() -> None:
    told = re.findall(r"/sandbox/(\w+) -d '(.*?)'", PAGE, re.DOTALL)
    asker = an_account()

    changes = {
        "rules": asker.account.faults.rule,
        "switches": asker.account.change_switches,
    }
    assert {name for name, _ in told} == set(changes)
    for name, body in told:
        changes[name](orjson.loads(body))


def test_the_options_of_the_page_can_be_typed() -> None:
    options = re.findall(r"--switch ([^\s`]+=[^\s`]+)", PAGE)

    assert "taken=a.com,b.com" in options
    for option in options:
        if option != "NAME=VALUE":
            read_switches([option])
