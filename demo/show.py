"""Progress while the demonstration works: a bar on a terminal, plain lines anywhere else."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


class Show:
    """Says what goes on, while the context is open, on standard error."""

    def __init__(self, console: Console, events: int) -> None:
        self._console = console
        self._events = events
        self._is_live = console.is_terminal
        self._next_line = events // 4
        self._progress = Progress(
            SpinnerColumn("line"),
            TextColumn("{task.description:<31}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("events"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not self._is_live,
        )
        self._task = self._progress.add_task("", total=events)

    def __enter__(self) -> Self:
        """Begin."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def step(self, text: str) -> None:
        """Say what is done now."""
        if self._is_live:
            self._progress.update(self._task, description=text)
        else:
            self._console.print(text)

    def finished(self, events: int) -> None:
        """Say how many events have come to an end; without a terminal every quarter of them."""
        if self._is_live:
            self._progress.update(self._task, completed=events)
        elif events >= self._next_line:
            self._console.print(f"  {events:,} of {self._events:,} events")
            self._next_line = events - events % (self._events // 4) + self._events // 4
