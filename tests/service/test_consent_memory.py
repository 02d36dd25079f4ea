"""What is remembered of consent: over restarts, outages of its topic, and replays."""

from typing import Any

import pytest

from consumer.record import Partition
from tests.fakes.time import run
from tests.service.replaying import replayed
from tests.service.words import ANN, BOB, DAY, a_world, at, is_out, said_in_turn, say
from tests.service.world import World, carried

ROUTED: Any = {"consent.routes": {"sms": {"segment": 6}}}
CRM = Partition("crm", 0)
PUSHED: Any = {"consent.routes": {"push": {"segment": 99}}}  # there is none


async def after(world: World, *words: tuple[str, float, str]) -> World:
    """Return what a process that comes after another one makes of further words."""
    return await said_in_turn(*words, world=World(like=world))


def test_an_opt_out_is_known_after_a_restart() -> None:
    async def main() -> World:
        return await after(await said_in_turn(("out", -1000, "events")), ("in", -1000, "web"))

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert is_out(world)


def test_an_applied_opt_in_is_known_after_a_restart() -> None:
    async def main() -> World:
        before = await said_in_turn(("in", -1000, "events"))
        return await after(before, ("out", -1001 - DAY, "web"))

    world = run(main())

    assert world.meter.counts["skipped contact.opted_out superseded"] == 1
    assert not is_out(world)


def test_a_deletion_is_known_after_a_restart() -> None:
    async def main() -> World:
        world = a_world()
        world.put("user.deleted", {"user_id": "1"})
        world = World(like=await carried(world))
        world.put("user.signed_up", {"user_id": "1", "email": ANN})
        return await carried(world)

    world = run(main())

    assert world.reasons == ["consent.erased"]
    assert world.state()["contacts"] == []


def test_an_opt_out_killed_before_it_was_remembered_is_told_and_remembered_once_more() -> None:
    async def main() -> World:
        world = a_world()
        say(world, "out", -1000)
        async with world.killed_when(lambda: is_out(world)):
            pass
        return await after(world, ("in", -1000, "web"))

    world = run(main())

    assert world.meter.counts["delivered contact.opted_out"] == 1
    assert world.reasons == ["consent.stale_opt_in"]
    assert is_out(world)


@pytest.mark.parametrize("event", ["contact.opted_out", "contact.opted_in", "user.deleted"])
def test_a_record_settles_only_once_the_topic_has_acknowledged_it(event: str) -> None:
    async def main() -> tuple[World, list[int]]:
        world = a_world()
        data = {"email": ANN} | ({"channel": "email"} if "opted" in event else {})
        world.put("user.signed_up", {"user_id": "1", "email": ANN}, topic="crm")
        async with world.running():
            await world.settled()
            world.put(event, data, occurred_at="2025-11-24T15:00:00Z")
            world.consent_topic.is_down = True
            await world.clock.sleep(3600)
            during = [at for place, at in world.source.commits.items() if place.topic == "events"]
            world.consent_topic.is_down = False
            await world.settled()
        return world, during

    world, during = run(main())

    assert during == [0]
    assert world.reasons == []
    assert world.meter.counts[f"delivered {event}"] == 1
    assert {place.topic: at for place, at in world.source.commits.items()}["events"] == 1


def test_an_outage_of_the_topic_holds_no_opt_out_back_from_esputnik() -> None:
    async def main() -> tuple[World, float]:
        world = a_world()
        async with world.running():
            world.consent_topic.is_down = True
            say(world, "out", -1000)
            took = await world.until(lambda: is_out(world))
            world.consent_topic.is_down = False
            await world.settled()
        return world, took

    _, took = run(main())

    assert took < 1


def test_a_process_killed_while_the_topic_is_down_loses_no_word() -> None:
    async def main() -> World:
        world = a_world()
        say(world, "out", -1000)
        async with world.killed_when(lambda: is_out(world), 60):
            world.consent_topic.is_down = True
        world.consent_topic.is_down = False
        return await after(world, ("in", -1000, "web"))

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert is_out(world)


def test_refused_opt_ins_end_in_one_letter_each() -> None:
    async def main() -> World:
        words = [("out", -1000.0, "events"), *(("in", -1000.0 - one, "web") for one in range(3))]
        return await said_in_turn(*words)

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"] * 3
    assert {burial.record.offset for burial in world.letters.burials} == {0, 1, 2}


# -- replays --------------------------------------------------------------------------------------


def test_a_stale_opt_in_stays_stale_when_it_is_replayed() -> None:
    async def main() -> World:
        before = await said_in_turn(("out", -1000, "events"), ("in", -1000, "web"))
        return await replayed(before)

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert world.letters.burials[0].attempts == 1
    assert world.asked("remove-unsubscribed") == []
    assert is_out(world)


def test_an_opt_in_that_was_refused_for_another_reason_is_stale_by_the_time_of_its_replay() -> None:
    async def main() -> World:
        world = a_world()
        world.account.faults.rule([{"action": "remove-unsubscribed", "status": 400}])
        say(world, "in", -2000)
        await carried(world)
        assert world.reasons == ["esp.rejected_400"]
        world.account.faults.rule([])
        await after(world, ("out", -1000, "web"))
        return await replayed(world)

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert is_out(world)


def test_an_opt_out_that_was_refused_is_told_and_remembered_by_its_replay() -> None:
    async def main() -> World:
        world = a_world()
        world.account.faults.rule([{"action": "add-unsubscribed", "status": 400}])
        say(world, "out", -1000)
        await carried(world)
        assert world.reasons == ["esp.rejected_400"]
        world.account.faults.rule([])
        again = await replayed(world)
        assert again.reasons == []
        return await after(again, ("in", -1000, "web"))

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert is_out(world)


async def signed_up(settings: Any) -> World:
    """Return a process that comes after Ann has signed up; there is one segment, for SMS."""
    world = a_world(**settings)
    world.account.use_segments([{"id": 6, "name": "sms"}])
    world.put("user.signed_up", {"user_id": "1", "email": ANN})
    return World(like=await carried(world))


async def takes_the_e_mail_back(world: World) -> None:
    """Let Ann opt in to all, and take the e-mail back before what is at fault is mended."""
    say(world, "in", -1000, channel="all", user_id="1", email=ANN)
    await world.clock.sleep(5)
    say(world, "out", -500, user_id="1", email=ANN)
    await world.clock.sleep(5)
    world.account.faults.rule([])
    await world.settled()


def test_an_opt_out_that_follows_is_told_though_another_word_wrote_it_down_before_a_kill() -> None:
    async def main() -> World:
        world = await signed_up(ROUTED)
        say(world, "out", -1000, user_id="1", email=ANN)
        world = World(like=await carried(world))
        world.sender.latency = 1.0
        world.account.faults.rule([{"action": "add-unsubscribed", "status": 500}])
        told = len(world.asked("add-unsubscribed"))
        say(world, "out", -500, topic="web", channel="sms", email=BOB)

        def moves() -> bool:
            if world.sender.sent and not world.source.broker.logs[CRM]:
                moved = {"user_id": "1", "email": BOB}
                world.put("user.updated", moved, topic="crm", occurred_at=at(-100))
            return len(world.asked("add-unsubscribed")) > told

        async with world.killed_when(moves, 20):
            pass
        world.account.faults.rule([])
        return await carried(World(like=world))

    assert is_out(run(main()), BOB)


def test_the_parts_of_an_opt_in_that_were_applied_are_remembered_without_the_others() -> None:
    async def main() -> World:
        world = await signed_up(ROUTED)
        world.account.faults.rule([{"action": "remove-unsubscribed", "status": 403}])
        async with world.running():
            await takes_the_e_mail_back(world)
            say(world, "out", -1000 - 2 * DAY, topic="web", channel="sms", user_id="1", email=ANN)
            await world.settled()
        return world

    world = run(main())

    assert is_out(world)
    assert world.asked("detach-contacts")
    assert not world.asked("attach-contacts")


def test_a_letter_calls_an_opt_in_that_was_overtaken_not_tried() -> None:
    async def main() -> World:
        world = await signed_up(PUSHED)
        world.account.faults.rule([{"action": "contact-activity", "status": 500}])
        async with world.running():
            await takes_the_e_mail_back(world)
        return world

    world = run(main())

    (burial,) = world.letters.burials
    assert not world.asked("remove-unsubscribed")
    assert {fate.slot: fate.state for fate in burial.fates}["email"] == "N"
