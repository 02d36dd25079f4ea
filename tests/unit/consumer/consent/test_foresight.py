"""What is foreseen of an event from the memory's topic alone is what would come of it."""

from collections.abc import Collection
from typing import Any

import pytest
from structlog.testing import capture_logs

from consumer.consent.foresight import Foreseen, Foresight
from consumer.consent.memory import Memory
from consumer.consent.reading import Reader
from consumer.plan import Planned, Planner
from consumer.record import Record
from handlers.mapped import Options
from tests.fakes.time import START, run
from tests.fakes.topic import FakeTopic
from tests.unit.consumer.consent.given import HERE, THERE
from tests.unit.consumer.consent.office import HASHER, HOUR, ROUTES, an_event, offices

ANN, BOB = "ann@example.com", "bob@example.com"
SKEW = 300.0  # s
DAY = 24 * HOUR
PLANNER = Planner(topics={}, options=Options(consent_routes=ROUTES))


def say(kind: str, at: float, **data: Any) -> Record:
    told = {"channel": "email"} | (data if "user_id" in data else {"email": ANN} | data)
    return an_event(f"contact.opted_{kind}", told, at=at, place=THERE, offset=int(abs(at)))


def elsewhere(record: Record) -> Record:
    """The same in another partition, where nothing proves the order."""
    return record._replace(partition=HERE.number)


def update(at: float, email: str = ANN) -> Record:
    return an_event("user.updated", {"user_id": "1", "email": email}, at=at, place=THERE)


def deletion(at: float) -> Record:
    return an_event("user.deleted", {"email": ANN}, at=at)


def foresight(topic: FakeTopic | None = None) -> Foresight:
    """What a look at the topic foresees; without one, nothing is known of anybody."""
    memory = Memory()
    reader = Reader(memory, "consent", HASHER.fingerprint)
    for record in topic.log if topic is not None else ():
        reader.hear(record)
    reader.end()
    return Foresight(memory, HASHER, SKEW)


def of(seen: Foresight, record: Record, delivered: Collection[tuple[str, str]] = ()) -> Foreseen:
    plan = PLANNER.plan(record, START)
    assert isinstance(plan, Planned), plan
    return seen.of(plan, record, START, delivered)


def told(seen: Foreseen) -> tuple[list[str], str | None, str | None]:
    """The actions of the calls, the reason of the burial, the rule of the skip."""
    reason = seen.refusal.reason if seen.refusal is not None else None
    return [call.action.value for call in seen.calls], reason, seen.skip


# -- what is seen comes true ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "event", "end"),
    [
        (say("out", -100), say("in", -200), "consent.stale_opt_in"),
        (say("out", -100), say("in", -100), "consent.stale_opt_in"),
        (say("out", -900), say("in", -500), "delivered"),
        (say("out", -900), elsewhere(say("in", -600)), "consent.stale_opt_in"),
        (say("out", -900), elsewhere(say("in", -599)), "delivered"),
        (say("in", -100), say("out", -200), "delivered"),
        (say("in", -100), say("out", -101 - DAY), "superseded"),
        (deletion(-100), say("in", -100), "consent.erased"),
        (deletion(-100), update(-100), "consent.erased"),
        (deletion(-100), update(-99), "delivered"),
        (say("out", -100), update(-99), "delivered"),
    ],
)
def test_what_the_topic_lets_foresee_is_what_comes_of_an_event(
    before: Record, event: Record, end: str
) -> None:
    async def main() -> tuple[Foreseen, str, int]:
        topic = FakeTopic()
        async with offices(topic=topic) as (office,):
            await office.carry(before)
            seen, sent = of(foresight(topic), event), len(office.sent)
            return seen, await office.carry(event), len(office.sent) - sent

    seen, came, requests = run(main())

    reason = seen.refusal.reason if seen.refusal is not None else None
    assert (reason or seen.skip or "delivered") == came == end
    assert bool(seen.calls) == bool(requests) == (end == "delivered")


def test_nothing_is_written_and_no_line_of_the_audit_is_logged() -> None:
    topic = FakeTopic()
    topic.put(b"fingerprint", b'{"v":1,"fingerprint":"%s"}' % HASHER.fingerprint.encode())
    seen = foresight(topic)

    with capture_logs() as logs:
        of(seen, say("out", -100))
        of(seen, say("in", -200))

    assert logs == []
    assert len(topic.log) == 1


# -- one event ------------------------------------------------------------------------------


def test_what_consent_has_no_part_in_goes_as_planned_but_for_what_was_delivered() -> None:
    translated = {"translations": {"uk": {"title": "t", "text": "x"}}}
    inbox = {"name": "n", "title": "t", "text": "x"} | translated
    record = an_event("inbox_message.published", inbox)

    seen = of(foresight(), record, {("inbox.publish", "")})

    assert told(seen) == (["translate-inbox-message"], None, None)


def test_each_channel_of_an_opt_in_is_compared_by_itself() -> None:
    seen = foresight()
    of(seen, say("out", -100))

    both = of(seen, say("in", -200, channel="all"))

    assert told(both) == (["detach-contacts"], "consent.stale_opt_in", None)


def test_what_has_no_route_is_named_where_nothing_is_against_the_rest() -> None:
    seen = of(foresight(), say("in", -200, channel="all"))

    actions = ["remove-unsubscribed", "detach-contacts"]
    assert told(seen) == (actions, "consent.no_route", None)


def test_a_channel_that_was_delivered_before_is_not_compared_again() -> None:
    seen = foresight()
    of(seen, say("out", -100))

    rest = of(seen, say("in", -200, channel="all"), {("consent.opt_in", "email")})

    assert told(rest) == (["detach-contacts"], "consent.no_route", None)


def test_an_opt_out_that_follows_to_another_e_mail_is_among_the_calls() -> None:
    seen = foresight()
    of(seen, say("out", -100, user_id="1"))

    moved = of(seen, update(-50, BOB))

    assert told(moved) == (["add-unsubscribed", "bulk-contacts"], None, None)


# -- one after the other --------------------------------------------------------------------


def test_an_opt_out_counts_for_those_that_come_after_it() -> None:
    seen = foresight()

    before = of(seen, say("in", -200))
    of(seen, say("out", -100))
    after = of(seen, say("in", -200))

    assert told(before) == (["remove-unsubscribed"], None, None)
    assert told(after) == ([], "consent.stale_opt_in", None)


def test_an_opt_in_counts_only_once_esputnik_has_it() -> None:
    seen = foresight()
    of(seen, say("in", -100))

    assert told(of(seen, say("out", -101 - DAY))) == (["add-unsubscribed"], None, None)
