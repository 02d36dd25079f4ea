"""What an account would hold if every event were told alone, in order, and nothing went wrong."""

from collections.abc import Iterable, Mapping
from typing import Any

from consumer.plan import Planned
from esputnik.answers import learn
from esputnik.call import Call, Request
from esputnik.filling import fill_call, steps
from esputnik.outcome import Answer
from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import SandboxRequest
from tests.corpus import NOW
from tests.simulation.network import AUTHORIZATION

APART = 120.0  # s between two calls: no guard against repeats, no import unfinished
PROFILE = ("firstName", "lastName", "languageCode", "timeZone", "address", "fields", "deleted")
ADDRESSES = {"email", "sms"}


def tell(account: Account, plans: Iterable[Planned]) -> set[str]:
    """Tell all that these events ask for, one call after the other.

    Return the identities of the events that are about somebody whom a look-up does not find.
    """
    unknown = set[str]()
    now = NOW
    for plan in plans:
        for call in plan.calls:
            now += APART
            if not _is_told(account, call, now) and not call.missing_is_done:
                unknown.add(call.identity)
            account.advance(now + APART / 2)
    return unknown


def _is_told(account: Account, call: Call, now: float) -> bool:
    """Make a call, its look-ups first; return whether they found somebody."""
    *lookups, last = steps(call)
    learned: dict[str, str] = {}
    for lookup in lookups:
        request = fill_call(lookup, learned).alone()
        found = learn(request, _ask(account, request, now))
        if found is None:
            return False
        learned |= found
    _ask(account, fill_call(last, learned).alone(), now)
    return True


def _ask(account: Account, request: Request, now: float) -> Answer:
    told = account.handle(
        SandboxRequest(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            body=request.body or b"",
            headers={"authorization": AUTHORIZATION, "content-type": "application/json"},
        ),
        now,
    )
    return Answer(status=told.status, body=told.body, headers=told.headers)


def quiet(switches: Mapping[str, Any]) -> Account:
    """Return an account like another one whose imports are soon over."""
    return Account(switches=Switches(**{**switches, "import_seconds": 0.3, "import_spread": 0.0}))


def visible(account: Account) -> dict[str, Any]:
    """Return what an account holds of what has an order, by names that tell what it is."""
    state = account.state()
    found: dict[str, Any] = {}
    for one in state["contacts"]:
        if user := one.get("externalCustomerId"):
            found[f"profile {user}"] = _profile(one)
    for number, order in state["orders"].items():
        found[f"order {number}"] = {name: order[name] for name in ("status", "statusDescription")}
    for number, segment in state["segments"].items():
        for user in segment["externalCustomerIds"]:
            found[f"segment {number} {user}"] = True
    for email in state["unsubscribed"]:
        found[f"unsubscribed {email}"] = True
    for token in state["tokens"]:
        found[f"token {token['token']}"] = token["active"], token["externalCustomerId"]
    return found


def _profile(contact: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts of a contact; of a deleted one nothing else does."""
    if contact["deleted"]:
        return {"deleted": True}
    addresses = sorted(
        (one["type"], one["value"]) for one in contact["channels"] if one["type"] in ADDRESSES
    )
    return {name: contact.get(name) for name in PROFILE} | {"addresses": addresses}
