"""Whether the process lives and is ready, and the gauges that show it."""

from typing import Any, Protocol

from consumer.gate import Gate, Kind
from consumer.lease import Lease
from consumer.ledger import Ledger
from consumer.ports import Clock
from consumer.record import Partition
from consumer.unmapped import Unmapped

STALLED = 120.0  # s with lag and nothing moving, while nothing holds us back
CUT_OFF = {"what": "kafka", "kind": "outage", "why": "the group does not answer"}


class Reader(Protocol):
    """What is asked of the source."""

    lease: Lease

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


class Gauges(Protocol):
    """Where the figures go."""

    def gauge(
        self,
        *,
        buffered_records: int,
        buffered_bytes: int,
        oldest_unfinished: float,
        lags: dict[tuple[str, int], int],
        paused: dict[str, int],
    ) -> None:
        """Set all gauges."""
        ...


class Vitals:
    """Answers the probes. Nothing restarts a process because it is rightly paused."""

    def __init__(
        self, source: Reader, worker: Progress, sending: Sending, gate: Gate, clock: Clock
    ) -> None:
        self._source = source
        self._worker = worker
        self._sending = sending
        self._gate = gate
        self._clock = clock

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
        is_cut_off = self._is_cut_off()
        joined = self._source.is_joined and not is_cut_off
        is_blocked = self._gate.is_blocked() or bool(self._source.blocked or self._unmapped())
        ready = joined and not is_blocked
        held = [*([CUT_OFF] if is_cut_off else ()), *self._held()]
        return ready, {"ready": ready, "joined": joined, "held": held}

    def _is_cut_off(self) -> bool:
        """Tell whether the group may have given us up: it said nothing for a whole session."""
        return not self._source.lease.holds(self._clock.now())

    def measure(self, gauges: Gauges) -> None:
        """Set the gauges as things stand now, so that the books balance at any moment."""
        ledger, now = self._worker.ledger, self._clock.now()
        oldest = ledger.oldest()
        lags = self._source.lags()
        gauges.gauge(
            buffered_records=ledger.records,
            buffered_bytes=ledger.bytes,
            oldest_unfinished=now - oldest if oldest is not None else 0.0,
            lags={(place.topic, place.number): lag for place, lag in lags.items()},
            paused=self._paused(),
        )

    def _held(self) -> list[dict[str, Any]]:
        now = self._clock.now()
        gates = [
            {
                "what": name,
                "kind": hold.kind.value,
                "why": hold.cause,
                "seconds": round(now - hold.since),
            }
            for name, hold in self._gate.held()
        ]
        types = [
            {"what": event_type, "kind": "refusals", "why": "map.handler_error", "records": count}
            for event_type, count in self._unmapped().items()
        ]
        partitions = [
            {"what": f"{place.topic}:{place.number}", "kind": "blocked", "why": why}
            for place, why in self._source.blocked.items()
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
        }
