"""What will happen in a history, drawn from its seed: plain data, so that it can be shrunk."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from tests.simulation.events import TOPICS, Produce, Stream

# Where a replica may be killed, as reliability speaks of it: see docs/testing.md.
POINTS = tuple(f"P{number}" for number in range(16))
FAULTS = {
    # kind: how likely it is drawn; chances lie in each fault itself
    "500": 3,
    "429": 2,
    "refused": 3,
    "reset": 2,
    "late": 3,
    "gateway": 2,
    "garbled": 2,
    "slow": 2,
    "import_error": 2,
    "import_stuck": 1,
    "unauthorized": 1,
    "forbidden": 1,
    "commits": 3,
    "letters": 3,
    "fetch": 2,
}
DISTURBANCES = {
    "kill": 6,  # at a point
    "crash": 2,  # wherever it is
    "stop": 2,
    "join": 2,
    "freeze": 2,
    "cut": 2,  # off from the brokers, not from eSputnik
    "flap": 2,
    "clock": 1,
}
CANCELLED = 0.5  # of the histories that no kill is drawn for
CANCEL_STEPS = 300  # at the most, of the loop
RERUN_FAULTS = ("", "500", "429", "refused", "reset", "late", "garbled", "slow", "letters")
REPLAYED = 0.25  # of histories
CLIENT_IN = 6  # it is in one of so many: it takes a third of the time
STOP_SECONDS = (0.0, 0.5, 5.0, 20.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something goes wrong from `at` for so many seconds, with a chance of 0 to 1 each time."""

    at: float
    seconds: float
    kind: str
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """Something befalls a replica. `point` and `skips` say when exactly it is killed.

    One that is cancelled, after `skips` steps, stops within `seconds`.
    """

    at: float
    kind: str
    whom: int
    seconds: float
    point: str = ""
    skips: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """All letters are replayed, once all is quiet, while something goes wrong for so many seconds.

    `killed_after` so many seconds, 0 for not at all. `is_mended`: what was refused is taken now.
    """

    is_mended: bool
    killed_after: float = 0.0
    fault: str = ""
    chance: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A history to be. `disorder` is that of the loop; latencies in seconds, at the most.

    `holes` is how often an offset is left out of a log, 0 to 1. `has_client`: requests go through
    the product's own HTTP client.
    """

    seed: int
    replicas: int
    partitions: Mapping[str, int]
    settings: Mapping[str, Any]
    switches: Mapping[str, Any]
    disorder: float
    latency: float
    fetch_most: int
    produces: tuple[Produce, ...]
    faults: tuple[Fault, ...]
    disturbances: tuple[Disturbance, ...]
    holes: float = 0.0
    dates: str = "seconds"  # see `DatedAccount`
    has_client: bool = False
    reruns: tuple[Rerun, ...] = ()

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    @property
    def ends_at(self) -> float:
        """Return when the last thing was done, in seconds."""
        ends = [fault.at + fault.seconds for fault in self.faults]
        ends += [one.at for one in self.produces] + [one.at for one in self.disturbances]
        return max(ends, default=0.0)

    @property
    def is_calm(self) -> bool:
        """Tell whether nothing moves partitions or ends a process."""
        return all(one.kind == "clock" for one in self.disturbances)

    @property
    def is_undisturbed(self) -> bool:
        """Tell whether nothing at all goes wrong."""
        is_poisoned = any(one.is_poison for one in self.produces)
        return not (self.faults or self.disturbances or is_poisoned)

    def has_fault(self, kind: str) -> bool:
        """Tell whether something of this kind goes wrong."""
        return any(fault.kind == kind for fault in self.faults)


def to_text(plan: Plan) -> str:
    """Return a plan on one line, as `regressions.txt` keeps it."""
    return _PLANS.dump_json(plan).decode()


def from_text(text: str) -> Plan:
    """Return the plan that a line tells of."""
    return _PLANS.validate_json(text)


def plan_of(seed: int) -> Plan:
    """Draw a history."""
    rng = random.Random(f"plan {seed}")  # noqa: S311 - chance, not secrecy
    seconds = rng.choice([5.0, 20.0, 60.0])
    partitions = {topic: rng.randint(1, 2) for topic in TOPICS}
    settings = _settings(rng)
    # Add Contact restores the deleted: what goes by it cannot be told beside a deletion.
    has_deletions = settings["contacts.single"] != "always"
    dice = random.Random(f"events {seed}")  # noqa: S311 - as above
    stream = Stream(dice, partitions, seconds, has_deletions=has_deletions)
    return Plan(
        seed=seed,
        replicas=rng.choice([1, 1, 2, 2, 3]),
        partitions=partitions,
        settings=settings,
        switches=_switches(rng),
        disorder=rng.choice([0.0, 0.3, 1.0]),
        latency=rng.choice([0.01, 0.2, 2.0]),
        fetch_most=rng.choice([1, 5, 1000]),
        produces=tuple(stream.draw(rng.choice([10, 30, 60, 100]))),
        faults=tuple(_fault(rng, seconds) for _ in range(rng.choice([0, 1, 2, 4, 6]))),
        disturbances=(*_disturbances(rng, seed, seconds), *_cancels(seed, seconds)),
        holes=rng.choice([0.0, 0.2]),
        dates=rng.choice(["seconds", "date", "over"]),
        has_client=seed % CLIENT_IN == 0,
        reruns=tuple(_reruns(seed)),
    )


def _settings(rng: random.Random) -> dict[str, Any]:
    return {
        "sends.delivery": rng.choice(["at_most_once", "at_most_once", "at_least_once"]),
        "orders.coalesce": rng.choice(["status", "latest"]),
        "contacts.single": rng.choice(["sign-ups", "always", "never"]),
        "batch.max_wait": rng.choice([0.05, 0.25, 2.0]),
        "batch.max_contacts": rng.choice([1, 3, 3000]),
        "batch.max_orders": rng.choice([1, 3, 1000]),
        "batch.max_segment_contacts": rng.choice([1, 2, 500]),
        "batch.max_unsubscribed": rng.choice([1, 500]),
        "esputnik.max_in_flight": rng.choice([1, 2, 8]),
        "esputnik.max_imports": rng.choice([1, 2, 64]),
        "buffer.max_records": rng.choice([20, 100_000]),
        "buffer.max_bytes": rng.choice([50_000, 64 * 1024 * 1024]),
    }


def _switches(rng: random.Random) -> dict[str, Any]:
    return {
        "import_seconds": rng.choice([0.3, 3.0, 30.0]),
        "import_spread": rng.choice([0.0, 1.0, 3.0]),
        "mapping": rng.choice(["all", "all", "none"]),
        "bad_item": rng.choice(["named", "unnamed", "400"]),
        "retry_after": rng.choice([None, 0, 3]),
        "error_form": rng.choice(["text", "json"]),
        "silent_form": rng.choice(["empty", "text", "object"]),
        "unknown_token": "create",
    }


def _fault(rng: random.Random, seconds: float) -> Fault:
    return Fault(
        at=rng.uniform(0, seconds),
        seconds=rng.choice([1.0, 10.0, 90.0]),
        kind=_drawn(rng, FAULTS),
        chance=rng.choice([0.1, 0.5, 1.0]),
    )


def _disturbances(rng: random.Random, seed: int, seconds: float) -> Iterator[Disturbance]:
    """Draw what befalls replicas: in every other history a kill, at one point after the other."""
    number, is_odd = divmod(seed, 2)
    if is_odd:
        at, whom, lasts = rng.uniform(0, seconds), rng.randrange(3), rng.choice([0.5, 5.0, 40.0])
        point = POINTS[number % len(POINTS)]
        yield Disturbance(at=at, kind="kill", whom=whom, seconds=lasts, point=point)
    for _ in range(rng.choice([0, 1, 2, 3, 5])):
        yield _disturbance(rng, seconds)


def _cancels(seed: int, seconds: float) -> Iterator[Disturbance]:
    """Draw a cancellation, but where a kill at a point of its own is to be reached."""
    rng = random.Random(f"cancels {seed}")  # noqa: S311 - chance, not secrecy
    if seed % 2 == 0 and rng.random() < CANCELLED:
        yield Disturbance(
            at=rng.uniform(0, seconds),
            kind="cancel",
            whom=rng.randrange(3),
            seconds=rng.choice(STOP_SECONDS),
            skips=rng.randrange(CANCEL_STEPS),
        )


def _disturbance(rng: random.Random, seconds: float) -> Disturbance:
    kind = _drawn(rng, DISTURBANCES)
    lasts = {"stop": rng.choice(STOP_SECONDS), "clock": rng.choice([-3600.0, 3600.0])}
    return Disturbance(
        at=rng.uniform(0, seconds),
        kind=kind,
        whom=rng.randrange(3),
        seconds=lasts.get(kind, rng.choice([0.5, 5.0, 40.0])),
        point=rng.choice(POINTS) if kind == "kill" else "",
        skips=rng.choice([0, 0, 0, 1, 3, 10]),
    )


def _reruns(seed: int) -> Iterator[Rerun]:
    """Draw the replays: the last one is left in peace."""
    rng = random.Random(f"reruns {seed}")  # noqa: S311 - chance, not secrecy
    if rng.random() >= REPLAYED:
        return
    is_mended = rng.random() < 0.5
    for _ in range(rng.choice([0, 1, 2])):
        yield Rerun(
            is_mended=is_mended,
            killed_after=rng.choice([0.0, rng.uniform(0, 0.5), rng.uniform(0, 10)]),
            fault=rng.choice(RERUN_FAULTS),
            chance=rng.choice([0.1, 0.5]),
            seconds=rng.choice([1.0, 10.0, 90.0]),
        )
    yield Rerun(is_mended=is_mended)


def _drawn(rng: random.Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


_PLANS = TypeAdapter(Plan)
