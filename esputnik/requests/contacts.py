"""Contacts: add, import, search, delete. Source: docs.yespo.io/reference."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from esputnik.call import Action, Quota, Request, Shape
from esputnik.json_text import json_text, segment

MAX_CONTACTS = 3000  # of one import
MAX_ROWS = 500  # of one page of a search


def add_contact(contact: Mapping[str, Any]) -> Request:
    """Add Contact: create or update one contact at once, by any of its identifiers.

    It restores a deleted contact, raises no event and keeps what is left out.
    Source: docs.yespo.io/reference/addcontact-1.
    """
    if not contact.get("channels"):
        raise ValueError("add-contact needs at least one channel")
    return Request(
        action=Action.ADD_CONTACT, method="POST", path="/v1/contact", body=json_text(contact)
    )


@lru_cache(maxsize=4096)
def bulk_contacts(
    *,
    dedupe_on: str,
    contact_fields: tuple[str, ...],
    custom_fields_ids: tuple[int, ...] = (),
    group_names: tuple[str, ...] = (),
    restore_deleted: bool = False,
) -> Shape:
    """Bulk Add or Update Contacts: an import of 1 to 3,000, applied some time later, in any order.

    A field in `contact_fields` (or an id in `custom_fields_ids`) that an item does not carry is
    set to null; left out altogether, all fields are in scope, so they are always named.
    Source: docs.yespo.io/reference/contactsbulkupdate-1.
    """
    if not contact_fields:
        raise ValueError("an import names the fields it writes, or it blanks all others")
    tail: dict[str, Any] = {"dedupeOn": dedupe_on, "contactFields": contact_fields}
    if custom_fields_ids:
        tail["customFieldsIDs"] = custom_fields_ids
    if group_names:
        tail["groupNames"] = group_names
    tail["restoreDeleted"] = restore_deleted
    return Shape(
        action=Action.BULK_CONTACTS,
        path="/v1/contacts",
        head=b'{"contacts":[',
        tail=b"]," + json_text(tail)[1:],
        max_items=MAX_CONTACTS,
        is_import=True,
    )


def import_status(session: str) -> Request:
    """Ask how an import stands. Source: docs.yespo.io/reference/getimportsessionstatus-1."""
    path = f"/v1/importstatus/{segment(session)}"
    return Request(action=Action.IMPORT_STATUS, method="GET", path=path)


def find_contact(
    *, user_id: str | None = None, email: str | None = None, phone: str | None = None
) -> Request:
    """Search contacts by one identifier; `phone` in digits. At most 50 a second.

    Source: docs.yespo.io/reference/searchcontacts-1.
    """
    named = (("externalCustomerId", user_id), ("email", email), ("sms", phone))
    query = [(name, value) for name, value in named if value]
    if len(query) != 1:
        raise ValueError("a contact is searched for by exactly one identifier")
    query += [("startindex", "1"), ("maxrows", str(MAX_ROWS))]
    return Request(
        action=Action.FIND_CONTACT,
        method="GET",
        path="/v1/contacts",
        query=tuple(query if user_id is None else query[:1]),
        quota=Quota.SEARCH,
    )


def delete_contact(*, erase: bool) -> Request:
    """Delete the contact that a look-up finds; `erase` removes it for good.

    Source: docs.yespo.io/reference/deletecontact_1-1.
    """
    query = (("erase", "true" if erase else "false"),)
    return Request(
        action=Action.DELETE_CONTACT, method="DELETE", path="/v1/contact/{id}", query=query
    )


def delete_customer(user_id: str, *, erase: bool) -> Request:
    """Delete a contact by its externalCustomerId; `erase` removes it for good.

    Source: docs.yespo.io/reference/deletecontact-1.
    """
    query = (("externalCustomerId", user_id), ("erase", "true" if erase else "false"))
    return Request(action=Action.DELETE_CONTACT, method="DELETE", path="/v1/contact", query=query)
