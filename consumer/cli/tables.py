"""Results for people, on a terminal. What comes from events is shown as it is, never as markup.

Nothing is cut off: what is too wide for the terminal goes on in the next line.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Column, Table
from rich.text import Text

COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}
SHORT = 12  # digits of a letter's id; they do for `--id`


def terminal(*, is_error: bool = False) -> Console:
    """Return standard output or error for people; where NO_COLOR is set, without any colour."""
    console = Console(stderr=is_error)
    return Console(stderr=is_error, color_system=None) if console.no_color else console


def table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], console: Console | None = None
) -> None:
    """Show rows as a table of these columns."""
    heads = (Column(column, overflow="fold") for column in columns)
    shown = Table(*heads, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        shown.add_row(*(Text(_text(row.get(column))) for column in columns))
    (console or terminal()).print(shown)


def finding_line(told: Mapping[str, str], console: Console | None = None) -> None:
    """Show how one check ended, and what to do."""
    line = Text.assemble(
        (f"{told['verdict']:<8}", COLOURS[told["verdict"]]), f"{told['check']}: {told['detail']}"
    )
    if remedy := told.get("remedy"):
        line.append(f"; {remedy}")
    (console or terminal()).print(line, soft_wrap=True)


def document(told: Mapping[str, Any], console: Console | None = None) -> None:
    """Show one result as JSON over several lines; bodies of requests stay as they are sent."""
    text = orjson.dumps(told, default=str, option=orjson.OPT_INDENT_2).decode()
    (console or terminal()).print(JSONHighlighter()(text), soft_wrap=True)


# -- dead letters ---------------------------------------------------------------------------

LETTERS = ("letter", "event", "place", "why")
PLAN = ("letter", "event", "sends")
ENDS = ("letter", "type", "outcome", "reason")


def letter_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return letters with few, tall columns: what belongs together stands in one."""
    return [
        {
            "letter": _lines(row["id"][:SHORT], row["at"][:10]),
            "event": _lines(row["type"], row["event_id"]),
            "place": _lines(row["topic"], f"{row['partition']}:{row['offset']}"),
            "why": _lines(row["reason"], row["message"]),
        }
        for row in rows
    ]


def plan_rows(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the lines of a replay's plan, with the exact HTTP that each would send."""
    return [
        {
            "letter": _lines(line["id"][:SHORT], line["verdict"]),
            "event": _lines(line["type"], line["reason"]),
            "sends": _sends(line["now"]) if "now" in line else _lines(line.get("remedy")),
        }
        for line in lines
    ]


def end_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how letters of a replay ended."""
    return [
        {
            **row,
            "letter": row["id"][:SHORT],
            "reason": _lines(row["reason"], row.get("remedy")),
        }
        for row in rows
    ]


def _lines(*texts: str | None) -> str:
    return "\n".join(text for text in texts if text)


def _sends(now: Mapping[str, Any]) -> str:
    """Return the HTTP of a letter, a line a call, and why not (all of) it."""
    calls = [f"{call['method']} {call['path']} {_json(call['body'])}" for call in now["calls"]]
    return _lines(*map(str.rstrip, calls), _end(now))


def _end(now: Mapping[str, Any]) -> str | None:
    """Return how a letter would end that is not delivered."""
    words = {"dead_letter": "dead-lettered again", "skipped": "skipped"}
    end = words.get(now["outcome"])
    return f"{end}: {now['reason']}" if end else None


def plan_summary(lines: Sequence[Mapping[str, Any]]) -> str:
    """Return in one line what a plan comes to."""
    plans = [line["now"] for line in lines if "now" in line]
    sent = sum(bool(now["calls"]) for now in plans)
    buried = sum(now["outcome"] == "dead_letter" for now in plans)
    parts = [f"{sent} of {len(lines)} letters would send something"]
    parts += [f"{buried} would be dead-lettered again"] if buried else []
    return f"{', '.join(parts)}; nothing was sent, use --yes to send"


def _json(value: object) -> str:
    return orjson.dumps(value).decode() if value is not None else ""


def _text(value: object) -> str:
    """Return a value for people: control characters escaped, nothing for None."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else _json(value)
    return "".join(one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text)
