"""Where a single call and an import both serve, the cheaper is chosen: one contact goes alone.

Add Contact costs one request; an import costs its own and at least one poll, for up to 3,000
contacts. So a lone sign-up goes by Add Contact, and from two on they go by an import.
"""

from typing import Any

import pytest

from tests.fakes.time import run
from tests.service.world import World, carried

WAYS = ("add-contact", "bulk-contacts")


async def signed_up(count: int, **data: Any) -> World:
    """Let so many people sign up at once."""
    world = World()
    for number in range(count):
        who = {"user_id": str(number), "email": f"p{number}@example.com"}
        world.put("user.signed_up", who | data)
    return await carried(world)


def requests(world: World) -> list[str]:
    return [one["action"] for one in world.account.requests()]


def ways(world: World) -> list[str]:
    """Return by which calls contacts were written, in order."""
    return [action for action in requests(world) if action in WAYS]


def test_a_lone_sign_up_costs_one_request() -> None:
    assert requests(run(signed_up(1))) == ["add-contact"]


@pytest.mark.parametrize("count", [2, 3, 500])
def test_sign_ups_that_come_together_cost_one_import(count: int) -> None:
    world = run(signed_up(count))

    assert ways(world) == ["bulk-contacts"]
    assert len(world.state()["contacts"]) == count


@pytest.mark.parametrize(
    "data", [{"segments": ["New"]}, {"last_name": None}, {"address": {"city": None}}]
)
def test_a_lone_sign_up_that_add_contact_cannot_say_goes_by_import(data: dict[str, Any]) -> None:
    assert ways(run(signed_up(1, **data))) == ["bulk-contacts"]


@pytest.mark.parametrize(
    ("single", "kind", "way"),
    [
        ("sign-ups", "user.signed_up", "add-contact"),
        ("sign-ups", "user.updated", "bulk-contacts"),
        ("always", "user.updated", "add-contact"),
        ("never", "user.signed_up", "bulk-contacts"),
    ],
)
def test_the_settings_say_which_lone_contact_events_go_alone(
    single: str, kind: str, way: str
) -> None:
    async def main() -> World:
        settings: Any = {"contacts.single": single}
        world = World(**settings)
        world.put(kind, {"user_id": "1", "email": "ann@example.com"})
        return await carried(world)

    assert ways(run(main())) == [way]


def test_a_contact_without_a_channel_goes_by_import() -> None:
    async def main() -> World:
        world = World()
        world.put("user.signed_up", {"user_id": "1", "first_name": "Ann"})
        return await carried(world)

    assert ways(run(main())) == ["bulk-contacts"]


def test_at_low_load_each_sign_up_goes_alone_and_at_once() -> None:
    async def main() -> tuple[World, list[float]]:
        world = World()
        put_at = list[float]()
        async with world.running():
            for number in range(20):
                world.put("user.signed_up", {"email": f"p{number}@example.com"})
                put_at.append(world.clock.wall())
                await world.clock.sleep(0.5)
        return world, put_at

    world, put_at = run(main())

    asked = world.asked("add-contact")
    assert requests(world) == ["add-contact"] * 20
    assert max(one["at"] - at for one, at in zip(asked, put_at, strict=True)) < 0.05


def test_at_high_load_imports_fill_up_by_themselves() -> None:
    async def main() -> World:
        world = World()
        for number in range(9000):
            world.put("user.signed_up", {"email": f"p{number}@example.com"})
        return await carried(world)

    world = run(main())

    assert [len(one["body"]["contacts"]) for one in world.asked("bulk-contacts")] == [3000] * 3
    assert len(world.state()["contacts"]) == 9000
