"""Serves an account over HTTP: the API under `/api`, the account itself under `/sandbox`.

GET  /sandbox/state      what the account holds
GET  /sandbox/requests   the last requests, the oldest first
PUT  /sandbox/rules      what is to go wrong by plan, a list (see `faults.py`)
PUT  /sandbox/faults     what is to go wrong by chance, {"500": 0.1}
PUT  /sandbox/segments   a list of {"id", "name", "type"} to add or replace
PUT  /sandbox/key        {"key": "…"}: the only API key that is taken from now on
POST /sandbox/activity   a list of rows for the activity feed
POST /sandbox/reset      forget everything but rules and faults
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from esputnik.sandbox.account import Account
from esputnik.sandbox.segments import Segment
from esputnik.sandbox.wire import JSON, Asked, Told

API = "/api"
CONTROL = "/sandbox/"


class SandboxApp:
    """An ASGI application over one account. `made` makes a fresh one for a reset."""

    def __init__(self, make: Callable[[], Account]) -> None:
        self._make = make
        self.account = make()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        if request.url.path.startswith(CONTROL):
            await (await self._control(request))(scope, receive, send)
            return
        await self._api(request, scope, receive, send)

    # -- the API ----------------------------------------------------------------------------

    async def _api(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope["raw_path"].decode("ascii").partition("?")[0]
        asked = Asked(
            method=request.method,
            path=raw.removeprefix(API) if raw.startswith(API) else "/unknown",
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=await request.body(),
        )
        fault = self.account.plan(asked)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.hang_up == "before":
            return _hang_up(receive)
        told = self.account.handle(asked, time.monotonic(), fault)
        if fault.hang_up == "after":
            return _hang_up(receive)
        return await _response(told)(scope, receive, send)

    # -- the account itself -----------------------------------------------------------------

    async def _control(self, request: Request) -> Response:
        self.account.advance(time.monotonic())
        name = request.url.path.removeprefix(CONTROL)
        if request.method == "GET" and name in {"state", "requests"}:
            shown = self.account.state() if name == "state" else list(self.account.log)
            return _json(shown)
        change = getattr(self, f"_put_{name}", None)
        if change is None or request.method == "GET":
            return Response(status_code=404)
        try:
            change(orjson.loads(await request.body() or b"null"))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            return _json({"error": str(fault)}, 400)
        return _json({"done": name})

    def _put_rules(self, rules: list[dict[str, Any]]) -> None:
        self.account.faults.set_rules(rules)

    def _put_faults(self, chances: dict[str, float]) -> None:
        self.account.faults.set_chances(chances)

    def _put_segments(self, segments: list[dict[str, Any]]) -> None:
        for one in segments:
            self.account.segments.put(
                Segment(int(one["id"]), str(one["name"]), str(one.get("type", "Static")))
            )

    def _put_key(self, body: dict[str, str]) -> None:
        self.account.api_key = body["key"]

    def _put_activity(self, rows: list[dict[str, Any]]) -> None:
        self.account.activity += rows

    def _put_reset(self, _: object) -> None:
        faults = self.account.faults
        self.account = self._make()
        self.account.faults = faults


def _hang_up(receive: Receive) -> None:
    """Close the connection without an answer, as a crashing server would."""
    cycle = receive.__self__  # type: ignore[attr-defined]  # uvicorn's: ASGI has no word for it
    cycle.transport.abort()
    cycle.disconnected = True


def _response(told: Told) -> Response:
    headers = {"content-type": told.kind, **told.headers}
    return Response(content=told.body, status_code=told.status, headers=headers)


def _json(body: object, status: int = 200) -> Response:
    return Response(
        content=orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS),
        status_code=status,
        media_type=JSON,
    )
