"""One request: its turn, the right to send it, the answer."""

from collections.abc import Sequence

import structlog

from consumer.job import Errand
from consumer.lease import Lease
from consumer.ports import Clock, Meter, Sender
from consumer.shares import Traffic
from consumer.turns import Turns
from esputnik.call import Request
from esputnik.outcome import Answer, NoAnswer
from esputnik.statuses import throttled

log = structlog.get_logger()

ASK_AGAIN = 0.1  # s between looks whether the group has answered
# s in which the request that waited for a slot leaves, before what the last answer means is booked:
# that takes 10 ms for a thousand events, and the slot would stand empty meanwhile.
GIVE_WAY = 0.001
NO_LONGER_OURS = NoAnswer(maybe_sent=False, cause="not ours any more")


class Requester:
    """Sends requests, each when it is its turn, as long as its records are ours."""

    def __init__(
        self, *, sender: Sender, turns: Turns, clock: Clock, meter: Meter, lease: Lease
    ) -> None:
        self.turns = turns
        self._sender = sender
        self._clock = clock
        self._meter = meter
        self._lease = lease

    async def ask(
        self,
        request: Request,
        kind: Traffic,
        key: str | None = None,
        errands: Sequence[Errand] = (),
    ) -> Answer | NoAnswer:
        """Return eSputnik's answer, or that there was none.

        `key` is the call's idempotency key. `errands` are the calls that the request carries: it is
        not sent when all their records are another's now.
        """
        granted = await self.turns.take(request.quota, kind, request.action)
        try:
            if errands and not await self._are_ours(errands):
                return NO_LONGER_OURS
            self.turns.leaves(request.quota, granted)
            answer = await self._exchange(request, key)
            # Before the slot is free: else who waits for it would go against this very answer.
            if (wait := throttled(answer)) is not None:
                # A probe is no opt-out, though it goes as soon as one.
                is_urgent = kind is Traffic.URGENT and bool(errands)
                now = self._clock.now()
                self.turns.throttle.penalise(request.quota, now, wait, is_urgent=is_urgent)
        finally:
            is_next = self.turns.give_back()
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
