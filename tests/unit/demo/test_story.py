"""The story is one that can be told: consistent, complete, the same for the same seed."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from consumer.build import planner
from consumer.deadletters.reasons import REASONS
from consumer.plan import Planner, Skipped
from consumer.settings.sources import load
from demo.events import STORY_BEGINS, Story, events
from demo.extras import token_changed
from demo.people import people
from demo.planted import PLANTED
from demo.sample import APPLIED, SKIPPED, Fact, Form, Sample, write
from demo.scenes import CONSENT_ROUTES, CUSTOM_FIELDS, deleted
from demo.stage import Stage
from handlers.routes import ROUTES
from tests.builders import a_record

SEEDS = (1, 2, 3)
NOW = (STORY_BEGINS + timedelta(hours=1)).timestamp()


def the_planner() -> Planner:
    """The product's own, with the settings of the demonstration."""
    overrides = (
        f"contacts.custom_fields={orjson.dumps(CUSTOM_FIELDS).decode()}",
        f"consent.routes={orjson.dumps(CONSENT_ROUTES).decode()}",
    )
    return planner(load(config=None, overrides=overrides, environ={}, needs_api_key=False).settings)


PLANNER = the_planner()


def a_stage() -> Stage:
    """A stage with people of every kind on it."""
    rng = random.Random(5)  # noqa: S311 - a story, not a secret
    cast = people(200, rng)
    return Stage(
        rng=rng,
        now=STORY_BEGINS,
        staying=[person for person in cast if person.role == "stays"],
        moving=[person for person in cast if person.role == "moves"],
        leaving=[person for person in cast if person.role == "leaves"],
    )


def planned(sample: Sample) -> str:
    """What becomes of a sample before anything is sent: a verdict in the story's words."""
    record = a_record(
        topic=sample.topic,
        timestamp=round(STORY_BEGINS.timestamp() * 1000),
        key=sample.key,
        value=sample.value,
        headers=sample.headers,
    )
    plan = PLANNER.plan(record, NOW)
    if isinstance(plan, Skipped):
        return SKIPPED
    return plan.refusal.reason if plan.refusal is not None else APPLIED


@pytest.mark.parametrize(("count", "seed"), [(200, 1), (1000, 1), (1500, 8), (1500, 9)])
def test_a_story_has_as_many_events_as_were_asked_for(count: int, seed: int) -> None:
    story = events(count, seed)

    assert len(story.samples) == count
    assert len(story.wave(1)) + len(story.wave(2)) == count


@pytest.mark.parametrize("seed", SEEDS)
def test_every_type_is_told_in_every_form_it_has(seed: int) -> None:
    story = events(2000, seed)

    assert {sample.type for sample in story.samples} >= set(ROUTES)
    values = [sample for sample in story.samples if sample.verdict == APPLIED and sample.value]
    kinds = Counter(_form(sample) for sample in values)
    assert set(kinds) == {"envelope", "structured", "binary", "bare"}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_kind_of_bad_event_is_planted_and_named_by_a_reason_there_is(seed: int) -> None:
    story = events(1000, seed)

    planted = [sample.verdict for sample in story.samples if sample.is_buried]
    assert len(planted) >= len(PLANTED)
    assert set(planted) <= set(REASONS)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_of_each_event_is_the_one_the_story_expects(seed: int) -> None:
    """What eSputnik refuses is planned like any other; the rest is decided before sending."""
    for sample in events(1000, seed).samples:
        expected = APPLIED if sample.verdict.startswith("esp.") else sample.verdict

        assert planned(sample) == expected


def test_the_same_seed_tells_the_same_story() -> None:
    assert events(500, 7) == events(500, 7)
    assert events(500, 7) != events(500, 8)


def test_a_story_begins_when_it_is_told_to() -> None:
    began = datetime(2030, 5, 1, tzinfo=UTC)
    first = _times(events(200, 1, began))[0]

    assert began < first < began + timedelta(minutes=1)


def test_time_goes_on_from_event_to_event() -> None:
    times = _times(events(500, 1))

    assert times == sorted(times)


def test_those_who_leave_are_not_expected_any_more() -> None:
    stage = a_stage()
    leaver = stage.leaving[-1]
    stage.expected.tell_contact(leaver.user_id, {"email": leaver.email})

    deleted(stage)

    assert leaver.user_id not in stage.expected.contacts
    assert stage.samples[-1].type == "user.deleted"


def test_when_nobody_is_left_to_leave_a_profile_changes() -> None:
    stage = a_stage()
    stage.leaving.clear()

    deleted(stage)

    assert [sample.type for sample in stage.samples] == ["user.updated"]


def test_the_first_news_of_a_device_is_that_there_is_one() -> None:
    stage = a_stage()

    token_changed(stage)
    token_changed(stage)

    assert [sample.type for sample in stage.samples] == [
        "device_token.registered",
        "device_token.changed",
    ]


def test_what_an_event_names_is_written_and_a_null_clears() -> None:
    account = a_stage().expected

    account.tell_contact("u", {"email": "a@example.com", "sms": "1"}, {17: "gold"})
    account.tell_contact("u", {"sms": None}, {17: None, 18: "x"})

    assert account.contacts["u"].fields == {"email": "a@example.com"}
    assert account.contacts["u"].custom == {18: "x"}


def test_categories_and_segments_are_joined_and_left() -> None:
    account = a_stage().expected
    account.tell_contact("u", {})

    account.subscribe("u", "news", joins=True)
    account.join(5, ["u", "v"])
    account.leave(5, ["u"])

    assert account.contacts["u"].subscriptions == {"news"}
    assert account.segments[5] == {"v"}

    account.subscribe("u", "news", joins=False)

    assert account.contacts["u"].subscriptions == set()


@pytest.mark.parametrize("form", ["envelope", "structured", "binary", "bare"])
def test_a_fact_is_written_in_the_form_that_was_chosen(form: Form) -> None:
    fact = Fact(id="1", type="order.changed", at=STORY_BEGINS, data={"order_id": "7"})
    value, headers = write(fact, form)

    told = Sample(wave=1, type=fact.type, topic="orders", key=None, value=value, headers=headers)

    assert _form(told) == form
    assert orjson.loads(value).get("data", orjson.loads(value)) == {"order_id": "7"}


def _form(sample: Sample) -> str:
    body = orjson.loads(sample.value or b"{}")
    if "specversion" in body:
        return "structured"
    if any(name.startswith("ce_") for name, _ in sample.headers):
        return "binary"
    return "envelope" if "data" in body else "bare"


def _times(story: Story) -> list[datetime]:
    """When the events happened that are written as envelopes, and good."""
    told = [one for one in story.samples if one.verdict == APPLIED and _form(one) == "envelope"]
    return [datetime.fromisoformat(orjson.loads(one.value or b"")["occurred_at"]) for one in told]
