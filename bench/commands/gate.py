"""`gate`: every target once, as short as the noise allows; what fails is measured again, longer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.arena import Arena, say
from bench.commands.drain import drain
from bench.commands.lanes import lanes
from bench.commands.latency import ALONE, added, latency
from bench.commands.poison import poison
from bench.commands.soak import soak
from bench.commands.versus import Heat, versus
from bench.commands.workers import workers
from bench.figures import ratio
from bench.lap import Standing
from bench.product import NAME
from bench.targets import broken, judged
from bench.workload import ORDERS

PEERS = ("kafkajs", "quix", "fs-batch", "fs-single")
SECOND_ROUNDS = 5
LANES = 2  # requests at a time, so few that they are what holds the service up

_COUNTED = ("lost", "doubled")

Figures = dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long a part is measured."""

    events: int
    rounds: int


Part = Callable[[Arena, Size], Awaitable[Figures]]


async def gate(place: Arena, size: Size) -> list[dict[str, object]]:
    """Measure all parts and judge them."""
    measured: Figures = dict.fromkeys(_COUNTED, 0.0)
    for part in (against_limits, against_peers, in_lanes, limited, delays, memory, replicas, bad):
        say(f"gate: {part.__name__.replace('_', ' ')}")
        found = await _counted(part, place, size, measured)
        if failed := broken(judged(found)):
            say(f"below the gate: {', '.join(failed)}; once more, {SECOND_ROUNDS} rounds")
            again = Size(events=size.events, rounds=SECOND_ROUNDS)
            found = await _counted(part, place, again, measured)
        measured |= found
    return judged(measured)


async def _counted(part: Part, place: Arena, size: Size, measured: Figures) -> Figures:
    """Measure a part; what it lost or doubled is added up, and no second try excuses it."""
    found = await part(place, size)
    for name in _COUNTED:
        measured[name] += found.pop(name, 0.0)
    return found


def _losses(*standings: Standing) -> Figures:
    return {
        "lost": float(sum(one.lost or 0 for one in standings)),
        "doubled": float(sum(one.doubled for one in standings)),
    }


# -- parts ----------------------------------------------------------------------------------


async def against_limits(place: Arena, size: Size) -> Figures:
    """Compare with fetching, validating and encoding, and count requests.

    The last requests of a lap are not full: orders of one buyer follow each other. So the lap is
    long enough for these not to count.
    """
    events = 3 * size.events
    (heat,) = await versus(
        place, ORDERS, latencies=(0.0,), peers=(), events=events, rounds=size.rounds
    )
    ours, validate, encode = _of(heat, NAME), _of(heat, "validate"), _of(heat, "encode")
    return _losses(ours) | {
        "validate": ratio(ours.rate.median, validate.rate.median),
        "cpu": ratio(ours.cpu_ms, encode.cpu_ms),
        "requests": ours.requests_per_1k * ORDERS.batch / 1000,
        "memory": ours.rss_mb,
    }


async def against_peers(place: Arena, size: Size) -> Figures:
    """Compare with those peers that can run here."""
    heats = await versus(
        place,
        ORDERS,
        latencies=(0.0, 50.0),
        peers=PEERS,
        events=size.events,
        rounds=size.rounds,
        floors=(),
    )
    figures: Figures = {}
    for heat in heats:
        ours = _of(heat, NAME)
        for peer in PEERS:
            if (theirs := heat.named(peer)) is not None:
                name = f"{peer}-{heat.latency:g}"
                figures[name] = ratio(ours.rate.median, theirs.rate.median)
    return figures | _losses(*(_of(heat, NAME) for heat in heats))


async def in_lanes(place: Arena, size: Size) -> Figures:
    """Compare with what a few requests at a time allow at the API's latency."""
    (lane,) = await lanes(place, (LANES,), events=size.events, rounds=size.rounds)
    return {"lanes": lane.share} | _losses(lane.standing)


async def limited(place: Arena, size: Size) -> Figures:
    """Drain a backlog under a limit of requests."""
    result = await drain(place, rate=10.0, events=size.events)
    return {
        "drain": result.share,
        "throttled": float(result.lap.throttled),
        "lost": float(result.lap.lost or 0),
        "doubled": float(result.lap.doubled),
    }


async def delays(place: Arena, size: Size) -> Figures:
    """Compare with sending each event alone, at low load."""
    found = await latency(place, (NAME, ALONE), rate=50.0, events=250, rounds=size.rounds)
    ours = found[NAME]
    return {
        "p50": added(found, 50),
        "p99": added(found, 99),
        "lost": float(ours.lost),
        "doubled": float(ours.doubled),
    }


async def memory(place: Arena, size: Size) -> Figures:
    """Watch memory over ten times as many events."""
    result = await soak(place, events=10 * size.events)
    return {
        "growth": result.growth,
        "lost": float(result.lap.lost or 0),
        "doubled": float(result.lap.doubled),
    }


async def replicas(place: Arena, size: Size) -> Figures:
    """Compare two replicas with one."""
    one, two = await workers(place, (1, 2), events=4 * size.events, rounds=size.rounds)
    return {"replicas": ratio(two.rate.median, one.rate.median)} | _losses(one, two)


async def bad(place: Arena, size: Size) -> Figures:
    """Compare poisoned work with clean work, and count the dead letters."""
    results = await poison(place, ("cut", "item"), events=size.events, rounds=size.rounds)
    clean, *others = results
    worst = min(one.standing.rate.median for one in others)
    return {
        "poison": ratio(worst, clean.standing.rate.median),
        "astray": float(sum(abs(one.buried - one.bad) for one in results)),
    } | _losses(*(one.standing for one in results))


def _of(heat: Heat, name: str) -> Standing:
    found = heat.named(name)
    if found is None:
        raise LookupError(f"{name} did not run")
    return found
