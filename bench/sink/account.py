"""The account the sink plays: it takes what comes and keeps count. Pure: the time is given."""

import re
from array import array
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from bench.clock import Arrival

Refuse = Literal["", "item", "whole"]

# The one id in each item that carries the number of its event.
_IDS = {
    "orders": re.compile(rb'"externalOrderId": ?"ORD-(\d+)"'),
    "contacts": re.compile(rb'"externalCustomerId": ?"USR-(\d+)"'),
}
_WINDOW = 0.95  # s; a client that counts a second exactly is not refused for the network's jitter
_OK = b"{}"
_SESSION = b'{"asyncSessionId":"bench"}'
_FINISHED = b'{"status":"FINISHED"}'
_CONTACT = b'{"id":1}'
_ACCOUNT = b'{"organisationName":"bench"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the sink behaves during one lap.

    `events`: their numbers lie below. `latency`: s until an answer. `rate`: requests in a second
    above which it answers 429; 0 for no limit. `refuse`: what it thinks of events whose number
    is in `bad_every`: nothing, a failed item in a 200, or a 400 for the whole request.
    """

    work: str = "orders"
    events: int = 0
    latency: float = 0.0
    rate: float = 0.0
    refuse: Refuse = ""
    bad_every: int = 1000


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and after how many seconds it goes out."""

    status: int
    body: bytes
    after: float = 0.0


@dataclass(slots=True)
class Account:
    """What came in one lap. `times` holds for each number when it first came, 0.0 for never."""

    rules: Rules
    arrivals: list[Arrival] = field(default_factory=list)
    requests: int = 0  # that brought items
    distinct: int = 0
    doubled: int = 0
    throttled: int = 0  # answered 429
    times: "array[float]" = field(init=False)
    _recent: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.times = array("d", bytes(8 * self.rules.events))

    def reply(self, method: bytes, path: str, body: bytearray, start: int, now: float) -> Reply:
        """Answer one request, whose body is what `body` holds from `start` to its end."""
        if self._is_too_much(now):
            self.throttled += 1
            return Reply(429, _OK, self.rules.latency)
        source, _, call = path.partition("/api/")
        if method == b"GET":
            return Reply(200, _FINISHED if "importstatus" in call else _ACCOUNT)
        numbers = [int(number) for number in _IDS[self.rules.work].findall(body, start)]
        return self._take(numbers, source, call, now)

    def _is_too_much(self, now: float) -> bool:
        if not self.rules.rate:
            return False
        while self._recent and self._recent[0] <= now - _WINDOW:
            self._recent.popleft()
        if len(self._recent) >= self.rules.rate:
            return True
        self._recent.append(now)
        return False

    def _take(self, numbers: list[int], source: str, call: str, now: float) -> Reply:
        self.requests += 1
        bad = [number for number in numbers if self._is_bad(number)] if self.rules.refuse else []
        if bad and self.rules.refuse == "whole":
            return Reply(400, b'{"errors":["an order is not valid"]}', self.rules.latency)
        taken = [number for number in numbers if number not in bad] if bad else numbers
        self._mark(taken, now)
        self.arrivals.append(Arrival(now, len(taken), source))
        return Reply(200, _failed(bad) if bad else _success(call), self.rules.latency)

    def _is_bad(self, number: int) -> bool:
        return number % self.rules.bad_every == self.rules.bad_every - 1

    def _mark(self, numbers: list[int], now: float) -> None:
        times = self.times
        doubled = 0
        for number in numbers:
            if times[number]:
                doubled += 1
            else:
                times[number] = now
        self.doubled += doubled
        self.distinct += len(numbers) - doubled


def _success(call: str) -> bytes:
    if call.startswith("v1/contacts"):
        return _SESSION
    return _CONTACT if call.startswith("v1/contact") else _OK


def _failed(numbers: list[int]) -> bytes:
    orders = (
        f'{{"order":{{"externalOrderId":"ORD-{number:07d}"}},"error":"not valid"}}'
        for number in numbers
    )
    return f'{{"failedOrders":[{",".join(orders)}]}}'.encode()
