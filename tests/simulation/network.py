"""The way between a replica and the account, on which requests and answers get lost."""

import asyncio
import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from esputnik.call import Action, Request
from esputnik.outcome import Answer, NoAnswer
from esputnik.sandbox.account import Account
from esputnik.sandbox.wire import SandboxAnswer, SandboxRequest
from tests.fakes.schedule import over, this_loop
from tests.simulation.events import stamps_in
from tests.simulation.history import Epoch, Execution, History

AUTHORIZATION = "Basic " + base64.b64encode(b"api:sandbox").decode()
TIMEOUT = 30.0  # s; after which a replica waits no more
SLOW = (5.0, 45.0)  # s
REFUSED = NoAnswer(maybe_sent=False, cause="ClientConnectorError")
RESET = NoAnswer(maybe_sent=True, cause="ServerDisconnectedError")
TIMED_OUT = NoAnswer(maybe_sent=True, cause="timeout")
GARBLED = Answer(status=200, body=b"<html>")
BAD_GATEWAY = Answer(status=502, body=b"<html>Bad Gateway</html>")

UNHEARD: Mapping[str, Answer | NoAnswer] = {  # by fate: what is heard in the answer's stead
    "late": RESET,
    "gateway": BAD_GATEWAY,
    "garbled": GARBLED,
}


class Caller(Protocol):
    """A replica, as far as the network knows it."""

    @property
    def epoch(self) -> Epoch: ...
    def crosses(self, point: str) -> bool: ...
    def tell(self, text: str) -> None: ...


@dataclass(slots=True)
class Flight:
    """One request on its way. `is_awaited`: somebody still waits for its answer."""

    request: Request
    key: str | None
    epoch: Epoch
    fate: str
    is_awaited: bool = True


class Network:
    """Carries requests. `chances` holds how likely each fault is, by kind.

    `on_execution` is called when a request was executed, its answer not yet on its way.
    """

    def __init__(
        self, account: Account, history: History, rng: random.Random, latency: float, wall: float
    ) -> None:
        self.on_execution: Callable[[], None] = lambda: None
        self.chances: dict[str, float] = {}
        self._account = account
        self._history = history
        self._rng = rng
        self._latency = latency
        self._wall = wall

    @property
    def now(self) -> float:
        """Return the account's time, in seconds since 1970 UTC."""
        return self._wall + this_loop().time()

    async def carry(self, caller: Caller, request: Request, key: str | None) -> Answer | NoAnswer:
        """Return the answer to a request, or that there was none."""
        fate = self._fate()
        there, back = self._seconds(), self._seconds()
        if fate == "refused":
            await asyncio.sleep(there)
            return REFUSED
        slow = self._rng.uniform(*SLOW)
        there, back = (there + slow, back) if fate == "slow" else (there, back)
        flight = Flight(request, key, caller.epoch, fate)
        try:
            async with asyncio.timeout(TIMEOUT):
                return await over(there, lambda: self._arrive(caller, flight), back)
        except TimeoutError:
            return TIMED_OUT
        finally:
            flight.is_awaited = False

    def _fate(self) -> str:
        kinds = ("refused", "reset", "late", "gateway", "garbled", "slow")
        hits = [kind for kind in kinds if self._rng.random() < self.chances.get(kind, 0.0)]
        return self._rng.choice(hits) if hits else ""

    def _seconds(self) -> float:
        return self._rng.uniform(0, self._latency)

    def _arrive(self, caller: Caller, flight: Flight) -> Answer | NoAnswer:
        """Do what is asked for, as far as it gets there; return what the caller will hear."""
        if flight.fate == "reset" or (flight.is_awaited and caller.crosses("P4")):
            return RESET
        told = self._handle(flight)
        is_heard = flight.is_awaited and flight.fate not in UNHEARD
        is_orphan = not is_heard or caller.epoch != flight.epoch
        execution = Execution(at=self.now, epoch=flight.epoch, is_orphan=is_orphan)
        self._history.look(self.now)
        self._history.executed(flight.request, told, execution)
        self.on_execution()
        stamps = sorted(stamps_in(flight.request.body or b""))
        caller.tell(f"answered {flight.request.action} {told.status} {stamps} {flight.fate}")
        if flight.is_awaited:
            is_import = flight.request.action is Action.BULK_CONTACTS
            caller.crosses("P8" if is_import else "P5")
        return UNHEARD.get(flight.fate) or _answer(told)

    def _handle(self, flight: Flight) -> SandboxAnswer:
        request = flight.request
        headers = {"authorization": AUTHORIZATION, "content-type": "application/json"}
        if flight.key is not None:
            headers["idempotency-key"] = flight.key
        asked = SandboxRequest(
            method=request.method,
            path=request.path,
            query=dict(request.query),
            body=request.body or b"",
            headers=headers,
        )
        return self._account.handle(asked, self.now)


def _answer(told: SandboxAnswer) -> Answer:
    lower = {name.lower(): value for name, value in told.headers.items()}
    return Answer(status=told.status, body=told.body, headers=lower)
