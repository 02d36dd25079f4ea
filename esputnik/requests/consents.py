"""Consent: the list of unsubscribed addresses, segments, and subscription categories."""

from functools import lru_cache
from typing import Literal

from esputnik.call import Action, Request, Shape
from esputnik.json_text import json_text, segment

MAX_EMAILS = 3000  # of one request; no limit is documented
MAX_MEMBERS = 500  # of one attach or detach

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


def _members(action: Action, segment_id: int, verb: str, members: Members) -> Shape:
    return Shape(
        action=action,
        path=f"/v1/group/{segment(segment_id)}/contacts/{verb}",
        head=json_text({members: []})[:-2],
        tail=b"]}",
        max_items=MAX_MEMBERS,
    )
