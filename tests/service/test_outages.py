"""eSputnik fails, or cannot be reached: a pause, and no more than that."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.worker import POLL_RECORDS
from tests.fakes.time import run
from tests.service.events import TWO, a_message, an_opt_out, an_order
from tests.service.world import World

HOURS = 7200.0
DOWN = {"status": 503}


def all_down(world: World) -> None:
    """Let every request fail."""
    world.account.faults.rule([DOWN])


# -- two hours ------------------------------------------------------------------------------


def test_in_an_outage_of_two_hours_little_is_kept_in_memory_and_nothing_is_lost() -> None:
    async def main() -> World:
        settings: Any = {"buffer.max_records": 200}
        world = World(partitions=TWO, **settings)
        all_down(world)
        for number in range(3000):
            world.put("order.changed", an_order(number), partition=number % 2)
        async with world.running():
            await world.clock.sleep(HOURS / 2)
            first = world.worker.ledger.records
            assert world.worker.is_paused
            assert len(world.source.held) == 2
            await world.clock.sleep(HOURS / 2)
            assert world.worker.ledger.records == first
            assert first <= 200 + 2 * POLL_RECORDS  # one poll beyond what a partition may hold
            world.account.faults.rule([])
            await world.settled(600)
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["orders"]) == 3000
    assert not world.worker.is_paused


def test_large_events_that_wait_for_an_outage_to_end_are_few() -> None:
    async def main() -> World:
        settings: Any = {"buffer.max_bytes": 1024 * 1024}
        world = World(**settings)
        all_down(world)
        for number in range(3000):
            world.put("order.changed", an_order(number, status_description="x" * 1000))
        async with world.running():
            await world.clock.sleep(HOURS)
            assert world.worker.is_paused
            assert world.worker.ledger.records == POLL_RECORDS  # they hold too much
            world.account.faults.rule([])
            await world.settled(600)
        return world

    assert len(run(main()).state()["orders"]) == 3000


def test_a_partition_that_waits_for_the_outage_does_not_keep_another_from_being_read() -> None:
    async def main() -> float:
        settings: Any = {"buffer.max_records": 200}
        world = World(partitions=TWO, **settings)
        world.account.faults.rule([{**DOWN, "action": "add-orders"}])
        for number in range(3000):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(HOURS)
            world.put("contact.opted_out", an_opt_out("ann@example.com"), partition=1)
            took = await world.until(lambda: world.state()["unsubscribed"])
            world.account.faults.rule([])
            await world.settled()
        return took

    assert run(main()) < 1


def test_while_it_is_down_one_request_a_minute_tries_and_the_first_success_lets_all_go() -> None:
    async def main() -> tuple[World, float]:
        world = World()
        all_down(world)
        for number in range(5000):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(600)
            before, world.sender.most_at_once = len(world.sender.sent), 0
            await world.clock.sleep(3600)
            trials = world.sender.sent[before:]
            assert 54 <= len(trials) <= 61
            assert world.sender.most_at_once == 1
            world.account.faults.rule([])
            took = await world.until(lambda: len(world.state()["orders"]) == 5000, every=1)
            await world.settled()
        return world, took

    world, took = run(main())

    assert took < 75
    assert world.reasons == []


# -- what may try ---------------------------------------------------------------------------


def test_where_only_sends_wait_the_account_is_asked_and_they_go_once_it_answers() -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            world.sender.is_down = True
            for number in range(20):
                world.put("message.requested", a_message(number))
            await world.clock.sleep(HOURS)
            probes = {request.action.value for _, request in world.sender.sent[20:]}
            assert probes == {"account-info"}
            assert len(world.sender.sent) < HOURS / 60 * 1.3 + 30
            world.sender.is_down = False
            await world.settled(120)
        return world

    world = run(main())

    assert world.reasons == []
    assert set(world.state()["executions"].values()) == {1}
    assert len(world.state()["sent"]) == 20


def test_the_first_sign_of_an_outage_holds_every_send_until_something_succeeds() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        async with world.running():
            all_down(world)
            world.put("order.changed", an_order(1), partition=1)
            await world.until(lambda: world.asked("add-orders"))
            for number in range(20):
                world.put("message.requested", a_message(number))
            await world.clock.sleep(HOURS)
            assert world.asked("send-message") == []
            world.account.faults.rule([])
            await world.settled(120)
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["sent"]) == 20


def test_a_5xx_of_a_poll_holds_calls_whose_repeats_count() -> None:
    async def main() -> World:
        world = World(partitions=TWO, switches={"import_seconds": 100})
        async with world.running():
            world.put("user.updated", {"user_id": "1", "first_name": "Ann"})
            await world.clock.sleep(1)
            world.account.faults.rule([{"action": name, **DOWN} for name in POLLED])
            await world.clock.sleep(30)
            world.put("message.requested", a_message(1), partition=1)
            await world.clock.sleep(30)
            assert world.asked("send-message") == []
            world.account.faults.rule([])
            await world.settled(300)
        return world

    world = run(main())

    assert world.reasons == []
    assert world.state()["sent"]


POLLED = ("import-status", "account-info")


# -- how it is told -------------------------------------------------------------------------


def test_what_is_held_since_when_stands_in_the_readiness_and_in_one_line_of_the_log() -> None:
    async def main() -> tuple[World, dict[str, Any]]:
        world = World()
        all_down(world)
        for number in range(20):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(HOURS)
            ready, told = world.vitals().ready()
            alive, _ = world.vitals().alive()
            assert ready
            assert alive
            world.account.faults.rule([])
            await world.settled()
            assert world.vitals().ready()[1]["held"] == []
        return world, told

    with capture_logs() as logs:
        _, told = run(main())

    (held,) = told["held"]
    assert (held["what"], held["kind"], held["why"]) == ("add-orders", "outage", "503")
    assert HOURS - 60 < held["seconds"] <= HOURS
    lines = [one for one in logs if one["event"] in {"held", "resumed"}]
    assert [(one["event"], one["action"], one["reason"]) for one in lines] == [
        ("held", "add-orders", "outage"),
        ("resumed", "add-orders", "outage"),
    ]
    assert lines[0]["cause"] == "503"
    assert lines[1]["seconds"] > HOURS - 60


# -- an item that eSputnik fails on ---------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_an_outage_of_5xx_buries_no_lone_order(seed: int) -> None:
    async def main() -> World:
        world = World(seed=seed)
        async with world.running():
            await world.clock.sleep(9)
            world.put("order.changed", an_order(1))
            await world.settled()
            world.account.faults.rule([{**DOWN, "action": "add-orders"}])
            world.put("order.changed", an_order(2))
            await world.clock.sleep(HOURS)
            world.account.faults.rule([])
            await world.settled()
        return world

    assert run(main()).reasons == []


def test_a_dozen_orders_that_draw_a_5xx_do_not_stop_all_others() -> None:
    async def main() -> tuple[World, int]:
        settings: Any = {"batch.max_orders": 100}
        world = World(**settings)
        rule = {"action": "add-orders", "contains": "poison", "status": 500}
        world.account.faults.rule([rule])
        for number in range(3000):
            data = {"status_description": "poison"} if number % 225 == 0 else {}
            world.put("order.changed", an_order(number, **data))
        async with world.running():
            await world.clock.sleep(HOURS)
            delivered = len(world.state()["orders"])
            world.account.faults.rule([])
            await world.settled(every=1)
        return world, delivered

    world, delivered = run(main())

    assert delivered == 3000 - 14
    assert world.reasons == []
    assert len(world.state()["orders"]) == 3000


def test_an_order_that_draws_a_5xx_while_all_others_succeed_is_buried_in_the_end() -> None:
    async def main() -> tuple[World, float]:
        world = World()
        rule = {"action": "add-orders", "contains": "poison", "status": 500}
        world.account.faults.rule([rule])
        async with world.running():
            world.put("order.changed", an_order(0, status_description="poison"))
            began = world.clock.now()
            for number in range(1, 400):
                world.put("order.changed", an_order(number))
                await world.clock.sleep(10)
                if world.reasons:
                    break
            return world, world.clock.now() - began

    world, took = run(main())

    assert world.reasons == ["esp.server_error_poison"]
    assert 1800 <= took < 2000


def test_a_refused_site_waits_until_our_own_list_can_be_read() -> None:
    async def main() -> World:
        world = World()
        scope = {"service_worker_path": "/", "service_worker_scope": "/"}
        site = {"domain": "https://shop.example.com", "service_worker_name": "sw.js"} | scope
        async with world.running():
            world.put("webpush_site.registered", site)
            await world.settled()
            world.account.faults.rule([{"action": "list-webpush-domains", **DOWN, "times": 1}])
            world.put("webpush_site.registered", site)
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.asked("list-webpush-domains")) == 2


def test_a_key_refused_to_a_poll_is_probed_though_no_call_waits() -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": 100})
        async with world.running():
            world.put("user.updated", {"user_id": "1", "first_name": "Ann"})
            await world.clock.sleep(5)
            world.account.change_switches({"api_key": "another"})
            await world.clock.sleep(300)
            assert not world.vitals().ready()[0]
            world.account.change_switches({"api_key": "sandbox"})
            await world.settled()
            await world.clock.sleep(1200)
            assert world.vitals().ready()[0]
        return world

    assert run(main()).reasons == []
