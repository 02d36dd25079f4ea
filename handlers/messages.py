"""What reaches people or starts workflows: activities and requested messages."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from esputnik import requests
from esputnik.call import Action, Call, Repeat, Request, idempotency_key
from esputnik.json_text import json_text
from handlers.identity import digits, lanes_of
from handlers.mapped import Event, Mapped, Options, Refusal
from handlers.route import Route
from handlers.texts import plain
from schemas.contacts import Person
from schemas.messages import (
    ACTIVITY_RECORDED,
    MESSAGE_REQUESTED,
    ActivityRecorded,
    MessageRequested,
)

RECORD = "activity.record"
SEND = "message.send"
_OCCURRED = "%Y-%m-%dT%H:%M:%S"  # of past events; in UTC
_TOO_LONG = Refusal(
    reason="text.too_long",
    field="data.params",
    detail="an event may have at most 20 kB; remove params that no workflow uses",
)


def activity_recorded(event: Event[ActivityRecorded], options: Options) -> Mapped:
    """Raise eSputnik's event of that name; one that is too old starts no workflow."""
    data = event.data
    params = [*_identifiers(data), *_params(data.get("params") or {})]
    request = _raised(event, options.events_max_age, params)
    if len(request.body or b"") > requests.MAX_EVENT_BYTES:
        return Mapped(refusal=_TOO_LONG)
    call = Call(
        action=request.action,
        intent=RECORD,
        identity=event.identity,
        repeat=Repeat.COUNTS,
        lanes=lanes_of(data),
        request=request,
    )
    return Mapped((call,))


def _raised(
    event: Event[ActivityRecorded], max_age: float | None, params: Sequence[Mapping[str, Any]]
) -> Request:
    name = event.data["name"]
    if max_age is None or event.now - event.occurred_at.timestamp() <= max_age:
        return requests.generate_event(name, params)
    key = idempotency_key(event.identity, RECORD)
    return requests.past_event(name, key, params, event.occurred_at.strftime(_OCCURRED))


def message_requested(event: Event[MessageRequested], _options: Options) -> Mapped:
    """Send a prepared message to one person."""
    data = event.data
    recipient = {"externalRequestId": idempotency_key(event.identity, SEND)} | _recipient(data)
    if data.get("params"):
        recipient["jsonParam"] = json_text(data["params"]).decode()  # JSON inside a string
    call = Call(
        action=Action.SEND_MESSAGE,
        intent=SEND,
        identity=event.identity,
        repeat=Repeat.COUNTS,
        lanes=lanes_of(data),
        request=requests.send_message(data["message_id"], recipient, by_email=_goes_by_email(data)),
    )
    return Mapped((call,))


def _goes_by_email(data: MessageRequested) -> bool:
    channel = data.get("channel")
    return channel == "email" if channel is not None else data.get("email") is not None


def _recipient(data: MessageRequested) -> dict[str, str]:
    """Name the person: by user id, else by the address of the channel, else by the other one."""
    user_id, email, phone = data.get("user_id"), data.get("email"), data.get("phone")
    if user_id is not None:
        return {"externalCustomerId": user_id}
    if email is not None and (phone is None or _goes_by_email(data)):
        return {"locator": email}
    return {"locator": digits(phone or "")}


def _identifiers(person: Person) -> Iterator[dict[str, str]]:
    """Name the contact by the parameters eSputnik looks for.

    Source: docs.yespo.io/docs/validating-event-parameters.
    """
    if (user_id := person.get("user_id")) is not None:
        yield {"name": "externalCustomerId", "value": user_id}
    if (email := person.get("email")) is not None:
        yield {"name": "email", "value": email}
    if (phone := person.get("phone")) is not None:
        yield {"name": "phone", "value": digits(phone)}


def _params(params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in params.items():
        if value is not None:
            is_nested = isinstance(value, dict | list)
            yield {"name": name, "value": value if is_nested else plain(value)}


ROUTES = {
    "activity.recorded": Route(
        model=ACTIVITY_RECORDED,
        handle=activity_recorded,
        topic="activities",
        counts=True,
        makes_contacts=True,
    ),
    "message.requested": Route(
        model=MESSAGE_REQUESTED,
        handle=message_requested,
        topic="messages",
        counts=True,
        makes_contacts=True,
    ),
}
