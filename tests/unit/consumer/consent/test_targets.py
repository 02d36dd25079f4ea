"""What a consent event is about, as its plan tells the memory."""

from typing import Any

import orjson
import pytest

from consumer.plan import Planned, Planner
from handlers.consents import opt_out_of
from handlers.mapped import Options
from tests.builders import a_record

NOW = 1_764_000_000.0
ROUTES = {"news": {"segment": 5}, "sms": {"segment": 6}}
PLANNER = Planner(topics={}, options=Options(consent_routes=ROUTES))


def planned(data: dict[str, Any]) -> Planned:
    event = {"id": "1", "type": "contact.opted_out", "occurred_at": "2025-11-24T10:00:00Z"}
    plan = PLANNER.plan(a_record(value=orjson.dumps(event | {"data": data})), NOW)
    assert isinstance(plan, Planned)
    return plan


@pytest.mark.parametrize(
    ("told", "targets"),
    [
        ({"channel": "email"}, {"": "email"}),
        ({"channel": "sms"}, {"": "sms"}),
        ({"channel": "all"}, {"email": "email", "sms": "sms"}),
        (
            {"channel": "email", "categories": ["news", "unrouted", "news"]},
            {"news": "category:news"},
        ),
    ],
)
def test_a_plan_tells_what_each_of_its_calls_is_about_by_its_slot(
    told: dict[str, Any], targets: dict[str, str]
) -> None:
    plan = planned({"user_id": "1"} | told)

    assert plan.targets == targets
    assert {call.slot for call in plan.calls} == targets.keys()


def test_what_is_ambiguous_has_its_targets_all_the_same() -> None:
    event = (
        b'{"type":"contact.opted_out","data":{"channel":"email","email":"a@b.co","email":"c@d.co"}}'
    )

    plan = PLANNER.plan(a_record(value=event), NOW)

    assert isinstance(plan, Planned)
    assert (plan.refusal is not None, plan.targets) == (True, {"": "email"})


def test_other_events_have_none() -> None:
    event = b'{"type":"user.updated","data":{"user_id":"1","email":"a@b.co"}}'

    plan = PLANNER.plan(a_record(value=event), NOW)

    assert isinstance(plan, Planned)
    assert plan.targets is None


def test_an_opt_out_that_follows_is_told_like_any_other() -> None:
    call = opt_out_of("Ann@example.com", "id:\0a", "email")

    assert (call.intent, call.slot, call.lanes) == (
        "consent.opt_out",
        "email",
        ("e:ann@example.com",),
    )
    assert (call.item, call.is_urgent) == (b'"Ann@example.com"', True)
    assert call.key.startswith("es1-")
