"""Imports that fail, or never end: of a contact that makes them do so, and of all alike."""

from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.world import World

ALL: Any = {"action": "bulk-contacts"}
BAD = ALL | {"contains": "Bad"}
FAILS: Any = {"import": "error"}
STICKS: Any = {"import": "stuck"}
UNKNOWN: Any = {"action": "import-status", "status": 404, "text": "Not found"}
HALF_AN_HOUR = 1800.0
RARELY = 30.0  # s between looks, where hours pass


def put(world: World, *numbers: int, name: str = "Ann") -> None:
    """Produce an update of each of these contacts."""
    for number in numbers:
        world.put("user.updated", {"user_id": str(number), "first_name": name})


async def trickle(world: World, seconds: float, *, each: float = 5.0, first: int = 1000) -> None:
    """Produce an update of another good contact every few seconds, for so long."""
    for number in range(int(seconds / each)):
        put(world, first + number)
        await world.clock.sleep(each)


def sizes(world: World) -> list[int]:
    return [len(one["body"]["contacts"]) for one in world.asked("bulk-contacts")]


def held(world: World) -> list[tuple[str, str, str]]:
    """Return what the readiness probe says is held, and why."""
    return [(one["what"], one["kind"], one["why"]) for one in world.vitals().ready()[1]["held"]]


def buried(world: World) -> list[int]:
    return sorted(burial.record.offset for burial in world.letters.burials)


# -- all of them ----------------------------------------------------------------------------


@pytest.mark.parametrize("each", [0.5, 5.0, 40.0])
def test_a_spell_in_which_all_imports_fail_buries_nobody(each: float) -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            await trickle(world, 20 * each, each=each, first=0)
            world.account.faults.rule([ALL | FAILS])
            await trickle(world, 20 * each, each=each, first=100)
            world.account.faults.rule([])
            await trickle(world, 20 * each, each=each, first=200)
            await world.settled(600)
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == 60


def test_while_all_imports_fail_one_a_minute_is_tried_and_the_first_to_finish_lets_all_go() -> None:
    async def main() -> tuple[World, int]:
        world = World()
        world.account.faults.rule([ALL | FAILS])
        put(world, *range(200))
        async with world.running():
            await world.clock.sleep(7200)
            assert held(world) == [("bulk-contacts", "outage", "import failed")]
            tried = len(world.asked("bulk-contacts"))
            world.account.faults.rule([])
            await world.settled(180)
            assert held(world) == []
        return world, tried

    world, tried = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == 200
    assert tried <= 10 + 6 + 120


def test_while_all_imports_fail_other_calls_go() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([ALL | FAILS])
        put(world, *range(20))
        async with world.running():
            await world.until(lambda: held(world))
            world.put("user.signed_up", {"user_id": "new", "email": "ann@example.com"})
            world.put("message.requested", {"message_id": 5, "email": "bea@example.com"})
            await world.until(lambda: world.asked("add-contact") and world.asked("send-message"), 5)
            world.account.faults.rule([])
            await world.settled()
        return world

    assert run(main()).reasons == []


def test_imports_of_which_every_other_one_fails_bury_nobody() -> None:
    async def main() -> World:
        world = World()
        async with world.running():
            for number in range(300):
                rules = [ALL | FAILS] if number % 2 else []
                world.account.faults.rule(rules)
                put(world, number)
                await world.clock.sleep(1.3)
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == 300


def test_where_no_import_ends_the_third_holds_all_and_nobody_is_buried() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([ALL | STICKS])
        put(world, *range(4))
        async with world.running():
            await world.until(lambda: world.meter.counts["imported lost"] == 2, every=RARELY)
            assert held(world) == []
            await world.until(lambda: world.meter.counts["imported lost"] > 2, every=RARELY)
            assert held(world) == [("bulk-contacts", "outage", "import lost")]
            await world.clock.sleep(2 * HALF_AN_HOUR)
            assert held(world) == [("bulk-contacts", "outage", "import lost")]
            world.account.faults.rule([])
            await world.until(
                lambda: len(world.state()["contacts"]) == 4, 2 * HALF_AN_HOUR, every=RARELY
            )
            await world.settled(every=RARELY)
        return world

    assert run(main()).reasons == []


def test_where_no_import_ends_a_new_one_is_tried_each_minute_all_the_same() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([ALL | STICKS])
        put(world, *range(3))
        async with world.running():
            await world.until(lambda: held(world), every=RARELY)
            put(world, 3)
            await world.clock.sleep(120)
            put(world, 4)
            world.account.faults.rule([])
            await world.until(lambda: world.state()["contacts"], 120)
            assert held(world) == []
            await world.settled(every=RARELY)
        return world

    assert run(main()).reasons == []


def test_where_every_session_is_unknown_all_is_held_and_nobody_is_buried() -> None:
    async def main() -> tuple[World, int]:
        world = World()
        world.account.faults.rule([UNKNOWN])
        put(world, *range(3))
        async with world.running():
            await world.clock.sleep(3600)
            assert held(world) == [("bulk-contacts", "outage", "import lost")]
            tried = len(world.asked("bulk-contacts"))
            world.account.faults.rule([])
            await world.settled(600)
        return world, tried

    world, tried = run(main())

    assert world.reasons == []
    assert tried <= 70


# -- one of them ----------------------------------------------------------------------------


def test_a_contact_whose_imports_fail_while_those_of_others_finish_is_buried_soon() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | FAILS])
        put(world, 0, name="Bad")
        async with world.running():
            await trickle(world, 60)
            assert world.reasons == ["esp.import_item"]
            assert held(world) == []
            await world.settled()
        return world

    (burial,) = run(main()).letters.burials
    assert (burial.record.offset, burial.detail) == (0, "The import failed")


def test_a_contact_whose_import_fails_while_there_is_no_other_is_buried_after_minutes() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | FAILS])
        put(world, 0, name="Bad")
        async with world.running():
            await world.clock.sleep(115)
            assert world.reasons == []
            await world.clock.sleep(120)
            assert world.reasons == ["esp.import_item"]
            assert held(world) == []
        return world

    assert len(sizes(run(main()))) < 80


def test_contacts_whose_imports_all_fail_wait_until_those_of_others_tell_who_is_to_blame() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | FAILS])
        put(world, 0, 1, name="Bad")
        async with world.running():
            await world.clock.sleep(4 * HALF_AN_HOUR)
            assert world.reasons == []
            await trickle(world, 600)
            assert world.reasons == ["esp.import_item"] * 2
            await world.settled()
        return world

    assert buried(run(main())) == [0, 1]


@pytest.mark.parametrize("bad", [{0}, {0, 1}])
def test_of_two_or_three_contacts_the_bad_are_found_at_once_without_any_other(
    bad: set[int],
) -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | FAILS])
        for number in range(len(bad) + 1):
            put(world, number, name="Bad" if number in bad else "Ann")
        async with world.running():
            await world.settled(60)
        return world

    assert buried(run(main())) == sorted(bad)


def test_several_contacts_that_make_one_import_fail_are_found_and_the_others_are_done() -> None:
    bad = set(range(3, 1000, 50))

    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | FAILS])
        for number in range(1000):
            put(world, number, name="Bad" if number in bad else "Ann")
        async with world.running():
            await world.settled(600)
        return world

    world = run(main())

    assert buried(world) == sorted(bad)
    assert set(world.reasons) == {"esp.import_item"}
    assert len(world.state()["contacts"]) == 980
    assert len(sizes(world)) <= 20 * (2 * 10 + 1)


def test_an_import_that_fails_counts_though_others_of_its_request_were_refused() -> None:
    async def main() -> World:
        world = World()
        refused = ALL | {"contains": "Eve", "item_error": "bad"}
        world.account.faults.rule([refused, BAD | FAILS])
        put(world, 0, name="Eve")
        put(world, 1, name="Bad")
        put(world, *range(2, 33))
        async with world.running():
            await world.settled(60)
        return world

    world = run(main())

    assert buried(world) == [0, 1]
    assert len(world.state()["contacts"]) == 31
    assert len(sizes(world)) <= 13


def test_of_merged_updates_those_that_make_imports_fail_are_buried_alone() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | FAILS])
        for name in ("Ann", "Bad", "Eve"):
            world.put("user.updated", {"user_id": "1", "last_name": name})
        world.put("user.updated", {"user_id": "1", "first_name": "Bad"})
        async with world.running():
            await trickle(world, 1200)
            await world.settled()
        return world

    world = run(main())

    assert buried(world) == [1, 3]
    held_contact = next(
        one for one in world.state()["contacts"] if one.get("externalCustomerId") == "1"
    )
    assert held_contact["lastName"] == "Eve"


def test_a_contact_whose_import_never_ends_does_not_keep_its_neighbours() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | STICKS])
        for number in range(20):
            put(world, number, name="Bad" if number == 7 else "Ann")
        async with world.running():
            await world.until(
                lambda: len(world.state()["contacts"]) >= 10, 3 * HALF_AN_HOUR, every=RARELY
            )
            await world.until(
                lambda: len(world.state()["contacts"]) == 19, 7 * HALF_AN_HOUR, every=RARELY
            )
            assert world.reasons == []
            await world.settled(every=RARELY)
        return world

    world = run(main())

    assert sizes(world)[:4] == [20, 20, 10, 10]
    assert min(sizes(world)) == 1
    assert buried(world) == [7]


def test_a_contact_whose_imports_never_end_while_those_of_others_finish_is_buried_after_hours() -> (
    None
):
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | STICKS])
        put(world, 0, name="Bad")
        async with world.running():
            await trickle(world, 4 * HALF_AN_HOUR, each=60)
            assert world.reasons == []
            await trickle(world, 3 * HALF_AN_HOUR, each=60, first=5000)
        return world

    (burial,) = run(main()).letters.burials
    assert (burial.reason, burial.detail) == ("esp.import_item", "it does not end")


def test_a_contact_whose_import_never_ends_is_not_buried_while_there_is_no_other() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([BAD | STICKS])
        put(world, 0, name="Bad")
        async with world.running():
            await world.clock.sleep(10 * HALF_AN_HOUR)
            assert held(world) == [("bulk-contacts", "outage", "import lost")]
            assert world.reasons == []
            world.account.faults.rule([])
            await world.until(lambda: world.state()["contacts"], 2 * HALF_AN_HOUR, every=RARELY)
            await world.settled(every=RARELY)
        return world

    assert run(main()).reasons == []
