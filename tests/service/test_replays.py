"""What is replayed goes the same way, and is told of in the same words."""

from tests.fakes.time import run
from tests.service.events import an_order
from tests.service.replaying import replayed
from tests.service.world import World, carried

MESSAGE = {
    "name": "news",
    "title": "News",
    "text": "Read all",
    "translations": {"uk": {"title": "Новини", "text": "Читати"}},
}


def test_what_is_still_refused_in_a_replay_tells_what_became_of_each_call() -> None:
    async def main() -> World:
        world = World()
        refusal = {"status": 400, "text": "bad"}
        world.account.faults.rule(
            [
                {"action": "create-inbox-message", "times": 1, **refusal},
                {"action": "translate-inbox-message", **refusal},
            ]
        )
        world.put("inbox_message.published", MESSAGE)
        return await replayed(await carried(world))

    (burial,) = run(main()).letters.burials

    assert burial.attempts == 1
    assert [(fate.intent, fate.state) for fate in burial.fates] == [
        ("inbox.publish", "D"),
        ("inbox.translate", "R"),
    ]


def test_a_replayed_order_that_is_taken_now_leaves_no_letter() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule(
            [{"action": "add-orders", "status": 400, "text": "bad", "times": 1}]
        )
        world.put("order.changed", an_order(1))
        return await replayed(await carried(world))

    world = run(main())

    assert world.reasons == []
    assert set(world.state()["orders"]) == {"o1"}
