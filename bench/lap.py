"""What a lap is given and what it yields; what several laps of one contestant come to. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bench.clock import Arrival, Sample
from bench.figures import Spread, spread
from bench.sink.account import Refuse
from bench.workload import ORDERS, Work, poison_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One topic's work, and how the sink treats it.

    `latency` in s; `rate` in requests a second, 0 for no limit. `seconds`: a contestant that has
    not finished by then is cut off. `settings`: of the service alone, as in the environment but
    without the prefix.
    """

    topic: str
    events: int
    work: Work = ORDERS
    poisoned: bool = False
    latency: float = 0.0
    rate: float = 0.0
    refuse: Refuse = ""
    seconds: float = 60.0
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def valid(self) -> int:
        """Return how many events the sink should see and take."""
        is_short = self.poisoned or self.refuse
        return self.events - (poison_in(self.events) if is_short else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a contestant finds the work, and where it brings it."""

    bootstrap: str
    topic: str
    group: str
    api: str
    work: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """Something that carries the work, as a command and its environment.

    `reports`: it does not bring anything to the sink, but says itself how long it took.
    """

    name: str
    title: str
    command: tuple[str, ...]
    environment: Callable[[Place, Mapping[str, object]], Mapping[str, str]]
    copies: int = 1
    reports: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """One run of one contestant. `rate` in events a second, `cpu_ms` for 1,000 events.

    `lost` is None where the contestant was cut off before it could finish.
    """

    rate: float
    cpu_ms: float
    rss_mb: float
    items: int
    steady: float = 0.0  # events a second over the middle half; 0 where that is not known
    requests: int = 0
    lost: int | None = 0
    doubled: int = 0
    throttled: int = 0
    group: str = ""
    arrivals: Sequence[Arrival] = ()
    samples: Sequence[Sample] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the laps of one contestant come to: medians; of losses the sum, of memory the most."""

    name: str
    title: str
    rate: Spread
    steady: float
    cpu_ms: float
    rss_mb: float
    requests_per_1k: float
    lost: int | None
    doubled: int
    throttled: int


def standing(contestant: Contestant, laps: Sequence[Lap]) -> Standing:
    """Return what at least one lap comes to."""
    lost = [lap.lost for lap in laps if lap.lost is not None]
    return Standing(
        name=contestant.name,
        title=contestant.title,
        rate=spread([lap.rate for lap in laps]),
        steady=spread([lap.steady for lap in laps]).median,
        cpu_ms=spread([lap.cpu_ms for lap in laps]).median,
        rss_mb=max(lap.rss_mb for lap in laps),
        requests_per_1k=spread([1000 * lap.requests / max(1, lap.items) for lap in laps]).median,
        lost=sum(lost) if lost else None,
        doubled=sum(lap.doubled for lap in laps),
        throttled=sum(lap.throttled for lap in laps),
    )
