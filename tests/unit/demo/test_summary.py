import io
from typing import Any

from rich.console import Console

from consumer.deadletters.reasons import REASONS
from demo.report import Check, checks
from demo.summary import steps, summary
from esputnik.call import Action
from tests.builders import a_record
from tests.unit.demo.builders import a_letter, a_performance, a_story, some_figures


def lines(shown: Any, width: int = 80) -> list[str]:
    """What a person reads, without the spaces that rich leaves at the ends of lines."""
    console = Console(file=io.StringIO(), width=width)
    console.print(shown, soft_wrap=width == 0)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def told(**seen: Any) -> list[str]:
    performance = a_performance(**seen)
    return lines(summary(performance, checks(a_story(), performance)))


def test_it_begins_with_the_speed_and_the_thrift() -> None:
    assert told()[1:3] == [
        "esputnik-sync worked through 3 events in 2.0 s: 2 a second.",
        "It took 1 requests to eSputnik, one for every 3.0 events.",
    ]


def test_each_action_says_what_it_carried_in_how_many_requests() -> None:
    figures = some_figures()
    figures.calls["bulk-contacts"]["200"] = 2
    figures.items["bulk-contacts"] = 1500
    figures.calls["send-message"].update({"200": 3, "429": 1})
    figures.calls["new-action"]["200"] = 1
    order = a_letter(a_record(topic="orders"), "esp.partial_item", Action.ADD_ORDERS)
    early = a_letter(a_record(topic="orders", offset=1), "schema.enum", Action.ADD_ORDERS)

    page = told(figures=figures, letters=[order, early])

    begin = page.index("What reached eSputnik")
    assert [line.split() for line in page[begin + 1 : begin + 6]] == [
        ["action", "carried", "requests", "refused"],
        ["bulk-contacts", "1,500", "2", "contacts", "by", "import"],
        ["send-message", "4", "4", "messages", "sent"],
        ["add-orders", "1", "1", "1", "orders", "written"],
        ["new-action", "1", "1"],
    ]


def test_reasons_stand_above_their_remedy() -> None:
    figures = some_figures()
    figures.letters.update({"decode.empty": 4, "time.future": 2})

    page = lines(summary(a_performance(figures=figures), []), width=200)

    empty, enum, future = (REASONS[one] for one in ("decode.empty", "schema.enum", "time.future"))
    begin = page.index("What was buried, and what to do")
    assert [line.strip() for line in page[begin + 1 : begin + 6]] == [
        f"4  decode.empty  {empty.meaning}",
        f"1  schema.enum   {enum.meaning}",
        f"-> {enum.remedy}",
        f"2  time.future   {future.meaning}",
        f"-> {future.remedy}",
    ]


def test_what_holds_and_what_does_not_is_marked() -> None:
    page = told(lag=2)

    begin = page.index("Checked")
    assert page[begin + 1].startswith("  ok     All 3 events came to an end")
    assert page[begin + 2 : begin + 4] == [
        "  WRONG  All is committed, nothing would come again: lag 0",
        "         2 records would come again",
    ]


def test_of_many_faults_ten_are_shown() -> None:
    check = Check(what="Nothing is wrong", faults=[f"fault {n}" for n in range(1200)])

    page = lines(summary(a_performance(), [check]))

    assert [line.strip() for line in page[-3:]] == ["fault 8", "fault 9", "and 1,190 more"]


def test_nothing_is_wider_than_a_terminal_of_eighty_columns() -> None:
    assert max(len(line) for line in told()) <= 80


def test_commands_stay_whole_however_long() -> None:
    command = "esputnik-sync " + "x" * 100
    console = Console(file=io.StringIO(), width=80)
    console.print(steps("Try next", {command: "all of it"}), soft_wrap=True)

    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == f"\nTry next\n  {command}\n      all of it\n"
