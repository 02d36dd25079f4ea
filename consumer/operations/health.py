"""Whether the process lives and is ready, and the gauges that show it."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

import structlog

from consumer.gate import Gate, Kind
from consumer.lease import Lease
from consumer.ledger import Ledger
from consumer.operations.spells import Spells
from consumer.ports import Clock
from consumer.record import Partition
from consumer.unmapped import Unmapped
from consumer.waits import Waits

log = structlog.get_logger()

STALLED = 120.0  # s with lag and nothing moving, while nothing holds us back
LOOK_EVERY = 1.0  # s
LATE = 10.0  # s until a dead letter that is not acknowledged is worth telling
CUT_OFF = "the group does not answer"
NOT_JOINED = "the group has not assigned anything yet"
NO_TOPICS = {"what": "topics", "kind": "missing", "why": "there is none to read"}


class Reader(Protocol):
    """What is asked of the source."""

    lease: Lease

    @property
    def has_topics(self) -> bool:
        """Tell whether there is a topic to read."""
        ...

    @property
    def is_joined(self) -> bool:
        """Tell whether the group has given an assignment; an empty one counts."""
        ...

    @property
    def blocked(self) -> dict[Partition, str]:
        """Return the partitions that cannot be read on, and why."""
        ...

    def lags(self) -> dict[Partition, int]:
        """Return the records not taken yet, by partition."""
        ...


class Progress(Protocol):
    """What is asked of the worker."""

    ledger: Ledger
    unmapped: Unmapped
    last_progress: float

    @property
    def is_paused(self) -> bool:
        """Tell whether a partition is paused because too much of it is unfinished."""
        ...

    @property
    def is_burying(self) -> bool:
        """Tell whether dead letters wait to be acknowledged."""
        ...


class Sending(Protocol):
    """What is asked of delivery."""

    def is_waiting(self) -> bool:
        """Tell whether calls wait for the quota, for an import's end, or to be tried again."""
        ...

    def waits(self) -> Waits:
        """Return what waits for eSputnik, and count how long it has until now."""
        ...


class Burying(Protocol):
    """What is asked of the dead-letter topic."""

    @property
    def begun(self) -> Collection[float]:
        """Return since when letters wait to be acknowledged, in monotonic seconds."""
        ...


class Gauges(Protocol):
    """Where the figures go."""

    def gauge(  # noqa: PLR0913 - one for each
        self,
        *,
        buffered_records: int,
        buffered_bytes: int,
        oldest_unfinished: float,
        imports: int,
        oldest_import: float,
        lags: dict[tuple[str, int], int],
        paused: dict[str, int],
    ) -> None:
        """Set all gauges."""
        ...


class Vitals:
    """Answers the probes. Nothing restarts a process because it is rightly paused."""

    def __init__(  # noqa: PLR0913 - all that a process waits for
        self,
        source: Reader,
        worker: Progress,
        sending: Sending,
        gate: Gate,
        clock: Clock,
        *,
        letters: Burying,
    ) -> None:
        self._source = source
        self._worker = worker
        self._sending = sending
        self._letters = letters
        self._gate = gate
        self._clock = clock
        self._spells = Spells()
        self._blocks = Spells()

    async def run(self) -> None:
        """Log once what has lasted for a while and nobody else logs, and its end."""
        while True:
            self.look()
            await self._clock.sleep(LOOK_EVERY)

    def look(self) -> None:
        """Note what lasts just now; log it once it has for a while."""
        now = self._clock.now()
        lasting = {one["what"]: one["why"] for one in (*self._away(), *self._waits())}
        for what, cause, seconds in self._spells.look(lasting, now):
            if cause is None:
                log.info("resumed", scope=what, seconds=round(seconds, 1))
            else:
                log.warning("held", scope=what, cause=cause)
        self._blocks.look(_named(self._source.blocked), now)  # each is logged as it is blocked

    def alive(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether the loop makes progress."""
        stalled = self._clock.now() - self._worker.last_progress
        lag = sum(self._source.lags().values())
        alive = stalled < STALLED or self._is_rightly_still() or lag == 0
        return alive, {"alive": alive, "lag": lag, "seconds_without_progress": round(stalled, 1)}

    def _is_rightly_still(self) -> bool:
        """Tell whether what stands still waits rightly: held, paused, for eSputnik or Kafka."""
        worker = self._worker
        waits = worker.is_paused or worker.is_burying or self._sending.is_waiting()
        return waits or self._is_cut_off() or bool(self._held())

    def is_excused(self) -> bool:
        """Tell whether something else than the reader keeps records from moving.

        That the group does not answer is no excuse: brokers may, and then the reader is to blame.
        """
        return self._worker.ledger.records > 0

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Tell whether the group is joined and nothing waits for an operator."""
        self.look()
        joined = self._source.is_joined and not self._is_cut_off()
        is_blocked = self._gate.is_blocked() or bool(self._source.blocked or self._unmapped())
        ready = joined and not is_blocked
        nothing = [] if self._source.has_topics else [NO_TOPICS]
        held = [*nothing, *self._away(), *self._held(), *self._waits()]
        return ready, {"ready": ready, "joined": joined, "held": held}

    def _is_cut_off(self) -> bool:
        """Tell whether the group may have given us up: it said nothing for a whole session."""
        return not self._source.lease.holds(self._clock.now())

    def measure(self, gauges: Gauges) -> None:
        """Set the gauges as things stand now, so that the books balance at any moment."""
        ledger, now = self._worker.ledger, self._clock.now()
        oldest = ledger.oldest()
        lags, imports = self._source.lags(), self._sending.waits().imports
        gauges.gauge(
            buffered_records=ledger.records,
            buffered_bytes=ledger.bytes,
            oldest_unfinished=now - oldest if oldest is not None else 0.0,
            imports=len(imports),
            oldest_import=now - min(imports, default=now),
            lags={(place.topic, place.number): lag for place, lag in lags.items()},
            paused=self._paused(),
        )

    def _away(self) -> list[dict[str, Any]]:
        """Return what keeps Kafka from giving us anything, if so."""
        if self._is_cut_off() or not self._source.is_joined:
            why = CUT_OFF if self._is_cut_off() else NOT_JOINED
            seconds = self._spells.seconds("kafka", self._clock.now())
            return [_entry("kafka", "outage", why, seconds)]
        return []

    def _waits(self) -> list[dict[str, Any]]:
        """Return what waits for the account's limits, and letters that Kafka does not take."""
        now = self._clock.now()
        throttled = self._sending.waits().throttled
        waits = [
            _entry(f"quota {quota.value}", "throttled", "429", now - since)
            for quota, since in throttled.items()
        ]
        if late := self._late():
            told = _entry("dead letters", "letters", "not acknowledged", now - min(late))
            waits.append(told | {"records": len(late)})
        return waits

    def _late(self) -> list[float]:
        """Return since when letters wait that were not acknowledged within reasonable time."""
        now = self._clock.now()
        return [since for since in self._letters.begun if now - since >= LATE]

    def _held(self) -> list[dict[str, Any]]:
        now = self._clock.now()
        gates = [
            _entry(name, hold.kind.value, hold.cause, now - hold.since)
            for name, hold in self._gate.held()
        ]
        if (doubt := self._gate.in_doubt()) is not None:
            gates.append(_entry("sends", "doubt", doubt.cause, now - doubt.since))
        types = [
            {"what": event_type, "kind": "refusals", "why": "map.handler_error", "records": count}
            for event_type, count in self._unmapped().items()
        ]
        partitions = [
            _entry(what, "blocked", why, self._blocks.seconds(what, now))
            for what, why in _named(self._source.blocked).items()
        ]
        return gates + types + partitions

    def _unmapped(self) -> dict[str, int]:
        return self._worker.unmapped.held

    def _count(self, kind: Kind) -> int:
        held = (hold for what, hold in self._gate.held() if what != "account")
        return sum(hold.kind is kind for hold in held)

    def _paused(self) -> dict[str, int]:
        return {
            "account": int(self._gate.account is not None),
            "action": self._count(Kind.BLOCKED),
            "refusals": self._count(Kind.REFUSALS) + len(self._unmapped()),
            "outage": self._count(Kind.OUTAGE),
            "doubt": int(self._gate.doubt is not None),
            "buffer": int(self._worker.is_paused),
            "partition": len(self._source.blocked),
            "kafka": int(self._is_cut_off() or not self._source.is_joined),
            "throttled": len(self._sending.waits().throttled),
            "letters": len(self._late()),
        }


def _entry(what: str, kind: str, why: str, seconds: float) -> dict[str, Any]:
    return {"what": what, "kind": kind, "why": why, "seconds": round(seconds)}


def _named(blocked: Mapping[Partition, str]) -> dict[str, str]:
    return {f"{place.topic}:{place.number}": why for place, why in blocked.items()}
