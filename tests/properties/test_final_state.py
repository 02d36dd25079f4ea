"""Whatever is batched, merged, split or sent again: all ends as if told one by one, in order.

`tests/simulation/` asks the same of whole deployments; here single histories are drawn that
Hypothesis can shrink, with people who are named now one way, now another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer import build
from consumer.plan import Planned
from consumer.record import Partition
from esputnik.sandbox.account import Account
from tests.fakes.time import START, run
from tests.service.world import World
from tests.simulation.sequential import quiet, tell

pytestmark = pytest.mark.timeout(180)

BAD = "unusable"  # what eSputnik refuses
REFUSALS: Sequence[Mapping[str, Any]] = [
    {"action": "bulk-contacts", "contains": BAD, "item_error": "wrong value"},
    {"action": "add-contact", "contains": BAD, "status": 400, "text": "wrong value"},
    {"action": "add-orders", "contains": BAD, "status": 400, "text": "wrong value"},
]
SETTINGS: Any = {
    "contacts.custom_fields": {"size": 1, "colour": 2, "fault": 3},
    "consent.routes": {"sms": {"segment": 5}},
}
WHEN = START - 5000  # of the first event
AGAIN = ("500", "429", "reset", "late", "slow")  # faults after which it is sent again

Place = tuple[int, int]  # partition and offset


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


class Ways(NamedTuple):
    """How it goes: chances of faults, settings, and how the account behaves.

    `mishaps` are what becomes of the first imports, if it is not applied.
    """

    faults: Mapping[str, float]
    limits: Mapping[str, Any]
    switches: Mapping[str, Any]
    mishaps: Sequence[str]


# -- events ---------------------------------------------------------------------------------


def by_id(person: int) -> dict[str, Any]:
    return {"user_id": f"u{person}"}


def whole(person: int) -> dict[str, Any]:
    return by_id(person) | {"email": f"p{person}@example.com"}


# Of whom eSputnik knows the address. It takes none from an import that finds contacts by address
# where it knows the user id alone, so others are never named by that alone.
KNOWN = (0, 1)
ADDRESS = st.sampled_from([None, {"city": "Kyiv"}, {"street": "Main"}, {"city": None}])
NAME = st.sampled_from(["Ann", "Bea", None])
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        "first_name": NAME,
        "last_name": NAME,
        "address": ADDRESS,
        "attributes": st.fixed_dictionaries(
            {}, optional={"size": st.sampled_from(["L", None]), "colour": st.just("red")}
        ),
        "segments": st.sampled_from([[], [], ["New"], ["New", "Old"]]),
    },
)
ORDER = st.fixed_dictionaries(
    {
        "order_id": st.sampled_from(["1", "2"]),
        "status": st.sampled_from(["initialized", "delivered"]),
        "total": st.sampled_from(["1", "2"]),
        "currency": st.just("UAH"),
        "date": st.just("2025-11-24T10:00:00Z"),
    },
)
CONSENT = st.fixed_dictionaries({"channel": st.sampled_from(["email", "sms"])})
SEGMENT = st.fixed_dictionaries({"segment_id": st.sampled_from([6, 7])})
KINDS: Mapping[str, tuple[int, st.SearchStrategy[dict[str, Any]]]] = {
    "user.updated": (7, PROFILE),
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
    person = draw(st.sampled_from([0, 0, 0, 1, 2, 2, 3]))
    kind = draw(
        st.sampled_from([name for name, (weight, _) in KINDS.items() for _ in range(weight)])
    )
    data = dict(draw(KINDS[kind][1]))
    if kind.startswith("segment."):
        data |= {"user_ids": [f"u{person}", f"u{(person + 2) % 4}"]}
    elif kind == "message.requested":
        data |= {"email": f"stranger{person}@example.com"}
    elif kind == "user.deleted" or (
        kind == "user.updated" and person in KNOWN and draw(st.booleans())
    ):
        data |= by_id(person)
    else:
        data |= whole(person)
    if kind == "order.changed":
        data["order_id"] += f" of {person}"
    if kind in REFUSED and draw(st.integers(0, 9)) == 0:
        data |= refused(kind, data)
    return Told(person=person, kind=kind, data=data, wait=draw(WAIT))


def refused(kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what makes an event bad, and what no later event makes good by being merged."""
    if kind == "order.changed":
        return {"status_description": BAD, "order_id": data["order_id"] + " refused"}
    return {"attributes": {**data.get("attributes", {}), "fault": BAD}}


REFUSED = ("user.updated", "user.signed_up", "order.changed")
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
MISHAPS = st.sampled_from([(), ("error",), ("error", "error"), ("stuck",)])
WAYS = st.builds(Ways, faults=FAULTS, limits=LIMITS, switches=IMPORTS, mishaps=MISHAPS)


# -- one by one, and all at once ------------------------------------------------------------


def prepared(account: Account) -> Account:
    account.use_segments([{"id": one, "name": f"S{one}", "type": "Static"} for one in (5, 6, 7)])
    account.faults.rule(REFUSALS)
    return account


async def carried(events: Sequence[Told], ways: Ways) -> tuple[World, Mapping[Place, Told]]:
    """Carry events, each of a later time; return where each lies as well."""
    world = World(partitions={"events": 2}, switches=ways.switches, **SETTINGS, **ways.limits)
    prepared(world.account)
    places = dict[Place, Told]()
    known = [Told(person=person, kind="user.updated", data=whole(person)) for person in KNOWN]
    async with world.running():
        await put(world, known, places)
        goes_wrong(world.account, ways)
        await put(world, events, places)
    return world, places


async def put(world: World, events: Iterable[Told], places: dict[Place, Told]) -> None:
    """Produce events and wait until they are finished; note where they lie."""
    for told in events:
        when = datetime.fromtimestamp(WHEN + len(places), UTC).isoformat()
        record = world.put(told.kind, told.data, partition=told.partition, occurred_at=when)
        places[record.partition, record.offset] = told
        await world.clock.sleep(told.wait)
    await world.settled()


def goes_wrong(account: Account, ways: Ways) -> None:
    account.faults.plan(dict(ways.faults))
    imports = ({"action": "bulk-contacts", "import": one, "times": 1} for one in ways.mishaps)
    account.faults.rule([*REFUSALS, *imports])


def told_alone(world: World, places: Iterable[Place], ways: Ways) -> tuple[Account, set[Place]]:
    """Return an account that was told of these events one by one, and where those about nobody lie.

    Nobody: whom a look-up does not find.
    """
    planner, logs = build.planner(world.loaded.settings), world.source.broker.logs
    plans = dict[Place, Planned]()
    for partition, offset in places:
        plan = planner.plan(logs[Partition("events", partition)][offset], START)
        if isinstance(plan, Planned):
            plans[partition, offset] = plan
    account = prepared(quiet(ways.switches))
    unknown = tell(account, plans.values())
    return account, {place for place, plan in plans.items() if plan.calls[0].identity in unknown}


def buried(world: World, reason: str) -> set[Place]:
    """Return where the records lie that were buried for such reasons."""
    letters = [one for one in world.letters.burials if one.reason.startswith(reason)]
    return {(one.record.partition, one.record.offset) for one in letters}


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


@settings(max_examples=100, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
@given(events=st.lists(an_event(), max_size=14), ways=WAYS)
def test_the_final_state_is_that_of_one_call_after_the_other(
    events: Sequence[Told], ways: Ways
) -> None:
    world, places = run(carried(events, ways))
    void = buried(world, "consent.")
    alone, nobody = told_alone(world, [place for place in places if place not in void], ways)

    assert seen(world.account) == seen(alone)
    bad = {place for place, told in places.items() if told.is_bad}
    assert buried(world, "esp.") == bad | nobody
    assert all(is_outdated(places, place) for place in void)
    check_sends(world, places.values())


def is_outdated(places: Mapping[Place, Told], place: Place) -> bool:
    """Tell whether this is an opt-in that an opt-out or a deletion overtook while it waited."""
    opt_in = places[place]
    later = list(places.values())[list(places).index(place) :]
    return opt_in.kind == "contact.opted_in" and any(
        told.person == opt_in.person and told.kind in {"contact.opted_out", "user.deleted"}
        for told in later
    )


def check_sends(world: World, events: Iterable[Told]) -> None:
    """See that each message was sent once, but for those in doubt: once or not at all."""
    sent = [one["externalRequestId"] for one in world.state()["sent"]]
    asked = sum(told.kind == "message.requested" for told in events)
    assert len(set(sent)) == len(sent)
    assert len(sent) <= asked <= len(sent) + len(buried(world, "sync.in_doubt"))
    assert len(world.reasons) == sum(
        len(buried(world, reason)) for reason in ("esp.", "sync.in_doubt", "consent.")
    )
