"""What is replayed goes the same way, and is told of in the same words."""

from tests.fakes.time import run
from tests.service.events import a_message, an_order
from tests.service.replaying import letter_of, replayed
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


def test_an_event_that_two_letters_hold_is_sent_once() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "send-message", "status": 400, "text": "bad"}])
        world.put("message.requested", a_message(1), id="m1")
        world = await carried(world)
        after = World(like=world)
        after.put("message.requested", a_message(1), id="m1")
        await carried(after)
        after.account.faults.rule([])
        after.letters.burials[:0] = world.letters.burials
        assert len(after.letters.burials) == 2
        return await replayed(after)

    again = run(main())

    assert len(again.state()["sent"]) == 1
    assert again.letters.burials == []


def test_a_letter_of_another_cluster_is_buried_again_as_the_same() -> None:
    async def main() -> tuple[World, World]:
        world = World()
        world.account.faults.rule([{"action": "send-message", "status": 400, "text": "bad"}])
        world.put("message.requested", a_message(1))
        return await carried(world), await replayed(world)

    world, again = run(main())
    (before,), (after,) = world.letters.burials, again.letters.burials

    assert letter_of(after, cluster="prod").id == letter_of(before, cluster="main").id


def test_what_may_have_run_is_not_forgotten_where_nothing_was_tried() -> None:
    async def main() -> tuple[World, dict[str, bytes | None]]:
        world = World()
        world.account.faults.rule([{"action": "send-message", "status": 400, "text": "bad"}])
        world.put("message.requested", a_message(1))
        await carried(world)
        notes: dict[str, bytes | None] = {}
        again = await replayed(world, notes, max_bytes=10)
        return again, notes

    again, notes = run(main())

    assert again.reasons == ["decode.too_large"]
    assert notes == {}
