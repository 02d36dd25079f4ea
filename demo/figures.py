"""The consumer's own figures, read from its metrics. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

PREFIX = "esputnik_sync_"


@dataclass(slots=True, kw_only=True)
class Figures:
    """What the consumer has done so far. `calls` by action and status, `letters` by reason."""

    records: int = 0
    delivered: int = 0
    skipped: int = 0
    letters: Counter[str] = field(default_factory=Counter)
    abandoned: int = 0
    buffered: int = 0
    lag: int = 0
    calls: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    items: Counter[str] = field(default_factory=Counter)

    @property
    def finished(self) -> int:
        """Return how many records are finished with, one way or another."""
        return self.delivered + self.skipped + self.letters.total()

    @property
    def requests(self) -> int:
        """Return how many requests were sent."""
        return sum(statuses.total() for statuses in self.calls.values())

    @property
    def balances(self) -> bool:
        """Tell whether no record is unaccounted for."""
        return self.records == self.finished + self.abandoned + self.buffered

    def is_done(self, produced: int) -> bool:
        """Tell whether all that was produced is finished with, and nothing waits."""
        return self.finished >= produced and self.buffered == 0 and self.lag == 0


def read_figures(text: str) -> Figures:
    """Return the figures of a `/metrics` page."""
    figures = Figures()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            _note(figures, sample.name.removeprefix(PREFIX), sample.labels, round(sample.value))
    return figures


def _note(figures: Figures, name: str, labels: dict[str, str], value: int) -> None:
    match name:
        case "records_total":
            figures.records += value
        case "events_done_total" if labels["outcome"] == "delivered":
            figures.delivered += value
        case "events_done_total":
            figures.skipped += value
        case "dead_letters_total":
            figures.letters[labels["reason"]] += value
        case "records_abandoned_total":
            figures.abandoned += value
        case "buffered_records":
            figures.buffered += value
        case "consumer_lag":
            figures.lag += value
        case "calls_total":
            figures.calls[labels["action"]][labels["status"]] += value
        case "batch_size_sum":
            figures.items[labels["action"]] += value
        case _:
            pass
