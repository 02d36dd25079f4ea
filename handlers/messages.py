"""What reaches people or starts workflows: activities and requested messages."""

from collections.abc import Iterator, Mapping
from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, Request, idempotency_key
from esputnik.json_text import json_text
from handlers.identity import Person, digits, lanes_of
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from handlers.texts import plain
from schemas.messages import ActivityRecorded, MessageRequested

RECORD = "activity.record"
SEND = "message.send"


def activity_recorded(event: Event[ActivityRecorded], options: Options) -> Mapped:
    """Raise eSputnik's event of that name; one that is too old starts no workflow."""
    data = event.data
    key = idempotency_key(event.identity, RECORD)
    params = [*_identifiers(data), *_params(data.params or {})]
    request: Request
    if options.events_max_age is not None and event.age_seconds > options.events_max_age:
        occurred = event.occurred_at.strftime("%Y-%m-%dT%H:%M:%S")
        request = requests.past_event(data.name, key, params, occurred)
    else:
        request = requests.generate_event(data.name, params)
    if len(request.body or b"") > requests.MAX_EVENT_BYTES:
        return Mapped(
            refusal=Refusal(
                reason="text.too_long",
                field="data.params",
                detail="an event is at most 20 kB; leave out what no workflow reads",
            )
        )
    call = Call(
        action=request.action,
        intent=RECORD,
        repeat=Repeat.COUNTS,
        key=key,
        lanes=lanes_of(data),
        request=request,
    )
    return Mapped(calls=(call,))


def message_requested(event: Event[MessageRequested], _options: Options) -> Mapped:
    """Send a prepared message to one person."""
    data = event.data
    key = idempotency_key(event.identity, SEND)
    recipient: dict[str, Any] = {"externalRequestId": key}
    if data.user_id is not None:
        recipient["externalCustomerId"] = data.user_id
    else:
        recipient["locator"] = data.email if data.email is not None else digits(data.phone or "")
    if data.params:
        recipient["jsonParam"] = json_text(data.params).decode()  # JSON inside a string
    by_email = data.channel == "email" if data.channel is not None else data.email is not None
    call = Call(
        action=Action.SEND_MESSAGE,
        intent=SEND,
        repeat=Repeat.COUNTS,
        key=key,
        lanes=lanes_of(data),
        request=requests.send_message(data.message_id, recipient, by_email=by_email),
    )
    return Mapped(calls=(call,))


def _identifiers(person: Person) -> Iterator[dict[str, str]]:
    """Name the contact by the parameters eSputnik looks for.

    Source: docs.yespo.io/docs/validating-event-parameters.
    """
    if person.user_id is not None:
        yield {"name": "externalCustomerId", "value": person.user_id}
    if person.email is not None:
        yield {"name": "email", "value": person.email}
    if person.phone is not None:
        yield {"name": "phone", "value": digits(person.phone)}


def _params(params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in params.items():
        if value is not None:
            is_nested = isinstance(value, dict | list)
            yield {"name": name, "value": value if is_nested else plain(value)}


ROUTES = {
    "activity.recorded": Route(
        model=ActivityRecorded, handle=activity_recorded, topic="activities"
    ),
    "message.requested": Route(model=MessageRequested, handle=message_requested, topic="messages"),
}
