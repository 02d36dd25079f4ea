"""What is held back, who may try whether it is over, and how all the others go on."""

from dataclasses import replace
from typing import Any

import pytest

from consumer import ledger
from consumer.refusals import LEAST
from handlers.mapped import Event, Mapped, Options
from tests.fakes.time import run
from tests.service.events import HERE, THERE, TWO, a_message, an_opt_out, an_order
from tests.service.world import World

ONE_BY_ONE: Any = {"batch.max_orders": 1}
SLOW = {"default": 1, "search": 1, "event": 1, "past_event": 1}
WRONG = {"action": "add-orders", "status": 400, "text": "wrong currency"}


# -- many refusals for one cause ------------------------------------------------------------


def test_an_action_that_most_is_refused_of_is_tried_once_a_minute_by_a_held_call_alone() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([WRONG])
        for number in range(60):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(70)
            for number in range(60, 160):
                world.put("order.changed", an_order(number))
            before = len(world.asked("add-orders"))
            await world.clock.sleep(1800)
            trials = world.asked("add-orders")[before:]
            world.account.faults.rule([])
            await world.settled()
        assert [len(one["body"]["orders"]) for one in trials] == [1] * len(trials)
        assert 25 <= len(trials) <= 30
        return world

    world = run(main())

    assert len(world.reasons) < LEAST
    assert len(world.state()["orders"]) == 160 - len(world.reasons)


def test_while_one_action_is_held_for_refusals_the_others_go_on_at_once() -> None:
    async def main() -> float:
        world = World(partitions=TWO)
        world.account.faults.rule([WRONG])
        for number in range(400):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(120)
            world.put("user.updated", {"user_id": "1", "first_name": "Ann"}, partition=1)
            world.put("message.requested", a_message(999), partition=1)
            took = await world.until(lambda: world.state()["contacts"] and world.state()["sent"])
            world.account.faults.rule([])
            await world.settled()
        return took

    assert run(main()) < 3


def test_refusals_for_many_causes_are_bad_events_and_all_are_buried() -> None:
    async def main() -> World:
        world, words = World(), ("phone", "email", "date", "country")
        world.account.faults.rule(
            {**WRONG, "contains": f"strange {word}", "text": f"wrong {word}"} for word in words
        )
        for number in range(400):
            strange = f"strange {words[number % 4]}"
            world.put("order.changed", an_order(number, status_description=strange))
        async with world.running():
            await world.settled(120)
        return world

    world = run(main())

    assert world.reasons == ["esp.rejected_400"] * 400


def test_a_larger_share_may_be_refused_where_the_settings_say_so() -> None:
    async def main() -> World:
        settings: Any = {"dead_letter.max_ratio": 1}
        world = World(**settings)
        world.account.faults.rule([WRONG])
        for number in range(400):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.settled(120)
        return world

    assert len(run(main()).reasons) == 400


def test_each_held_call_gets_its_turn() -> None:
    async def main() -> World:
        settings: Any = {"batch.max_orders": 100}
        world = World(**settings)
        world.account.faults.rule([{**WRONG, "contains": "strange"}])
        for number in range(110):
            world.put("order.changed", an_order(number, status_description="strange"))
        async with world.running():
            await world.clock.sleep(300)
            held = world.worker.ledger.records
            world.put("order.changed", an_order(5000))
            await world.until(lambda: world.state()["orders"], (held + 2) * 70, every=5)
            world.account.faults.rule([])
            await world.settled(every=1)
        return world

    assert "o5000" in run(main()).state()["orders"]


def test_sign_ups_that_most_were_refused_of_go_on_when_the_cause_is_mended() -> None:
    async def main() -> World:
        world = World()
        world.account.faults.rule([{"action": "bulk-contacts", "item_error": "no such field"}])
        for number in range(200):
            data = {"user_id": str(number), "email": f"p{number}@example.com"}
            world.put("user.signed_up", data)
        async with world.running():
            await world.clock.sleep(30)
            world.account.faults.rule([])
            await world.settled(3600)
        return world

    world = run(main())

    assert len(world.reasons) < LEAST
    assert len(world.state()["contacts"]) == 200 - len(world.reasons)


# -- a broken mapping -----------------------------------------------------------------------


def broken(_event: Event[Any], _options: Options) -> Mapped:
    raise KeyError


def test_a_mapping_that_is_broken_for_most_events_buries_few_and_holds_the_rest() -> None:
    async def main() -> tuple[World, float]:
        world = World()
        route = world.routes["order.changed"]
        world.routes["order.changed"] = replace(route, handle=broken)
        for number in range(400):
            world.put("order.changed", an_order(number))
        world.put("message.requested", a_message(999))
        async with world.running():
            await world.clock.sleep(630)
            assert world.state()["sent"]
            assert not world.vitals().ready()[0]
            world.routes["order.changed"] = route
            took = await world.until(lambda: world.state()["orders"])
            await world.settled()
            assert world.vitals().ready()[0]
        return world, took

    world, took = run(main())

    assert set(world.reasons) == {"map.handler_error"}
    assert len(world.reasons) < LEAST
    assert len(world.state()["orders"]) == 400 - len(world.reasons)
    assert took <= 61


# -- trials ---------------------------------------------------------------------------------


def test_a_trial_that_is_given_up_leaves_the_turn_to_others_at_once() -> None:
    async def main() -> float:
        settings: Any = {"batch.max_orders": 1}
        world = World(partitions=TWO, **settings)
        async with world.running():
            world.sender.is_down = True
            for number in range(6):
                world.put("order.changed", an_order(number))
            await world.clock.sleep(900)
            world.sender.latency = 25.0
            await world.until(lambda: world.sender.at_once > 0)
            world.put("order.changed", an_order(99), partition=1)
            await world.clock.sleep(1)
            await world.source.revoke([HERE])
            await world.clock.sleep(10)
            world.sender.is_down, world.sender.latency = False, 0.01
            return await world.until(lambda: "o99" in world.state()["orders"])

    assert run(main()) < 70


@pytest.mark.parametrize("status", [403, 405])
def test_a_forbidden_action_is_held_alone_and_goes_on_when_it_is_allowed(status: int) -> None:
    async def main() -> tuple[World, float]:
        world = World(
            partitions=TWO, switches={"forbidden": "add-orders", "forbidden_status": status}
        )
        for number in range(20):
            world.put("order.changed", an_order(number))
        async with world.running():
            world.put("contact.opted_out", an_opt_out("ann@example.com"), partition=1)
            took = await world.until(lambda: world.state()["unsubscribed"])
            await world.clock.sleep(7200)
            asked = len(world.asked("add-orders"))
            assert not world.vitals().ready()[0]
            world.account.change_switches({"forbidden": ""})
            await world.settled(700)
        assert asked <= 2 + 4 + 7200 / 600
        return world, took

    world, took = run(main())

    assert took < 1
    assert world.reasons == []
    assert len(world.state()["orders"]) == 20


@pytest.mark.timeout(20)
def test_a_send_far_beyond_the_commit_point_waits_and_stops_nothing() -> None:
    async def main() -> World:
        world = World(switches={"forbidden": "add-orders"})
        async with world.running():
            world.put("order.changed", an_order(1))
            for number in range(8200):
                world.put("user.updated", {"user_id": str(number), "first_name": "Ann"})
            world.put("message.requested", a_message(9999))
            await world.clock.sleep(300)
            assert not world.state()["sent"]
            world.account.change_switches({"forbidden": ""})
            await world.settled(1000)
        return world

    world = run(main())

    assert world.state()["sent"]
    assert len(world.state()["contacts"]) >= 8200


# -- a key that is changed ------------------------------------------------------------------


def test_refusals_of_the_old_key_hold_nothing_once_the_new_one_is_read() -> None:
    async def main() -> tuple[World, float]:
        world = World(**ONE_BY_ONE)
        world.sender.latency = 1.0
        for number in range(8):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.until(lambda: world.sender.at_once == 8)
            world.account.switches.api_key = world.sender.kept_key = "another"
            began = world.clock.now()
            await world.settled()
            return world, world.clock.now() - began

    world, took = run(main())

    assert len(world.state()["orders"]) == 8
    assert took < 10


def test_a_key_that_is_changed_while_everything_is_held_is_taken_up_in_seconds() -> None:
    async def main() -> float:
        world = World()
        world.account.switches.api_key = "another"
        world.put("order.changed", an_order(1))
        async with world.running():
            await world.until(lambda: world.gate.account is not None)
            await world.clock.sleep(1000)
            world.sender.kept_key = "another"
            took = await world.until(lambda: world.state()["orders"])
            await world.settled()
        return took

    assert run(main()) < 6


def test_a_new_key_that_is_refused_as_well_holds_everything_for_a_minute() -> None:
    async def main() -> World:
        world = World()
        world.account.switches.api_key = "another"
        world.put("order.changed", an_order(1))
        async with world.running():
            await world.until(lambda: world.gate.account is not None)
            world.sender.kept_key = "a third"
            before = len(world.sender.sent)
            await world.clock.sleep(600)
            assert len(world.sender.sent) - before <= 12
            world.sender.kept_key = "another"
            await world.settled()
        return world

    world = run(main())

    assert len(world.state()["orders"]) == 1
    assert world.letters.burials == []


def test_a_trial_that_would_go_another_way_by_then_leaves_the_turn_to_others() -> None:
    async def main() -> float:
        world = World(partitions=TWO)
        world.account.faults.rule([{"action": "bulk-contacts", "status": 503}])
        ann = {"user_id": "1", "email": "ann@example.com"}
        async with world.running():
            world.put("user.updated", {"user_id": "9", "first_name": "Eve"})
            await world.clock.sleep(20)
            assert world.gate.actions
            world.put("user.signed_up", ann | {"first_name": "Ann"}, partition=1)
            world.put("user.signed_up", ann | {"last_name": "Lee"})
            await world.clock.sleep(60)  # theirs is the next trial
            await world.source.revoke([THERE])  # a lone sign-up is left, which goes by itself
            world.account.faults.rule([])
            began = world.clock.now()
            await world.until(lambda: len(world.state()["contacts"]) == 2, 7200)
            return world.clock.now() - began

    assert run(main()) < 130


def test_once_an_import_is_taken_the_others_need_not_wait_for_its_end() -> None:
    async def main() -> float:
        settings: Any = {"batch.max_contacts": 10}
        world = World(**settings)
        world.account.faults.rule([{"action": "bulk-contacts", "status": 503}])
        for number in range(100):
            world.put("user.updated", {"user_id": str(number), "first_name": "Ann"})
        async with world.running():
            await world.clock.sleep(60)
            world.account.faults.rule([{"action": "bulk-contacts", "import": "stuck", "times": 1}])
            took = await world.until(lambda: len(world.state()["contacts"]) == 90, 7200)
            await world.settled()
        return took

    assert run(main()) < 70


@pytest.mark.parametrize(
    ("settings", "most"), [({}, 8), ({"esputnik.requests_per_second": SLOW}, 2)]
)
def test_after_the_first_failure_no_send_leaves_that_waited_for_its_turn(
    settings: Any, most: int
) -> None:
    async def main() -> World:
        world = World(**settings)
        counted = ("send-message", "generate-event", "create-inbox-message")
        world.account.faults.rule(
            {"action": action, "status": 500} for action in (*counted, "account-info")
        )
        for number in range(40):
            world.put("message.requested", a_message(number))
            world.put("activity.recorded", {"name": "seen", "user_id": str(number)})
            world.put("inbox_message.published", {"name": "n", "title": "t", "text": "x"})
        async with world.running():
            await world.clock.sleep(600)
            assert sum(len(world.asked(action)) for action in counted) <= most
            world.account.faults.rule([])
            await world.settled()
        return world

    world = run(main())

    assert len(world.reasons) <= most
    assert set(world.reasons) == {"sync.in_doubt"}


def test_a_send_that_was_written_down_and_then_held_is_no_doubt_for_the_next_owner() -> None:
    async def main() -> World:
        world = World(partitions=TWO)
        world.account.faults.rule(
            {"action": action, "status": 503} for action in ("add-orders", "account-info")
        )
        world.sender.latency = 0.25
        async with world.running():
            world.put("order.changed", an_order(1), partition=1)
            await world.until(lambda: world.sender.sent)
            commit = world.source.commit

            async def slowly(points: Any) -> bool:
                await world.clock.sleep(0.5)
                return await commit(points)

            world.source.commit = slowly  # type: ignore[method-assign]  # as a broker may be
            world.put("message.requested", a_message(2))
            await world.until(lambda: world.gate.doubt)
            await world.clock.sleep(300)
            await world.source.revoke([HERE])
            world.account.faults.rule([])
            world.source.assign(world.worker)
            await world.settled()
        return world

    world = run(main())

    assert world.reasons == []
    assert len(world.state()["sent"]) == 1


def test_calls_behind_a_trial_that_the_old_key_was_refused_for_go_on_at_once() -> None:
    async def main() -> float:
        world = World(**ONE_BY_ONE)
        world.account.faults.rule([{"action": "add-orders", "status": 403}])
        for number in range(8):
            world.put("order.changed", an_order(number))
        async with world.running():
            await world.clock.sleep(30)
            world.account.faults.rule([])
            world.account.switches.api_key = world.sender.kept_key = "another"
            took = await world.until(lambda: world.state()["orders"], 7200)
            await world.settled()
        return took

    assert run(main()) < 70


def test_a_send_that_failed_once_holds_nothing_up_where_none_waits() -> None:
    async def main() -> list[list[str]]:
        world = World(partitions=TWO)
        actions = ("generate-event", "account-info")
        world.account.faults.rule({"action": action, "status": 500} for action in actions)
        told = []
        async with world.running():
            for _ in range(2):
                world.put("activity.recorded", {"name": "seen", "user_id": "1"})
                await world.clock.sleep(10)
                told.append([one["what"] for one in world.vitals().ready()[1]["held"]])
            world.account.faults.rule([])
            await world.settled()
            told.append([one["what"] for one in world.vitals().ready()[1]["held"]])
        return told

    assert run(main()) == [[], ["generate-event"], []]


def activities(world: World, count: int, *, second_is_of_the_first: bool) -> None:
    for number in range(count):
        who = 0 if number == 1 and second_is_of_the_first else number
        world.put("activity.recorded", {"name": "seen", "email": f"b{who}@example.com"})


@pytest.fixture
def few_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no more than forty records be told of beside a commit point."""
    monkeypatch.setattr(ledger, "SPAN", 40)


@pytest.mark.usefixtures("few_are_told_of")
def test_sends_too_far_ahead_leave_their_places_to_those_at_the_commit_point() -> None:
    async def main() -> World:
        world = World()
        activities(world, 300, second_is_of_the_first=True)
        async with world.running():
            await world.settled(600, every=1)
        return world

    world = run(main())

    assert len(world.asked("generate-event")) == 300
    assert world.reasons == []


@pytest.mark.usefixtures("few_are_told_of")
def test_sends_behind_one_that_waits_for_an_import_go_on_when_that_has_ended() -> None:
    async def main() -> World:
        settings: Any = {"contacts.single": "never"}
        world = World(partitions=TWO, switches={"import_seconds": 40.0}, **settings)
        for number in range(2):
            update = {"email": f"b{number}@example.com", "first_name": "A"}
            world.put("user.updated", update, partition=1)
        async with world.running():
            await world.clock.sleep(2)
            activities(world, 300, second_is_of_the_first=False)
            await world.settled(600, every=1)
        return world

    assert len(run(main()).asked("generate-event")) == 300


def test_messages_with_unsafe_links_are_buried_and_hold_nothing() -> None:
    async def main() -> World:
        world = World()
        for _ in range(120):
            message = {"name": "n", "title": "t", "text": "x", "link": "http://localhost/sale"}
            world.put("inbox_message.published", message)
        world.put("order.changed", an_order(1))
        async with world.running():
            await world.settled(60)
        return world

    world = run(main())

    assert world.reasons == ["map.unsafe_url"] * 120
    assert world.state()["orders"]
