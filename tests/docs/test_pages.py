"""The tables of the documentation are those that the code makes."""

import re
import runpy
import sys
from pathlib import Path

import pytest

from consumer.deadletters.reasons import REASONS
from consumer.deadletters.replay import Verdict
from consumer.operations.metrics import METRICS
from consumer.reference.pages import TABLES, renewed
from consumer.settings.model import LEAVES, env_name
from consumer.settings.sources import load

ROOT = Path(__file__).resolve().parents[2]
PROSE = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")]
DOCS = [*PROSE, *sorted((ROOT / "docs").rglob("*.md"))]
_TABLE = re.compile(r"(made by make docs -->\n).*(<!-- end of)", re.DOTALL)
_EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def page(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("path", TABLES)
def test_a_table_is_up_to_date(path: str) -> None:
    assert page(path) == renewed(path, page(path)), "run: make docs"


@pytest.mark.parametrize("path", TABLES)
def test_a_stale_table_is_made_anew_and_what_is_around_it_stays(path: str) -> None:
    name, _ = TABLES[path]
    stale = (
        f"# Mine\n<!-- {name}: made by make docs -->\nold row\n<!-- end of {name} -->\nthe end\n"
    )

    text = renewed(path, stale)

    assert text.startswith("# Mine\n")
    assert text.endswith(f"<!-- end of {name} -->\nthe end\n")
    assert "old row" not in text
    assert renewed(path, text) == text


def test_a_page_without_marks_is_told() -> None:
    with pytest.raises(ValueError, match=r"docs/settings\.md: write <!-- settings: "):
        renewed("docs/settings.md", "<!-- settings: made by make docs -->\n")


def test_all_pages_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in TABLES:
        copy = tmp_path / path
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(_TABLE.sub(r"\1\2", page(path)), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "consumer.reference.pages")

    runpy.run_module("consumer.reference.pages", run_name="__main__")

    assert {path: (tmp_path / path).read_text("utf-8") for path in TABLES} == {
        path: page(path) for path in TABLES
    }


def test_every_setting_stands_in_the_documentation_with_its_environment_name() -> None:
    text = page("docs/settings.md")

    assert [path for path in LEAVES if f"| `{path}` | `{env_name(path)}` |" not in text] == []


@pytest.mark.parametrize(
    "row",
    [
        "`batch.max_bytes` | `ESPUTNIK_SYNC_BATCH__MAX_BYTES` | `4194304` (4 MiB) |",
        "`kafka.start_timeout` | `ESPUTNIK_SYNC_KAFKA__START_TIMEOUT` | `30` | seconds to reach",
        "`contacts.phone_region` | `ESPUTNIK_SYNC_CONTACTS__PHONE_REGION` | none |",
        "`admin.host` | `ESPUTNIK_SYNC_ADMIN__HOST` | `127.0.0.1` |",
        "`esputnik.api_key` | `ESPUTNIK_SYNC_ESPUTNIK__API_KEY` | required |",
        '`{"default": 200, "search": 50, "event": 350, "past_event": 100}` |',
        "when eSputnik has accepted it; one of `applied`, `accepted` |",
    ],
)
def test_a_row_shows_default_unit_and_choices(row: str) -> None:
    assert row in page("docs/settings.md")


def test_every_reason_and_metric_stands_in_the_documentation() -> None:
    letters, operations = page("docs/dead-letters.md"), page("docs/operations.md")

    assert [code for code in REASONS if f"| `{code}` |" not in letters] == []
    assert [one for one in METRICS if f"| `esputnik_sync_{one.name}` |" not in operations] == []


def test_every_verdict_of_a_plan_stands_in_the_documentation() -> None:
    plans = page("docs/dead-letters.md").partition("## Replaying")[2].partition("\n## ")[0]

    assert [one.value for one in Verdict if f"| `{one.value}` |" not in plans] == []


@pytest.mark.parametrize("text", _EXAMPLE.findall(page("docs/settings.md")))
def test_an_example_of_a_file_can_be_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "example.yaml"
    file.write_text(text, "utf-8")

    assert load(config=file, overrides=(), environ={}, needs_api_key=False).origins


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_a_link_leads_somewhere(file: Path) -> None:
    links = _LINK.findall(file.read_text("utf-8"))

    assert [link for link in links if not (file.parent / link).exists()] == []


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_a_setting_that_is_named_exists(file: Path) -> None:
    names = re.findall(r"ESPUTNIK_SYNC_([A-Z_]+__[A-Z_]+)", file.read_text("utf-8"))

    bare = {name.removesuffix("_FILE").lower().replace("__", ".") for name in names}
    assert bare - set(LEAVES) == set()
