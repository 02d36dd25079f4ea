import io
from typing import Any

import pytest
from rich.console import Console

from consumer.cli_tables import finding_line, plan_rows, table


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


def test_a_check_that_failed_shows_what_to_do(page: Console) -> None:
    told = {"check": "kafka", "verdict": "failed", "detail": "no answer", "remedy": "start it"}
    finding_line(told, page)

    assert shown(page) == "failed  kafka: no answer; start it\n"


def test_a_check_that_holds_shows_no_remedy(page: Console) -> None:
    finding_line({"check": "kafka", "verdict": "ok", "detail": "reached"}, page)

    assert shown(page) == "ok      kafka: reached\n"


def a_call(**changes: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/v1/orders", "body": {"orders": []}} | changes


@pytest.mark.parametrize(
    ("now", "sends"),
    [
        (None, None),
        ({"calls": [], "reason": "schema.missing"}, "schema.missing"),
        ({"calls": [a_call()]}, 'POST /v1/orders {"orders":[]}'),
        (
            {"calls": [a_call(body=None, path="/a"), a_call(path="/b", body=[1])]},
            "POST /a\nPOST /b [1]",
        ),
    ],
)
def test_a_plan_shows_the_http_of_each_letter_or_why_there_is_none(
    now: dict[str, Any] | None, sends: str | None
) -> None:
    (row,) = plan_rows([{"id": "a", "verdict": "send"} | ({"now": now} if now else {})])

    assert (row["id"], row["sends"]) == ("a", sends)
