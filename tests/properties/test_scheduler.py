"""Whatever calls come, in whatever order they end: nobody overtakes, nobody waits for ever."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.batcher import Limits
from consumer.job import Batch, Errand, Job
from consumer.lanes import OF_THE_LIST
from consumer.plan import Planned, Planner
from consumer.scheduler import Scheduler
from handlers.mapped import Options
from tests.builders import Nobody, a_record

WHEN = "2025-11-24T10:00:00Z"
NOW = 1_764_000_000.0
PLANNER = Planner(topics={}, options=Options(consent_routes={"sms": {"segment": 5}}))
FOUND = {"id": "7", "email": "found@example.com"}  # what every look-up teaches

Told = tuple[str, dict[str, Any]]  # an event's type and data


# -- events about few people, who are named now one way, now another ------------------------

USER = st.sampled_from(["1", "2", "3"])
EMAIL = st.sampled_from(["a@example.com", "b@example.com", "c@example.com"])
PHONE = st.sampled_from(["+380501234567", "+380501234568"])
PERSON = st.one_of(
    st.fixed_dictionaries({"user_id": USER}, optional={"email": EMAIL, "phone": PHONE}),
    st.fixed_dictionaries({"email": EMAIL}, optional={"phone": PHONE}),
)
PROFILE = st.fixed_dictionaries({}, optional={"first_name": st.sampled_from(["Ann", None])})
ORDER = st.fixed_dictionaries(
    {
        "order_id": st.sampled_from(["1", "2"]),
        "status": st.sampled_from(["delivered", "in_progress"]),
        "total": st.just("1"),
        "currency": st.just("UAH"),
        "date": st.just(WHEN),
    }
)
CONSENT = st.fixed_dictionaries({"channel": st.sampled_from(["email", "sms"])})
OF_TYPES = {
    "user.updated": PROFILE,
    "user.signed_up": PROFILE,
    "order.changed": ORDER,
    "contact.opted_out": CONSENT,
    "contact.opted_in": CONSENT,
    "activity.recorded": st.just({"name": "seen"}),
}
EVENT = st.one_of(
    *(
        st.tuples(st.just(kind), st.builds(lambda one, other: one | other, PERSON, data))
        for kind, data in OF_TYPES.items()
    ),
    st.tuples(st.just("user.deleted"), st.fixed_dictionaries({"user_id": USER})),
)


class Game:
    """Plays Delivery's part by dice: calls come, requests go, answers come back in any order."""

    def __init__(self, dice: random.Random, under_way: int) -> None:
        self.scheduler = Scheduler(Limits(under_way=under_way, imports=under_way))
        self.jobs: list[Job] = []
        self.turns: dict[Errand, int] = {}  # when a call went for the last time
        self.ends: Counter[Errand] = Counter()
        self._dice = dice
        self._now = 0.0
        self._batches: dict[Batch, list[Errand]] = {}

    def submit(self, told: Told) -> None:
        kind, data = told
        number = len(self.jobs)
        value = orjson.dumps({"id": str(number), "type": kind, "occurred_at": WHEN, "data": data})
        record = a_record(offset=number, partition=self._dice.randrange(2), value=value)
        plan = PLANNER.plan(record, NOW)
        assert isinstance(plan, Planned)
        job = Job(record, self._now)
        job.begin(Nobody(), plan, plan.calls, 0.0)
        self.jobs.append(job)
        for errand in job.errands:
            self.ends.update(self.scheduler.submit(errand, self._now))

    def take(self, seconds: float, *, caught_up: bool) -> None:
        """Let go what is due after so many seconds."""
        self._now += seconds
        for batch in self.scheduler.take(self._now, caught_up=caught_up):
            self._batches[batch] = list(batch.errands)
            for errand in batch.errands:
                turn = len(self.turns)
                self.turns |= dict.fromkeys(errand.members(), turn)
        self._check_names()

    def end_one(self) -> bool:
        """End one call under way, or one of its look-ups; tell whether there was any."""
        if not self._batches:
            return False
        batch = self._dice.choice(list(self._batches))
        under_way = self._batches[batch]
        errand = under_way.pop(self._dice.randrange(len(under_way)))
        if errand.is_lookup:
            errand.advance(FOUND)
            self.scheduler.again(errand, self._now)
        else:
            self._end(errand)
        if not under_way:
            del self._batches[batch]
            self.scheduler.done(batch)
        return True

    def abandon_one(self) -> None:
        self._dice.choice(self.jobs).is_abandoned = True

    def play_out(self) -> None:
        """End everything."""
        self.take(1.0, caught_up=True)
        while self.end_one():
            self.take(1.0, caught_up=True)

    def calls(self) -> Iterator[Errand]:
        return (errand for job in self.jobs for errand in job.errands)

    def _end(self, errand: Errand) -> None:
        for member in errand.members():
            member.state = "D"
            self.ends[member] += 1
        self.scheduler.ended((errand,), self._now)

    def _check_names(self) -> None:
        """No name is in two calls under way, except where an opt-out passes an import."""
        held: dict[str, Errand] = {}
        under_way = [errand for errands in self._batches.values() for errand in errands]
        for errand in under_way:
            for name in {name for one in errand.members() for name in one.origin.lanes}:
                other = held.setdefault(name, errand)
                assert other is errand or passes(errand, other) or passes(other, errand)


def passes(one: Errand, other: Errand) -> bool:
    return one.call.is_urgent and other.origin.action not in OF_THE_LIST


def played(events: list[Told], dice: random.Random, under_way: int, abandoned: float) -> Game:
    game = Game(dice, under_way)
    for event in events:
        game.submit(event)
        while dice.random() < 0.5:
            game.take(dice.choice([0.0, 0.1, 0.3]), caught_up=dice.random() < 0.5)
        while dice.random() < 0.4:
            game.end_one()
        if dice.random() < abandoned:
            game.abandon_one()
    game.play_out()
    return game


EVENTS = st.lists(EVENT, max_size=30)
DICE = st.randoms(use_true_random=False)
FEW = st.integers(1, 3)
THOROUGH = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.data_too_large]
)


@THOROUGH
@given(events=EVENTS, dice=DICE, under_way=FEW)
def test_every_call_goes_and_ends_once_in_the_order_of_each_of_its_names(
    events: list[Told], dice: random.Random, under_way: int
) -> None:
    game = played(events, dice, under_way, abandoned=0.0)

    calls = list(game.calls())
    assert all(game.ends[call] == 1 for call in calls)
    assert len(game.scheduler) == 0
    last: dict[str, int] = {}
    for call in calls:
        if call.state == "N" or call.origin.is_urgent:  # overtaken, or free to pass
            continue
        for name in call.origin.lanes:
            assert game.turns[call] >= last.get(name, 0)
            last[name] = game.turns[call]


@THOROUGH
@given(events=EVENTS, dice=DICE, under_way=FEW)
def test_calls_that_are_abandoned_hold_up_nobody(
    events: list[Told], dice: random.Random, under_way: int
) -> None:
    game = played(events, dice, under_way, abandoned=0.2)

    assert all(call.state for call in game.calls())
    assert len(game.scheduler) == 0
