import io

from rich.console import Console

from demo.show import Show


def shown(show_on: Console) -> str:
    with Show(show_on, 1000) as show:
        show.step("People sign up")
        for events in (10, 249, 250, 300, 999, 1000, 1000):
            show.finished(events)
    assert isinstance(show_on.file, io.StringIO)
    return show_on.file.getvalue()


def test_without_a_terminal_every_quarter_is_a_line() -> None:
    assert shown(Console(file=io.StringIO(), width=80)).splitlines() == [
        "People sign up",
        "  250 of 1,000 events",
        "  999 of 1,000 events",
        "  1,000 of 1,000 events",
    ]


def test_on_a_terminal_a_bar_is_drawn_and_taken_away() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, no_color=True)

    text = shown(console)

    last = text.rpartition("events")[0].rpartition("\r")[2]
    assert "People sign up" in last
    assert "1000/1000" in last
    assert text.endswith("\x1b[1A\x1b[2K")


def test_a_bar_fits_a_terminal_of_eighty_columns() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, no_color=True)
    with Show(console, 100_000) as show:
        show.step("Stopping the consumer, comparing")
        show.finished(99_999)

    assert isinstance(console.file, io.StringIO)
    assert "99999/100000 events" in console.file.getvalue()
