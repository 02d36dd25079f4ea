"""Segments by id: each member is a call of its own, so that one waits alone."""

from collections.abc import Iterator
from typing import Literal

from esputnik import requests
from esputnik.call import Call, Repeat, Shape
from esputnik.json_text import json_text
from handlers.mapped import Event, Mapped, Options
from handlers.route import Route
from schemas.segments import (
    SEGMENT_JOINED,
    SEGMENT_LEFT,
    Members,
    SegmentJoined,
    SegmentLeft,
)


def segment_joined(event: Event[SegmentJoined], _options: Options) -> Mapped:
    """Attach each member."""
    kind = _kind(event.data)
    shape = requests.attach_contacts(event.data["segment_id"], kind)
    return Mapped(tuple(_members(event.identity, event.data, "segment.join", shape)))


def segment_left(event: Event[SegmentLeft], _options: Options) -> Mapped:
    """Detach each member."""
    kind = _kind(event.data)
    shape = requests.detach_contacts(event.data["segment_id"], kind)
    return Mapped(tuple(_members(event.identity, event.data, "segment.leave", shape)))


def _kind(data: Members) -> Literal["contactIds", "externalCustomerIds"]:
    return "contactIds" if data.get("contact_ids") is not None else "externalCustomerIds"


def _members(identity: str, data: Members, intent: str, shape: Shape) -> Iterator[Call]:
    by_theirs, by_ours = data.get("contact_ids") or (), data.get("user_ids") or ()
    members = [*(("c:", number) for number in by_theirs), *(("u:", name) for name in by_ours)]
    for lane, member in dict.fromkeys(members):
        yield Call(
            action=shape.action,
            intent=intent,
            identity=identity,
            slot=str(member),
            repeat=Repeat.SAFE,
            lanes=(f"{lane}{member}",),
            shape=shape,
            item=json_text(member),
        )


ROUTES = {
    "segment.joined": Route(model=SEGMENT_JOINED, handle=segment_joined, topic="segments"),
    "segment.left": Route(model=SEGMENT_LEFT, handle=segment_left, topic="segments"),
}
