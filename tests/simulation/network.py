"""The way between a replica and the account, on which requests and answers get lost."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import aiohttp
import httpx
from aiohttp.client_reqrep import ConnectionKey
from httpx_aiohttp.transport import map_aiohttp_exceptions

from esputnik.call import Action, Request
from esputnik.outcome import Answer, NoAnswer
from esputnik.sandbox.account import Account
from esputnik.sandbox.routes import way_of
from esputnik.sandbox.wire import SandboxRequest
from tests.fakes.schedule import over, this_loop
from tests.simulation.events import stamps_in
from tests.simulation.history import Epoch, Execution, History

AUTHORIZATION = "Basic " + base64.b64encode(b"api:sandbox").decode()
TIMEOUT = 30.0  # s; after which a replica waits no more
SLOW = (5.0, 45.0)  # s
NOWHERE = ConnectionKey("esputnik.com", 443, True, True, None, None, None)
GARBLED = Answer(status=200, body=b"<html>")
BAD_GATEWAY = Answer(status=502, body=b"<html>Bad Gateway</html>")


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer. `is_clear`: nothing was sent. `is_cut`: it breaks off while it is read."""

    is_clear: bool = False
    is_cut: bool = False


REFUSED, RESET, CUT = Trouble(is_clear=True), Trouble(), Trouble(is_cut=True)
UNHEARD: Mapping[str, Answer | Trouble] = {  # by fate: what is heard in the answer's stead
    "late": RESET,
    "cut": CUT,
    "gateway": BAD_GATEWAY,
    "garbled": GARBLED,
}


class Caller(Protocol):
    """A replica, as far as the network knows it."""

    @property
    def epoch(self) -> Epoch: ...
    @property
    def is_outdated(self) -> bool: ...
    def crosses(self, point: str) -> bool: ...
    def tell(self, text: str) -> None: ...


@dataclass(slots=True)
class Flight:
    """One request on its way. `is_awaited`: somebody still waits for its answer."""

    request: Request
    headers: Mapping[str, str]
    epoch: Epoch
    fate: str
    is_awaited: bool = True


class Network:
    """Carries requests. `chances` holds how likely each fault is, by kind.

    `on_execution` is called when a request was executed, its answer not yet on its way.
    """

    def __init__(  # noqa: PLR0913 - what it lies between
        self,
        account: Account,
        history: History,
        *,
        rng: random.Random,
        cuts: random.Random,
        latency: float,
        wall: float,
    ) -> None:
        self.on_execution: Callable[[], None] = lambda: None
        self.chances: dict[str, float] = {}
        self._account = account
        self._history = history
        self._rng = rng
        self._cuts = cuts
        self._latency = latency
        self._wall = wall

    @property
    def now(self) -> float:
        """Return the account's time, in seconds since 1970 UTC."""
        return self._wall + this_loop().time()

    async def carry(
        self, caller: Caller, request: Request, headers: Mapping[str, str]
    ) -> Answer | Trouble:
        """Return the answer to a request, or that there was none."""
        fate = self._fate()
        there, back = self._seconds(), self._seconds()
        if fate == "refused":
            await asyncio.sleep(there)
            return REFUSED
        slow = self._rng.uniform(*SLOW)
        there, back = (there + slow, back) if fate == "slow" else (there, back)
        flight = Flight(request, headers, caller.epoch, fate)
        try:
            return await over(there, lambda: self._arrive(caller, flight), back)
        finally:
            flight.is_awaited = False

    def _fate(self) -> str:
        kinds = ("refused", "reset", "late", "gateway", "garbled", "slow")
        hits = [kind for kind in kinds if self._rng.random() < self.chances.get(kind, 0.0)]
        fate = self._rng.choice(hits) if hits else ""
        return self._cuts.choice(["late", "cut"]) if fate == "late" else fate

    def _seconds(self) -> float:
        return self._rng.uniform(0, self._latency)

    def _arrive(self, caller: Caller, flight: Flight) -> Answer | Trouble:
        """Do what is asked for, as far as it gets there; return what the caller will hear."""
        if flight.fate == "reset" or (flight.is_awaited and caller.crosses("P4")):
            return RESET
        request = flight.request
        asked = SandboxRequest(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            body=request.body or b"",
            headers=flight.headers,
        )
        told = self._account.handle(asked, self.now)
        is_heard = flight.is_awaited and flight.fate not in UNHEARD
        is_orphan = not is_heard or caller.epoch != flight.epoch or caller.is_outdated
        execution = Execution(at=self.now, epoch=flight.epoch, is_orphan=is_orphan)
        self._history.look(self.now)
        self._history.executed(request, told, execution)
        self.on_execution()
        stamps = sorted(stamps_in(request.body or b""))
        caller.tell(f"answered {request.action} {told.status} {stamps} {flight.fate}")
        if flight.is_awaited:
            caller.crosses("P8" if request.action is Action.BULK_CONTACTS else "P5")
        answer = Answer(status=told.status, body=told.body, headers=told.headers)
        return UNHEARD.get(flight.fate, answer)


class Line:
    """A replica's way to the account.

    `heard` holds by idempotency key what the replica may know of a request: clear (it was not
    executed), doubt, done.
    """

    def __init__(self, network: Network, caller: Caller) -> None:
        self.heard: dict[str, str] = {}
        self._network = network
        self._caller = caller

    async def carry(self, request: Request, headers: Mapping[str, str]) -> Answer | Trouble:
        """Return the answer to a request, or that there was none."""
        told = await self._network.carry(self._caller, request, headers)
        if (key := headers.get("idempotency-key")) is not None:
            self.heard[key] = _heard(told)
        return told


class Shortcut:
    """In the place of the client, which takes a third of the time of a history."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def exchange(self, request: Request, *, key: str | None = None) -> Answer | NoAnswer:
        headers = {"authorization": AUTHORIZATION, "content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        try:
            async with asyncio.timeout(TIMEOUT):
                told = await self._line.carry(request, headers)
        except TimeoutError:
            return NoAnswer(maybe_sent=True, cause="timeout")
        if isinstance(told, Trouble):
            return NoAnswer(maybe_sent=not told.is_clear, cause="ClientError")
        lower = {name.lower(): value for name, value in told.headers.items()}
        return replace(told, headers=lower)


class Transport(httpx.AsyncBaseTransport):
    """Beneath the client; it fails as the real one fails. `prefix` is what all paths begin with."""

    def __init__(self, line: Line, prefix: str) -> None:
        self._line = line
        self._prefix = prefix

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, or raise."""
        told = await self._line.carry(self._read(request), dict(request.headers))
        if isinstance(told, Answer):
            return httpx.Response(told.status, headers=told.headers, stream=_Body(told.body))
        if told.is_cut:
            return httpx.Response(200, stream=_Body(b"{", is_cut=True))
        with map_aiohttp_exceptions():
            if told.is_clear:
                raise aiohttp.ClientConnectorError(NOWHERE, ConnectionRefusedError())
            raise aiohttp.ServerDisconnectedError

    def _read(self, request: httpx.Request) -> Request:
        path = request.url.raw_path.partition(b"?")[0].decode().removeprefix(self._prefix)
        way = way_of(request.method, path)
        assert way is not None, request
        return Request(
            action=Action(way.action),
            method=request.method,
            path=path,
            query=tuple(request.url.params.multi_items()),
            body=request.content or None,
        )


class _Body(httpx.AsyncByteStream):
    """The body of an answer."""

    def __init__(self, body: bytes, *, is_cut: bool = False) -> None:
        self._body = body
        self._is_cut = is_cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        if self._is_cut:
            with map_aiohttp_exceptions():
                raise aiohttp.ClientPayloadError


def _heard(told: Answer | Trouble) -> str:
    if isinstance(told, Trouble):
        return "clear" if told.is_clear else "doubt"
    if told.status >= 500 or told is GARBLED:
        return "doubt"
    return "done" if told.status < 300 else "clear"
