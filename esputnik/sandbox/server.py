"""Serves an account over HTTP: the API under `/api`, the account itself under `/sandbox`.

GET  /sandbox/state      what the account holds
GET  /sandbox/requests   the last requests, the oldest first
PUT  /sandbox/rules      what is to go wrong by rule, a list (see `faults.read_rule`)
PUT  /sandbox/faults     what is to go wrong by chance, {"500": 0.1}
PUT  /sandbox/segments   the segments there are, a list of {"id", "name", "type"}
PUT  /sandbox/key        {"key": "…"}: the only API key that is taken from now on
POST /sandbox/activity   a list of rows for the activity feed
POST /sandbox/reset      forget everything but key, segments, rules and faults
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from esputnik.sandbox.account import Account
from esputnik.sandbox.wire import JSON_TYPE, SandboxAnswer, SandboxRequest

API = "/api"
CONTROL = "/sandbox/"


class SandboxApp:
    """An ASGI application over one account, for uvicorn: it drops connections as a crash would."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._shown: Mapping[str, Callable[[], object]] = {
            "state": account.state,
            "requests": lambda: account.requests,
        }
        self._changes: Mapping[tuple[str, str], Callable[[Any], None]] = {
            ("PUT", "rules"): account.faults.rule,
            ("PUT", "faults"): account.faults.plan,
            ("PUT", "segments"): account.use_segments,
            ("PUT", "key"): lambda body: account.use_key(str(body["key"])),
            ("POST", "activity"): account.happened,
            ("POST", "reset"): lambda _: account.reset(),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return None
        request = Request(scope, receive)
        if request.url.path.startswith(CONTROL):
            response = self._control(request, await request.body())
        else:
            answer = self._account.handle(await _read(request), time.time())
            await asyncio.sleep(answer.delay)
            if answer.is_dropped:
                _drop(receive)
                return None
            response = _response(answer)
        return await response(scope, receive, send)

    def _control(self, request: Request, body: bytes) -> Response:
        self._account.advance(time.time())
        name = request.url.path.removeprefix(CONTROL)
        if request.method == "GET" and name in self._shown:
            return _json(self._shown[name]())
        change = self._changes.get((request.method, name))
        if change is None:
            return _json({"error": "no such thing"}, 404)
        try:
            change(orjson.loads(body or b"null"))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            return _json({"error": str(fault)}, 400)
        return _json({"done": name})


async def _read(request: Request) -> SandboxRequest:
    raw = request.scope["raw_path"].decode("ascii").partition("?")[0]
    return SandboxRequest(
        method=request.method,
        path=raw.removeprefix(API) if raw.startswith(f"{API}/") else "",
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await request.body(),
    )


def _drop(receive: Receive) -> None:
    """Close the connection without an answer."""
    cycle = receive.__self__  # type: ignore[attr-defined]  # uvicorn's: ASGI has no word for it
    cycle.transport.abort()
    cycle.disconnected = True


def _response(answer: SandboxAnswer) -> Response:
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))


def _json(told: object, status: int = 200) -> Response:
    body = orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status_code=status, media_type=JSON_TYPE)
