"""The calls that can be made by hand: their paths, what these need, what must not be sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from string import Formatter
from typing import Any

from esputnik.call import Action, Quota, Request
from esputnik.json_text import json_text, segment


class InputError(ValueError):
    """The input of a call by hand is wrong; the message names the member and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """One action. `items` names the list of the body that must not be empty, and its limit.

    `query` says in words what may stand in the query. What is `optional` must not be empty where
    it is named.
    """

    method: str
    path: str
    has_body: bool = True
    items: tuple[str, ...] = ()
    max_items: int = 0
    quota: Quota = Quota.DEFAULT
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    warning: str = ""
    needs_query: bool = False
    query: str = ""


_PAGING = frozenset({"startindex", "maxrows"})
_MEMBERS = ("contactIds", "externalCustomerIds")

BY_HAND: Mapping[Action, ByHand] = {
    Action.ADD_CONTACT: ByHand(
        method="POST", path="/v1/contact", items=("channels",), max_items=1000
    ),
    Action.BULK_CONTACTS: ByHand(
        method="POST",
        path="/v1/contacts",
        items=("contacts",),
        max_items=3000,
        required=("dedupeOn",),
        optional=("contactFields",),
        warning="without contactFields all fields are written: those not sent are cleared",
    ),
    Action.IMPORT_STATUS: ByHand(method="GET", path="/v1/importstatus/{sessionId}", has_body=False),
    Action.DELETE_CONTACT: ByHand(
        method="DELETE",
        path="/v1/contact/{id}",
        has_body=False,
        query="externalCustomerId instead of path",
    ),
    Action.FIND_CONTACT: ByHand(
        method="GET",
        path="/v1/contacts",
        has_body=False,
        quota=Quota.SEARCH,
        needs_query=True,
        query="externalCustomerId alone, or email, sms, firstname, lastname",
    ),
    Action.ADD_ORDERS: ByHand(method="POST", path="/v1/orders", items=("orders",), max_items=1000),
    Action.ADD_UNSUBSCRIBED: ByHand(
        method="POST", path="/v1/emails/unsubscribed/add", items=("emails",), max_items=3000
    ),
    Action.REMOVE_UNSUBSCRIBED: ByHand(
        method="POST", path="/v1/emails/unsubscribed/delete", items=("emails",), max_items=3000
    ),
    Action.ATTACH_CONTACTS: ByHand(
        method="POST", path="/v1/group/{id}/contacts/attach", items=_MEMBERS, max_items=500
    ),
    Action.DETACH_CONTACTS: ByHand(
        method="POST", path="/v1/group/{id}/contacts/detach", items=_MEMBERS, max_items=500
    ),
    Action.GET_SUBSCRIPTIONS: ByHand(
        method="GET", path="/v1/contact/{id}/subscriptions", has_body=False
    ),
    Action.SET_SUBSCRIPTIONS: ByHand(
        method="PUT", path="/v1/contact/{id}/subscriptions", required=("subscriptions",)
    ),
    Action.TOKEN_ACTIVITY: ByHand(
        method="PUT",
        path="/v1/contact/token/activated/{app_uuid}/{token_id}",
        required=("active",),
    ),
    Action.ADD_DOMAIN: ByHand(method="POST", path="/v1/site/domains", required=("domain",)),
    Action.ADD_WEBPUSH_DOMAIN: ByHand(
        method="POST",
        path="/v1/site/webpush/domain",
        required=("domain", "serviceWorkerName", "serviceWorkerPath", "serviceWorkerScope"),
    ),
    Action.CREATE_INBOX_MESSAGE: ByHand(
        method="POST", path="/v1/messages/appinbox", required=("name", "title", "text")
    ),
    Action.TRANSLATE_INBOX_MESSAGE: ByHand(
        method="PUT", path="/v1/messages/appinbox/{id}/{language}", required=("title", "text")
    ),
    Action.GENERATE_EVENT: ByHand(
        method="POST", path="/v2/event", quota=Quota.EVENT, required=("eventTypeKey", "params")
    ),
    Action.PAST_EVENTS: ByHand(
        method="POST",
        path="/v2/past_events",
        items=("events",),
        max_items=500,
        quota=Quota.PAST_EVENT,
    ),
    Action.SEND_MESSAGE: ByHand(
        method="POST", path="/v1/message/{id}/smartsend", items=("recipients",), max_items=1000
    ),
    Action.CREATE_TOKEN: ByHand(method="POST", path="/v1/auth/token", has_body=False),
    Action.ACCOUNT_INFO: ByHand(method="GET", path="/v1/account/info", has_body=False),
}


def names() -> tuple[str, ...]:
    """Return the actions that can be called by hand."""
    return tuple(action.value for action in BY_HAND)


def forms() -> tuple[str, ...]:
    """Return a line an action: its method and path, and what its query or body names."""
    wide = max(map(len, BY_HAND))
    return tuple(f"{name:<{wide}}  {_form(one)}" for name, one in BY_HAND.items())


def _form(form: ByHand) -> str:
    items = (" or ".join(form.items),) if form.items else ()
    parts = [f"{form.method} {form.path}"]
    parts += [f"query: {form.query}"] if form.query else []
    named = (*items, *form.required, *(f"[{name}]" for name in form.optional))
    parts += [f"body: {', '.join(named)}"] if form.has_body else []
    parts += [form.warning] if form.warning else []
    return "; ".join(parts)


def by_hand(action: str, given: Mapping[str, Any]) -> Request:
    """Return the request of a call by hand.

    `given` has `path`, `query` and `body`, as far as the action has them.

    Raises:
        InputError: No such action, or the input is not what the action needs.
    """
    known = next((one for one in BY_HAND if one.value == action), None)
    if known is None:
        raise InputError(f"{action}: no such action; the actions are {', '.join(names())}")
    if strangers := sorted(set(given) - {"path", "query", "body"}):
        raise InputError(f"{strangers[0]}: not known; write path, query and body")
    form = BY_HAND[known]
    query = _query(form, _object(given, "query"))
    return Request(
        action=known,
        method=form.method,
        path=_path(known, form, query, _object(given, "path")),
        query=query,
        body=_body(form, given.get("body")),
        quota=form.quota,
    )


def _object(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name, {})
    if not isinstance(found, dict):
        raise InputError(f"{name}: must be an object")
    return found


def _query(form: ByHand, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    query = tuple((name, _plain(f"query.{name}", value)) for name, value in values.items())
    if form.needs_query and not any(text for name, text in query if name not in _PAGING):
        raise InputError('query: has no identifier; write {"query": {"email": …}}')
    return query


def _path(
    action: Action, form: ByHand, query: tuple[tuple[str, str], ...], values: Mapping[str, Any]
) -> str:
    if action is Action.DELETE_CONTACT and not values and dict(query).get("externalCustomerId"):
        return "/v1/contact"
    names = [name for _, name, _, _ in Formatter().parse(form.path) if name is not None]
    if strangers := sorted(set(values) - set(names)):
        raise InputError(f"path.{strangers[0]}: not known; the path is {form.path}")
    filled = {name: _segment(name, values.get(name)) for name in names}
    return form.path.format_map(filled)


def _segment(name: str, value: object) -> str:
    if value is None:
        raise InputError(f'path.{name}: is missing; write {{"path": {{"{name}": …}}}}')
    text = _plain(f"path.{name}", value)
    try:
        return segment(text)
    except ValueError as fault:
        raise InputError(f"path.{name}: {fault}") from None


def _body(form: ByHand, body: object) -> bytes | None:
    if not form.has_body:
        if body is not None:
            raise InputError("body: the action has no body; remove it")
        return None
    if not isinstance(body, dict):
        raise InputError('body: is missing; write {"body": {…}}')
    for name in (*form.required, *(name for name in form.optional if name in body)):
        if body.get(name) in ("", None, []):
            raise InputError(f"body.{name}: is missing or empty")
    if form.items:
        _check_items(form, body)
    if _is_endless(body):
        raise InputError("body: NaN and Infinity are not valid JSON")
    try:
        return json_text(body)
    except TypeError as fault:
        raise InputError(f"body: cannot be sent: {fault}") from None


def _is_endless(value: object) -> bool:
    """Tell whether NaN or Infinity stands anywhere: it would go out as null, which clears."""
    if isinstance(value, dict):
        return any(map(_is_endless, value.values()))
    if isinstance(value, list):
        return any(map(_is_endless, value))
    return isinstance(value, float) and not isfinite(value)


def _check_items(form: ByHand, body: Mapping[str, Any]) -> None:
    """Refuse empty lists: a detach without ids would empty the segment."""
    named = [name for name in form.items if body.get(name)]
    if len(form.items) == 1 and not named:
        raise InputError(f"body.{form.items[0]}: is missing or empty")
    if len(named) != 1:
        raise InputError(
            f"body.{' or body.'.join(form.items)}: send exactly one of them, not empty"
        )
    items = body[named[0]]
    if not isinstance(items, list) or len(items) > form.max_items:
        raise InputError(f"body.{named[0]}: must be a list of 1 to {form.max_items}")


def _plain(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float | Decimal):
        raise InputError(f"{name}: must be a string, a number, true or false")
    return str(value)
