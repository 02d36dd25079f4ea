"""The account as the events tell it, and as the sandbox shows it: one form, to be compared. Pure.

A view is by kind of thing, then by its name, then what is known of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from demo.model import Contact, Expected

Facts = Mapping[str, object]
View = Mapping[str, Mapping[str, Facts]]

CONTACT = "contact"
LONGEST_NAME = 24
_TEXTS = ("firstName", "lastName", "languageCode", "timeZone")


def differences(told: View, held: View) -> list[str]:
    """Return a sentence for each thing in which two views of an account differ."""
    return [
        f"{kind} {_shown(name)} {what}"
        for kind in told
        for name, what in sorted(_differing(told[kind], held[kind]))
    ]


def counts(view: View) -> dict[str, int]:
    """Return how many things of each kind there are; events and sends each time they happened."""
    return {
        kind: sum(int(str(facts.get("times", 1))) for facts in things.values())
        for kind, things in view.items()
    }


def told(expected: Expected) -> View:
    """Return the account as the events tell it."""
    return {
        CONTACT: {
            user_id: _told_contact(expected, user_id, contact)
            for user_id, contact in expected.contacts.items()
        },
        "guest": {email: _person({"email": email}, set(), set()) for email in expected.guests},
        "order": {
            name: _order(order.status, order.total, order.currency, order.items)
            for name, order in expected.orders.items()
        },
        "opted-out address": {email: {} for email in expected.unsubscribed},
        "device": {
            token: {"active": active, "owner": expected.token_owners[token]}
            for token, active in expected.tokens.items()
        },
        "site": {domain: {} for domain in expected.domains},
        "web push site": {domain: {} for domain in expected.webpush_domains},
        "inbox message": {
            name: {"languages": languages} for name, languages in expected.inbox.items()
        },
        "event": _times(expected.events),
        "message sent": _times(Counter({_send(*to): n for to, n in expected.sends.items()})),
    }


def held(state: Mapping[str, Any]) -> View:
    """Return the account as `GET /sandbox/state` shows it."""
    living = [one for one in state["contacts"] if not one["deleted"]]
    customers = [one for one in living if "externalCustomerId" in one]
    guests = [one for one in living if "externalCustomerId" not in one]
    return {
        CONTACT: {one["externalCustomerId"]: _held_person(one) for one in customers},
        "guest": {_channels(one).get("email", "nobody"): _held_person(one) for one in guests},
        "order": {
            name: _order(
                one["status"], one["totalCost"], one["currency"], len(one.get("items", ()))
            )
            for name, one in state["orders"].items()
        },
        "opted-out address": {email: {} for email in state["unsubscribed"]},
        "device": {
            one["token"]: {"active": one["active"], "owner": one["externalCustomerId"]}
            for one in state["tokens"]
        },
        "site": {domain: {} for domain in [state["domain"]] if domain},
        "web push site": {one["domain"]: {} for one in state["webpush_domains"]},
        "inbox message": {
            one["name"]: {"languages": frozenset(one["translations"])}
            for one in state["inbox_messages"]
        },
        "event": _times(Counter(one["eventTypeKey"] for one in state["events"])),
        "message sent": _times(Counter(_send(one["messageId"], _to(one)) for one in state["sent"])),
    }


def _differing(told: Mapping[str, Facts], held: Mapping[str, Facts]) -> Iterator[tuple[str, str]]:
    yield from ((name, "is missing") for name in told.keys() - held.keys())
    yield from ((name, "is there, and no event tells of it") for name in held.keys() - told.keys())
    for name in told.keys() & held.keys():
        this, that = told[name], held[name]
        if wrong := sorted(one for one in {*this, *that} if this.get(one) != that.get(one)):
            yield name, f"differs in {', '.join(wrong)}"


def _shown(name: str) -> str:
    """Return a name that gives nobody away: addresses lose their head, tokens their tail."""
    if "@" in name:
        return f"...@{name.rpartition('@')[2]}"
    return name if len(name) <= LONGEST_NAME else f"{name[:9]}..."


# -- contacts -------------------------------------------------------------------------------


def _told_contact(expected: Expected, user_id: str, contact: Contact) -> Facts:
    joined = {f"Segment {n}" for n, members in expected.segments.items() if user_id in members}
    custom = {f"field {number}": value for number, value in contact.custom.items()}
    # At eSputnik a subscription category is a segment as well.
    segments = contact.groups | joined | contact.subscriptions
    return _person(contact.fields | custom, segments, contact.subscriptions)


def _held_person(one: Mapping[str, Any]) -> Facts:
    texts = {name: one[name] for name in _TEXTS if name in one} | one.get("address", {})
    custom = {f"field {told['id']}": told["value"] for told in one["fields"]}
    segments = {group["name"] for group in one["groups"]}
    return _person(texts | custom | _channels(one), segments, set(one["subscriptions"]))


def _channels(one: Mapping[str, Any]) -> dict[str, str]:
    """Return a contact's address and phone; devices are compared by themselves."""
    channels = {channel["type"]: channel["value"] for channel in one["channels"]}
    return {kind: channels[kind] for kind in ("email", "sms") if kind in channels}


def _person(fields: Mapping[str, str], segments: set[str], subscriptions: set[str]) -> Facts:
    return {
        **fields,
        "segments": frozenset(segments),
        "subscriptions": frozenset(subscriptions),
    }


# -- the rest -------------------------------------------------------------------------------


def _order(status: str, total: object, currency: str, items: int) -> Facts:
    return {"status": status, "total": Decimal(str(total)), "currency": currency, "items": items}


def _times(happened: Counter[str]) -> dict[str, Facts]:
    return {name: {"times": times} for name, times in happened.items()}


def _send(message: int, to: str) -> str:
    return f"{message} to {to}"


def _to(sent: Mapping[str, Any]) -> str:
    return str(sent.get("externalCustomerId") or sent["locator"])
