"""Consent: the list of unsubscribed addresses, segments, and subscription categories."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from esputnik.call import Action, Request, Shape
from esputnik.json_text import json_text, segment

MAX_EMAILS = 3000  # of one request; no limit is documented
MAX_MEMBERS = 500  # of one attach or detach
LONGEST_WINDOW = timedelta(days=89)  # of the activity feed: never more than three months
MAX_ROWS = 100  # of one answer of the feed, of which a single row decides

Members = Literal["contactIds", "externalCustomerIds"]

ADD_UNSUBSCRIBED = Shape(
    action=Action.ADD_UNSUBSCRIBED,
    path="/v1/emails/unsubscribed/add",
    head=b'{"emails":[',
    tail=b"]}",
    max_items=MAX_EMAILS,
)
"""Add Unsubscribed Emails: no bulk e-mail goes to these addresses, whoever holds them.

Source: docs.yespo.io/reference/addtounsubscribed-1.
"""

REMOVE_UNSUBSCRIBED = Shape(
    action=Action.REMOVE_UNSUBSCRIBED,
    path="/v1/emails/unsubscribed/delete",
    head=b'{"emails":[',
    tail=b"]}",
    max_items=MAX_EMAILS,
)
"""Take addresses off the list. Source: docs.yespo.io/reference/deletefromunsubscribed-1."""


@lru_cache(maxsize=4096)
def attach_contacts(segment_id: int, members: Members) -> Shape:
    """Attach Contacts to Segment: 1 to 500 by one kind of id; the segment must be a static one.

    Source: docs.yespo.io/reference/attachcontactstogroup.
    """
    return _members(Action.ATTACH_CONTACTS, segment_id, "attach", members)


@lru_cache(maxsize=4096)
def detach_contacts(segment_id: int, members: Members) -> Shape:
    """Take 1 to 500 contacts out of a segment. Without ids it would empty it: a shape refuses.

    Source: docs.yespo.io/reference/detachcontactsfromgroup.
    """
    return _members(Action.DETACH_CONTACTS, segment_id, "detach", members)


def get_subscriptions() -> Request:
    """Read the categories of the contact that a look-up finds.

    Source: docs.yespo.io/reference/getcontactsubscriptioncategories.
    """
    path = "/v1/contact/{id}/subscriptions"
    return Request(action=Action.GET_SUBSCRIPTIONS, method="GET", path=path)


def set_subscriptions() -> Request:
    """Replace the categories of the contact that a look-up finds, by those read before, changed.

    Source: docs.yespo.io/reference/changecontactsubscriptioncategories.
    """
    return Request(
        action=Action.SET_SUBSCRIPTIONS,
        method="PUT",
        path="/v1/contact/{id}/subscriptions",
        body=json_text({"subscriptions": "{subscriptions}"}),
    )


def contact_activity(email: str, since: datetime, until: datetime) -> Request:
    """Read from the activity feed when an address was unsubscribed, at eSputnik itself too.

    Both ends are aware and belong to the window, which is at most `LONGEST_WINDOW`.

    Source: docs.yespo.io/reference/contactactivity.
    """
    if not timedelta(0) <= until - since <= LONGEST_WINDOW:
        raise ValueError(f"a window of the feed has 0 to {LONGEST_WINDOW.days} days")
    query = {
        "dateFrom": _utc(since),
        "dateTo": _utc(until),
        "email": email,
        "activityStatus": "UNSUBSCRIBED",
        "maxrows": str(MAX_ROWS),
    }
    return Request(
        action=Action.CONTACT_ACTIVITY,
        method="GET",
        path="/v2/contacts/activity",
        query=tuple(query.items()),
    )


def _utc(time: datetime) -> str:
    """Return a time as the feed's own are written: UTC, whole seconds, no zone."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _members(action: Action, segment_id: int, verb: str, members: Members) -> Shape:
    return Shape(
        action=action,
        path=f"/v1/group/{segment(segment_id)}/contacts/{verb}",
        head=json_text({members: []})[:-2],
        tail=b"]}",
        max_items=MAX_MEMBERS,
    )
