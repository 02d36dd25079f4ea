"""The runner's side of the sink: begin a lap, ask what came."""

from array import array
from dataclasses import asdict, dataclass

import httpx

from bench.clock import Arrival
from bench.sink.account import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What came so far in the present lap. `throttled` were answered 429."""

    requests: int
    distinct: int
    doubled: int
    throttled: int


class Control:
    """Asks the sink, over its own paths."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx.AsyncClient(base_url=f"{address}/bench", timeout=60.0)

    def api(self, source: str = "") -> str:
        """Return the base address of the API; `source` tells replicas apart."""
        return f"{self.address}{'/' if source else ''}{source}/api"

    async def begin(self, rules: Rules) -> None:
        """Begin a lap: forget all that came before."""
        (await self._http.post("/rules", json=asdict(rules))).raise_for_status()

    async def counts(self) -> Counts:
        """Return what came so far."""
        return Counts(**(await self._http.get("/counts")).json())

    async def arrivals(self) -> list[Arrival]:
        """Return every request that brought items, in order."""
        return [Arrival(*one) for one in (await self._http.get("/arrivals")).json()]

    async def times(self) -> "array[float]":
        """Return for each number when it first came, 0.0 for never."""
        return array("d", (await self._http.get("/times")).json())

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()
