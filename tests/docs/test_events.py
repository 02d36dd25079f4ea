"""The reference of events says of every type what the code does."""

import json
import re
from pathlib import Path

import pytest

from consumer.reference.events import render_events
from consumer.reference.pages import EXAMPLES
from handlers.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z_.]+)`\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_every_type_has_a_section() -> None:
    assert list(SECTIONS) == list(ROUTES)


@pytest.mark.parametrize("kind", ROUTES)
def test_a_section_names_every_field_and_whether_it_is_required(kind: str) -> None:
    told = ROUTES[kind].model.json_schema()
    required = set(told.get("required", ()))

    for name in told["properties"]:
        bold = "**" if name in required else ""
        assert f"\n| {bold}`{name}`{bold} | " in SECTIONS[kind]


@pytest.mark.parametrize("kind", ROUTES)
def test_the_example_of_a_section_is_the_one_that_is_tested(kind: str) -> None:
    example = json.loads((EXAMPLES / f"{kind.replace('.', '_')}.json").read_text("utf-8"))
    (shown,) = re.findall(r"```json\n(.*?)```", SECTIONS[kind], re.DOTALL)

    assert json.loads(shown) == example["event"]
    for call in example["expected"]["calls"]:
        assert f"\n{call['method']} {call['path']}\n" in SECTIONS[kind]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("order.changed", "| **`status`** | `initialized`, `in_progress`, `delivered`, "),
        ("order.changed", "| **`items[].quantity`** | a number above 0"),
        ("order.changed", "| `additional_info` | object of up to 100: text, up to 1,000 "),
        ("user.updated", "| `address.postal_code` | text, up to 255 characters |"),
        ("user.updated", "| `attributes` | object of up to 256: a text of up to 1,000 "),
        ("segment.joined", "| **`segment_id`** | integer from 1 to 2,147,483,647 |"),
        ("segment.joined", "| `user_ids` | list of up to 500: 1 to 256 characters, no control "),
        ("device_token.changed", "| **`active`** | `true` or `false` |"),
        ("inbox_message.published", "| **`translations.*.title`** | text, 1 to 1,000 "),
        ("inbox_message.published", "| `custom_data` | object |"),
    ],
)
def test_a_row_shows_type_and_limits(kind: str, row: str) -> None:
    assert f"\n{row}" in SECTIONS[kind]


def test_a_section_says_who_must_be_named_and_what_is_called() -> None:
    assert "One of `user_id` or `email` is required.\n" in SECTIONS["user.deleted"]
    assert (
        "Usual topic: `sites`.\nThe example makes `add-domain` (class A)."
        in (SECTIONS["site.registered"])
    )
    assert (
        "makes `create-inbox-message` (class C) and `translate-inbox-message` (class A)."
        in (SECTIONS["inbox_message.published"])
    )


def test_a_type_without_an_example_is_told() -> None:
    with pytest.raises(KeyError, match="site_registered"):
        render_events({"site.registered": ROUTES["site.registered"]}, {})
