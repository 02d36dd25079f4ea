"""What a performance came to, and whether it is what it had to be. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from consumer.deadletters.letter import DeadLetter, NotALetter
from demo.account import View, counts, differences, held, told
from demo.burials import wrong_burials
from demo.events import Story
from demo.figures import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """What was seen. `seconds`: from the first event taken to the last finished.

    `state` as the sandbox shows it; `lag` in records behind the group's commits after the consumer
    had ended, with `exit_code`.
    """

    seconds: float
    figures: Figures
    state: Mapping[str, Any]
    letters: Sequence[DeadLetter | NotALetter]
    lag: int
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Something that must hold. `faults` say why it does not."""

    what: str
    faults: Sequence[str] = ()

    @property
    def holds(self) -> bool:
        """Tell whether it holds."""
        return not self.faults


def checks(story: Story, seen: Performance) -> list[Check]:
    """Return everything that must hold, and whether it does."""
    return [
        _books(story, seen.figures),
        _commits(seen.lag),
        _account(told(story.expected), held(seen.state)),
        _letters(story, seen.letters),
        _end(seen.exit_code),
    ]


def _books(story: Story, figures: Figures) -> Check:
    produced, buried = len(story.samples), figures.letters.total()
    what = (
        f"All {produced:,} events came to an end: {figures.delivered:,} applied, "
        f"{figures.skipped:,} skipped by a rule, {buried:,} buried"
    )
    faults = []
    if not figures.balances:
        faults.append(f"the books do not balance: {figures.records:,} records were taken")
    if figures.finished != produced:
        faults.append(f"{figures.finished:,} came to an end, not {produced:,}")
    if figures.buffered or figures.lag:
        faults.append(f"{figures.buffered:,} wait and {figures.lag:,} were not taken")
    return Check(what=what, faults=faults)


def _commits(lag: int) -> Check:
    faults = [f"{lag:,} records would come again"] if lag else []
    return Check(what="All is committed, nothing would come again: lag 0", faults=faults)


def _account(wanted: View, found: View) -> Check:
    number = counts(found)
    what = (
        f"The account holds what the events say: {number['contact']:,} contacts, "
        f"{number['order']:,} orders, {number['event']:,} events, "
        f"{number['opted-out address']:,} opt-outs, {number['device']:,} devices, "
        f"{number['message sent']:,} messages sent"
    )
    return Check(what=what, faults=differences(wanted, found))


def _letters(story: Story, letters: Sequence[DeadLetter | NotALetter]) -> Check:
    planted = sum(sample.is_buried for sample in story.samples)
    return Check(
        what=f"The dead letters are the {planted:,} planted ones, byte for byte",
        faults=wrong_burials(story.samples, letters),
    )


def _end(exit_code: int) -> Check:
    faults = [f"it ended with exit code {exit_code}"] if exit_code else []
    return Check(what="Asked to stop, the consumer finished and ended: exit code 0", faults=faults)
