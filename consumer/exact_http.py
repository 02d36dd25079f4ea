"""The exact HTTP that calls would make, for people to read. Pure."""

from typing import Any

import orjson

from esputnik.call import Call, Request
from esputnik.filling import steps


def told_call(call: Call) -> list[dict[str, Any]]:
    """Return what a call sends: its look-ups, then itself; values not known yet in braces."""
    return [_told_step(step) for step in steps(call)]


def _told_step(call: Call) -> dict[str, Any]:
    told = told_request(call.alone())
    action = told.pop("action")
    return {
        "action": action,
        "intent": call.intent,
        "class": call.repeat.value,
        **told,
        "idempotency_key": call.key,
        "lane": call.lanes[0] if call.lanes else "",
    }


def told_request(request: Request) -> dict[str, Any]:
    """Return a request: its action, method, path with the query, and body as it is sent."""
    return {
        "action": request.action.value,
        "method": request.method,
        "path": request.target,
        "body": orjson.Fragment(request.body) if request.body is not None else None,
    }
