"""Follows an import to its end: what was taken is not done until it was applied."""

import random
from collections.abc import Awaitable, Callable, Sequence

import structlog

from consumer.gate import Gate, Way
from consumer.job import Errand
from consumer.ports import Clock, Meter
from consumer.retry import pause
from consumer.sessions import IMPORT_FAILED, IMPORT_LOST, Ending
from esputnik import requests
from esputnik.call import Action, Request
from esputnik.imports import Failed, Finished, Importing, Lost, read_import_status
from esputnik.matching import plain_value
from esputnik.outcome import (
    Accepted,
    Answer,
    Blocked,
    Deferred,
    Delivered,
    NoAnswer,
    Outcome,
)

log = structlog.get_logger()

FIRST_POLL = 0.5  # s after an import was taken
LAST_POLL = 30.0  # s between polls at the most
POLL_GROWTH = 1.6
LONGEST_IMPORT = 1800.0  # s; an import without an end after that is sent again
UNKNOWN_FOR = 60.0  # s, until a session that is unknown is lost: a new one may be so at first
LONG_IMPORT = 300.0  # s; one that takes longer is worth a line of the log
UNMAPPED = "not in the mapping"
POLL = Way(Action.IMPORT_STATUS)
_CAUSES = {Failed: IMPORT_FAILED, Lost: IMPORT_LOST}

Ask = Callable[[Request], Awaitable[Answer | NoAnswer]]


class Following:
    """Polls imports, each with a growing interval, many at a time."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        ask: Ask,
        gate: Gate,
        clock: Clock,
        meter: Meter,
        rng: random.Random,
        hear: Callable[[Way, Sequence[Outcome]], None],
        ended: Callable[[Ending], None],
    ) -> None:
        self._ask = ask
        self._gate = gate
        self._clock = clock
        self._meter = meter
        self._rng = rng
        self._hear = hear
        self._ended = ended
        self.under_way: dict[object, float] = {}  # since when, in monotonic seconds

    async def end(
        self, accepted: Accepted, errands: Sequence[Errand], failed: int
    ) -> Sequence[Outcome]:
        """Return what became of each call, in their order; those refused at once are known.

        `failed`: how many imports of these calls have failed before.
        """
        rest = [errand for at, errand in enumerate(errands) if at not in accepted.refused]
        if not rest:
            return [accepted.refused[at] for at in range(len(errands))]
        began = self._clock.now()
        place = object()  # not the session: one that eSputnik tells twice is two imports of ours
        self.under_way[place] = began
        try:
            end = await self._poll(accepted.session)
        finally:
            del self.under_way[place]
        cause = _CAUSES.get(type(end), "")
        self._ended(Ending(began=began, cause=cause, is_first=not failed))
        if isinstance(end, Finished) and accepted.suspect is not None:
            # Halves are sent after its end: it might undo them otherwise.
            return [accepted.suspect] * len(errands)
        ends = iter(self._ends(rest, end))
        return [
            accepted.refused[at] if at in accepted.refused else next(ends)
            for at in range(len(errands))
        ]

    def _ends(self, errands: Sequence[Errand], end: Finished | Failed | Lost) -> Sequence[Outcome]:
        match end:
            case Finished(mapped=mapped):
                return self._finished(errands, mapped)
            case Failed(detail=detail):
                self._meter.imported("error")
                return [Deferred(cause=IMPORT_FAILED, detail=detail)] * len(errands)
            case Lost(detail=detail):
                self._meter.imported("lost")
                return [Deferred(cause=IMPORT_LOST, detail=detail)] * len(errands)

    def _finished(
        self, errands: Sequence[Errand], mapped: frozenset[str] | None
    ) -> Sequence[Outcome]:
        """Believe the end of an import; whom its mapping leaves out is imported once more.

        No document says that the mapping is complete. Where it names none of ours it tells
        nothing, and the import counts as applied.
        """
        done = Delivered()
        if mapped is None:
            self._meter.imported("finished_unmapped")
            return [done] * len(errands)
        named = [_is_named(errand, mapped) for errand in errands]
        if not any(named):
            self._meter.imported("finished_unmapped")
            return [done] * len(errands)
        self._meter.imported("finished")
        again = Deferred(cause=UNMAPPED, retry_after=0.0)
        return [done if is_named else again for is_named in named]

    async def _poll(self, session: str) -> Finished | Failed | Lost:
        began, wait, is_told = self._clock.now(), FIRST_POLL, False
        unknown_since: float | None = None
        request = requests.import_status(session)
        while self._clock.now() - began < LONGEST_IMPORT:
            pause_seconds = wait * (0.8 + 0.4 * self._rng.random())
            await self._clock.sleep(pause_seconds)
            if self._gate.account is not None:
                began += pause_seconds  # nobody can tell, so it does not count
                continue
            if not is_told and (seconds := self._clock.now() - began) >= LONG_IMPORT:
                is_told = True
                log.warning("import_not_ended", session=session, seconds=round(seconds))
            match read_import_status(await self._ask(request)):
                case Importing():
                    self._hear(POLL, (Delivered(),))
                    wait, unknown_since = min(LAST_POLL, wait * POLL_GROWTH), None
                case Lost() as lost:
                    self._hear(POLL, (Delivered(),))
                    now = self._clock.now()
                    unknown_since = now if unknown_since is None else unknown_since
                    if now - unknown_since >= UNKNOWN_FOR:
                        return lost
                    wait = min(LAST_POLL, wait * POLL_GROWTH)
                case Deferred() as deferred:
                    self._hear(POLL, (deferred,))
                    wait = FIRST_POLL + pause(deferred, attempt=5, roll=self._rng.random())
                case Blocked() as blocked:
                    self._hear(POLL, (blocked,))
                    wait = LAST_POLL
                case ended:
                    self._hear(POLL, (Delivered(),))
                    return ended
        return Lost(detail="it does not end")


def _is_named(errand: Errand, mapped: frozenset[str]) -> bool:
    values = (plain_value(mark.partition(":")[2]) for mark in errand.call.marks)
    return not mapped.isdisjoint(values)
