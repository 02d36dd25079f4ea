"""`guarantees`: what a promise costs, as the same work with it and without it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bench.arena import Arena, filled, interleaved
from bench.contestants import contestant
from bench.figures import ratio
from bench.lap import Contestant, Standing, Track
from bench.product import NAME, product
from bench.tables import figure, spread_text, table, times
from bench.workload import CONTACTS, ORDERS

HEADS = ("work", "how", "events/s (least..most)", "÷ without", "CPU-ms per 1k", "RSS MB")
BARE = "bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The same work with some promises and without them."""

    work: str
    with_it: Standing
    without: Standing


async def guarantees(place: Arena, *, events: int, rounds: int) -> list[Pair]:
    """Measure each pair, with and without in turn."""
    orders = Track(topic=await filled(place, ORDERS, events), events=events)
    topic = await filled(place, CONTACTS, events)
    contacts = Track(topic=topic, events=events, work=CONTACTS)
    bare = await contestant(BARE)
    service = product(title="all guarantees")
    variants: list[tuple[Contestant, Track]] = [
        (service, orders),
        (bare, orders),
        (
            _without("transactions are not respected"),
            _set(orders, KAFKA__ISOLATION_LEVEL="read_uncommitted"),
        ),
        (service, contacts),
        (bare, contacts),
        (
            _without("accepted is enough, imports are not awaited"),
            _set(contacts, ESPUTNIK__ACKNOWLEDGE="accepted"),
        ),
    ]
    standings = [standing for standing, _ in await interleaved(place, variants, rounds)]
    kept, none, uncommitted, applied, unasked, accepted = standings
    return [
        Pair(work="orders", with_it=kept, without=none),
        Pair(work="orders", with_it=kept, without=uncommitted),
        Pair(work="contacts", with_it=applied, without=unasked),
        Pair(work="contacts", with_it=applied, without=accepted),
    ]


def _without(what: str) -> Contestant:
    return product(name=f"{NAME}-less", title=what)


def _set(track: Track, **settings: object) -> Track:
    return replace(track, settings=settings)


def section(pairs: Sequence[Pair]) -> str:
    """Return a row for the service and one for each promise taken away."""
    rows: list[tuple[str, ...]] = []
    for pair in pairs:
        if not any(row[0] == pair.work and row[1] == pair.with_it.title for row in rows):
            rows.append(_row(pair.work, pair.with_it, ""))
        cost = times(ratio(pair.with_it.rate.median, pair.without.rate.median))
        rows.append(_row(pair.work, pair.without, cost))
    return f"## With and without guarantees\n\n{table(HEADS, rows)}"


def _row(work: str, one: Standing, cost: str) -> tuple[str, ...]:
    rate, cpu, rss = spread_text(one.rate), figure(one.cpu_ms), figure(one.rss_mb)
    return (work, one.title, rate, cost, cpu, rss)
