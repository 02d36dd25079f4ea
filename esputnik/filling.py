"""Puts what look-ups taught into the braces of a request."""

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

import orjson

from esputnik.call import Action, Call, Request

# Their bodies are written by us alone. Other bodies hold texts of people, which may read "{id}".
_FILLED_BODIES = frozenset(
    {
        Action.ADD_UNSUBSCRIBED,
        Action.REMOVE_UNSUBSCRIBED,
        Action.ATTACH_CONTACTS,
        Action.DETACH_CONTACTS,
        Action.SET_SUBSCRIPTIONS,
    }
)
_BLANK = re.compile(r"\{([a-z]+)\}")


def fill(request: Request, learned: Mapping[str, str]) -> Request:
    """Return the request with `{name}` in its path and `"{name}"` in its body filled in."""
    path, body = request.path, request.body
    for name, value in learned.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
        if body is not None and request.action in _FILLED_BODIES:
            body = _fill_json(body, name, value)
    return replace(request, path=path, body=body)


def fill_call(call: Call, learned: Mapping[str, str]) -> Call:
    """Return the call with everything filled in that is known by now."""
    known = dict(learned)
    if call.subscription is not None and "subscriptions" in known:
        known["subscriptions"] = _changed(known["subscriptions"], *call.subscription)
    item = call.item
    if call.action in _FILLED_BODIES:
        for name, value in known.items():
            item = _fill_json(item, name, value)
    request = fill(call.request, known) if call.request is not None else None
    return replace(call, request=request, item=item)


def steps(call: Call) -> tuple[Call, ...]:
    """Return what a call is made of: its look-ups, each as a call that may be repeated, then it."""
    lookups = (
        replace(call, action=lookup.action, request=lookup, shape=None, item=b"", lookups=())
        for lookup in call.lookups
    )
    return (*lookups, replace(call, lookups=()))


def blanks(call: Call) -> frozenset[str]:
    """Return the names that are still to be filled in."""
    texts = [call.request.path if call.request is not None else ""]
    if call.action in _FILLED_BODIES:
        body = call.request.body if call.request is not None else None
        texts += [part.decode().strip('"') for part in (call.item, body or b"")]
    return frozenset(name for text in texts for name in _BLANK.findall(text))


def _fill_json(text: bytes, name: str, value: str) -> bytes:
    # A list and an id that were learned are JSON already; anything else becomes a JSON string.
    is_json = name == "subscriptions" or (name == "id" and value.isascii() and value.isdigit())
    written = value.encode() if is_json else orjson.dumps(value)
    return text.replace(f'"{{{name}}}"'.encode(), written)


def _changed(subscriptions: str, key: str, joins: bool) -> str:  # noqa: FBT001 - a pair of Call
    held: list[str] = orjson.loads(subscriptions)
    kept = [other for other in held if other != key]
    return orjson.dumps([*kept, key] if joins else kept).decode()
