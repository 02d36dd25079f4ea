"""Whatever is batched, merged, split or sent again: all ends as if told one by one, in order.

`tests/simulation/` asks the same of whole deployments; here single histories are drawn that
Hypothesis can shrink, with people who are named now one way, now another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer import build
from consumer.plan import Planned
from consumer.record import Record
from esputnik.sandbox.account import Account
from tests.fakes.time import START, run
from tests.service.world import World
from tests.simulation.sequential import quiet, tell

pytestmark = pytest.mark.timeout(60)

BAD = "unusable"  # what eSputnik refuses
REFUSALS: Sequence[Mapping[str, Any]] = [
    {"action": "bulk-contacts", "contains": BAD, "item_error": "wrong value"},
    {"action": "add-contact", "contains": BAD, "status": 400, "text": "wrong value"},
    {"action": "add-orders", "contains": BAD, "status": 400, "text": "wrong value"},
]
SETTINGS: Any = {
    "contacts.custom_fields": {"size": 1, "colour": 2},
    "consent.routes": {"sms": {"segment": 5}},
}
WHEN = datetime.fromtimestamp(START - 5000, UTC)
AGAIN = ("500", "429", "reset", "late", "slow")  # faults after which it is sent again
NAMES = ("first_name", "last_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event about the person of that number, who is told of in one partition alone."""

    person: int
    kind: str
    data: Mapping[str, Any]
    wait: float = 0.0  # s until the next

    @property
    def partition(self) -> int:
        return self.person % 2

    @property
    def is_bad(self) -> bool:
        return BAD in str(self.data)


# -- events ---------------------------------------------------------------------------------


def by_id(person: int) -> dict[str, Any]:
    return {"user_id": f"u{person}"}


def whole(person: int) -> dict[str, Any]:
    return by_id(person) | {"email": f"p{person}@example.com"}


ADDRESS = st.sampled_from([None, {"city": "Kyiv"}, {"street": "Main"}, {"city": None}])
NAME = st.sampled_from(["Ann", "Bea", "Ann", "Bea", None, BAD])
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        "first_name": NAME,
        "last_name": NAME,
        "address": ADDRESS,
        "attributes": st.fixed_dictionaries(
            {}, optional={"size": st.sampled_from(["L", None]), "colour": st.just("red")}
        ),
        "segments": st.sampled_from([["New"], ["New", "Old"]]),
    },
)
ORDER = st.fixed_dictionaries(
    {
        "order_id": st.sampled_from(["1", "2"]),
        "status": st.sampled_from(["initialized", "delivered"]),
        "total": st.sampled_from(["1", "2"]),
        "currency": st.just("UAH"),
        "date": st.just(WHEN.isoformat()),
    },
    optional={"status_description": st.sampled_from(["fine", "fine", BAD])},
)
CONSENT = st.fixed_dictionaries({"channel": st.sampled_from(["email", "sms"])})
SEGMENT = st.fixed_dictionaries({"segment_id": st.sampled_from([6, 7])})
KINDS: Mapping[str, tuple[int, st.SearchStrategy[dict[str, Any]]]] = {
    "user.updated": (4, PROFILE),
    "user.signed_up": (3, PROFILE),
    "order.changed": (3, ORDER),
    "contact.opted_out": (1, CONSENT),
    "contact.opted_in": (1, CONSENT),
    "segment.joined": (1, SEGMENT),
    "segment.left": (1, SEGMENT),
    "user.deleted": (1, st.just({})),
    "message.requested": (1, st.just({"message_id": 5})),
}


@st.composite
def an_event(draw: st.DrawFn) -> Told:
    person = draw(st.integers(0, 3))
    kind = draw(
        st.sampled_from([name for name, (weight, _) in KINDS.items() for _ in range(weight)])
    )
    data = dict(draw(KINDS[kind][1]))
    if kind.startswith("segment."):
        data |= {"user_ids": [f"u{person}", f"u{(person + 2) % 4}"]}
    elif kind == "message.requested":
        data |= {"email": f"stranger{person}@example.com"}
    elif kind == "user.deleted" or (kind == "user.updated" and draw(st.booleans())):
        data |= by_id(person)
    else:
        data |= whole(person)
    if kind == "order.changed":
        fault = BAD if data.get("status_description") == BAD else ""
        data["order_id"] += f" of {person} {fault}"
    return Told(person=person, kind=kind, data=data, wait=draw(WAIT))


WAIT = st.sampled_from([0.0, 0.0, 0.0, 0.02, 0.3, 2.0])
CHANCE = st.sampled_from([0.0, 0.0, 0.1, 0.3])
FAULTS = st.fixed_dictionaries(dict.fromkeys(AGAIN, CHANCE))
LIMITS = st.fixed_dictionaries(
    {
        "batch.max_contacts": st.sampled_from([1, 2, 3000]),
        "batch.max_orders": st.sampled_from([1, 2, 1000]),
        "batch.max_segment_contacts": st.sampled_from([1, 500]),
        "batch.max_wait": st.sampled_from([0.01, 0.25, 2.0]),
        "esputnik.max_in_flight": st.sampled_from([1, 8]),
        "esputnik.max_imports": st.sampled_from([1, 64]),
        "orders.coalesce": st.sampled_from(["status", "latest"]),
        "contacts.single": st.sampled_from(["sign-ups", "never"]),
    }
)
IMPORTS = st.fixed_dictionaries(
    {
        "import_seconds": st.sampled_from([0.1, 1.0, 20.0]),
        "import_spread": st.sampled_from([0.0, 3.0]),
        "mapping": st.sampled_from(["all", "none"]),
    }
)
MISHAPS = st.sampled_from([[], [("error", 1)], [("error", 2)], [("stuck", 1)]])


# -- one by one, and all at once ------------------------------------------------------------


def records(world: World, events: Sequence[Told]) -> Iterator[tuple[Told, Record]]:
    """Produce events one after the other, each of a later time."""
    for number, told in enumerate(events):
        when = datetime.fromtimestamp(WHEN.timestamp() + number, UTC).isoformat()
        record = world.put(told.kind, told.data, partition=told.partition, occurred_at=when)
        yield told, record


def prepared(account: Account) -> Account:
    account.use_segments([{"id": one, "name": f"S{one}", "type": "Static"} for one in (5, 6, 7)])
    account.faults.rule(REFUSALS)
    return account


async def carried(
    events: Sequence[Told],
    *,
    faults: Mapping[str, float],
    limits: Mapping[str, Any],
    switches: Mapping[str, Any],
    mishaps: Sequence[tuple[str, int]],
) -> tuple[World, Account]:
    """Carry events; return the world, and what an account holds that was told one by one."""
    world = World(partitions={"events": 2}, switches=switches, **SETTINGS, **limits)
    prepared(world.account).faults.plan(dict(faults))
    world.account.faults.rule(
        [
            *REFUSALS,
            *({"action": "bulk-contacts", "import": fate, "times": n} for fate, n in mishaps),
        ]
    )
    planner = build.planner(world.loaded.settings)
    plans = list[Planned]()
    async with world.running():
        for told, record in records(world, events):
            plan = planner.plan(record, world.clock.wall())
            assert isinstance(plan, Planned)
            plans.append(plan)
            await world.clock.sleep(told.wait)
        await world.settled()
    alone = prepared(quiet(switches))
    tell(alone, plans)
    return world, alone


# -- what is compared -----------------------------------------------------------------------


def seen(account: Account) -> dict[str, Any]:
    """Return what an account holds, but for numbers it gave and strangers it was to write to."""
    state = account.state()
    members = {
        number: sorted(one["externalCustomerIds"]) for number, one in state["segments"].items()
    }
    return {
        "contacts": sorted(filter(None, map(_contact, state["contacts"])), key=str),
        "orders": {
            number: {name: value for name, value in one.items() if name != "contactId"}
            for number, one in state["orders"].items()
        },
        "segments": {number: one for number, one in members.items() if one},
        "unsubscribed": state["unsubscribed"],
    }


def _contact(contact: Mapping[str, Any]) -> dict[str, Any] | None:
    user = contact.get("externalCustomerId")
    if any("stranger" in channel["value"] for channel in contact["channels"]):
        return None
    if contact["deleted"]:
        return {"user": user, "deleted": True}
    held = {name: value for name, value in contact.items() if name not in {"id", "segments"}}
    return {name: sorted(v, key=str) if isinstance(v, list) else v for name, v in held.items()}


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    events=st.lists(an_event(), max_size=14),
    faults=FAULTS,
    limits=LIMITS,
    switches=IMPORTS,
    mishaps=MISHAPS,
)
def test_the_final_state_is_that_of_one_call_after_the_other(
    events: Sequence[Told],
    faults: Mapping[str, float],
    limits: Mapping[str, Any],
    switches: Mapping[str, Any],
    mishaps: Sequence[tuple[str, int]],
) -> None:
    world, alone = run(
        carried(events, faults=faults, limits=limits, switches=switches, mishaps=mishaps)
    )

    in_doubt = world.reasons.count("sync.in_doubt")
    executions = [one["externalRequestId"] for one in world.state()["sent"]]
    asked = sum(told.kind == "message.requested" for told in events)
    assert seen(world.account) == seen(alone)
    assert len(world.reasons) - in_doubt == sum(told.is_bad for told in events)
    assert len(set(executions)) == len(executions)
    assert len(executions) <= asked <= len(executions) + in_doubt
