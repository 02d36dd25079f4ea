"""The account's limits: kept, shared, learned anew when eSputnik says that it was too much."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from email.utils import formatdate
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.shares import Traffic
from consumer.turns import Turns
from consumer.worker import FEWER_RECORDS, POLL_RECORDS
from esputnik.call import Action, Quota
from esputnik.throttle import Throttle
from tests.fakes.meter import CountingMeter
from tests.fakes.time import START, LoopClock, run
from tests.service.events import TWO, a_message, an_order
from tests.service.world import World, carried

RATE = 20


def limited(rate: float = RATE, **settings: Any) -> World:
    """Make a world whose account takes so many requests a second, each with one order."""
    rates = {"default": rate, "search": rate, "event": rate, "past_event": rate}
    given: Any = {"esputnik.requests_per_second": rates, "batch.max_orders": 1} | settings
    return World(**given)


def put_orders(world: World, count: int) -> None:
    for number in range(count):
        world.put("order.changed", an_order(number))


def moments(world: World, action: str = "add-orders") -> list[float]:
    """Return when requests of an action came, in seconds since the beginning."""
    return [one["at"] - START for one in world.asked(action)]


def in_seconds(times: list[float], first: float, last: float) -> int:
    return sum(first <= at < last for at in times)


# -- limits ---------------------------------------------------------------------------------


def test_a_backlog_is_sent_at_the_full_limit_and_never_beyond_it() -> None:
    async def main() -> World:
        world = limited()
        world.account.change_switches({"sliding_rates": True, "limits": {"default": RATE}})
        put_orders(world, 600)
        return await carried(world)

    world = run(main())
    times = moments(world)

    assert {one["status"] for one in world.asked("add-orders")} == {200}
    assert in_seconds(times, 5, 25) >= 0.95 * 20 * RATE


def test_while_requests_wait_for_the_limit_few_records_are_taken_at_a_time() -> None:
    async def main() -> list[int]:
        world = limited(2.0)
        put_orders(world, POLL_RECORDS)
        async with world.running():
            await world.clock.sleep(1)
            put_orders(world, POLL_RECORDS)
            await world.clock.sleep(1)
        return world.meter.portions

    first, *others = run(main())

    assert first == POLL_RECORDS
    assert (max(others), sum(others)) == (FEWER_RECORDS, POLL_RECORDS)


def test_a_replica_takes_the_part_of_the_limit_that_its_partitions_are() -> None:
    async def main() -> World:
        world = limited(RATE)
        for number in range(3):
            world.source.broker.make("events", number + 2)
        put_orders(world, 200)
        async with world.running():
            await world.source.revoke([place for place in world.source.owned if place.number])
            world.source.begin([place for place in world.source.broker.logs if not place.number])
            await world.settled()
        return world

    times = moments(run(main()))

    assert 0.95 * RATE / 4 <= in_seconds(times, 4, 24) / 20 <= RATE / 4


# -- 429 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [1, 7, 45])
@pytest.mark.parametrize("is_date", [False, True])
def test_what_retry_after_says_is_obeyed_to_the_second(seconds: int, *, is_date: bool) -> None:
    async def main() -> World:
        world = limited()
        headers = {"Retry-After": str(seconds)}
        if is_date:
            until = formatdate(START + seconds, usegmt=True)
            headers = {"Retry-After": until, "Date": formatdate(START, usegmt=True)}
        rule = {"action": "add-orders", "status": 429, "headers": headers, "times": 1}
        world.account.faults.rule([rule])
        put_orders(world, 40)
        return await carried(world)

    world = run(main())
    first, *others = moments(world)
    # Those under way at that moment were let go before anybody knew.
    later = [at for at in others if at > first + 0.02]

    assert first + seconds <= min(later) <= first + seconds + 1
    assert world.reasons == []
    assert len(world.state()["orders"]) == 40


def test_a_429_to_the_activity_feed_holds_all_of_its_quota() -> None:
    async def main() -> World:
        world = limited()
        headers = {"Retry-After": "30"}
        rule = {"action": "contact-activity", "status": 429, "headers": headers, "times": 1}
        world.account.faults.rule([rule])
        async with world.running():
            world.put("contact.opted_in", {"channel": "email", "email": "ann@example.com"})
            await world.until(lambda: world.asked("contact-activity"))
            await world.clock.sleep(1)
            put_orders(world, 1)
            await world.settled()
        return world

    world = run(main())
    asked, *_ = (one["at"] for one in world.asked("contact-activity"))

    assert 30 <= world.asked("add-orders")[0]["at"] - asked <= 31


def test_a_429_that_goes_on_for_hours_buries_nothing_and_holds_no_action() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "add-orders", "status": 429}])
        put_orders(world, 100)
        world.put("message.requested", a_message(999))
        async with world.running():
            await world.clock.sleep(7200)
            assert world.gate.actions == {}
            assert world.gate.doubt is None
            ready, told = world.vitals().ready()
            assert ready
            assert [one["kind"] for one in told["held"]] == ["throttled"]
            assert world.state()["sent"]
            world.account.faults.rule([])
            await world.settled(600)
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["orders"]) == 100


async def measured(world: World, seconds: int) -> tuple[dict[str, Any], list[float]]:
    """Run for so long, asked for the metrics now and then; return the gauges and the waits."""
    gauges, waits = Gauges(), list[float]()
    async with world.running():
        for _ in range(seconds // 60):
            await world.clock.sleep(60)
            world.vitals().measure(gauges)
            waits.append(world.meter.waited)
        world.account.faults.rule([])
        await world.settled(600)
    return gauges.shown, waits


class Gauges:
    """Keeps what the gauges show."""

    shown: dict[str, Any]

    def gauge(self, **values: Any) -> None:
        self.shown = values


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "120"}])
def test_a_lone_call_that_gets_nothing_but_429_shows_while_it_goes_on(
    headers: dict[str, str],
) -> None:
    async def main() -> tuple[dict[str, Any], list[float]]:
        world = World()
        rule = {"action": "add-orders", "status": 429, "headers": headers}
        world.account.faults.rule([rule])
        put_orders(world, 1)
        return await measured(world, 1800)

    gauges, waits = run(main())

    assert gauges["paused"]["throttled"] == 1
    assert waits[0] == pytest.approx(60, abs=1)
    assert [later - at for at, later in pairwise(waits)] == pytest.approx([60] * 29, abs=1)


def test_requests_that_wait_for_the_limit_are_counted_while_they_wait() -> None:
    async def main() -> tuple[list[float], float]:
        world = limited(0.01)
        put_orders(world, 3)
        _, waits = await measured(world, 120)
        return waits, world.meter.waited

    waits, whole = run(main())

    assert waits == pytest.approx([120, 220], abs=3)  # two wait, one of them until 100 s
    assert whole == pytest.approx(300, abs=3)


def test_what_was_throttled_is_so_no_more_once_it_was_answered() -> None:
    async def main() -> dict[str, Any]:
        world, gauges = World(), Gauges()
        rule = {"action": "add-orders", "status": 429, "headers": {"Retry-After": "30"}, "times": 1}
        world.account.faults.rule([rule])
        put_orders(world, 1)
        await carried(world)
        world.vitals().measure(gauges)
        return gauges.shown

    assert run(main())["paused"]["throttled"] == 0


def test_a_429_that_lasts_leaves_a_line_as_it_lasts_and_one_as_it_is_over() -> None:
    async def main() -> None:
        world = World()
        rule = {"action": "add-orders", "status": 429, "headers": {"Retry-After": "60"}, "times": 1}
        world.account.faults.rule([rule])
        put_orders(world, 1)
        async with world.running():
            looking = asyncio.ensure_future(world.vitals().run())
            await world.settled()
            await world.clock.sleep(5)
            looking.cancel()

    with capture_logs() as lines:
        run(main())
    held, resumed = [line for line in lines if line.get("scope") == "quota default"]

    assert (held["event"], held["cause"]) == ("held", "429")
    assert resumed["event"] == "resumed"
    assert resumed["seconds"] == pytest.approx(60, abs=8)


def test_a_429_never_splits_a_request() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "add-orders", "status": 429, "times": 10}])
        put_orders(world, 100)
        return await carried(world)

    sizes = Counter(len(one["body"]["orders"]) for one in run(main()).asked("add-orders"))

    assert sizes == {100: 11}


def test_a_send_that_was_refused_by_429_is_sent_later_and_is_not_in_doubt() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "send-message", "status": 429, "times": 3}])
        world.put("message.requested", a_message(1))
        return await carried(world)

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["sent"]) == 1


def test_after_a_429_half_as_much_goes_and_within_minutes_all_of_it_again() -> None:
    async def main() -> World:
        world = limited()
        put_orders(world, 6000)
        async with world.running():
            await world.clock.sleep(10)
            headers = {"Retry-After": "1"}
            rule = {"action": "add-orders", "status": 429, "headers": headers, "times": 1}
            world.account.faults.rule([rule])
            await world.clock.sleep(190)
        return world

    times = moments(run(main()))

    assert in_seconds(times, 4, 9) / 5 >= 0.9 * RATE
    assert 0.4 * RATE <= in_seconds(times, 12, 17) / 5 <= 0.65 * RATE
    assert 0.6 * RATE <= in_seconds(times, 50, 60) / 10 <= 0.85 * RATE
    assert in_seconds(times, 130, 150) / 20 >= 0.95 * RATE


# -- shares ---------------------------------------------------------------------------------


def test_many_retries_leave_the_most_of_the_limit_to_live_events() -> None:
    async def main() -> World:
        settings: Any = {"batch.max_contacts": 1}
        world = limited(RATE, **settings)
        world.account.faults.rule(
            [{"action": "bulk-contacts", "contains": "Bad", "import": "error"}]
        )
        for number in range(200):  # so many good ones that imports are not held
            name = "Bad" if number % 4 else "Ann"
            world.put("user.updated", {"user_id": str(number), "first_name": name})
        put_orders(world, 2000)
        async with world.running():
            for number in range(200, 240):
                world.put("user.updated", {"user_id": str(number), "first_name": "Ann"})
                await world.clock.sleep(1)
        return world

    again = list(repeats(run(main())))

    assert in_seconds(again, 10, 30) / 20 == pytest.approx(RATE * 15 / 95, rel=0.1)


def repeats(world: World) -> Iterator[float]:
    """Return when contacts were imported that had been imported before."""
    seen = set[str]()
    for one in world.asked("bulk-contacts"):
        user = one["body"]["contacts"][0]["externalCustomerId"]
        if user in seen:
            yield one["at"] - START
        seen.add(user)


async def let_go(waiting: Sequence[Traffic], seconds: float) -> Counter[Traffic]:
    """Let hundreds of requests of each kind wait; count who went within so many seconds."""
    throttle = Throttle(dict.fromkeys(Quota, 100.0))
    turns = Turns(throttle=throttle, clock=LoopClock(), meter=CountingMeter(), slots=9999)
    gone = Counter[Traffic]()

    async def go(kind: Traffic) -> None:
        await turns.take(Quota.DEFAULT, kind, Action.ADD_ORDERS)
        gone[kind] += 1

    tasks = [asyncio.ensure_future(go(kind)) for kind in waiting for _ in range(900)]
    tasks.append(asyncio.ensure_future(turns.run()))
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    return gone


def test_where_all_wait_live_events_retries_and_replays_go_as_80_to_15_to_5() -> None:
    gone = run(let_go([Traffic.LIVE, Traffic.RETRY, Traffic.REPLAY], 10))

    total = gone.total()
    assert total >= 950
    assert gone[Traffic.LIVE] == pytest.approx(0.80 * total, rel=0.02)
    assert gone[Traffic.RETRY] == pytest.approx(0.15 * total, rel=0.02)
    assert gone[Traffic.REPLAY] == pytest.approx(0.05 * total, rel=0.04)


@pytest.mark.parametrize("alone", [Traffic.LIVE, Traffic.RETRY, Traffic.REPLAY])
def test_the_share_of_those_who_do_not_wait_is_lent(alone: Traffic) -> None:
    assert run(let_go([alone], 8))[alone] >= 0.95 * 800


def test_where_slots_are_few_each_quota_has_its_turn() -> None:
    async def main() -> World:
        settings: Any = {"batch.max_orders": 10, "esputnik.max_in_flight": 1}
        world = World(partitions=TWO, **settings)
        world.sender.latency = 0.5
        put_orders(world, 500)
        for number in range(20):
            world.put("activity.recorded", {"name": "seen", "user_id": f"u{number}"}, partition=1)
        return await carried(world)

    world = run(main())
    orders, activities = moments(world), moments(world, "generate-event")

    assert len(activities) == 20
    assert activities[-1] < orders[2 * len(activities) + 5]


def test_a_segment_that_is_always_joined_keeps_no_other_waiting() -> None:
    async def main() -> World:
        settings: Any = {"batch.max_segment_contacts": 20}
        world = limited(2, **settings)
        async with world.running():
            for number in range(800):
                joined = {"segment_id": 1, "user_ids": [f"a{number}"]}
                world.put("segment.joined", joined)
            await world.clock.sleep(1)
            world.put("segment.joined", {"segment_id": 2, "user_ids": ["b"]})
            for second in range(60):
                await world.clock.sleep(1)
                for number in range(40):
                    late = {"segment_id": 1, "user_ids": [f"c{second}-{number}"]}
                    world.put("segment.joined", late)
            await world.settled()
        return world

    world = run(main())
    sent = [request.path for _, request in world.sender.sent]
    before = next(at for at, path in enumerate(sent) if "/2/" in path)

    assert before <= 800 / 20 + 3
