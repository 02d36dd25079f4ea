"""Slots and limits: who has them next, and what a request leaves behind that is cancelled."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from consumer.exchange import Exchange
from consumer.gate import Gate
from consumer.job import Errand
from consumer.lease import Lease
from consumer.shares import Traffic
from consumer.turns import Turns
from esputnik.call import Action, Quota, Request
from esputnik.outcome import Answer, NoAnswer
from esputnik.throttle import Throttle
from tests.builders import a_call, a_job
from tests.fakes.meter import CountingMeter
from tests.fakes.time import LoopClock, run

SECONDS = 10.0  # until an answer comes


FINE = Answer(status=200, body=b'{"id": 1}', headers={})


class SlowSender:
    """Answers after a while, with what `answers` holds and then that all is well.

    Notes in `noted` when it is asked.
    """

    def __init__(self, noted: list[str], answers: Sequence[Answer]) -> None:
        self._noted = noted
        self._answers = iter(answers)

    async def exchange(self, _: Request, *, key: str | None = None) -> Answer | NoAnswer:  # noqa: ARG002 - as the port has it
        self._noted.append(f"asked at {asyncio.get_running_loop().time():.0f}")
        await asyncio.sleep(SECONDS)
        return next(self._answers, FINE)


def an_exchange(
    slots: int,
    noted: list[str] | None = None,
    answers: Sequence[Answer] = (),
    rate: float = 100.0,
    lease: Lease | None = None,
) -> Exchange:
    throttle = Throttle(dict.fromkeys(Quota, rate))
    clock, meter = LoopClock(), CountingMeter()
    return Exchange(
        sender=SlowSender([] if noted is None else noted, answers),
        gate=Gate(),
        turns=Turns(throttle=throttle, clock=clock, meter=meter, slots=slots),
        clock=clock,
        meter=meter,
        rng=random.Random(0),  # noqa: S311 - chance, not secrecy
        lease=lease,
    )


def an_errand() -> Errand:
    return a_job(a_call()).errands[0]


def test_a_call_that_is_cancelled_is_not_done() -> None:
    async def main() -> None:
        sending = asyncio.ensure_future(an_exchange(slots=1).send([an_errand()], 1))
        await asyncio.sleep(SECONDS / 2)
        sending.cancel()
        await sending

    with pytest.raises(asyncio.CancelledError):
        run(main())


def test_a_request_that_is_cancelled_gives_its_slot_back() -> None:
    async def main() -> float:
        exchange = an_exchange(slots=1)
        first = asyncio.ensure_future(exchange.send([an_errand()], 1))
        await asyncio.sleep(SECONDS / 2)
        first.cancel()
        await asyncio.wait([first])
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(100 * SECONDS):
            await exchange.send([an_errand()], 1)
        return asyncio.get_running_loop().time() - began

    assert run(main()) == SECONDS


def test_a_request_counts_against_the_limit_from_when_it_leaves() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        throttle = Throttle(dict.fromkeys(Quota, 1.0))
        turns = Turns(throttle=throttle, clock=LoopClock(), meter=CountingMeter(), slots=9)
        letting_go = asyncio.ensure_future(turns.run())
        left = []
        for busy in (0.0, 0.5, 0.0):  # s between the turn and the request's first byte
            granted = await turns.take(Quota.DEFAULT, Traffic.LIVE, Action.ADD_ORDERS)
            await asyncio.sleep(busy)
            turns.leaves(Quota.DEFAULT, granted)
            left.append(loop.time())
            turns.give_back()
        letting_go.cancel()
        return left

    first, second, third = run(main())

    assert second - first >= 1.5
    assert third - second >= 1.0


async def two_at_one_slot(*answers: Answer) -> list[str]:
    """Send two calls where one has a slot; return in which order what was noted."""
    noted: list[str] = []
    exchange = an_exchange(1, noted, answers)
    running = asyncio.ensure_future(exchange.run())

    async def send() -> None:
        await exchange.send([an_errand()], 1)
        noted.append("booked")

    await asyncio.gather(send(), send())
    running.cancel()
    return noted


def test_who_waits_for_a_slot_leaves_before_the_answer_that_freed_it_is_booked() -> None:
    assert run(two_at_one_slot()) == ["asked at 0", "asked at 10", "booked", "booked"]


def test_who_waits_for_a_slot_keeps_to_the_429_that_freed_it() -> None:
    too_much = Answer(status=429, body=b"", headers={"retry-after": "30"})

    assert run(two_at_one_slot(too_much)) == ["asked at 0", "booked", "asked at 40", "booked"]


def test_what_waited_for_the_group_counts_from_when_it_left() -> None:
    noted: list[str] = []

    async def main() -> None:
        lease = Lease(session=100.0)
        exchange = an_exchange(2, noted, rate=0.25, lease=lease)
        running = asyncio.ensure_future(exchange.run())
        lease.lost()
        first = asyncio.ensure_future(exchange.send([an_errand()], 1))
        await asyncio.sleep(5)
        lease.heard(5)
        await asyncio.sleep(1)
        await exchange.send([an_errand()], 1)
        await first
        running.cancel()

    run(main())

    assert noted == ["asked at 5", "asked at 9"]
