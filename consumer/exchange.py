"""One attempt to send some calls: gate, turn, request, answer, and for an import its end."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from consumer.following import Following
from consumer.gate import Gate, Way
from consumer.gatekeeper import Gatekeeper
from consumer.job import Errand
from consumer.lease import Lease
from consumer.ports import Clock, Meter, Sender
from consumer.recent import Recent
from consumer.requester import Requester
from consumer.sessions import Sessions
from consumer.shares import Traffic
from consumer.turns import Turns
from consumer.waits import Waits
from esputnik.answers import confirms, learn, read, read_bulk, unseen
from esputnik.bodies import is_page
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
from handlers.consents import OPT_OUT

NOBODY = "no contact has this identifier"
NO_EMAIL = "the contact that has this identifier has no e-mail"


class Exchange:
    """The way out for calls that share a request; what comes of them opens and shuts the gate."""

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
        self._turns = turns
        self._clock = clock
        self._meter = meter
        self._await_imports = await_imports
        self._traffic = traffic
        self._recent = Recent()
        self._requester = Requester(
            sender=sender, turns=turns, clock=clock, meter=meter, lease=lease or Lease()
        )
        self._keeper = Gatekeeper(
            gate=gate, requester=self._requester, clock=clock, rng=rng, refresh_key=refresh_key
        )
        self._following = Following(
            ask=self.ask,
            gate=gate,
            clock=clock,
            meter=meter,
            rng=rng,
            hear=self._keeper.hear,
            ended=self._keeper.imported,
        )

    async def run(self) -> None:
        """Let requests go and probe the account when that is needed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._turns.run())
            tasks.create_task(self._keeper.run())

    def is_waiting(self) -> bool:
        """Tell whether calls wait for their turn, or for the end of an import."""
        return self._turns.is_waiting or bool(self._following.under_way)

    def waits(self) -> Waits:
        """Return what waits for eSputnik, and count how long it has until now."""
        self._turns.count_waits()
        return Waits(
            throttled=self._turns.throttled(), imports=tuple(self._following.under_way.values())
        )

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

    async def admit(self, way: Way) -> bool:
        """Wait until calls that share one request may go; return whether one alone must."""
        return await self._keeper.admit(way)

    async def send(
        self, errands: Sequence[Errand], attempt: int, failed_imports: int = 0
    ) -> Sequence[Outcome]:
        """Send calls that were admitted in one request; return one outcome each, in order.

        `failed_imports`: how many imports of these calls have failed before.
        """
        way, kind = way_of(errands), self._kind(errands[0], attempt)
        try:
            if goes_alone(errands):
                outcomes: Sequence[Outcome] = [await self._send_single(errands[0], way, kind)]
            else:
                outcomes = await self._send_bulk(errands, way, kind, failed_imports)
        except asyncio.CancelledError:
            self.gave_up(way)
            raise
        self._keeper.hear(way, outcomes)
        return outcomes

    def is_open(self, errands: Sequence[Errand]) -> bool:
        """Tell whether calls that were admitted may still go; otherwise they must ask again."""
        return self._keeper.is_open(way_of(errands))

    def gave_up(self, way: Way) -> None:
        """Note that calls that were admitted do not go, or not in this way."""
        self._keeper.gave_up(way)

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
        return self._keeper.refused(way_of(errands), len(errands), causes)

    def success(self, errands: Sequence[Errand], since: float, but_failures: int) -> float:
        """Return the share of successes among the action's other requests since then, lately."""
        pulse = self._keeper.gate.pulse(way_of(errands).action)
        return pulse.success(self._clock.now(), since=since, but_failures=but_failures)

    @property
    def sessions(self) -> Sessions:
        """Return how imports ended."""
        return self._keeper.gate.sessions

    def explained(self) -> None:
        """Note that imports failed for one contact's sake."""
        self._keeper.explained()

    def hold(self, errands: Sequence[Errand], blocked: Blocked) -> None:
        """Hold calls of an action, or all: eSputnik does not tell what must be known first."""
        self._keeper.hold(way_of(errands), blocked)

    async def ask(self, request: Request) -> Answer | NoAnswer:
        """Ask eSputnik something when it is our turn."""
        return await self._requester.ask(request, self._traffic)

    # -- requests -------------------------------------------------------------------------

    def _kind(self, errand: Errand, attempt: int) -> Traffic:
        if errand.origin.intent == OPT_OUT:
            return Traffic.URGENT
        return Traffic.RETRY if attempt > 1 and self._traffic is Traffic.LIVE else self._traffic

    async def _send_single(self, errand: Errand, way: Way, kind: Traffic) -> Outcome:
        call = errand.call
        request = call.alone()
        is_guarded = call.action is Action.ADD_CONTACT
        if not is_guarded:
            self._recent.sent(call.lanes, None, self._clock.now())
        answer = await self._requester.ask(
            request, kind, call.key, (errand,), partial(self._keeper.may_leave, way)
        )
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
        answer = await self._requester.ask(question, kind)
        if isinstance(answer, Answer) and confirms(call, answer):
            return Delivered()
        told = read(replace(call, action=question.action), answer)
        if isinstance(told, Deferred):
            return replace(told, maybe_done=False)
        # That there is no such list lets the refusal stand; a page says nothing of it.
        is_held = isinstance(told, Blocked) and (
            told.scope is Scope.ACCOUNT or (isinstance(answer, Answer) and is_page(answer))
        )
        return told if is_held else refusal

    async def _send_bulk(
        self, errands: Sequence[Errand], way: Way, kind: Traffic, failed_imports: int
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
        answer = await self._requester.ask(
            request, kind, calls[0].key if is_one_event else None, errands
        )
        outcomes = read_bulk(shape, calls, answer)
        if not isinstance(outcomes, Accepted):
            return outcomes
        if self._await_imports:
            self._keeper.taken(way)
            return await self._following.end(outcomes, errands, failed_imports)
        rest = outcomes.suspect or Delivered()
        return [outcomes.refused.get(at, rest) for at in range(len(errands))]


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
    if (refusal := unseen(request, answer)) is not None:
        return refusal
    if errand.call.missing_is_done:
        errand.cut_short()
        return Delivered()
    # Whoever is found has an id: what is missing of them is the address.
    return Rejected(reason="esp.not_found", detail=NOBODY if learned is None else NO_EMAIL)
