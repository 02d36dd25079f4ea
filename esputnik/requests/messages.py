"""App-inbox messages, events and sends: calls of which each execution counts."""

from collections.abc import Mapping, Sequence
from typing import Any

from esputnik.call import Action, Quota, Request
from esputnik.json_text import json_text, segment

MAX_EVENT_BYTES = 20_000  # of one event's body; support can raise it


def create_inbox_message(message: Mapping[str, Any]) -> Request:
    """Create App Inbox Message: the base version; nothing is sent to anybody.

    Source: docs.yespo.io/reference/addappinboxmessage.
    """
    return Request(
        action=Action.CREATE_INBOX_MESSAGE,
        method="POST",
        path="/v1/messages/appinbox",
        body=json_text(message),
    )


def translate_inbox_message(language: str, message: Mapping[str, Any]) -> Request:
    """Write one translation of the message created before.

    Source: docs.yespo.io/reference/updatetranslatedappinboxmessage.
    """
    return Request(
        action=Action.TRANSLATE_INBOX_MESSAGE,
        method="PUT",
        path=f"/v1/messages/appinbox/{{id}}/{segment(language)}",
        body=json_text(message),
    )


def generate_event(event_type: str, params: Sequence[Mapping[str, Any]]) -> Request:
    """Raise an event that may start workflows; its params must identify a contact.

    Body at most 20 kB, at most 350 a second. Source: docs.yespo.io/reference/registerevent_1.
    """
    return Request(
        action=Action.GENERATE_EVENT,
        method="POST",
        path="/v2/event",
        body=json_text({"eventTypeKey": event_type, "params": params}),
        quota=Quota.EVENT,
    )


def past_event(
    event_type: str, key: str, params: Sequence[Mapping[str, Any]], occurred: str
) -> Request:
    """Record one event of the past, which starts no workflow. At most 100 requests a second.

    Source: docs.yespo.io/reference/sendhistoryevents_1.
    """
    event = {"eventTypeKey": event_type, "keyValue": key, "params": params, "occurred": occurred}
    return Request(
        action=Action.PAST_EVENTS,
        method="POST",
        path="/v2/past_events",
        body=json_text({"events": [event]}),
        quota=Quota.PAST_EVENT,
    )


def send_message(message_id: int, recipient: Mapping[str, Any], *, by_email: bool) -> Request:
    """Send a prepared message to one recipient; a refusal may come inside a 200.

    Source: docs.yespo.io/reference/sendextendedpreparedmessage.
    """
    return Request(
        action=Action.SEND_MESSAGE,
        method="POST",
        path=f"/v1/message/{segment(message_id)}/smartsend",
        body=json_text({"recipients": [recipient], "email": by_email}),
    )
