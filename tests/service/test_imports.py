"""An import is done when it was applied, not when it was taken; what may befall it in between."""

from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.following import LONG_IMPORT
from tests.fakes.time import run
from tests.service.world import World, carried

ACCEPTED: Any = {"esputnik.acknowledge": "accepted"}


def put_contacts(world: World, count: int, **data: Any) -> None:
    """Produce updates of so many contacts."""
    for number in range(count):
        world.put("user.updated", {"user_id": str(number), "first_name": "Ann"} | data)


def sizes(world: World) -> list[int]:
    """Return how many contacts each import carried."""
    return [len(one["body"]["contacts"]) for one in world.asked("bulk-contacts")]


# -- applied or accepted --------------------------------------------------------------------


def test_an_event_is_done_when_its_import_is_finished_and_no_earlier() -> None:
    async def main() -> tuple[World, float]:
        world = World(switches={"import_seconds": 600.0, "import_spread": 0})
        put_contacts(world, 1)
        async with world.running():
            await world.until(lambda: world.asked("bulk-contacts"))
            done = "delivered user.updated"
            took = await world.until(lambda: world.meter.counts[done])
            await world.settled()
        return world, took

    world, took = run(main())

    assert 600 <= took <= 640
    assert world.state()["contacts"]


def test_polls_come_seldom_when_an_import_takes_long() -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": 600.0, "import_spread": 0})
        put_contacts(world, 1)
        return await carried(world)

    polls = [one["at"] for one in run(main()).asked("import-status")]
    gaps = [later - earlier for earlier, later in pairwise(polls)]

    assert gaps[0] < 2
    assert 20 <= max(gaps) <= 40
    assert len(polls) < 40


def test_imports_that_have_not_ended_are_told_with_when_they_were_taken() -> None:
    async def main() -> tuple[list[float], list[float]]:
        world = World(switches={"import_seconds": 600.0, "import_spread": 0})
        put_contacts(world, 1)
        async with world.running():
            await world.clock.sleep(90)
            waiting = [world.clock.now() - since for since in world.delivery.waits().imports]
            await world.settled()
        return waiting, list(world.delivery.waits().imports)

    waiting, later = run(main())

    assert waiting == pytest.approx([90], abs=2)
    assert later == []


@pytest.mark.parametrize(("seconds", "lines"), [(LONG_IMPORT - 60, 0), (1200.0, 1)])
def test_an_import_that_takes_long_leaves_one_line_with_its_session(
    seconds: float, lines: int
) -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": seconds, "import_spread": 0})
        put_contacts(world, 1)
        return await carried(world)

    with capture_logs() as logs:
        world = run(main())
    told = [line for line in logs if line["event"] == "import_not_ended"]

    assert len(told) == lines
    assert all(line["session"] in world.asked("import-status")[0]["path"] for line in told)
    assert all(LONG_IMPORT <= line["seconds"] < LONG_IMPORT + 60 for line in told)


def test_where_accepted_is_enough_an_event_is_done_when_its_import_was_taken() -> None:
    async def main() -> tuple[World, float]:
        world = World(switches={"import_seconds": 600.0}, **ACCEPTED)
        put_contacts(world, 1)
        async with world.running():
            took = await world.until(lambda: world.meter.counts["delivered user.updated"])
        return world, took

    world, took = run(main())

    assert took < 1
    assert world.asked("import-status") == []
    assert list(world.source.commits.values()) == [1]


def test_where_accepted_is_enough_a_contact_that_is_refused_at_once_is_buried_all_the_same() -> (
    None
):
    async def main() -> World:
        world = World(**ACCEPTED)
        world.account.faults.rule(
            [{"action": "bulk-contacts", "contains": '"3"', "item_error": "bad"}]
        )
        put_contacts(world, 10)
        return await carried(world)

    world = run(main())

    assert [burial.record.offset for burial in world.letters.burials] == [3]
    assert world.meter.counts["delivered user.updated"] == 9


def test_many_imports_are_followed_at_a_time() -> None:
    async def main() -> tuple[World, float]:
        settings: Any = {"batch.max_contacts": 1, "esputnik.max_imports": 16}
        world = World(switches={"import_seconds": 100.0, "import_spread": 0}, **settings)
        put_contacts(world, 32)
        async with world.running():
            took = await world.until(lambda: len(world.state()["contacts"]) == 32)
            await world.settled()
        return world, took

    world, took = run(main())

    assert 200 <= took <= 290
    assert sizes(world) == [1] * 32


# -- contacts that fail ---------------------------------------------------------------------


def test_contacts_that_fail_are_found_by_who_they_are_and_the_others_are_done() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule(
            [
                {"action": "bulk-contacts", "contains": word, "item_error": f"{word} is wrong"}
                for word in ("Phone", "Email")
            ]
        )
        for number in range(30):
            name = {7: "Phone", 19: "Email"}.get(number, "Ann")
            world.put("user.updated", {"user_id": str(number), "first_name": name})
        return await carried(world)

    world = run(main())

    buried = {one.record.offset: (one.reason, one.detail) for one in world.letters.burials}
    assert buried == {
        7: ("esp.partial_item", "200: Phone is wrong"),
        19: ("esp.partial_item", "200: Email is wrong"),
    }
    assert len(world.state()["contacts"]) == 28
    assert sizes(world) == [30]


def test_contacts_of_which_some_failed_unnamed_are_told_apart_after_their_import_has_ended() -> (
    None
):
    async def main() -> World:
        switches = {"bad_item": "unnamed", "import_seconds": 100.0, "import_spread": 0}
        world = World(switches=switches)
        world.account.faults.rule(
            [{"action": "bulk-contacts", "contains": "Phone", "item_error": "Phone is wrong"}]
        )
        for number in range(4):
            name = "Phone" if number == 2 else "Ann"
            world.put("user.updated", {"user_id": str(number), "first_name": name})
        return await carried(world)

    world = run(main())

    first, second, *_ = [one["at"] for one in world.asked("bulk-contacts")]
    assert second - first >= 100
    assert [one.record.offset for one in world.letters.burials] == [2]
    assert len(world.state()["contacts"]) == 3


@pytest.mark.parametrize("count", [1, 30])
def test_a_finished_import_that_names_nobody_counts_as_applied(count: int) -> None:
    async def main() -> World:
        world = World(switches={"mapping": "none"})
        put_contacts(world, count)
        return await carried(world)

    world = run(main())

    assert sizes(world) == [count]
    assert world.meter.counts["delivered user.updated"] == count
    assert world.meter.counts["imported finished_unmapped"] == 1


def test_a_contact_that_the_mapping_leaves_out_is_imported_once_more() -> None:
    async def main() -> World:
        world = World()
        lost = {"action": "bulk-contacts", "contains": '"7"', "item_lost": True, "times": 1}
        world.account.faults.rule([lost])
        put_contacts(world, 30)
        return await carried(world)

    world = run(main())

    assert sizes(world) == [30, 1]
    assert world.reasons == []
    assert len(world.state()["contacts"]) == 30


# -- imports that fail ----------------------------------------------------------------------


def test_an_import_that_fails_once_is_sent_again_whole() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "bulk-contacts", "import": "error", "times": 1}])
        put_contacts(world, 30)
        return await carried(world)

    world = run(main())

    assert sizes(world) == [30, 30]
    assert world.reasons == []
    assert len(world.state()["contacts"]) == 30


def test_an_import_that_fails_again_and_again_is_halved_down_to_the_bad_contact() -> None:
    async def main() -> World:
        world = World()
        bad = {"action": "bulk-contacts", "contains": '"7"', "import": "error"}
        world.account.faults.rule([bad])
        put_contacts(world, 32)
        return await carried(world)

    world = run(main())

    (burial,) = world.letters.burials
    assert (burial.record.offset, burial.reason) == (7, "esp.import_item")
    assert burial.detail == "The import failed"
    assert len(world.state()["contacts"]) == 31
    assert len(sizes(world)) <= 3 + 2 * 5


def test_a_429_does_not_count_towards_a_failed_import() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "bulk-contacts", "status": 429, "times": 2}])
        put_contacts(world, 1)
        async with world.running():
            await world.until(lambda: len(world.asked("bulk-contacts")) == 2)
            world.account.faults.rule([{"action": "bulk-contacts", "import": "error", "times": 1}])
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert world.state()["contacts"]


UNKNOWN: Any = {"action": "import-status", "status": 404, "text": "Not found"}


def test_a_session_that_esputnik_does_not_know_is_imported_again_after_a_minute() -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": 600.0, "import_spread": 0})
        world.account.faults.rule([UNKNOWN])
        put_contacts(world, 5)
        async with world.running():
            await world.until(lambda: world.meter.counts["imported lost"])
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    first, second = (one["at"] for one in world.asked("bulk-contacts"))
    assert 60 <= second - first <= 120
    assert world.reasons == []
    assert len(world.state()["contacts"]) == 5


def test_a_session_that_is_not_known_yet_is_asked_for_again() -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": 10.0, "import_spread": 0})
        world.account.faults.rule([UNKNOWN | {"times": 3}])
        for name in ("Ann", "Bea"):
            world.put("user.updated", {"user_id": "1", "first_name": name})
            world.put("user.updated", {"user_id": name, "first_name": name})
        return await carried(world)

    world = run(main())

    assert sizes(world) == [3]
    assert world.meter.counts["imported lost"] == 0


def test_a_session_that_is_unknown_now_and_then_is_not_lost() -> None:
    async def main() -> World:
        world = World(switches={"import_seconds": 400.0, "import_spread": 0})
        put_contacts(world, 5)
        async with world.running():
            for _ in range(4):
                world.account.faults.rule([UNKNOWN | {"times": 1}])
                await world.clock.sleep(90)
            await world.settled()
        return world

    assert sizes(run(main())) == [5]


def test_an_import_that_never_ends_is_sent_again_after_half_an_hour() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "bulk-contacts", "import": "stuck", "times": 1}])
        put_contacts(world, 5)
        return await carried(world)

    world = run(main())

    first, second = (one["at"] for one in world.asked("bulk-contacts"))
    assert 1800 <= second - first <= 1900
    assert world.reasons == []
    assert len(world.state()["contacts"]) == 5


def test_polls_that_fail_for_two_hours_are_no_reason_to_bury() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "import-status", "status": 503}])
        put_contacts(world, 5)
        async with world.running():
            await world.clock.sleep(7200)
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == 5
