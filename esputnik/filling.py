"""Puts what look-ups taught into the braces of a request."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

import orjson

from esputnik.call import Call, Request


def fill(request: Request, learned: Mapping[str, str]) -> Request:
    """Return the request with `{name}` in its path and `"{name}"` in its body filled in."""
    path, body = request.path, request.body
    for name, value in learned.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
        body = _fill_json(body, name, value) if body is not None else None
    return replace(request, path=path, body=body)


def fill_call(call: Call, learned: Mapping[str, str]) -> Call:
    """Return the call with everything filled in that is known by now."""
    known = dict(learned)
    if call.subscription is not None and "subscriptions" in known:
        known["subscriptions"] = _changed(known["subscriptions"], *call.subscription)
    item = call.item
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


def _fill_json(text: bytes, name: str, value: str) -> bytes:
    # A list that was learned is JSON already; anything else becomes a JSON string.
    written = value.encode() if name == "subscriptions" else orjson.dumps(value)
    return text.replace(f'"{{{name}}}"'.encode(), written)


def _changed(subscriptions: str, key: str, joins: bool) -> str:  # noqa: FBT001 - a pair of Call
    held: list[str] = orjson.loads(subscriptions)
    kept = [other for other in held if other != key]
    return orjson.dumps([*kept, key] if joins else kept).decode()
