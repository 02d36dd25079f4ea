"""Results for people, on a terminal. What comes from events is shown as it is, never as markup."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


def table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], console: Console | None = None
) -> None:
    """Show rows as a table of these columns."""
    shown = Table(*columns, box=None, header_style="bold")
    for row in rows:
        shown.add_row(*(Text(_text(row.get(column))) for column in columns))
    (console or Console()).print(shown)


def finding_line(told: Mapping[str, str], console: Console | None = None) -> None:
    """Show how one check ended, and what to do."""
    line = Text.assemble(
        (f"{told['verdict']:<8}", COLOURS[told["verdict"]]), f"{told['check']}: {told['detail']}"
    )
    if remedy := told.get("remedy"):
        line.append(f"; {remedy}")
    (console or Console()).print(line, soft_wrap=True)


def plan_rows(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of a replay's plan with what each sends in one column."""
    return [{**line, "sends": _sends(line.get("now"))} for line in lines]


def _sends(now: Mapping[str, Any] | None) -> str | None:
    """Return the HTTP of a letter, a line a call; the reason where there is none."""
    if now is None:
        return None
    calls = [
        f"{call['method']} {call['path']} {_json(call['body'])}".rstrip() for call in now["calls"]
    ]
    return "\n".join(calls) or str(now.get("reason"))


def _json(value: object) -> str:
    return orjson.dumps(value).decode() if value is not None else ""


def _text(value: object) -> str:
    """Return a value for people: control characters escaped, nothing for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
