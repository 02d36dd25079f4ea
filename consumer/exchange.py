"""One attempt to send some calls: gate, limits, request, answer, and for an import its end."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from consumer.errand import Errand
from consumer.gate import Gate
from consumer.ports import Clock, Meter, Sender
from consumer.retry import pause
from esputnik import requests
from esputnik.answers import confirms, learn, read, read_bulk
from esputnik.call import Action, Call, Repeat, Request
from esputnik.imports import Failed, Finished, Importing, Lost, read_import_status
from esputnik.outcome import (
    Accepted,
    Answer,
    Blocked,
    Deferred,
    Delivered,
    NoAnswer,
    Outcome,
    Rejected,
    Scope,
)
from esputnik.throttle import Throttle

FIRST_POLL = 0.5  # s after an import was taken
LAST_POLL = 30.0  # s between polls at the most
POLL_GROWTH = 1.6
LONGEST_IMPORT = 1800.0  # s; an import without an end after that is sent again
WHOLE_RESUBMITS = 2  # an import that failed is sent again whole, then by halves
PROBE = Call(
    action=Action.ACCOUNT_INFO,
    intent="probe",
    repeat=Repeat.SAFE,
    key="",
    lanes=(),
    request=requests.account_info(),
)
IMPORT_POLL = replace(PROBE, action=Action.IMPORT_STATUS, intent="poll", request=None)


class Exchange:
    """The way out. It holds calls back while the gate is shut and opens it by what it hears."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        sender: Sender,
        gate: Gate,
        throttle: Throttle,
        clock: Clock,
        meter: Meter,
        rng: random.Random,
        await_imports: bool = True,
        refresh_key: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sender = sender
        self._gate = gate
        self._throttle = throttle
        self._clock = clock
        self._meter = meter
        self._rng = rng
        self._await_imports = await_imports
        self._refresh_key = refresh_key
        self._moved = asyncio.Event()
        self._probe_wanted = asyncio.Event()
        self._counted_waiting = 0

    async def send(self, errands: Sequence[Errand], attempt: int) -> Sequence[Outcome]:
        """Send calls that share one request; return one outcome each, in their order."""
        first = errands[0].call
        goes_alone = len(errands) == 1 and first.request is not None
        call = first if goes_alone else replace(first, action=first.together(), request=None)
        await self._pass_gate(call)
        if goes_alone:
            outcomes: Sequence[Outcome] = [await self._send_single(errands[0])]
        else:
            outcomes = await self._send_bulk([errand.call for errand in errands], attempt)
        self._hear(call, outcomes)
        return outcomes

    async def probe(self) -> None:
        """Ask for the account whenever the gate needs to know, until cancelled."""
        while True:
            due = self._gate.next_probe()
            is_idle = self._gate.account is None and self._counted_waiting == 0
            if due is None or is_idle:
                self._probe_wanted.clear()
                await self._clock.wait(self._probe_wanted, None)
                continue
            if (wait := due - self._clock.now()) > 0:
                await self._clock.sleep(wait)
                continue
            if self._gate.account is not None:
                self._refresh_key()
            outcome = read(PROBE, await self._ask(requests.account_info()))
            self._gate.probed(
                ok=isinstance(outcome, Delivered),
                cause=getattr(outcome, "cause", "account info was refused"),
                now=self._clock.now(),
                roll=self._rng.random(),
            )
            self._moved_on()

    # -- one request ----------------------------------------------------------------------

    async def _send_single(self, errand: Errand) -> Outcome:
        call = errand.call
        answer = await self._ask(call.alone(), call.key)
        outcome = read(call, answer)
        if isinstance(outcome, Delivered) and errand.is_lookup and isinstance(answer, Answer):
            return self._looked_up(errand, answer)
        if isinstance(outcome, Rejected) and call.confirm is not None:
            confirmation = await self._ask(call.confirm)
            if isinstance(confirmation, Answer) and confirms(call, confirmation):
                return Delivered()
        return outcome

    def _looked_up(self, errand: Errand, answer: Answer) -> Outcome:
        learned = learn(errand.call.alone(), answer)
        if learned is not None and errand.has_all(learned):
            return Delivered(learned=learned)
        if errand.call.missing_is_done:
            errand.cut_short()
            return Delivered()
        return Rejected(
            reason="esp.not_found", detail="no contact has this identifier, or it has no e-mail"
        )

    async def _send_bulk(self, calls: Sequence[Call], attempt: int) -> Sequence[Outcome]:
        shape = calls[0].shape
        if shape is None:
            raise ValueError("calls of a bulk request have a shape")
        request = shape.request([call.item for call in calls])
        self._meter.batched(shape.action, len(calls))
        key = calls[0].key if len(calls) == 1 else None
        read_answer = read_bulk(shape, calls, await self._ask(request, key))
        if isinstance(read_answer, Accepted):
            return await self._follow(read_answer, len(calls), attempt)
        return read_answer

    async def _ask(self, request: Request, key: str | None = None) -> Answer | NoAnswer:
        while (wait := self._throttle.take(request.quota, self._clock.now())) > 0:
            self._meter.throttled(wait)
            await self._clock.sleep(wait)
        began = self._clock.now()
        self._meter.in_flight(request.action, 1)
        try:
            answer = await self._sender.exchange(request, key=key)
        finally:
            self._meter.in_flight(request.action, -1)
        status = str(answer.status) if isinstance(answer, Answer) else "none"
        self._meter.called(request.action, status, self._clock.now() - began)
        return answer

    # -- imports --------------------------------------------------------------------------

    async def _follow(self, accepted: Accepted, size: int, attempt: int) -> Sequence[Outcome]:
        """Wait for the end of an import; those refused at once are known already."""
        rest: Outcome = Delivered()
        if self._await_imports and len(accepted.refused) < size:
            rest = await self._import_end(accepted.session, attempt)
        return [accepted.refused.get(index, rest) for index in range(size)]

    async def _import_end(self, session: str, attempt: int) -> Outcome:
        match await self._poll(session):
            case Finished():
                self._meter.imported("finished")
                return Delivered()
            case Failed(detail=detail):
                self._meter.imported("error")
                if attempt <= WHOLE_RESUBMITS:
                    return Deferred(cause="import failed")
                return Rejected(reason="esp.import_item", detail=detail, is_whole=True)
            case Lost():
                self._meter.imported("lost")
                return Deferred(cause="import lost")

    async def _poll(self, session: str) -> Finished | Failed | Lost:
        began, wait = self._clock.now(), FIRST_POLL
        while self._clock.now() - began < LONGEST_IMPORT:
            await self._clock.sleep(wait * (0.8 + 0.4 * self._rng.random()))
            match read_import_status(await self._ask(requests.import_status(session))):
                case Importing():
                    wait = min(LAST_POLL, wait * POLL_GROWTH)
                case Deferred() as deferred:
                    wait = FIRST_POLL + pause(deferred, attempt=5, roll=self._rng.random())
                case Blocked() as blocked:
                    self._shut(blocked, Action.IMPORT_STATUS)
                    wait = LAST_POLL
                case ended:
                    self._gate.answered(IMPORT_POLL, succeeded=True)
                    return ended
        return Lost()

    # -- the gate -------------------------------------------------------------------------

    async def _pass_gate(self, call: Call) -> None:
        counted = call.repeat is Repeat.COUNTS
        while (wait := self._gate.wait(call, self._clock.now())) is not None:
            self._counted_waiting += counted
            self._probe_wanted.set()
            try:
                await self._clock.wait(self._moved, wait)
            finally:
                self._counted_waiting -= counted

    def _hear(self, call: Call, outcomes: Sequence[Outcome]) -> None:
        """Open or shut the gate by what was said of these calls."""
        now, roll = self._clock.now(), self._rng.random()
        for blocked in (outcome for outcome in outcomes if isinstance(outcome, Blocked)):
            self._shut(blocked, call.action)
            return
        deferred = [outcome for outcome in outcomes if isinstance(outcome, Deferred)]
        if deferred and all(outcome.is_throttle for outcome in deferred):
            waits = [outcome.retry_after or 1.0 for outcome in deferred]
            self._throttle.penalise(call.alone().quota, now, max(waits))
        faults = [outcome.cause for outcome in deferred if not outcome.is_throttle]
        if faults:
            self._gate.doubted(faults[0], now, roll)
        if len(deferred) == len(outcomes):
            self._gate.gave_up(call.action)
            return
        succeeded = any(isinstance(outcome, Delivered) for outcome in outcomes)
        if self._gate.answered(call, succeeded=succeeded and not faults):
            self._moved_on()

    def _shut(self, blocked: Blocked, action: Action) -> None:
        if blocked.scope is Scope.ACCOUNT and self._refresh_key():
            return
        self._gate.blocked(blocked, action, self._clock.now(), self._rng.random())
        self._moved_on()

    def _moved_on(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
