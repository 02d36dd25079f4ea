"""One attempt to send some calls: gate, turn, request, answer, and for an import its end."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from consumer.following import LOST, UNMAPPED, Following
from consumer.gate import LAST_LOOK, Gate, Hold, Way
from consumer.job import Errand
from consumer.lease import Lease
from consumer.ports import Clock, Meter, Sender
from consumer.recent import Recent
from consumer.retry import IMPORT_FAILED
from consumer.shares import Traffic
from consumer.turns import Turns
from esputnik import requests
from esputnik.answers import confirms, learn, read, read_bulk
from esputnik.call import Action, Call, Repeat, Request
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
from esputnik.statuses import throttled
from handlers.consents import OPT_OUT

log = structlog.get_logger()

ASK_AGAIN = 0.1  # s between looks whether the group has answered
# s in which the request that waited for a slot leaves, before what the last answer means is booked:
# that takes 10 ms for a thousand events, and the slot would stand empty meanwhile.
GIVE_WAY = 0.001
NO_LONGER_OURS = NoAnswer(maybe_sent=False, cause="not ours any more")
NO_FAULTS = frozenset(
    {IMPORT_FAILED, LOST, UNMAPPED, NO_LONGER_OURS.cause}
)  # causes to send again that are no sign of an outage
PROBE = Call(
    action=Action.ACCOUNT_INFO,
    intent="probe",
    repeat=Repeat.SAFE,
    lanes=(),
    request=requests.account_info(),
)


class Exchange:
    """The way out. It holds calls back while the gate is shut and opens it by what it hears."""

    def __init__(  # noqa: PLR0913 - the parts it is built of
        self,
        *,
        sender: Sender,
        gate: Gate,
        turns: Turns,
        clock: Clock,
        meter: Meter,
        rng: random.Random,
        await_imports: bool = True,
        traffic: Traffic = Traffic.LIVE,
        refresh_key: Callable[[], bool] = lambda: False,
        lease: Lease | None = None,
    ) -> None:
        self.gate = gate
        self._sender = sender
        self._turns = turns
        self._clock = clock
        self._meter = meter
        self._rng = rng
        self._await_imports = await_imports
        self._traffic = traffic
        self._refresh_key = refresh_key
        self._is_key_new = False
        self._lease = lease or Lease()
        self._recent = Recent()
        self._moved = asyncio.Event()
        self._probe_wanted = asyncio.Event()
        self._counted_waiting = 0
        self._lines: dict[Way, deque[object]] = {}
        self._following = Following(
            ask=self.ask, gate=gate, clock=clock, meter=meter, rng=rng, hear=self._hear
        )

    async def run(self) -> None:
        """Let requests go and probe the account when that is needed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._turns.run())
            tasks.create_task(self._probe())

    def is_waiting(self) -> bool:
        """Tell whether calls wait for the quota, or for the end of an import."""
        return self._turns.is_waiting or self._following.under_way > 0

    @property
    def is_held_up(self) -> bool:
        """Tell whether requests wait for their turn: for a slot, or for the account's limits."""
        return self._turns.is_waiting

    @property
    def queued(self) -> Mapping[Action, int]:
        """Return how many requests of each action wait for their first turn."""
        return self._turns.queued

    def share(self, part: float) -> None:
        """Keep to a part of the account's limits from now on."""
        self._turns.throttle.share(part, self._clock.now())

    def took_over(self) -> None:
        """Note that another process may have sent calls about the same contacts until now."""
        self._recent.took_over(self._clock.now())

    # -- calls ----------------------------------------------------------------------------

    async def admit(self, errands: Sequence[Errand]) -> bool:
        """Wait until calls that share one request may go; return whether one alone must."""
        way = way_of(errands)
        if way in self._lines or self.gate.wait(way, self._clock.now()) is not None:
            await self._stand_in_line(way)
        return self.gate.tries_one(way.action)

    async def _stand_in_line(self, way: Way) -> None:
        """Wait until it is our turn: who was on trial goes behind all others."""
        place, line = object(), self._lines.setdefault(way, deque())
        line.append(place)
        self._counted_waiting += way.counts
        try:
            while (wait := self._wait(way, is_first=line[0] is place)) is not None:
                self._probe_wanted.set()
                await self._clock.wait(self._moved, wait)
        finally:
            self._counted_waiting -= way.counts
            line.remove(place)
            if not line:
                del self._lines[way]
            self._move_on()

    def _wait(self, way: Way, *, is_first: bool) -> float | None:
        return self.gate.wait(way, self._clock.now()) if is_first else LAST_LOOK

    async def send(
        self, errands: Sequence[Errand], attempt: int, failed_imports: int = 0
    ) -> Sequence[Outcome]:
        """Send calls that were admitted in one request; return one outcome each, in order.

        `failed_imports`: how many imports of these calls have ended in an error before.
        """
        way, kind = way_of(errands), self._kind(errands[0], attempt)
        try:
            if goes_alone(errands):
                outcomes: Sequence[Outcome] = [await self._send_single(errands[0], kind)]
            else:
                outcomes = await self._send_bulk(errands, kind, failed_imports)
        except asyncio.CancelledError:
            self.gave_up(errands)
            raise
        self._hear(way, outcomes)
        return outcomes

    def is_open(self, errands: Sequence[Errand]) -> bool:
        """Tell whether calls that were admitted may still go; otherwise they must ask again."""
        if self.gate.may_still_go(way_of(errands)):
            return True
        self.gave_up(errands)
        return False

    def gave_up(self, errands: Sequence[Errand]) -> None:
        """Note that calls that were admitted do not go."""
        self.gate.gave_up(way_of(errands).action)
        self._move_on()

    def knows(self, errand: Errand) -> bool:
        """Tell whether eSputnik may take the call for a repeat of something before it."""
        return self._recent.knows(errand.call.lanes, self._clock.now())

    def was_last(self, errand: Errand) -> bool:
        """Tell whether the same request was the last about the contact within a minute."""
        body = errand.call.alone().body or b""
        return self._recent.was_last(errand.call.lanes, body, self._clock.now())

    def holds_refused(self, errands: Sequence[Errand], lost: Sequence[Rejected]) -> bool:
        """Count what was refused; tell whether so much was that nothing of it may be buried."""
        causes: dict[str, int] = {}
        for rejected in lost:
            if rejected.reason.startswith("esp."):
                cause = f"{rejected.reason} {rejected.detail}"
                causes[cause] = causes.get(cause, 0) + 1
        way = way_of(errands)
        before = self.gate.actions.get(way.action)
        now, roll = self._clock.now(), self._rng.random()
        held = self.gate.refused(way, len(errands), causes, now, roll)
        if before is not None:
            self._move_on()
        self._tell(way.action, before)
        return held

    def success(self, errands: Sequence[Errand], since: float, but_failures: int) -> float:
        """Return the share of successes among the action's other requests since then, lately."""
        pulse = self.gate.pulse(way_of(errands).action)
        return pulse.success(self._clock.now(), since=since, but_failures=but_failures)

    def hold(self, errands: Sequence[Errand], blocked: Blocked) -> None:
        """Hold calls of an action, or all: eSputnik does not tell what must be known first."""
        self._shut(blocked, way_of(errands))

    async def ask(self, request: Request) -> Answer | NoAnswer:
        """Ask eSputnik something when it is our turn."""
        return await self._ask(request, self._traffic)

    # -- requests -------------------------------------------------------------------------

    def _kind(self, errand: Errand, attempt: int) -> Traffic:
        if errand.origin.intent == OPT_OUT:
            return Traffic.URGENT
        return Traffic.RETRY if attempt > 1 and self._traffic is Traffic.LIVE else self._traffic

    async def _send_single(self, errand: Errand, kind: Traffic) -> Outcome:
        call = errand.call
        request = call.alone()
        is_guarded = call.action is Action.ADD_CONTACT
        if not is_guarded:
            self._recent.sent(call.lanes, None, self._clock.now())
        errand.is_single = True  # an opt-out must not pass it
        answer = await self._ask(request, kind, call.key, (errand,))
        errand.is_single = False
        outcome = read(call, answer)
        if is_guarded and isinstance(outcome, Delivered):
            self._recent.sent(call.lanes, request.body, self._clock.now())
        if isinstance(outcome, Delivered) and errand.is_lookup and isinstance(answer, Answer):
            return _looked_up(errand, request, answer)
        if isinstance(outcome, Rejected) and call.confirm is not None:
            return await self._confirm(call, call.confirm, outcome, kind)
        return outcome

    async def _confirm(
        self, call: Call, question: Request, refusal: Rejected, kind: Traffic
    ) -> Outcome:
        """Find out whether what was refused is done already; where nobody tells now, later."""
        answer = await self._ask(question, kind)
        if isinstance(answer, Answer) and confirms(call, answer):
            return Delivered()
        told = read(replace(call, action=question.action), answer)
        if isinstance(told, Deferred):
            return replace(told, maybe_done=False)
        is_held = isinstance(told, Blocked) and told.scope is Scope.ACCOUNT
        return told if is_held else refusal

    async def _send_bulk(
        self, errands: Sequence[Errand], kind: Traffic, failed_imports: int
    ) -> Sequence[Outcome]:
        calls = [errand.call for errand in errands]
        shape = calls[0].shape
        if shape is None:
            raise ValueError("calls of a bulk request have a shape")
        request = shape.request([call.item for call in calls])
        self._meter.batched(shape.action, len(calls))
        if len(self._recent):
            for call in calls:
                self._recent.sent(call.lanes, None, self._clock.now())
        is_one_event = len(calls) == 1 and errands[0].riders is None
        answer = await self._ask(request, kind, calls[0].key if is_one_event else None, errands)
        outcomes = read_bulk(shape, calls, answer)
        if not isinstance(outcomes, Accepted):
            return outcomes
        if self._await_imports:
            return await self._following.end(outcomes, errands, failed_imports)
        rest = outcomes.suspect or Delivered()
        return [outcomes.refused.get(at, rest) for at in range(len(errands))]

    async def _ask(
        self,
        request: Request,
        kind: Traffic,
        key: str | None = None,
        errands: Sequence[Errand] = (),
    ) -> Answer | NoAnswer:
        granted = await self._turns.take(request.quota, kind, request.action)
        try:
            if errands and not await self._are_ours(errands):
                return NO_LONGER_OURS
            self._turns.leaves(request.quota, granted)
            answer = await self._exchange(request, key)
            # Before the slot is free: else who waits for it would go against this very answer.
            if (wait := throttled(answer)) is not None:
                # A probe is no opt-out, though it goes as soon as one.
                is_urgent = kind is Traffic.URGENT and bool(errands)
                now = self._clock.now()
                self._turns.throttle.penalise(request.quota, now, wait, is_urgent=is_urgent)
        finally:
            is_next = self._turns.give_back()
        if is_next:
            await self._clock.sleep(GIVE_WAY)
        return answer

    async def _are_ours(self, errands: Sequence[Errand]) -> bool:
        """Tell whether any of these records is still ours; wait while nobody can tell.

        What was handed to the client before the process stood still leaves all the same, and so
        does what leaves in the moment in which the lease ends: a request on its way is not fenced.
        """
        if not self._lease.holds(self._clock.now()):
            log.warning("waits_for_group", action=errands[0].call.action.value)
            while not self._lease.holds(self._clock.now()):
                await self._clock.sleep(ASK_AGAIN)
        return not all(one.job.is_abandoned for each in errands for one in each.members())

    async def _exchange(self, request: Request, key: str | None) -> Answer | NoAnswer:
        began = self._clock.now()
        self._meter.in_flight(request.action, 1)
        try:
            answer = await self._sender.exchange(request, key=key)
        finally:
            self._meter.in_flight(request.action, -1)
        status = str(answer.status) if isinstance(answer, Answer) else "none"
        took = self._clock.now() - began
        self._meter.called(request.action, status, took)
        log.debug(
            "called",
            action=request.action.value,
            idempotency_key=key,
            status=answer.status if isinstance(answer, Answer) else None,
            duration_ms=round(1000 * took),
        )
        return answer

    # -- the gate -------------------------------------------------------------------------

    def _hear(self, way: Way, outcomes: Sequence[Outcome]) -> None:
        """Open or shut the gate by what was said of these calls."""
        now, roll = self._clock.now(), self._rng.random()
        before = self.gate.actions.get(way.action)
        if (blocked := next((o for o in outcomes if isinstance(o, Blocked)), None)) is not None:
            self._shut(blocked, way)
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

    def _shut(self, blocked: Blocked, way: Way) -> None:
        if blocked.scope is Scope.ACCOUNT and self._refresh_key():
            self._is_key_new = True
            self.gate.gave_up(way.action)
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

    async def _probe(self) -> None:
        """Ask for the account whenever the gate needs to know."""
        while True:
            due = self.gate.next_probe()
            if due is None or (self.gate.account is None and not self._counted_waiting):
                self._probe_wanted.clear()
                await self._clock.wait(self._probe_wanted, None)
            elif (wait := due - self._clock.now()) > 0:
                await self._clock.sleep(wait)
            else:
                await self._probe_once()

    async def _probe_once(self) -> None:
        was_held = self.gate.account
        if was_held is not None:
            self._refresh_key()
        outcome = read(PROBE, await self._ask(PROBE.alone(), Traffic.URGENT))
        cause = getattr(outcome, "cause", "account info was refused")
        now, ok = self._clock.now(), isinstance(outcome, Delivered)
        if self.gate.probed(ok=ok, cause=cause, now=now, roll=self._rng.random()):
            if was_held is not None:
                log.info("resumed", scope="account", seconds=round(now - was_held.since, 1))
            self._move_on()


def goes_alone(errands: Sequence[Errand]) -> bool:
    """Tell whether calls that share a request go by the one request that a call has of its own."""
    first = errands[0]
    return len(errands) == 1 and first.call.request is not None and not first.by_shape


def way_of(errands: Sequence[Errand]) -> Way:
    """Return what is about to be sent."""
    call = errands[0].call
    action = call.action if goes_alone(errands) else call.together()
    return Way(action, call.repeat is Repeat.COUNTS)


def _looked_up(errand: Errand, request: Request, answer: Answer) -> Outcome:
    learned = learn(request, answer)
    if learned is not None and errand.has_all(learned):
        return Delivered(learned=learned)
    if errand.call.missing_is_done:
        errand.cut_short()
        return Delivered()
    detail = "no contact has this identifier, or it has no e-mail"
    return Rejected(reason="esp.not_found", detail=detail)


def _is_any_delivered(outcomes: Sequence[Outcome]) -> bool:
    return any(isinstance(outcome, Delivered) for outcome in outcomes)
