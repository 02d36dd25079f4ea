"""Keeps the gate: who may go waits here, and what is heard of eSputnik opens and shuts it."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from consumer.following import UNMAPPED
from consumer.gate import LAST_LOOK, Gate, Hold, Way
from consumer.ports import Clock
from consumer.requester import HELD, NO_LONGER_OURS, Requester
from consumer.sessions import IMPORT_FAILED, IMPORT_LOST, Ending
from consumer.shares import Traffic
from esputnik import requests
from esputnik.answers import read
from esputnik.call import Action, Call, Repeat
from esputnik.outcome import Blocked, Deferred, Delivered, Outcome, Scope

log = structlog.get_logger()

NO_FAULTS = frozenset(
    {IMPORT_FAILED, IMPORT_LOST, UNMAPPED, NO_LONGER_OURS.cause, HELD.cause}
)  # causes to send again that are no sign of an outage
IMPORT = Way(Action.BULK_CONTACTS)
LOOK_AT_KEY = 5.0  # s between looks whether there is another key, while this one is refused
PROBE = Call(
    action=Action.ACCOUNT_INFO,
    intent="probe",
    repeat=Repeat.SAFE,
    lanes=(),
    request=requests.account_info(),
)


class Gatekeeper:
    """Holds calls back while the gate is shut; asks for the account where nothing else may tell.

    `refresh_key` reads the API key anew and tells whether it is another one.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        requester: Requester,
        clock: Clock,
        rng: random.Random,
        refresh_key: Callable[[], bool],
    ) -> None:
        self.gate = gate
        self._requester = requester
        self._clock = clock
        self._rng = rng
        self._refresh_key = refresh_key
        self._is_key_new = False
        self._moved = asyncio.Event()
        self._probe_wanted = asyncio.Event()
        self._lines: dict[Way, deque[object]] = {}

    # -- may it go? -----------------------------------------------------------------------

    async def admit(self, way: Way) -> bool:
        """Wait until calls that share one request may go; return whether one alone must."""
        if way in self._lines or self.gate.wait(way, self._clock.now()) is not None:
            await self._stand_in_line(way)
        return self.gate.tries_one(way.action)

    async def _stand_in_line(self, way: Way) -> None:
        """Wait until it is our turn: who was on trial goes behind all others."""
        place, line = object(), self._lines.setdefault(way, deque())
        line.append(place)
        self.gate.waiting[way] += 1
        try:
            while (wait := self._wait(way, is_first=line[0] is place)) is not None:
                self._probe_wanted.set()
                await self._clock.wait(self._moved, wait)
        finally:
            self.gate.waiting[way] -= 1
            line.remove(place)
            if not line:
                del self._lines[way]
            self._move_on()

    def _wait(self, way: Way, *, is_first: bool) -> float | None:
        return self.gate.wait(way, self._clock.now()) if is_first else LAST_LOOK

    def is_open(self, way: Way) -> bool:
        """Tell whether calls that were admitted may still go; otherwise they must ask again."""
        if self.gate.may_still_go(way):
            return True
        self.gave_up(way)
        return False

    def may_leave(self, way: Way) -> bool:
        """Tell whether a request may leave now that its turn has come.

        Where each execution counts, not after the first sign of an outage: it may have run.
        """
        return not way.counts or self.gate.may_still_go(way)

    def gave_up(self, way: Way) -> None:
        """Note that calls that were admitted do not go."""
        self.gate.gave_up(way.action)
        self._move_on()

    # -- what became of it ----------------------------------------------------------------

    def hear(self, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Open or shut the gate by what was said of calls that shared a request."""
        now, roll = self._clock.now(), self._rng.random()
        before = self.gate.actions.get(way.action)
        if (blocked := next((o for o in outcomes if isinstance(o, Blocked)), None)) is not None:
            self.hold(way, blocked)
            return
        deferred = [outcome for outcome in outcomes if isinstance(outcome, Deferred)]
        faults = [
            one.cause for one in deferred if not one.is_throttle and one.cause not in NO_FAULTS
        ]
        if faults and len(deferred) == len(outcomes):
            self.gate.failed(faults[0], way, now, roll)
        elif len(deferred) == len(outcomes):
            self.gate.gave_up(way.action)
        elif self.gate.answered(way, now, succeeded=_is_any_delivered(outcomes)):
            self._move_on()
        if before is not None:
            self._move_on()  # the trial is over: who is next in line?
        self._tell(way.action, before)

    def taken(self, way: Way) -> None:
        """Hear that an import was taken: enough to know that eSputnik answers again.

        Where most of its calls were refused, the end of the import alone tells that they are not.
        """
        if self.gate.tries_one(way.action):
            return
        before = self.gate.actions.get(way.action)
        if self.gate.taken(way, self._clock.now(), self._rng.random()) or before is not None:
            self._move_on()
        self._tell(way.action, before)

    def imported(self, ending: Ending) -> None:
        """Hear how an import ended."""
        before = self.gate.actions.get(IMPORT.action)
        if self.gate.imported(IMPORT, ending, self._clock.now(), self._rng.random()):
            self._move_on()
        self._tell(IMPORT.action, before)

    def explained(self) -> None:
        """Hear that imports failed for one contact's sake."""
        before = self.gate.actions.get(IMPORT.action)
        if self.gate.explained(IMPORT):
            self._move_on()
        self._tell(IMPORT.action, before)

    def refused(self, way: Way, calls: int, causes: dict[str, int]) -> bool:
        """Count how many calls of a request were refused for which cause.

        Return whether the action is held for that now: then nothing of it may be buried.
        """
        before = self.gate.actions.get(way.action)
        held = self.gate.refused(way, calls, causes, self._clock.now(), self._rng.random())
        if before is not None:
            self._move_on()
        self._tell(way.action, before)
        return held

    def hold(self, way: Way, blocked: Blocked) -> None:
        """Hold the account or an action, unless a new key may help."""
        if blocked.scope is Scope.ACCOUNT and self._refresh_key():
            self._is_key_new = True
            self.gave_up(way)
            return
        before = self.gate.actions.get(way.action)
        if blocked.scope is Scope.ACCOUNT and self.gate.account is None:
            log.error("held", scope="account", cause=blocked.cause, status=blocked.status)
        self.gate.blocked(blocked, way, self._clock.now(), self._rng.random())
        if blocked.scope is Scope.ACCOUNT and self._is_key_new:
            self._is_key_new = False  # what went with the old key tells nothing of the new one
            self.gate.probe_at(self._clock.now())
        self._probe_wanted.set()
        self._tell(way.action, before)
        self._move_on()

    def _tell(self, action: Action, before: Hold | None) -> None:
        """Log once that an action is held, and once that it goes on."""
        after = self.gate.actions.get(action)
        if after is before:
            return
        if after is None and before is not None:
            held = round(self._clock.now() - before.since, 1)
            log.info("resumed", action=action.value, reason=before.kind.value, seconds=held)
        elif after is not None:
            log.warning("held", action=action.value, reason=after.kind.value, cause=after.cause)

    def _move_on(self) -> None:
        """Let everybody who waits ask again."""
        self._moved.set()
        self._moved = asyncio.Event()

    # -- the probe ------------------------------------------------------------------------

    async def run(self) -> None:
        """Ask for the account whenever the gate needs to know, until cancelled."""
        while True:
            due = self.gate.next_probe()
            if due is None or (self.gate.account is None and not self.gate.has_counted_waiting):
                self._probe_wanted.clear()
                await self._clock.wait(self._probe_wanted, None)
            elif (wait := due - self._clock.now()) > 0 and self.gate.account is None:
                await self._clock.sleep(wait)
            elif wait > 0:
                await self._clock.sleep(min(wait, LOOK_AT_KEY))
                if self._refresh_key():
                    self.gate.probe_at(self._clock.now())
            else:
                await self._probe()

    async def _probe(self) -> None:
        was_held = self.gate.account
        if was_held is not None:
            self._refresh_key()
        outcome = read(PROBE, await self._requester.ask(PROBE.alone(), Traffic.URGENT))
        cause = getattr(outcome, "cause", "account info was refused")
        now, ok = self._clock.now(), isinstance(outcome, Delivered)
        if self.gate.probed(ok=ok, cause=cause, now=now, roll=self._rng.random()):
            if was_held is not None:
                log.info("resumed", scope="account", seconds=round(now - was_held.since, 1))
            self._move_on()


def _is_any_delivered(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(outcome, Delivered) for outcome in outcomes)
