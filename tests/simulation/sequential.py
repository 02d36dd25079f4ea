"""What an account would hold if every event were told alone, in order, and nothing went wrong."""

from collections.abc import Iterable, Mapping
from typing import Any

from consumer.plan import Planned
from esputnik.sandbox.account import Account
from esputnik.sandbox.switches import Switches
from esputnik.sandbox.wire import SandboxRequest
from tests.corpus import NOW
from tests.simulation.network import AUTHORIZATION

APART = 120.0  # s between two calls: no guard against repeats, no import unfinished
PROFILE = ("firstName", "lastName", "languageCode", "timeZone", "address", "fields", "deleted")
ADDRESSES = {"email", "sms"}


def tell(account: Account, plans: Iterable[Planned]) -> None:
    """Tell all that these events ask for, one call after the other."""
    now = NOW
    for plan in plans:
        for call in plan.calls:
            now += APART
            request = call.alone()
            account.handle(
                SandboxRequest(
                    method=request.method,
                    path=request.path,
                    query=dict(request.query),
                    body=request.body or b"",
                    headers={"authorization": AUTHORIZATION, "content-type": "application/json"},
                ),
                now,
            )
            account.advance(now + APART / 2)


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
