"""An event loop in virtual time that draws which callback runs next, and can stop whole replicas.

Every task belongs to whoever's code started it: `OWNER` holds the name, empty for the world
itself. A stopped owner's callbacks wait until it goes on, as those of a stopped process would.
"""

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from itertools import count
from typing import Any, TypeVar

from tests.fakes.time import VirtualLoop

T = TypeVar("T")

OWNER: ContextVar[str] = ContextVar("OWNER", default="")
ROUND = 1e-6  # s
WORLD = Context()  # in which nothing belongs to a replica


class RunawayError(AssertionError):
    """So many callbacks ran that something goes round and round."""


class SeededTask(asyncio.Task[Any]):
    """A task whose hash is its number, so that sets of tasks have the same order every time."""

    _numbers = count()

    def __init__(self, *args: Any, **options: Any) -> None:
        self._number = next(SeededTask._numbers)
        super().__init__(*args, **options)

    def __hash__(self) -> int:
        return self._number


class _Ready(deque[asyncio.Handle]):
    """The callbacks that may run now; `popleft` draws one of them. `asyncio` holds it."""

    def __init__(self, rng: random.Random, disorder: float, most: int) -> None:
        super().__init__()
        self.kept: dict[str, list[asyncio.Handle]] = {}  # of stopped owners
        self.acts: dict[int, Callable[[], object]] = {}  # by how many were taken before
        self._rng = rng
        self._disorder = disorder
        self.taken = 0
        self._most = most

    def append(self, handle: asyncio.Handle) -> None:
        kept = self.kept.get(owner_of(handle)) if self.kept else None
        (super().append if kept is None else kept.append)(handle)

    def popleft(self) -> asyncio.Handle:
        self.taken += 1
        if self.acts and (act := self.acts.pop(self.taken, None)) is not None:
            act()
        if self.taken > self._most:
            self._most += 1_000_000  # enough to end whatever is under way
            raise RunawayError("the loop does not come to rest")
        if len(self) > 1 and self._rng.random() < self._disorder:
            at = self._rng.randrange(len(self))
            self[0], self[at] = self[at], self[0]
        return super().popleft()


class SeededLoop(VirtualLoop):
    """`disorder` is how often a callback is drawn, instead of the first one taken, 0 to 1."""

    _ready: _Ready

    def __init__(self, rng: random.Random, *, disorder: float, most: int) -> None:
        super().__init__()
        self.tasks: dict[str, dict[asyncio.Task[Any], None]] = defaultdict(dict)
        self.troubles: list[str] = []
        self._ready = _Ready(rng, disorder, most)
        self.set_task_factory(self._begin)
        self.set_exception_handler(self._trouble)

    def jump(self, seconds: float) -> None:
        """Let time pass; a round of the loop takes a moment too."""
        super().jump(max(ROUND, seconds))

    def stop_owner(self, name: str) -> None:
        """Run nothing of this owner from now on; its timers go off unheard."""
        self._ready.kept.setdefault(name, [])
        waiting = list(self._ready)
        self._ready.clear()
        for handle in waiting:
            self._ready.append(handle)

    def go_on(self, name: str) -> None:
        """Run on what this owner has to do."""
        self._ready.extend(self._ready.kept.pop(name, []))

    def cancel_all(self, name: str) -> None:
        """Cancel whatever this owner has under way, the eldest first."""
        for task in list(self.tasks[name]):
            task.cancel()

    def at_step(self, steps: int, act: Callable[[], object]) -> None:
        """Do something between two callbacks, so many from now; it must take none away."""
        number = self.steps + 1 + steps
        while number in self._ready.acts:
            number += 1
        self._ready.acts[number] = act

    @property
    def steps(self) -> int:
        """Return how many callbacks were run."""
        return self._ready.taken

    def timers(self, name: str) -> list[str]:
        """Return what this owner still wants to be woken for."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return [str(one) for one in scheduled if not one.cancelled() and owner_of(one) == name]

    def _begin(self, _: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> Any:
        context = options.get("context")
        owner = OWNER.get() if context is None else context.get(OWNER, "")
        task = SeededTask(coroutine, loop=self, **options)
        self.tasks[owner][task] = None
        task.add_done_callback(self.tasks[owner].pop, context=WORLD)
        return task

    def _trouble(self, _: asyncio.AbstractEventLoop, told: dict[str, Any]) -> None:
        self.troubles.append(f"{told['message']}: {told.get('exception')!r}")


def owner_of(handle: asyncio.Handle) -> str:
    """Return whose callback this is."""
    context: Context = handle._context  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    return context.get(OWNER, "")


def this_loop() -> SeededLoop:
    """Return the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SeededLoop)
    return loop


def begin_as(owner: str, main: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start a task of a replica, or of the world where `owner` is empty."""
    context = WORLD.copy()
    context.run(OWNER.set, owner)
    return asyncio.get_running_loop().create_task(main, context=context)


def later(seconds: float, act: Callable[[], object]) -> None:
    """Do something in the world's name after a while, whatever becomes of the caller."""
    asyncio.get_running_loop().call_later(seconds, act, context=WORLD)


async def over(there: float, effect: Callable[[], T], back: float | None) -> T:
    """Have something done elsewhere, `there` seconds away, and return what came of it.

    It is done even if nobody waits for it any more. `back` None: the answer is lost.
    """
    answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def tell(found: T) -> None:
        if not answer.done():
            answer.set_result(found)

    def arrive() -> None:
        found = effect()
        if back is not None:
            later(back, lambda: tell(found))

    later(there, arrive)
    return await answer


def run_seeded(
    main: Coroutine[Any, Any, T],
    rng: random.Random,
    *,
    disorder: float = 1.0,
    most: int = 400_000,
) -> T:
    """Run a coroutine in virtual time; `most` callbacks, then it counts as a runaway."""
    with asyncio.Runner(
        loop_factory=lambda: SeededLoop(rng, disorder=disorder, most=most)
    ) as runner:
        return runner.run(main)
