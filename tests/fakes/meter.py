"""Counts what the worker and delivery tell, by name."""

from collections import Counter

from consumer.deadletters.letter import Burial


class CountingMeter:
    """Both meters of the ports."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.waited = 0.0
        self.portions: list[int] = []  # records of each topic that were taken at a time

    def taken(self, topic: str, records: int) -> None:
        self.counts[f"taken {topic}"] += records
        self.portions.append(records)

    def delivered(self, event_type: str, delay: float) -> None:
        self.counts[f"delivered {event_type}"] += 1
        assert delay > -86400

    def skipped(self, event_type: str, rule: str) -> None:
        self.counts[f"skipped {event_type} {rule}"] += 1

    def buried(self, burial: Burial) -> None:
        self.counts[f"buried {burial.reason}"] += 1

    def abandoned(self, records: int) -> None:
        self.counts["abandoned"] += records

    def ignored(self, event_type: str, fields: int) -> None:
        self.counts[f"ignored {event_type}"] += fields

    def called(self, action: str, status: str, seconds: float) -> None:
        self.counts[f"called {action} {status}"] += 1
        assert seconds >= 0

    def batched(self, action: str, size: int) -> None:
        self.counts[f"batched {action}"] += size

    def in_flight(self, action: str, change: int) -> None:
        self.counts[f"in flight {action}"] += change

    def imported(self, status: str) -> None:
        self.counts[f"imported {status}"] += 1

    def resent(self, calls: int) -> None:
        self.counts["resent"] += calls

    def throttled(self, seconds: float) -> None:
        self.counts["throttled"] += seconds > 0
        self.waited += seconds
