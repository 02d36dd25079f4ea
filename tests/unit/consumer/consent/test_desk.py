"""The desk over an account of the sandbox: what is sent, what is refused, what is remembered."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import structlog

from consumer.consent.rules import Rule
from consumer.consent.words import EMAIL
from consumer.record import Partition, Record
from esputnik.outcome import Blocked, Deferred, Rejected
from tests.fakes.time import run
from tests.fakes.topic import FakeTopic
from tests.unit.consumer.consent.given import HERE, THERE
from tests.unit.consumer.consent.office import HASHER, HOUR, Office, an_event, offices, unsubscribe

ANN, BOB, CAT = "Ann@example.com", "bob@example.com", "cat@example.com"
DAY = 24 * HOUR
WEB = Partition("web", 0)


def opt_out(data: dict[str, Any] | str = ANN, **where: Any) -> Record:
    return _consent("contact.opted_out", data, where)


def opt_in(data: dict[str, Any] | str = ANN, **where: Any) -> Record:
    return _consent("contact.opted_in", data, where)


def _consent(kind: str, data: dict[str, Any] | str, where: dict[str, Any]) -> Record:
    told = {"email": data} if isinstance(data, str) else data
    return an_event(kind, {"channel": "email"} | told, **where)


def update(email: str, user_id: str = "1", **where: Any) -> Record:
    return an_event("user.updated", {"user_id": user_id, "email": email}, **where)


def deletion(**data: Any) -> Record:
    where = {name: data.pop(name) for name in ("at", "offset", "place") if name in data}
    return an_event("user.deleted", data, **where)


def of(name: str) -> bytes:
    return HASHER.of(name)


def in_an_office(story: Callable[[Office], Coroutine[Any, Any, None]], **given: Any) -> None:
    async def told() -> None:
        async with offices(**given) as (office,):
            await story(office)

    run(told())


# -- opt-outs -----------------------------------------------------------------------------------


def test_an_opt_out_is_told_and_written() -> None:
    async def story(office: Office) -> None:
        assert await office.carry(opt_out(offset=7)) == "delivered"

        assert office.unsubscribed == ["ann@example.com"]
        (word,) = office.replica.memory.words(of("e:ann@example.com"), EMAIL)
        assert (word.is_out, word.place, word.offset) == (True, HERE, 7)
        assert [record.key for record in office.replica.topic.log[1:]] == [of("e:ann@example.com")]

    in_an_office(story)


def test_an_opt_out_counts_from_the_moment_it_is_taken() -> None:
    async def story(office: Office) -> None:
        office.admit(opt_out())

        assert office.replica.memory.words(of("e:ann@example.com"), EMAIL)

    in_an_office(story)


def test_an_old_opt_out_is_told_unless_an_opt_in_is_newer_by_more_than_a_day() -> None:
    async def story(office: Office) -> None:
        assert await office.carry(opt_in(at=0, place=THERE)) == "delivered"

        assert await office.carry(opt_out(at=-DAY, offset=1)) == "delivered"
        assert office.unsubscribed == ["ann@example.com"]
        assert await office.carry(opt_out(at=-DAY - 1, offset=2)) == "superseded"
        assert len(office.asked("add-unsubscribed")) == 1

    in_an_office(story)


def test_an_opt_out_that_was_left_untold_is_remembered_all_the_same() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_in(at=0, place=THERE))
        await office.carry(opt_out(at=-DAY - 1, offset=9))

        kept = office.replica.memory.words(of("e:ann@example.com"), EMAIL)

        assert [word.offset for word in kept if word.is_out] == [9]
        assert b'["out","email"' in (office.replica.topic.log[-1].value or b"")

    in_an_office(story)


def test_of_several_channels_those_alone_are_left_untold_that_were_opted_in_since() -> None:
    async def story(office: Office) -> None:
        await office.carry(update(ANN))
        await office.carry(opt_in({"user_id": "1"}, at=0, place=THERE))

        end = await office.carry(opt_out({"user_id": "1", "channel": "all"}, at=-2 * DAY))

        assert end == "delivered"
        assert (office.unsubscribed, len(office.asked("attach-contacts"))) == ([], 1)

    in_an_office(story)


def test_what_has_no_route_is_buried_also_where_the_rest_is_left_untold() -> None:
    async def story(office: Office) -> None:
        everything = {"user_id": "1", "channel": "all"}
        await office.carry(update(ANN))
        await office.carry(opt_in({"user_id": "1"}, at=0, place=THERE, offset=1))
        await office.carry(opt_in({"user_id": "1", "channel": "sms"}, at=0, place=THERE, offset=2))

        assert await office.carry(opt_out(everything, at=-2 * DAY)) == "consent.no_route"

    in_an_office(story)


def test_an_opt_out_by_user_id_is_one_of_the_address_that_was_found() -> None:
    async def story(office: Office) -> None:
        await office.carry(update(ANN))

        assert await office.carry(opt_out({"user_id": "1"}, at=10)) == "delivered"

        assert office.unsubscribed == ["ann@example.com"]
        assert await office.carry(opt_in(ANN, at=5, place=THERE)) == "consent.stale_opt_in"
        link = office.replica.memory.link(of("u:1"))
        assert link is not None
        assert link.email == of("e:ann@example.com")

    in_an_office(story)


def test_an_opt_out_of_another_channel_counts_for_the_contact_and_not_for_its_address() -> None:
    async def story(office: Office) -> None:
        by_phone = {"phone": "+380671234567", "channel": "sms"}
        await office.carry(an_event("user.updated", by_phone | {"user_id": "1", "email": ANN}))

        assert await office.carry(opt_out(by_phone)) == "delivered"

        written = [record.key for record in office.replica.topic.log[1:]]
        assert office.unsubscribed == []
        (contact,) = office.account.state()["contacts"]
        assert set(written) == {of("p:380671234567"), of(f"c:{contact['id']}")}

    in_an_office(story)


def test_an_opt_out_of_the_future_counts_as_of_its_record() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out(at=2 * HOUR, timestamp=0))

        assert await office.carry(opt_in(at=301, place=THERE, timestamp=0)) != "delivered"
        await asyncio.sleep(HOUR)
        assert await office.carry(opt_in(at=HOUR, place=THERE, timestamp=0)) == "delivered"

    in_an_office(story)


# -- opt-ins ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opted_in", "end"),
    [
        (opt_in(at=301, place=THERE), "delivered"),
        (opt_in(at=300, place=THERE), "consent.stale_opt_in"),
        (opt_in(at=0, place=THERE), "consent.stale_opt_in"),
        (opt_in(at=-HOUR, place=THERE), "consent.stale_opt_in"),
        (opt_in(at=1, offset=1), "delivered"),
        (opt_in(at=0, offset=1), "consent.stale_opt_in"),
        (opt_in("ANN@EXAMPLE.COM", at=1, place=THERE), "consent.stale_opt_in"),
        (opt_in(BOB, at=-HOUR, place=THERE), "delivered"),
    ],
)
def test_an_opt_in_is_told_only_if_it_is_newer_than_the_opt_out(opted_in: Record, end: str) -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out(at=0))
        await asyncio.sleep(HOUR)

        assert await office.carry(opted_in) == end

        kept = end != "delivered" or b"bob" in (opted_in.value or b"")
        assert office.unsubscribed == (["ann@example.com"] if kept else [])

    in_an_office(story)


def test_an_opt_out_at_another_replica_counts_once_it_is_written() -> None:
    async def story() -> None:
        async with offices(2) as (here, there):
            await here.carry(opt_out(at=0))

            assert await there.carry(opt_in(at=0, place=THERE)) == "consent.stale_opt_in"

    run(story())


def test_an_opt_in_by_user_id_is_compared_with_the_address_that_was_found() -> None:
    async def story(office: Office) -> None:
        await office.carry(update(ANN))
        await office.carry(opt_out(ANN, at=0))

        end = await office.carry(opt_in({"user_id": "1"}, at=0, place=THERE))

        assert (end, office.unsubscribed) == ("consent.stale_opt_in", ["ann@example.com"])

    in_an_office(story)


@pytest.mark.parametrize(
    ("first", "then", "end"),
    [
        (None, opt_out(at=1, offset=2), Rule.OVERTAKEN),
        (None, opt_out(at=1, place=THERE), "consent.stale_opt_in"),
        (opt_out(at=1, place=THERE), opt_out(at=2, offset=2), "consent.stale_opt_in"),
    ],
)
def test_an_opt_in_is_overtaken_if_it_was_good_when_it_came_and_taken_back_in_its_partition(
    first: Record | None, then: Record, end: str
) -> None:
    async def story(office: Office) -> None:
        if first is not None:
            await office.carry(first)
        record = opt_in(at=0, offset=1)
        admission = office.admit(record)
        assert admission is not None
        await office.carry(then)

        found = await office.desk.before_opt_in(
            admission, office.planned(record).calls[0], office.ask
        )

        assert getattr(found, "reason", found) == end

    in_an_office(story)


def test_a_deletion_that_comes_to_be_known_while_an_opt_in_waits_erases_it() -> None:
    async def story() -> None:
        async with offices(2) as (here, there):
            plan, record = here.planned(opt_in()), opt_in()
            admission = here.desk.admit(plan, record, here.clock.wall())
            assert admission is not None
            await there.carry(deletion(email=ANN, at=0, place=THERE))

            refusal = await here.desk.before_opt_in(admission, plan.calls[0], here.ask)

            assert isinstance(refusal, Rejected)
            assert refusal.reason == "consent.erased"

    run(story())


def test_an_opt_out_by_a_link_in_a_letter_counts() -> None:
    async def story(office: Office) -> None:
        unsubscribe(office.account, ANN, at=0)

        assert await office.carry(opt_in(at=300)) == "consent.stale_opt_in"
        assert office.unsubscribed == ["ann@example.com"]
        await asyncio.sleep(HOUR)
        assert await office.carry(opt_in(at=301)) == "delivered"
        assert office.unsubscribed == []

    in_an_office(story)


def test_an_old_opt_in_is_compared_with_all_that_came_after_it() -> None:
    async def story(office: Office) -> None:
        unsubscribe(office.account, ANN, at=-200 * DAY)

        assert await office.carry(opt_in(at=-300 * DAY)) == "consent.stale_opt_in"
        assert len(office.asked("contact-activity")) == 3
        assert await office.carry(opt_in(at=-100 * DAY)) == "delivered"

    in_an_office(story)


def test_without_a_feed_an_opt_in_needs_a_memory() -> None:
    async def story(office: Office) -> None:
        assert await office.carry(opt_in()) == "consent.unknown_order"

        await office.carry(opt_out())
        await asyncio.sleep(HOUR)

        assert await office.carry(opt_in(at=HOUR, place=THERE)) == "delivered"
        assert office.unsubscribed == []

    in_an_office(story, switches={"forbidden": {"contact-activity"}})


def test_a_refused_opt_in_is_no_word_that_leaves_an_opt_out_untold() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_in(at=0))

        assert await office.carry(opt_out(at=-2 * DAY, offset=1)) == "delivered"

    in_an_office(story, switches={"forbidden": {"contact-activity"}})


def test_an_outage_of_the_feed_is_waited_for() -> None:
    async def story(office: Office) -> None:
        plan, record = office.planned(opt_in()), opt_in()
        admission = office.desk.admit(plan, record, office.clock.wall())
        assert admission is not None
        office.down = True

        told = await office.desk.before_opt_in(admission, plan.calls[0], office.ask)

        assert told == Deferred(cause="ClientConnectorError")
        office.down = False
        assert await office.desk.before_opt_in(admission, plan.calls[0], office.ask) is None

    in_an_office(story)


def test_a_refused_key_blocks_an_opt_in_and_refuses_it_not() -> None:
    async def story(office: Office) -> None:
        office.account.change_switches({"api_key": "another"})
        plan, record = office.planned(opt_in()), opt_in()
        admission = office.desk.admit(plan, record, office.clock.wall())
        assert admission is not None

        told = await office.desk.before_opt_in(admission, plan.calls[0], office.ask)

        assert isinstance(told, Blocked)

    in_an_office(story)


def test_an_opt_in_waits_while_the_memory_cannot_catch_up() -> None:
    async def story(office: Office) -> None:
        office.replica.topic.is_down = True
        carried = asyncio.create_task(office.carry(opt_in()))
        await asyncio.sleep(HOUR)
        assert (carried.done(), office.sent) == (False, [])

        office.replica.topic.is_down = False

        assert await carried == "delivered"

    in_an_office(story)


def test_an_opt_in_by_a_route_is_compared_with_the_memory_alone() -> None:
    async def story(office: Office) -> None:
        sms = {"user_id": "1", "channel": "sms"}
        await office.carry(update(ANN))
        await office.carry(opt_out(sms, at=0))

        assert await office.carry(opt_in(sms, at=0, place=THERE)) == "consent.stale_opt_in"
        assert await office.carry(opt_in({"user_id": "1"}, at=0, place=THERE)) == "delivered"
        assert len(office.asked("contact-activity")) == 1

    in_an_office(story)


def test_categories_are_apart_from_channels_also_by_the_same_name() -> None:
    async def story(office: Office) -> None:
        await office.carry(update(ANN))
        news = {"user_id": "1", "categories": ["sms"]}
        await office.carry(opt_out(news, at=0))

        sms = {"user_id": "1", "channel": "sms"}
        assert await office.carry(opt_in(sms, at=-1, place=THERE)) == "delivered"
        assert await office.carry(opt_in(news, at=-1, place=THERE)) == "consent.stale_opt_in"

    in_an_office(story)


# -- another e-mail -----------------------------------------------------------------------------


def test_an_opt_out_follows_to_the_new_e_mail_before_the_contact_has_it() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))

        assert await office.carry(update(BOB, at=5, offset=1)) == "delivered"

        assert office.unsubscribed == ["ann@example.com", BOB]
        assert [request.action for request in office.sent][-2:] == [
            "add-unsubscribed",
            "bulk-contacts",
        ]
        assert office.sent[-2].body == b'{"emails":["bob@example.com"]}'

    in_an_office(story)


def test_it_follows_once_and_then_from_one_e_mail_to_the_next() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))
        await office.carry(update(BOB, at=5, offset=1))

        await office.carry(update(BOB, at=6, offset=2))
        await office.carry(update(CAT, at=7, offset=3))

        assert office.unsubscribed == ["ann@example.com", BOB, CAT]
        assert len(office.asked("add-unsubscribed")) == 3

    in_an_office(story)


def test_an_opt_out_that_followed_has_the_time_of_the_old_one() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))
        await asyncio.sleep(2 * HOUR)
        await office.carry(update(BOB, at=2 * HOUR, offset=1))

        assert await office.carry(opt_in(BOB, at=300, place=THERE)) == "consent.stale_opt_in"
        assert await office.carry(opt_in(BOB, at=301, place=THERE)) == "delivered"
        assert office.unsubscribed == ["ann@example.com"]

    in_an_office(story)


def test_a_contact_that_names_an_opted_out_address_links_its_user_id_to_it() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out(ANN, at=0))
        await office.carry(update("ann@example.com", at=1, offset=1))
        written = len(office.replica.topic.log)
        await office.carry(update("ann@example.com", at=2, offset=2))

        assert len(office.replica.topic.log) == written
        await office.carry(update(BOB, at=3, offset=3))
        assert office.unsubscribed == ["ann@example.com", BOB]

    in_an_office(story)


def test_nothing_follows_where_an_opt_in_is_newer() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))
        await asyncio.sleep(HOUR)
        await office.carry(opt_in(ANN, at=HOUR, place=THERE))

        await office.carry(update(BOB, at=HOUR + 1, offset=1))

        assert office.unsubscribed == []

    in_an_office(story)


def test_an_opt_out_that_did_not_get_through_follows_again() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))
        office.account.change_switches({"forbidden": ["add-unsubscribed"]})
        assert await office.carry(update(BOB, at=5, offset=1)) == "status 403"

        office.account.change_switches({"forbidden": []})
        await office.carry(update(BOB, at=5, offset=1))

        assert office.unsubscribed == ["ann@example.com", BOB]

    in_an_office(story)


@pytest.mark.parametrize(
    ("said", "unsubscribed"),
    [
        ([opt_out({"email": ANN, "user_id": "1"})], [BOB]),
        ([opt_out(ANN), update(ANN, at=1, offset=1)], [BOB]),
        ([opt_out({"email": ANN, "user_id": "1"}), update(CAT, at=1, offset=1)], [BOB]),
    ],
)
def test_what_was_linked_is_known_to_the_replica_that_starts_later(
    said: list[Record], unsubscribed: list[str]
) -> None:
    async def story() -> None:
        topic = FakeTopic()
        async with offices(topic=topic) as (first,):
            for record in said:
                await first.carry(record)
        topic.compact()

        async with offices(topic=topic) as (second,):
            await second.carry(update(BOB, at=5, place=THERE))

            assert second.unsubscribed == unsubscribed

    run(story())


def test_what_followed_is_known_to_the_replica_that_starts_later() -> None:
    async def story() -> None:
        topic = FakeTopic()
        async with offices(topic=topic) as (first,):
            await first.carry(opt_out({"email": ANN, "user_id": "1"}))
            await first.carry(update(BOB, at=1, offset=1))
        topic.compact()

        async with offices(topic=topic) as (second,):
            assert await second.carry(opt_in(BOB, place=THERE)) == "consent.stale_opt_in"

    run(story())


@pytest.mark.parametrize("data", [{"phone": "+380671234567", "email": ANN}, {"user_id": "1"}])
def test_nothing_follows_without_a_user_id_and_an_e_mail(data: dict[str, Any]) -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))

        assert office.admit(an_event("user.updated", data, at=5, offset=1)) is None

    in_an_office(story)


# -- deletions ----------------------------------------------------------------------------------


TOKEN = {"app_id": "app", "token": "t", "user_id": "1"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("user.signed_up", {"user_id": "1", "email": BOB}),
        ("user.updated", {"user_id": "1", "email": BOB}),
        ("device_token.registered", TOKEN),
        ("activity.recorded", {"user_id": "1", "name": "viewed"}),
        ("message.requested", {"user_id": "1", "message_id": 7, "channel": "email"}),
        ("contact.opted_in", {"user_id": "1", "channel": "email"}),
    ],
)
def test_what_is_no_newer_than_a_deletion_is_erased(kind: str, data: dict[str, Any]) -> None:
    async def story(office: Office) -> None:
        await office.carry(deletion(user_id="1", at=0))
        office.sent.clear()

        assert await office.carry(an_event(kind, data, at=0, place=THERE)) == "consent.erased"
        assert office.sent == []
        newer = office.admit(an_event(kind, data, at=0.001, place=THERE, offset=1))
        assert newer is None or newer.refusal is None

    in_an_office(story)


def test_an_opt_out_of_the_erased_is_told_all_the_same() -> None:
    async def story(office: Office) -> None:
        await office.carry(deletion(email=ANN, at=0))

        assert await office.carry(opt_out(ANN, at=-5, place=THERE)) == "delivered"
        assert office.unsubscribed == ["ann@example.com"]

    in_an_office(story)


def test_orders_are_not_looked_at() -> None:
    async def story(office: Office) -> None:
        await office.carry(deletion(user_id="1", at=0))
        order = {"order_id": "o", "status": "delivered", "total": 1, "currency": "UAH"}
        data = order | {"date": "2025-11-24T10:00:00Z", "user_id": "1"}

        assert office.admit(an_event("order.changed", data, at=-5)) is None

    in_an_office(story)


def test_a_deletion_counts_from_the_moment_it_is_taken_and_at_other_replicas_once_written() -> None:
    async def story() -> None:
        async with offices(2) as (here, there):
            here.admit(deletion(user_id="1", at=0))
            assert (await here.carry(update(BOB, at=0, place=THERE))) == "consent.erased"

            await here.carry(deletion(user_id="1", at=0))
            await there.replica.shelf.catch_up()

            assert await there.carry(update(BOB, at=0, place=THERE)) == "consent.erased"

    run(story())


def test_nothing_is_decided_of_strangers() -> None:
    async def story(office: Office) -> None:
        assert office.admit(update(ANN)) is None

        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0))
        await office.carry(deletion(user_id="2", at=0))

        assert office.admit(update(BOB, "3", at=-5)) is None
        assert office.admit(an_event("user.updated", {"email": BOB}, at=-5)) is None
        assert office.admit(an_event("device_token.registered", TOKEN, at=-5)) is None

    in_an_office(story)


# -- what crosses -------------------------------------------------------------------------------


@pytest.mark.parametrize(("early", "late"), [(0.0, 0.5), (0.5, 0.0), (0.02, 0.02)])
def test_of_words_that_cross_at_two_replicas_the_opt_out_stands(early: float, late: float) -> None:
    async def story() -> None:
        async with offices(2) as (here, there):
            here.delay, there.delay = early, late

            await asyncio.gather(here.carry(opt_out(at=10)), there.carry(opt_in(at=5, place=THERE)))

            assert here.unsubscribed == ["ann@example.com"]

    run(story())


def test_an_opt_out_that_is_written_last_is_told_again_after_the_opt_in_it_crossed() -> None:
    async def story() -> None:
        async with offices(2) as (here, there):
            here.replica.writer.latency, there.delay = 2.0, 1.0

            await asyncio.gather(here.carry(opt_out(at=10)), there.carry(opt_in(at=5, place=THERE)))

            assert len(there.asked("remove-unsubscribed")) == 1
            assert here.unsubscribed == ["ann@example.com"]

    run(story())


def test_a_replica_that_lags_looks_again_only_once_it_has_caught_up() -> None:
    async def story() -> None:
        async with offices(2) as (here, there):
            here.replica.followed.is_held = True
            there.delay = 0.1
            carried = asyncio.gather(
                here.carry(opt_out(at=10)), there.carry(opt_in(at=5, place=THERE))
            )
            here.replica.writer.latency = 1.0
            await asyncio.sleep(30)
            assert (carried.done(), here.unsubscribed) == (False, [])

            here.replica.followed.is_held = False

            await carried
            assert here.unsubscribed == ["ann@example.com"]

    run(story())


def test_an_opt_out_is_not_told_twice_where_nothing_crossed() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_in(at=-HOUR, place=THERE))

        await office.carry(opt_out(at=0))

        assert len(office.asked("add-unsubscribed")) == 1

    in_an_office(story)


# -- the audit ----------------------------------------------------------------------------------


def test_every_decision_leaves_one_line_without_a_name() -> None:
    async def story(office: Office) -> None:
        await office.carry(opt_out({"email": ANN, "user_id": "1"}, at=0, offset=7))
        await office.carry(opt_in(at=-5, place=WEB))
        await office.carry(update(BOB, at=5, offset=8))
        await office.carry(deletion(user_id="1", at=9, offset=9))
        await office.carry(update(BOB, at=5, offset=10))
        await asyncio.sleep(HOUR)
        await office.carry(opt_in(at=HOUR, place=WEB, offset=1))
        await office.carry(opt_out(at=-DAY, place=THERE))

    with structlog.testing.capture_logs() as lines:
        in_an_office(story)

    decided = [line for line in lines if line["event"] == "consent_decided"]
    assert [(line["verdict"], line["rule"], line["channel"]) for line in decided] == [
        ("opt_out", "newest", "email"),
        ("refused", "stale_opt_in", "email"),
        ("opt_out", "follows", "email"),
        ("deleted", "deletion", None),
        ("refused", "erased", None),
        ("opt_in", "newest", "email"),
        ("skipped", "superseded", "email"),
    ]
    assert decided[0] == {
        "event": "consent_decided",
        "log_level": "info",
        "contact": HASHER.short("e:ann@example.com"),
        "channel": "email",
        "verdict": "opt_out",
        "rule": "newest",
        "at": "2025-11-24T16:00:00.000Z",
        "topic": "opt-outs",
        "partition": 0,
        "offset": 7,
    }
    assert "example" not in str(lines)


def test_an_opt_in_that_is_tried_again_is_told_of_once() -> None:
    async def story(office: Office) -> None:
        plan, record = office.planned(opt_in()), opt_in()
        admission = office.desk.admit(plan, record, office.clock.wall())
        assert admission is not None
        for _ in range(3):
            assert await office.desk.before_opt_in(admission, plan.calls[0], office.ask) is None

    with structlog.testing.capture_logs() as lines:
        in_an_office(story)

    assert [line["event"] for line in lines] == ["consent_decided"]
