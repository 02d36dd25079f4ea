"""Opt-outs and opt-ins: the list of unsubscribed addresses, and what the settings route."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from esputnik import requests
from esputnik.call import Action, Call, Repeat
from esputnik.json_text import json_text
from handlers.identity import find, lanes_of
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from schemas.consents import (
    CONTACT_OPTED_IN,
    CONTACT_OPTED_OUT,
    Consent,
    ContactOptedIn,
    ContactOptedOut,
)

OPT_OUT = "consent.opt_out"
OPT_IN = "consent.opt_in"
ALL = ("email", "sms", "push")  # in the order in which they are told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is wanted of eSputnik: to hear no more (`is_out`), or to hear again."""

    identity: str
    data: Consent
    is_out: bool

    def call(self, action: Action, slot: str) -> Call:
        """Return the call without what tells eSputnik."""
        return Call(
            action=action,
            intent=OPT_OUT if self.is_out else OPT_IN,
            identity=self.identity,
            slot=slot,
            repeat=Repeat.SAFE,
            lanes=lanes_of(self.data),
        )


def contact_opted_out(event: Event[ContactOptedOut], options: Options) -> Mapped:
    """Tell eSputnik to leave the person alone, by channel or by category."""
    return _tell(_Wish(identity=event.identity, data=event.data, is_out=True), options)


def contact_opted_in(event: Event[ContactOptedIn], options: Options) -> Mapped:
    """Tell eSputnik that the person wants to hear from us again."""
    if not event.has_time:
        return Mapped(
            refusal=Refusal(
                reason="consent.no_time",
                field="occurred_at",
                detail="an opt-in must have the time at which consent was given",
            )
        )
    return _tell(_Wish(identity=event.identity, data=event.data, is_out=False), options)


def opt_out_of(email: str, identity: str, slot: str = "") -> Call:
    """Return the opt-out of an address that an event of another kind brings about."""
    data: Consent = {"channel": "email", "email": email}
    return _by_list(_Wish(identity=identity, data=data, is_out=True), slot)


def _tell(wish: _Wish, options: Options) -> Mapped:
    """Say everything that can be said; then name what has no route."""
    calls: list[Call] = []
    unknown: list[str] = []
    targets: dict[str, str] = {}
    is_by_category = bool(wish.data.get("categories"))
    for target, slot in _targets(wish.data):
        if target == "email" and not is_by_category:
            calls.append(_by_list(wish, slot))
        elif (route := options.consent_routes.get(target)) is not None:
            calls.append(_by_route(wish, slot, route))
        else:
            unknown.append(target)
            continue
        targets[slot] = f"category:{target}" if is_by_category else target
    refusal = _no_route(wish.data, unknown) if unknown else None
    return Mapped(tuple(calls), refusal, targets=targets)


def _targets(data: Consent) -> Iterator[tuple[str, str]]:
    """Return each category or channel with its slot, empty where the event is about one channel."""
    if categories := data.get("categories"):
        yield from ((category, category) for category in dict.fromkeys(categories))
    elif data["channel"] == "all":
        yield from ((channel, channel) for channel in ALL)
    else:
        yield data["channel"], ""


def _by_list(wish: _Wish, slot: str) -> Call:
    """Return the call about the address; a person named otherwise is looked up first."""
    action, shape = (
        (Action.ADD_UNSUBSCRIBED, requests.ADD_UNSUBSCRIBED)
        if wish.is_out
        else (Action.REMOVE_UNSUBSCRIBED, requests.REMOVE_UNSUBSCRIBED)
    )
    email = wish.data.get("email")
    return replace(
        wish.call(action, slot),
        shape=shape,
        item=json_text(email if email is not None else "{email}"),
        lookups=() if email is not None else (find(wish.data),),
        marks=frozenset({f"email:{email.lower()}"}) if email is not None else frozenset(),
        is_urgent=wish.is_out and email is not None,
    )


def _by_route(wish: _Wish, slot: str, route: Mapping[str, int | str]) -> Call:
    if "segment" in route:
        return _by_segment(wish, slot, int(route["segment"]))
    lookups = (find(wish.data), requests.get_subscriptions())
    return replace(
        wish.call(Action.SET_SUBSCRIPTIONS, slot),
        request=requests.set_subscriptions(),
        lookups=lookups,
        subscription=(str(route["subscription"]), not wish.is_out),
    )


def _by_segment(wish: _Wish, slot: str, segment_id: int) -> Call:
    """Return the call that joins a segment of those who opted out, or leaves it."""
    change = requests.attach_contacts if wish.is_out else requests.detach_contacts
    user_id = wish.data.get("user_id")
    return replace(
        wish.call(Action.ATTACH_CONTACTS if wish.is_out else Action.DETACH_CONTACTS, slot),
        shape=change(segment_id, "contactIds" if user_id is None else "externalCustomerIds"),
        item=json_text(user_id if user_id is not None else "{id}"),
        # Also by user id: a segment ignores who does not exist, and words about one contact that
        # name it differently are compared by the contact's own id.
        lookups=(find(wish.data),),
    )


def _no_route(data: Consent, unknown: list[str]) -> Refusal:
    return Refusal(
        reason="consent.no_route",
        field="data.categories" if data.get("categories") else "data.channel",
        detail=f"no route for {', '.join(unknown)}; add it to ESPUTNIK_SYNC_CONSENT__ROUTES",
    )


ROUTES = {
    "contact.opted_out": Route(model=CONTACT_OPTED_OUT, handle=contact_opted_out, topic="opt-outs"),
    "contact.opted_in": Route(model=CONTACT_OPTED_IN, handle=contact_opted_in, topic="opt-outs"),
}
