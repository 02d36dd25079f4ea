"""Opt-outs and opt-ins through the real worker: what is told, skipped or buried, each once."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.fakes.time import run
from tests.service.words import ANN, BOB, DAY, SKEW, a_world, is_out, said_in_turn, say
from tests.service.world import World, carried

FEED = "contact-activity"


@pytest.mark.parametrize("topic", ["events", "web"])
@pytest.mark.parametrize("later", [-1000, -1, 0])
def test_an_opt_in_that_is_no_newer_than_an_opt_out_is_stale(topic: str, later: int) -> None:
    world = run(said_in_turn(("out", -2000, "events"), ("in", -2000 + later, topic)))

    assert world.reasons == ["consent.stale_opt_in"]
    assert world.asked("remove-unsubscribed") == []
    assert is_out(world)


@pytest.mark.parametrize(
    ("topic", "later", "reasons"),
    [
        ("events", 1, []),
        ("web", 1, ["consent.stale_opt_in"]),
        ("web", SKEW, ["consent.stale_opt_in"]),
        ("web", SKEW + 1, []),
    ],
)
def test_clocks_may_differ_unless_one_partition_proves_the_order(
    topic: str, later: int, reasons: list[str]
) -> None:
    world = run(said_in_turn(("out", -2000, "events"), ("in", -2000 + later, topic)))

    assert world.reasons == reasons
    assert is_out(world) is bool(reasons)


def test_an_opt_out_that_comes_later_and_is_much_older_is_skipped_and_counted() -> None:
    words = ("in", -1000.0, "events"), ("out", -1000.0 - DAY - 1, "web")

    world = run(said_in_turn(*words))

    assert world.asked("add-unsubscribed") == []
    assert world.meter.counts["skipped contact.opted_out superseded"] == 1
    assert world.meter.counts["delivered contact.opted_in"] == 1
    assert world.reasons == []


def test_an_opt_out_that_is_older_by_a_day_at_most_is_told() -> None:
    words = ("in", -1000.0, "events"), ("out", -1000.0 - DAY, "web")

    world = run(said_in_turn(*words))

    assert is_out(world)


def test_an_opt_in_that_waits_is_overtaken_by_an_opt_out() -> None:
    async def main() -> World:
        world = a_world(switches={"import_seconds": 120.0})
        world.put("user.updated", {"user_id": "1", "email": ANN})
        async with world.running():
            await world.until(lambda: bool(world.asked("bulk-contacts")))
            say(world, "in", -1000, topic="web")
            await world.clock.sleep(1)
            say(world, "out", -900, topic="crm")
            await world.settled()
        return world

    with capture_logs() as logs:
        world = run(main())

    rules = [line["rule"] for line in logs if line["event"] == "consent_decided"]
    assert sorted(rules) == ["newest", "overtaken"]
    assert world.meter.counts["skipped contact.opted_in overtaken"] == 1
    assert world.reasons == []
    assert world.asked("remove-unsubscribed") == []
    assert is_out(world)


def test_an_opt_in_that_an_outage_holds_is_overtaken_by_a_later_opt_out_of_its_partition() -> None:
    async def main() -> World:
        world = a_world()
        world.account.faults.rule([{"action": "remove-unsubscribed", "status": 503}])
        async with world.running():
            say(world, "in", -1000)
            await world.until(lambda: bool(world.asked("remove-unsubscribed")))
            say(world, "out", -900)
            await world.until(lambda: is_out(world))
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert world.meter.counts["skipped contact.opted_in overtaken"] == 1
    assert world.reasons == []
    assert is_out(world)


def test_a_newer_opt_in_that_waits_is_not_skipped_for_an_older_opt_out() -> None:
    async def main() -> World:
        world = a_world(switches={"import_seconds": 120.0})
        world.put("user.updated", {"user_id": "1", "email": ANN})
        async with world.running():
            await world.until(lambda: bool(world.asked("bulk-contacts")))
            say(world, "in", -1000, topic="web")
            await world.clock.sleep(1)
            say(world, "out", -2000, topic="crm")
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert world.meter.counts["delivered contact.opted_in"] == 1
    assert world.meter.counts["delivered contact.opted_out"] == 1


# -- what eSputnik knows --------------------------------------------------------------------------


def unsubscribed_there(world: World, when: str) -> None:
    row = {"activityStatus": "UNSUBSCRIBED", "email": ANN, "activityDateTime": when}
    world.account.happened([row])


def test_an_opt_out_at_esputnik_itself_outranks_an_older_opt_in() -> None:
    async def main() -> World:
        world = a_world()
        unsubscribed_there(world, "2025-11-24T15:00:00")
        say(world, "in", -4000)
        return await carried(world)

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert world.asked("remove-unsubscribed") == []
    assert is_out(world)


def test_an_opt_in_by_far_newer_than_the_opt_out_at_esputnik_is_told() -> None:
    async def main() -> World:
        world = a_world()
        unsubscribed_there(world, "2025-11-24T15:00:00")
        say(world, "in", -3600 + SKEW + 1)
        return await carried(world)

    world = run(main())

    assert world.reasons == []
    assert not is_out(world)


@pytest.mark.parametrize("status", [403, 404, 405])
def test_without_a_feed_an_opt_in_of_an_unknown_address_is_buried(status: int) -> None:
    async def main() -> World:
        world = a_world()
        world.account.faults.rule([{"action": FEED, "status": status, "text": "no"}])
        say(world, "in", -1000)
        say(world, "out", -1000, topic="web", email=BOB)
        return await carried(world)

    world = run(main())

    assert world.reasons == ["consent.unknown_order"]
    assert is_out(world, BOB)


def test_without_a_feed_the_memory_alone_decides_of_an_address_it_knows() -> None:
    async def main() -> World:
        world = a_world()
        world.account.faults.rule([{"action": FEED, "status": 404, "text": "no"}])
        return await said_in_turn(("out", -2000, "events"), ("in", -1000, "web"), world=world)

    world = run(main())

    assert world.reasons == []
    assert not is_out(world)


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 500}, {"reset": "before"}])
def test_a_feed_that_fails_for_an_hour_buries_nothing(fault: dict[str, Any]) -> None:
    async def main() -> tuple[World, int, list[str]]:
        world = a_world()
        world.account.faults.rule([{"action": FEED, **fault}])
        say(world, "in", -1000)
        async with world.running():
            await world.clock.sleep(3600)
            during = len(world.asked("remove-unsubscribed")), world.reasons
            world.account.faults.rule([])
            await world.settled()
        return (world, *during)

    world, told, buried = run(main())

    assert (told, buried, world.reasons) == (0, [], [])
    assert 2 <= len(world.asked(FEED)) < 600
    assert len(world.asked("remove-unsubscribed")) == 1


# -- people and their names -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["user.signed_up", "user.updated", "device_token.registered"])
def test_what_is_no_newer_than_a_deletion_makes_no_contact(kind: str) -> None:
    async def main() -> World:
        world = a_world()
        person = {"user_id": "1", "email": ANN}
        world.put("user.signed_up", person, occurred_at="2025-11-24T10:00:00Z")
        async with world.running():
            await world.settled()
            world.put("user.deleted", {"user_id": "1"}, occurred_at="2025-11-24T12:00:00Z")
            await world.settled()
            token = {"app_id": "a", "token": "t"} if "token" in kind else {}
            data = person | token
            world.put(kind, data, topic="web", occurred_at="2025-11-24T12:00:00Z")
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["consent.erased"]
    assert [one["deleted"] for one in world.state()["contacts"]] == [True]


def test_a_sign_up_newer_than_the_deletion_makes_the_contact_anew() -> None:
    async def main() -> World:
        world = a_world()
        world.put("user.deleted", {"user_id": "1"}, occurred_at="2025-11-24T12:00:00Z")
        async with world.running():
            await world.settled()
            person = {"user_id": "1", "email": ANN}
            world.put("user.signed_up", person, topic="web", occurred_at="2025-11-24T12:00:01Z")
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["contacts"]) == 1


@pytest.mark.parametrize("who", [{"user_id": "1", "email": ANN}, {"user_id": "1"}])
def test_an_opt_out_follows_to_another_e_mail_before_the_contact_gets_it(
    who: dict[str, str],
) -> None:
    async def main() -> World:
        world = a_world()
        world.put("user.signed_up", {"user_id": "1", "email": ANN})
        async with world.running():
            await world.settled()
            say(world, "out", -2000, topic="web", **who)
            await world.settled()
            world.put("user.updated", {"user_id": "1", "email": BOB}, topic="crm")
            await world.settled()
        return world

    world = run(main())

    told = [one["action"] for one in world.account.requests()]
    assert is_out(world, ANN)
    assert is_out(world, BOB)
    assert told.index("bulk-contacts") > max(
        index for index, action in enumerate(told) if action == "add-unsubscribed"
    )
    assert world.reasons == []


def test_an_opt_out_by_user_id_is_remembered_of_the_address_that_was_looked_up() -> None:
    async def main() -> World:
        world = a_world()
        world.put("user.signed_up", {"user_id": "1", "email": ANN})
        async with world.running():
            await world.settled()
            say(world, "out", -1000, topic="web", user_id="1")
            await world.settled()
            say(world, "in", -1000, topic="crm", email=ANN)
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert is_out(world)


def test_an_opt_out_of_a_user_id_nobody_has_is_one_letter_and_is_remembered() -> None:
    async def main() -> World:
        world = a_world()
        say(world, "out", -1000, user_id="9")
        return await carried(world)

    world = run(main())

    assert world.reasons == ["esp.not_found"]
    assert len(world.consent_topic.log) == 2  # the key's fingerprint, and the user id


def test_each_decision_is_one_line_of_the_log_without_an_address() -> None:
    with capture_logs() as logs:
        world = run(said_in_turn(("out", -2000, "events"), ("in", -2000, "web")))

    lines = [line for line in logs if line["event"] == "consent_decided"]
    told = [(line["verdict"], line["rule"], line["topic"], line["offset"]) for line in lines]
    assert told == [("opt_out", "newest", "events", 0), ("refused", "stale_opt_in", "web", 0)]
    assert len({line["contact"] for line in lines}) == 1
    assert len(lines[0]["contact"]) == 8
    assert "example" not in repr(logs)
    assert world.reasons == ["consent.stale_opt_in"]


PHONE = "+380501234567"
ROUTES: Any = {"consent.routes": {"sms": {"segment": 6}, "news": {"subscription": "news"}}}
NAMES: list[dict[str, str]] = [{"phone": PHONE}, {"user_id": "1"}, {"email": ANN}]
NAMED_OTHERWISE = [(one, other) for one in NAMES for other in NAMES if one != other]


async def ann_signed_up() -> World:
    """A process that comes after Ann has signed up, with routes for SMS and for news."""
    world = a_world(**ROUTES)
    world.account.use_segments([{"id": 6, "name": "sms"}])
    world.put("user.signed_up", {"user_id": "1", "email": ANN, "phone": PHONE})
    return World(like=await carried(world))


@pytest.mark.parametrize(("out", "back"), NAMED_OTHERWISE)
@pytest.mark.parametrize("what", [{"channel": "sms"}, {"channel": "email", "categories": ["news"]}])
def test_a_stale_opt_in_by_a_route_is_refused_however_it_names_the_contact(
    what: dict[str, Any], out: dict[str, str], back: dict[str, str]
) -> None:
    async def main() -> World:
        world = await ann_signed_up()
        async with world.running():
            say(world, "out", -1000, **what, **out)
            await world.settled()
            say(world, "in", -2000, topic="web", **what, **back)
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == ["consent.stale_opt_in"]
    assert world.asked("detach-contacts") == []


def test_an_opt_in_by_a_route_that_waits_is_taken_back_however_the_contact_is_named() -> None:
    async def main() -> World:
        world = await ann_signed_up()
        twice = {"action": "detach-contacts", "status": 500, "times": 2}
        world.account.faults.rule([twice])
        async with world.running():
            say(world, "in", -2000, channel="sms", user_id="1")
            say(world, "out", -1000, channel="sms", phone=PHONE)
            await world.settled()
        return world

    world = run(main())

    (contact,) = world.state()["contacts"]
    assert [group["id"] for group in contact["groups"]] == [6]
    assert world.meter.counts["skipped contact.opted_in overtaken"] == 1


@pytest.mark.parametrize("kind", ["out", "in"])
def test_a_word_by_a_route_about_somebody_unknown_is_buried_and_not_lost(kind: str) -> None:
    async def main() -> World:
        world = await ann_signed_up()
        say(world, kind, -1000, channel="sms", user_id="nobody")
        return await carried(world)

    world = run(main())

    assert world.reasons == ["esp.not_found"]
    assert world.asked("attach-contacts") == world.asked("detach-contacts") == []
