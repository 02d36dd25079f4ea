"""The tables of the docs that are made from the code: `python -m consumer.reference.pages`.

Run where `docs` lies. A test fails where a page is not what this would write.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from consumer.deadletters.reasons import render_reasons
from consumer.operations.metrics import render_metrics
from consumer.reference.events import render_events
from consumer.reference.settings import render_settings
from esputnik.sandbox.page import render_reference
from handlers.routes import ROUTES

EXAMPLES = Path(__file__).resolve().parents[2] / "tests" / "examples"


def _events() -> str:
    """Return the reference of events, with the examples that the tests run."""
    examples = {file.stem: json.loads(file.read_text("utf-8")) for file in EXAMPLES.glob("*.json")}
    return render_events(ROUTES, examples)


TABLES: Mapping[str, tuple[str, Callable[[], str]]] = {
    "docs/settings.md": ("settings", render_settings),
    "docs/dead-letters.md": ("reasons", render_reasons),
    "docs/operations.md": ("metrics", render_metrics),
    "docs/events.md": ("events", _events),
    "docs/sandbox.md": ("reference", render_reference),
}
"""By page: what is made from the code there, and what makes it."""


def main() -> None:
    """Write the tables of every page anew."""
    for path in TABLES:
        Path(path).write_text(renewed(path, Path(path).read_text("utf-8")), "utf-8")


def renewed(path: str, text: str) -> str:
    """Return a page with its table made anew, between the marks that stand in it.

    Raises:
        ValueError: There are no such marks.
    """
    name, render = TABLES[path]
    begin, end = f"<!-- {name}: made by make docs -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, is_marked, after = rest.partition(end)
    if not is_marked:
        raise ValueError(f"{path}: write {begin.strip()} and {end} around the table")
    return f"{before}{begin}\n{render()}\n{end}{after}"


if __name__ == "__main__":
    main()
