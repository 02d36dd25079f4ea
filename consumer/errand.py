"""One event's calls on their way to eSputnik."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from consumer.deadletter import Fate
from esputnik.call import Call
from esputnik.filling import blanks, fill_call, steps
from esputnik.outcome import Rejected


@dataclass(slots=True, eq=False)
class Job:
    """The calls of one event on their way. `finish` is called once, when the last has ended."""

    calls: tuple[Call, ...]
    finish: Callable[["Job"], None]
    fates: list[Fate | None] = field(init=False)
    verdict: tuple[Call, Rejected] | None = field(default=None, init=False)
    skipped: str | None = field(default=None, init=False)
    is_abandoned: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.fates = [None] * len(self.calls)

    @property
    def is_over(self) -> bool:
        """Tell whether every call has ended."""
        return None not in self.fates

    def followers(self, index: int) -> Iterator[int]:
        """Return the calls that are chained to this one."""
        for other in range(index + 1, len(self.calls)):
            if not self.calls[other].chained:
                return
            yield other


@dataclass(slots=True, eq=False)
class Errand:
    """One call on its way: the steps still to come, and what its look-ups taught so far.

    `call` is the step it is at; `started` once its lanes let it go.
    """

    call: Call
    job: Job
    index: int
    todo: list[Call]
    learned: dict[str, str]
    started: bool = field(default=False, init=False)

    @classmethod
    def of(cls, job: Job, index: int, learned: Mapping[str, str]) -> "Errand":
        """Begin a call; `learned` comes from the call it is chained to."""
        first, *todo = steps(job.calls[index])
        known = dict(learned)
        return cls(fill_call(first, known), job, index, todo, known)

    @property
    def is_lookup(self) -> bool:
        """Tell whether the call itself is still to come."""
        return bool(self.todo)

    def go_otherwise(self) -> None:
        """Go by import from now on, where the call can: its own request was taken for a repeat."""
        if self.call.shape is not None:
            self.call = replace(self.call, request=None)

    def has_all(self, learned: Mapping[str, str]) -> bool:
        """Tell whether the look-up at hand taught what the next step needs of it."""
        known = self.learned | dict(learned)
        return not blanks(fill_call(self.todo[0], known))

    def advance(self, learned: Mapping[str, str]) -> None:
        """Go on to the next step with what the last one taught."""
        self.learned |= learned
        self.call = fill_call(self.todo.pop(0), self.learned)

    def cut_short(self) -> None:
        """Leave out the steps still to come: the look-up showed that there is nothing to do."""
        self.todo.clear()
