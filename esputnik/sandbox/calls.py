"""What each call of the API does to the account. Pure."""

import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from esputnik.sandbox.contacts import Contact, check_contact, valid_email
from esputnik.sandbox.wire import Asked, RefusedError, Told, as_json, as_text, items_of

if TYPE_CHECKING:
    from esputnik.sandbox.account import Account

Handle = Callable[["Account", Asked, tuple[str, ...]], Told]


# -- contacts ---------------------------------------------------------------------------


def _add_contact(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    body = asked.json()
    if not body.get("channels"):
        raise RefusedError(400, "channels must not be empty")
    error = check_contact(body, checks_names=account.switches.checks_names)
    if error is not None:
        raise RefusedError(400, error)
    return as_json({"id": account.contacts.add(body).id})


def _bulk(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    refused = dict([account.fault.item_error]) if account.fault.item_error else {}
    return as_json(
        account.imports.take(
            asked.json(), account.now, fault=account.fault.import_end, refused=refused
        )
    )


def _import_status(account: "Account", _: Asked, parts: tuple[str, ...]) -> Told:
    session = account.imports.sessions.get(parts[0])
    if session is None:
        raise RefusedError(404, "Import session not found")
    return as_json(session.shown())


def _search(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    found = account.contacts.search(asked.query)
    start = int(asked.query.get("startindex", 1)) - 1
    page = found[start : start + min(500, int(asked.query.get("maxrows", 500)))]
    shown = [
        {
            name: value
            for name, value in one.shown().items()
            if name in {"id", "firstName", "lastName", "channels", "fields"}
        }
        for one in page
    ]
    return as_json(shown, totalcount=str(len(found)))


def _get_contact(account: "Account", _: Asked, parts: tuple[str, ...]) -> Told:
    return as_json(_known(account, parts[0]).shown())


def _delete_contact(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    contact = _known(account, parts[0])
    return _delete(account, asked, contact)


def _delete_customer(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    contact = account.contacts.find(asked.query.get("externalCustomerId"), ())
    if contact is None or contact.is_deleted:
        raise RefusedError(404, "Contact not found")
    return _delete(account, asked, contact)


def _delete(account: "Account", asked: Asked, contact: Contact) -> Told:
    account.contacts.delete(contact, erase=asked.query.get("erase") == "true")
    account.segments.forget(contact.id)
    return as_text(f"Contact with id='{contact.id}' has been deleted")


def _known(account: "Account", number: str) -> Contact:
    contact = account.contacts.by_id.get(int(number)) if number.isdigit() else None
    if contact is None or contact.is_deleted:
        raise RefusedError(404, "Contact not found")
    return contact


# -- consent ----------------------------------------------------------------------------


def _unsubscribe(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    account.unsubscribed |= _addresses(account, asked)
    return Told()


def _resubscribe(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    account.unsubscribed -= _addresses(account, asked)
    return Told()


def _addresses(account: "Account", asked: Asked) -> set[str]:
    emails = items_of(asked.json(), "emails", account.switches.max_emails)
    if not all(map(valid_email, emails)):
        raise RefusedError(400, "emails must be valid")
    return {email.lower() for email in emails}


def _subscriptions(account: "Account", _: Asked, parts: tuple[str, ...]) -> Told:
    keys = sorted(_known(account, parts[0]).subscriptions)
    shown = [{"id": number, "key": key, "name": key} for number, key in enumerate(keys, 1)]
    return as_json(shown[0] if len(shown) == 1 and account.switches.one_as_object else shown)


def _subscribe(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    keys = asked.json().get("subscriptions")
    if not isinstance(keys, list):
        raise RefusedError(400, "subscriptions is required")
    _known(account, parts[0]).subscriptions = {str(key) for key in keys}
    return as_text("Subscriptions have been updated")


def _attach(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    account.segments.attach(int(parts[0]), asked.json())
    return as_text("Contacts were attached")


def _detach(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    account.segments.detach(int(parts[0]), asked.json() if asked.body else {})
    return as_text("Contacts were detached")


def _feed(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    email = asked.query.get("email", "").lower()
    rows = [row for row in account.activity if not email or row.get("email") == email]
    return as_json(rows)


# -- the rest ---------------------------------------------------------------------------


def _orders(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    refused = dict([account.fault.item_error]) if account.fault.item_error else {}
    return as_json(account.orders.take(asked.json(), refused))


def _token(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    contact = account.contacts.with_token(parts[1])
    if contact is None:
        raise RefusedError(account.switches.unknown_token, "Token not found")
    device = contact.tokens[parts[1]]
    if asked.method == "PUT":
        active = asked.json().get("active")
        if not isinstance(active, bool):
            raise RefusedError(400, "active must be specified")
        device["active"] = active
    return as_json({"active": device.get("active", True)})


def _add_domain(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    return account.sites.add(asked.json())


def _domains(account: "Account", _: Asked, __: tuple[str, ...]) -> Told:
    return as_json([{"domain": domain} for domain in account.sites.domains])


def _add_webpush(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    return account.sites.add_webpush(asked.json())


def _webpush(account: "Account", _: Asked, __: tuple[str, ...]) -> Told:
    return as_json({"domains": account.sites.webpush})


def _create_message(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    return as_json({"id": account.messages.create(asked.json())})


def _get_message(account: "Account", _: Asked, parts: tuple[str, ...]) -> Told:
    return as_json(account.messages.message(int(parts[0])))


def _translate(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    account.messages.translate(int(parts[0]), parts[1], asked.json())
    return as_text("Message has been updated")


def _event(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    account.messages.raise_event(asked.json(), len(asked.body))
    return Told()


def _past(account: "Account", asked: Asked, _: tuple[str, ...]) -> Told:
    return as_json(account.messages.take_past(asked.json()))


def _send(account: "Account", asked: Asked, parts: tuple[str, ...]) -> Told:
    return as_json(account.messages.send(int(parts[0]), asked.json()))


def _info(account: "Account", _: Asked, __: tuple[str, ...]) -> Told:
    name = account.switches.organisation
    return as_json({"userEmail": "api@example.com", "organisationName": name, "orgId": 1})


def _create_token(account: "Account", _: Asked, __: tuple[str, ...]) -> Told:
    return as_json(f"token-{account.counts.get('create-token', Counter()).total() + 1:032x}")


def _fields(account: "Account", _: Asked, __: tuple[str, ...]) -> Told:
    kind = {"type": "TEXTFIELD", "required": "false"}
    fields = [
        {"id": number, "name": f"Field {number}", "fieldKey": f"F{number}", "description": kind}
        for number in range(1, account.switches.custom_fields + 1)
    ]
    group = {"name": "Fields", "fields": fields}
    return as_json({"addressBook": {"addressBookId": 1, "name": "Main", "fieldGroups": group}})


def _groups(account: "Account", _: Asked, __: tuple[str, ...]) -> Told:
    groups = account.segments.by_id.values()
    return as_json([{"id": one.id, "name": one.name, "type": one.kind} for one in groups])


ROUTES: tuple[tuple[str, str, str, Handle], ...] = (
    ("POST", r"/v1/contact", "add-contact", _add_contact),
    ("POST", r"/v1/contacts", "bulk-contacts", _bulk),
    ("GET", r"/v1/importstatus/([^/]+)", "import-status", _import_status),
    ("GET", r"/v1/contacts", "find-contact", _search),
    ("GET", r"/v1/contact/(\d+)", "get-contact", _get_contact),
    ("DELETE", r"/v1/contact/(\d+)", "delete-contact", _delete_contact),
    ("DELETE", r"/v1/contact", "delete-contact", _delete_customer),
    ("POST", r"/v1/emails/unsubscribed/add", "add-unsubscribed", _unsubscribe),
    ("POST", r"/v1/emails/unsubscribed/delete", "remove-unsubscribed", _resubscribe),
    ("GET", r"/v1/contact/(\d+)/subscriptions", "get-subscriptions", _subscriptions),
    ("PUT", r"/v1/contact/(\d+)/subscriptions", "set-subscriptions", _subscribe),
    ("POST", r"/v1/group/(\d+)/contacts/attach", "attach-contacts", _attach),
    ("POST", r"/v1/group/(\d+)/contacts/detach", "detach-contacts", _detach),
    ("GET", r"/v2/contacts/activity", "activity-feed", _feed),
    ("POST", r"/v1/orders", "add-orders", _orders),
    ("PUT", r"/v1/contact/token/activated/([^/]+)/([^/]+)", "token-activity", _token),
    ("GET", r"/v1/contact/token/activated/([^/]+)/([^/]+)", "token-activity", _token),
    ("POST", r"/v1/site/domains", "add-domain", _add_domain),
    ("GET", r"/v1/site/domains", "list-domains", _domains),
    ("POST", r"/v1/site/webpush/domain", "add-webpush-domain", _add_webpush),
    ("GET", r"/v1/site/webpush/domains", "list-webpush-domains", _webpush),
    ("POST", r"/v1/messages/appinbox", "create-inbox-message", _create_message),
    ("GET", r"/v1/messages/appinbox/(\d+)", "get-inbox-message", _get_message),
    (
        "PUT",
        r"/v1/messages/appinbox/(\d+)/([^/]+)",
        "translate-inbox-message",
        _translate,
    ),
    ("POST", r"/v2/event", "generate-event", _event),
    ("POST", r"/v2/past_events", "past-events", _past),
    ("POST", r"/v1/message/(\d+)/smartsend", "send-message", _send),
    ("GET", r"/v1/account/info", "account-info", _info),
    ("POST", r"/v1/auth/token", "create-token", _create_token),
    ("GET", r"/v1/addressbooks", "list-fields", _fields),
    ("GET", r"/v1/groups", "list-segments", _groups),
)
_TABLE = tuple((method, re.compile(path), name, call) for method, path, name, call in ROUTES)


def route(asked: Asked) -> tuple[str, Handle | None, tuple[str, ...]]:
    """Return the action of a request, who answers it, and the parts of its path."""
    for method, path, action, call in _TABLE:
        if method == asked.method and (found := path.fullmatch(asked.path)):
            return action, call, tuple(unquote(part) for part in found.groups())
    return "unknown", None, ()
