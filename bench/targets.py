"""What speed is promised, as ratios within one run, and how far noise may push them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Verdict = Literal["PASS", "NEAR", "FAIL", "ABSENT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A promise. `gate` is where it counts as broken on a noisy machine."""

    name: str
    what: str
    goal: float
    gate: float
    at_least: bool = True

    def verdict(self, measured: float | None) -> Verdict:
        """Judge a figure; NEAR lies between the gate and the goal."""
        if measured is None:
            return "ABSENT"
        sign = 1 if self.at_least else -1
        if sign * measured >= sign * self.goal:
            return "PASS"
        return "NEAR" if sign * measured >= sign * self.gate else "FAIL"


TARGETS = (
    Target(name="validate", what="ours ÷ fetch + validate", goal=0.70, gate=0.55),
    Target(
        name="cpu",
        what="CPU an event, ours ÷ fetch + validate + encode",
        goal=1.25,
        gate=1.5,
        at_least=False,
    ),
    Target(name="fs-single-0", what="ours ÷ FastStream, 0 ms", goal=80, gate=40),
    Target(name="fs-single-50", what="ours ÷ FastStream, 50 ms", goal=2000, gate=1000),
    Target(name="fs-batch-0", what="ours ÷ FastStream batch, 0 ms", goal=4, gate=3),
    Target(name="fs-batch-50", what="ours ÷ FastStream batch, 50 ms", goal=6, gate=4),
    Target(name="quix-0", what="ours ÷ Quix Streams, 0 ms", goal=2, gate=1.5),
    Target(name="quix-50", what="ours ÷ Quix Streams, 50 ms", goal=3, gate=2),
    Target(name="kafkajs-0", what="ours ÷ kafkajs batch loop, 0 ms", goal=1, gate=0.8),
    Target(name="requests", what="requests ÷ least", goal=1.02, gate=1.05, at_least=False),
    Target(name="drain", what="drain ÷ limit", goal=0.98, gate=0.95),
    Target(name="throttled", what="429s while draining", goal=0, gate=0, at_least=False),
    Target(name="lanes", what="50 ms ÷ what the lanes allow", goal=0.85, gate=0.65),
    Target(name="growth", what="MB a million events", goal=2, gate=8, at_least=False),
    Target(name="memory", what="RSS MB with a backlog", goal=150, gate=200, at_least=False),
    Target(name="p50", what="ms added at the median", goal=1, gate=5, at_least=False),
    Target(name="p99", what="ms added at p99", goal=5, gate=20, at_least=False),
    Target(name="replicas", what="2 replicas ÷ 1", goal=1.6, gate=0),
    Target(name="poison", what="0.1 % poison ÷ clean", goal=0.85, gate=0.75),
    Target(name="astray", what="bad events ≠ dead letters", goal=0, gate=0, at_least=False),
    Target(name="lost", what="events lost", goal=0, gate=0, at_least=False),
    Target(name="doubled", what="events doubled", goal=0, gate=0, at_least=False),
)


def judged(measured: Mapping[str, float]) -> list[dict[str, object]]:
    """Return each target with what was measured and the verdict."""
    return [
        asdict(target) | {"measured": value, "verdict": target.verdict(value)}
        for target in TARGETS
        for value in [measured.get(target.name)]
    ]


def broken(judgements: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the names of the targets that failed."""
    return [str(one["name"]) for one in judgements if one["verdict"] == "FAIL"]
