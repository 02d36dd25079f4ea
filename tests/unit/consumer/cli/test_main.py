"""How a command ends: what an operator can mend is a line and a code, all else is a bug."""

import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr

import orjson
import pytest
import structlog
import typer

from consumer.cli.main import Given, guarded, typed
from consumer.errors import (
    CredentialsError,
    KafkaUnreachableError,
    SettingsError,
    SyncError,
    WorkFailedError,
)


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what a command does to the logs of its process."""
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    for home, name in ((sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(home, name, getattr(home, name))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    yield
    structlog.reset_defaults()
    root.handlers = kept
    root.setLevel(level)


def ended(command: Callable[[], None]) -> tuple[int, str]:
    """The exit code of a command, and what it wrote to standard error."""
    stream = io.StringIO()
    with redirect_stderr(stream):
        code = guarded(command, Given({}))
    return code, stream.getvalue()


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WorkFailedError("it is"), 1),
        (KafkaUnreachableError("it is"), 69),
        (CredentialsError("it is"), 77),
        (SettingsError(["it is"]), 78),
        (SyncError("it is"), 70),
    ],
)
def test_what_can_be_mended_is_one_line_and_its_code(error: SyncError, code: int) -> None:
    assert ended(raising(error)) == (code, "it is\n")


def test_each_fault_of_the_settings_stands_on_its_own_line() -> None:
    assert ended(raising(SettingsError(["a", "b"]))) == (78, "a\nb\n")


def test_what_tasks_raise_together_is_told_by_the_first() -> None:
    inner = ExceptionGroup("", [SettingsError(["a"]), WorkFailedError("b")])

    assert ended(raising(ExceptionGroup("", [inner, WorkFailedError("c")]))) == (78, "a\n")


@pytest.mark.parametrize(
    "error",
    [KeyError("canary"), ExceptionGroup("", [WorkFailedError("a"), ValueError("canary")])],
)
def test_anything_else_is_a_bug_that_is_logged_where_it_happened(error: Exception) -> None:
    code, err = ended(raising(error))

    line = orjson.loads(err)
    assert (code, line["event"], line["error"]) == (70, "bug", type(error).__name__)
    assert any(place.endswith(" command") for place in line["trace"])
    assert "canary" not in err


@pytest.mark.parametrize(("code", "found"), [(0, 0), (2, 2), (130, 130), (None, 0), ("words", 1)])
def test_a_command_that_exits_by_itself_keeps_its_code(code: int | str | None, found: int) -> None:
    assert ended(raising(SystemExit(code))) == (found, "")


def test_a_command_that_returns_has_done_its_work() -> None:
    assert ended(lambda: None) == (0, "")


@pytest.mark.parametrize(
    ("environ", "has_colours"), [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False)]
)
def test_no_color_is_honoured_where_it_says_something(
    environ: dict[str, str], *, has_colours: bool
) -> None:
    assert Given(environ).has_colours is has_colours


def test_an_option_that_is_wrong_is_told_as_its_reader_words_it() -> None:
    reader = typed(int)

    assert reader("7") == 7
    with pytest.raises(typer.BadParameter, match="invalid literal"):
        reader("seven")
