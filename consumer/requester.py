"""One request: its turn, the right to send it, the answer."""

from collections.abc import Callable, Sequence
from http import HTTPStatus

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
HELD = NoAnswer(maybe_sent=False, cause="held meanwhile")


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
        may_go: Callable[[], bool] = lambda: True,
    ) -> Answer | NoAnswer:
        """Return eSputnik's answer, or that there was none.

        `key` is the call's idempotency key. `errands` are the calls that the request carries: it is
        not sent when all their records are another's now, nor when `may_go` says no as its turn
        comes.
        """
        granted = await (self._turn_in_lease if errands else self._turn)(request, kind)
        try:
            if errands and _are_abandoned(errands):
                return NO_LONGER_OURS
            if not may_go():
                return HELD
            self.turns.leaves(request.quota, granted)
            left = self._clock.now()
            answer = await self._exchange(request, key)
            # Before the slot is free: else who waits for it would go against this very answer.
            if (wait := throttled(answer)) is not None:
                # A probe is no opt-out, though it goes as soon as one.
                is_urgent = kind is Traffic.URGENT and bool(errands)
                self.turns.refused(request.quota, wait, left=left, is_urgent=is_urgent)
            elif isinstance(answer, Answer):
                self.turns.answered(request.quota, left=left)
        finally:
            is_next = self.turns.give_back()
        if is_next and _is_well(answer):  # what is wrong may hold who comes next
            await self._clock.sleep(GIVE_WAY)
        return answer

    async def _turn(self, request: Request, kind: Traffic) -> float:
        return await self.turns.take(request.quota, kind, request.action)

    async def _turn_in_lease(self, request: Request, kind: Traffic) -> float:
        """Return once it is our turn while our partitions are surely ours; wait as long as not.

        What was handed to the client before the process stood still leaves all the same, and so
        does what leaves in the moment in which the lease ends: a request on its way is not fenced.
        """
        while True:
            if not self._lease.holds(self._clock.now()):
                log.warning("waits_for_group", action=request.action.value)
                while not self._lease.holds(self._clock.now()):
                    await self._clock.sleep(ASK_AGAIN)
            granted = await self._turn(request, kind)
            if self._lease.holds(self._clock.now()):
                return granted
            self.turns.give_back()  # to wait with it would let many leave together

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


def _are_abandoned(errands: Sequence[Errand]) -> bool:
    """Tell whether the records of all these calls are another's now."""
    return all(one.job.is_abandoned for each in errands for one in each.members())


def _is_well(answer: Answer | NoAnswer) -> bool:
    return isinstance(answer, Answer) and answer.status < HTTPStatus.BAD_REQUEST
