"""`drain`: how a backlog goes out under the account's limit of requests."""

from dataclasses import dataclass

from bench.arena import Arena, filled
from bench.lap import Lap, Track
from bench.product import product
from bench.tables import figure, lost_text, table
from bench.workload import ORDERS
from esputnik.call import Quota

HEADS = (
    "requests/s allowed",
    "events/s",
    "÷ the limit",
    "429s",
    "requests ÷ least",
    "CPU-ms per 1k",
    "RSS MB",
    "lost",
    "doubled",
)
LATENCY = 0.05  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """What a backlog took. `share` of what the limit allows; `waste` over the fewest requests."""

    rate: float
    lap: Lap
    share: float
    waste: float


async def drain(place: Arena, *, rate: float, events: int) -> Drain:
    """Measure one drain: the sink answers 429 above the rate, the service is told the rate."""
    track = Track(
        topic=await filled(place, ORDERS, events),
        events=events,
        latency=LATENCY,
        rate=rate,
        seconds=3 * events / (rate * ORDERS.batch) + 30,
        settings={"ESPUTNIK__REQUESTS_PER_SECOND": {quota.value: rate for quota in Quota}},
    )
    lap = await place.lap(product(), track)
    least = -(-events // ORDERS.batch)
    return Drain(
        rate=rate,
        lap=lap,
        share=lap.rate / (rate * ORDERS.batch),
        waste=lap.requests / least,
    )


def section(result: Drain) -> str:
    """Return the table."""
    lap = result.lap
    row = (
        figure(result.rate),
        figure(lap.rate),
        f"{result.share:.3f}",
        str(lap.throttled),
        f"{result.waste:.3f}",
        figure(lap.cpu_ms),
        figure(lap.rss_mb),
        lost_text(lap.lost),
        str(lap.doubled),
    )
    events = f"{lap.items:,}"
    return f"## Drain of {events} orders under a limit of requests\n\n{table(HEADS, [row])}"
