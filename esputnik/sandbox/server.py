"""Serves an account over HTTP: the API under `/api`, the account itself under `/sandbox`.

`overview.CONTROL` lists what there is under `/sandbox`.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from esputnik.sandbox.account import Account
from esputnik.sandbox.overview import overview
from esputnik.sandbox.switching import shown
from esputnik.sandbox.wire import JSON_TYPE, TEXT_TYPE, SandboxAnswer, SandboxRequest

API = "/api"
CONTROL = "/sandbox"
READABLE = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
AT_ONCE = struct.pack("ii", 1, 0)  # a socket closed like this sends a reset, not an end


class SandboxApp:
    """An ASGI application over one account, for uvicorn: it drops connections as a crash would."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._started = time.time() - time.monotonic()
        self._shown: Mapping[str, Callable[[Mapping[str, str]], object]] = {
            "state": lambda _: account.state(),
            "requests": account.requests,
            "switches": lambda _: shown(account.switches),
            "faults": lambda _: account.faults.shown(),
        }
        self._changes: Mapping[tuple[str, str], Callable[[Any], object]] = {
            ("PUT", "switches"): account.change_switches,
            ("PUT", "rules"): lambda body: account.faults.rule(_objects(body)),
            ("PUT", "faults"): account.faults.plan,
            ("PUT", "segments"): lambda body: account.use_segments(_objects(body)),
            ("PUT", "key"): lambda body: account.change_switches({"api_key": _key(body)}),
            ("POST", "activity"): lambda body: account.happened(_objects(body)),
            ("POST", "reset"): lambda _: account.reset(),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        if request.url.path.startswith(CONTROL):
            response = self._control(request, await request.body())
        else:
            answer = self._account.handle(await _read(request), self._now())
            await asyncio.sleep(answer.delay)
            if answer.is_dropped:
                _reset(receive)
                return None
            response = _response(answer)
        return await response(scope, receive, send)

    def _now(self) -> float:
        """Return seconds since 1970 UTC that never go back."""
        return self._started + time.monotonic()

    def _control(self, request: Request, body: bytes) -> Response:
        self._account.advance(self._now())
        name, _, part = request.url.path.removeprefix(CONTROL).strip("/").partition("/")
        try:
            if request.method == "GET":
                return self._look(name, part, request.query_params)
            change = self._changes[request.method, name]
            change(orjson.loads(body or b"null"))
        except KeyError:
            return _json({"error": f"not found; GET {CONTROL} lists what exists"}, 404)
        except ValueError as fault:
            return _json({"error": str(fault)}, 400)
        return _json({"done": name})

    def _look(self, name: str, part: str, query: Mapping[str, str]) -> Response:
        if not name:
            return Response(overview(self._account.state()), media_type=TEXT_TYPE)
        found = self._shown[name](query)
        return _json(found[part] if part and isinstance(found, dict) else found)


async def _read(request: Request) -> SandboxRequest:
    raw = request.scope["raw_path"].decode("ascii").partition("?")[0]
    return SandboxRequest(
        method=request.method,
        path=raw.removeprefix(API) if raw.startswith(f"{API}/") else "",
        query=dict(request.query_params),
        headers=dict(request.headers),
        body=await request.body(),
    )


def _reset(receive: Receive) -> None:
    """Break the connection off without an answer."""
    cycle = receive.__self__  # type: ignore[attr-defined]  # uvicorn's: ASGI has no word for it
    peer = cycle.transport.get_extra_info("socket")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    cycle.transport.abort()
    cycle.disconnected = True


def _response(answer: SandboxAnswer) -> Response:
    return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))


def _json(told: object, status: int = 200) -> Response:
    body = orjson.dumps(told, option=READABLE) + b"\n"
    return Response(body, status_code=status, media_type=JSON_TYPE)


def _objects(body: object) -> list[Mapping[str, Any]]:
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        raise ValueError("the body must be a list of objects")
    return body


def _key(body: object) -> str:
    key = body.get("key") if isinstance(body, dict) else None
    if not isinstance(key, str) or not key:
        raise ValueError('the body must be {"key": "..."}')
    return key
