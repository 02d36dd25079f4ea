import io
from typing import Any

import orjson
import pytest
from rich.console import Console

from consumer.cli.tables import (
    ENDS,
    LETTERS,
    PLAN,
    document,
    end_rows,
    finding_line,
    letter_rows,
    plan_rows,
    plan_summary,
    table,
    terminal,
)


@pytest.fixture
def page() -> Console:
    return Console(file=io.StringIO(), width=200, no_color=True)


def shown(page: Console) -> str:
    assert isinstance(page.file, io.StringIO)
    return page.file.getvalue()


def test_a_table_shows_its_columns_and_leaves_out_the_rest(page: Console) -> None:
    table([{"id": "a1", "offset": 7, "type": None, "more": "x"}], ("id", "offset", "type"), page)

    head, line = shown(page).splitlines()
    assert head.split() == ["id", "offset", "type"]
    assert line.split() == ["a1", "7"]


def test_markup_and_control_characters_of_an_event_do_nothing(page: Console) -> None:
    table([{"id": "[red]a[/red]\x1b[2J"}], ("id",), page)

    assert r"[red]a[/red]\x1b[2J" in shown(page)


def test_a_letter_shows_a_body_as_it_is_sent(page: Console) -> None:
    body = b'{"total":9007199254740993.10,"name":"[red]a[/red]","more":"' + b"a " * 200 + b'"}'

    document({"calls": [{"body": orjson.Fragment(body)}]}, page)

    assert body.decode() in shown(page)
    assert len(shown(page).splitlines()) > 1


def test_a_check_that_failed_shows_what_to_do(page: Console) -> None:
    told = {"check": "kafka", "verdict": "failed", "detail": "no answer", "remedy": "start it"}
    finding_line(told, page)

    assert shown(page) == "failed  kafka: no answer; start it\n"


def test_a_check_that_holds_shows_no_remedy(page: Console) -> None:
    finding_line({"check": "kafka", "verdict": "ok", "detail": "reached"}, page)

    assert shown(page) == "ok      kafka: reached\n"


def test_what_is_too_wide_goes_on_in_the_next_line() -> None:
    narrow = Console(file=io.StringIO(), width=20, no_color=True)
    table([{"id": "a1", "sends": "0123456789" * 4}], ("id", "sends"), narrow)

    assert "".join(shown(narrow).split()).endswith("a1" + "0123456789" * 4)


@pytest.mark.parametrize(("no_color", "is_plain"), [("1", True), ("", False)])
def test_no_color_leaves_the_terminal_without_any_style(
    monkeypatch: pytest.MonkeyPatch, *, no_color: str, is_plain: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    page = terminal()
    page.file = io.StringIO()
    table([{"id": "a1"}], ("id",), page)
    finding_line({"check": "kafka", "verdict": "ok", "detail": "reached"}, page)

    assert ("\x1b" not in shown(page)) is is_plain


def test_the_terminal_may_be_the_one_of_errors() -> None:
    assert (terminal(is_error=True).stderr, terminal().stderr) == (True, False)


# -- dead letters ---------------------------------------------------------------------------

LETTER: dict[str, Any] = {
    "id": "0123456789abcdef" * 4,
    "reason": "schema.missing",
    "type": "order.changed",
    "event_id": "ev-1",
    "topic": "orders",
    "partition": 3,
    "offset": 129034,
    "at": "2026-01-31T09:00:00+00:00",
    "message": "data.total: is missing",
}


def test_a_letter_stands_in_few_columns() -> None:
    (row,) = letter_rows([LETTER])

    assert row == {
        "letter": "0123456789ab\n2026-01-31",
        "event": "order.changed\nev-1",
        "place": "orders\n3:129034",
        "why": "schema.missing\ndata.total: is missing",
    }
    assert tuple(row) == LETTERS


def test_what_a_letter_does_not_know_is_left_out() -> None:
    (row,) = letter_rows([LETTER | {"type": None, "event_id": None}])

    assert row["event"] == ""


@pytest.mark.parametrize("width", [80, 120])
def test_a_letter_fits_the_usual_terminals_whole(width: int) -> None:
    page = Console(file=io.StringIO(), width=width, no_color=True)
    table(letter_rows([LETTER]), LETTERS, page)

    for text in ("0123456789ab", "order.changed", "3:129034", "schema.missing"):
        assert text in shown(page)


def test_what_is_refused_says_what_to_do_about_it() -> None:
    (planned,) = plan_rows([LETTER | {"verdict": "stub", "remedy": "Send it again."}])
    (ended,) = end_rows(
        [{"id": "0", "outcome": "not_sent", "reason": "stub", "remedy": "Send it again."}]
    )

    assert (planned["sends"], ended["reason"]) == ("Send it again.", "stub\nSend it again.")


def test_how_a_letter_ended_stands_beside_its_short_id() -> None:
    (row,) = end_rows([{"id": "0123456789abcdef", "outcome": "buried", "reason": "esp.conflict"}])

    assert (row["letter"], row["outcome"], row["reason"]) == (
        "0123456789ab",
        "buried",
        "esp.conflict",
    )
    assert set(row) | {"type"} >= set(ENDS)


def a_call(**changes: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/v1/orders", "body": {"orders": []}} | changes


def a_plan(outcome: str = "calls", *calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"outcome": outcome, "calls": list(calls)} | more


@pytest.mark.parametrize(
    ("now", "sends"),
    [
        (None, ""),
        (a_plan("dead_letter", reason="schema.missing"), "dead-lettered again: schema.missing"),
        (a_plan("skipped", reason="tombstone"), "skipped: tombstone"),
        (a_plan("calls", a_call()), 'POST /v1/orders {"orders":[]}'),
        (
            a_plan("calls", a_call(body=None, path="/a"), a_call(path="/b", body=[1])),
            "POST /a\nPOST /b [1]",
        ),
        (
            a_plan("dead_letter", a_call(body=None), reason="consent.no_route"),
            "POST /v1/orders\ndead-lettered again: consent.no_route",
        ),
    ],
)
def test_a_plan_shows_the_http_of_each_letter_or_why_there_is_none(
    now: dict[str, Any] | None, sends: str
) -> None:
    (row,) = plan_rows([LETTER | {"verdict": "send"} | ({"now": now} if now else {})])

    assert row == {
        "letter": "0123456789ab\nsend",
        "event": "order.changed\nschema.missing",
        "sends": sends,
    }
    assert tuple(row) == PLAN


@pytest.mark.parametrize(
    ("plans", "words"),
    [
        ([], "0 of 0 letters would send something; nothing"),
        ([a_plan("calls", a_call()), None], "1 of 2 letters would send something; nothing"),
        (
            [a_plan("dead_letter", reason="a.b"), a_plan("dead_letter", a_call(), reason="a.b")],
            "1 of 2 letters would send something, 2 would be dead-lettered again; nothing",
        ),
    ],
)
def test_a_plan_is_summed_up(plans: list[dict[str, Any] | None], words: str) -> None:
    summary = plan_summary([LETTER | ({"now": now} if now else {}) for now in plans])

    assert summary == f"{words} was sent, use --yes to send"
