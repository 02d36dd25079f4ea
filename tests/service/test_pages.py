"""Pages for people, as of a proxy before eSputnik: nothing is done, refused or found by them."""

from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.events import an_opt_out, an_order
from tests.service.world import World

PAGE = "<html><title>404 Not Found</title></html>"
ANN = "ann@example.com"
LATER = "2025-11-24T11:00:00Z"


def a_page(action: str, status: int, **more: Any) -> dict[str, Any]:
    return {"action": action, "status": status, "text": PAGE} | more


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422])
def test_an_opt_out_that_a_page_answered_is_told_again_and_not_buried(status: int) -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([a_page("add-unsubscribed", status)])
        world.put("contact.opted_out", an_opt_out(ANN))
        async with world.running():
            await world.clock.sleep(600)
            (held,) = world.gate.held()
            assert held[0] == "add-unsubscribed"
            assert held[1].cause.startswith(f"{status}: a web page")
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert world.state()["unsubscribed"] == [ANN]


@pytest.mark.parametrize("who", [{"user_id": "1"}, {"email": ANN}])
@pytest.mark.parametrize("action", ["delete-contact", "find-contact"])
def test_a_deletion_that_a_page_answered_is_not_done(who: dict[str, str], action: str) -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            world.put("user.signed_up", {"user_id": "1", "email": ANN})
            await world.settled()
            world.account.faults.rule([a_page(action, 404, times=1)])
            world.put("user.deleted", who | {"erase": True}, occurred_at=LATER)
            await world.settled()
        return world

    world = run(main())

    assert world.state()["contacts"] == []
    assert world.reasons == []


def test_orders_that_a_page_calls_too_large_go_in_halves() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([a_page("add-orders", 413, times=1)])
        for number in range(4):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.settled()
        return world

    world = run(main())

    assert [len(one["body"]["orders"]) for one in world.asked("add-orders")] == [4, 2, 2]
    assert len(world.state()["orders"]) == 4


def test_a_site_is_not_refused_for_good_while_a_page_hides_which_there_are() -> None:
    async def main() -> World:
        world = World(switches={"taken": ["shop.example.com"]})
        site = {
            "domain": "shop.example.com",
            "service_worker_name": "sw.js",
            "service_worker_path": "/",
            "service_worker_scope": "/",
        }
        world.account.faults.rule([a_page("list-webpush-domains", 404)])
        world.put("webpush_site.registered", site)
        async with world.running():
            await world.clock.sleep(600)
            assert world.reasons == []
            world.account.faults.rule([])
            await world.settled()
        return world

    assert run(main()).reasons == ["esp.partial_item"]


def test_a_site_that_is_not_found_holds_no_other() -> None:
    async def main() -> World:
        world = World()
        missing = {"action": "add-domain", "contains": "bad.", "status": 404, "text": "Not found"}
        world.account.faults.rule([missing])
        for domain in ("bad.example.com", "shop.example.com"):
            world.put("site.registered", {"domain": domain})
        async with world.running():
            await world.settled(60)
        return world

    world = run(main())

    assert world.reasons == ["esp.not_found"]
    assert world.state()["domain"] == "shop.example.com"
