"""Segments by id: each member is a call of its own, so that one waits alone."""

from collections.abc import Iterator

from esputnik import requests
from esputnik.call import Action, Call, Repeat, Shape, idempotency_key
from esputnik.json_text import json_text
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.segments import SegmentJoined, SegmentLeft


def segment_joined(event: Event[SegmentJoined], _options: Options) -> Mapped:
    """Attach each member."""
    data = event.data
    kind = "contactIds" if data.contact_ids else "externalCustomerIds"
    shape = requests.attach_contacts(data.segment_id, kind)
    calls = _members(event, Action.ATTACH_CONTACTS, "segment.join", shape)
    return Mapped(calls=tuple(calls))


def segment_left(event: Event[SegmentLeft], _options: Options) -> Mapped:
    """Detach each member."""
    data = event.data
    kind = "contactIds" if data.contact_ids else "externalCustomerIds"
    shape = requests.detach_contacts(data.segment_id, kind)
    calls = _members(event, Action.DETACH_CONTACTS, "segment.leave", shape)
    return Mapped(calls=tuple(calls))


def _members(
    event: Event[SegmentJoined] | Event[SegmentLeft], action: Action, intent: str, shape: Shape
) -> Iterator[Call]:
    data = event.data
    lane = "c:" if data.contact_ids else "u:"
    members: list[int | str] = [*(data.contact_ids or ()), *(data.user_ids or ())]
    for member in dict.fromkeys(members):
        yield Call(
            action=action,
            intent=intent,
            slot=str(member),
            repeat=Repeat.SAFE,
            key=idempotency_key(event.identity, intent, str(member)),
            lanes=(f"{lane}{member}",),
            shape=shape,
            item=json_text(member),
        )


ROUTES = {
    "segment.joined": Route(model=SegmentJoined, handle=segment_joined, topic="segments"),
    "segment.left": Route(model=SegmentLeft, handle=segment_left, topic="segments"),
}
