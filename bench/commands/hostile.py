"""`hostile`: a million good events with the corpus of bad records between them, beside none."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bench import topics
from bench.arena import Arena, interleaved, say
from bench.figures import ratio
from bench.lap import Lap, Standing, Track
from bench.product import dead_letters, product
from bench.tables import figure, lost_text, spread_text, table, times
from bench.workload import ORDERS, PARTITIONS, Entry, entries
from tests.corpus import CORPUS, NOW
from tests.corpus import Entry as Row

EVERY = 100  # good events between two bad records
LARGEST = 32 * 1024  # bytes of a record that fits into the batches the bench writes
PATIENCE = 1200.0  # s a lap may take
HEADS = (
    "1 % of",
    "events/s (least..most)",
    "÷ none",
    "CPU-ms per 1k",
    "RSS MB",
    "lost",
    "doubled",
    "bad",
    "buried for its reason",
    "otherwise",
)
Places = Mapping[tuple[int, int], str]  # the reason by partition and offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A standing, how many bad records its laps met, and how they were buried."""

    standing: Standing
    bad: int = 0
    right: int = 0
    wrong: int = 0


async def hostile(place: Arena, *, events: int, rounds: int) -> Sequence[Result]:
    """Carry the same good events with bad ones and without, in turn."""
    rows, expected = rows_of_corpus(), dict[tuple[int, int], str]()
    say(f"writing {events:,} orders twice, once with {events // EVERY:,} bad records of the corpus")
    clean, mixed = topics.fresh("clean"), topics.fresh("hostile")
    for topic in (clean, mixed):
        await topics.make(place.bootstrap, topic)
    await topics.fill(place.bootstrap, clean, entries(ORDERS, events))
    await topics.fill(place.bootstrap, mixed, _noted(mixed_entries(events, rows), expected))
    track = Track(topic=clean, events=events, seconds=PATIENCE)
    # Every record of a row's kind is refused, so for the service its mapping would be broken.
    untyped = {"TOPICS": {mixed: {}}, "DEAD_LETTER__MAX_RATIO": 1}
    runs = [
        (product(name="clean", title="nothing"), track),
        (
            product(name="hostile", title="the corpus of bad records"),
            replace(track, topic=mixed, settings=untyped),
        ),
    ]
    (without, _), (with_them, laps) = await interleaved(place, runs, rounds)
    return [
        Result(standing=without),
        await _compared(place, with_them, laps, expected),
    ]


def rows_of_corpus() -> Sequence[Row]:
    """Return the bad records that need no setting of their own, today or on any later day."""
    plain = Row(name="", value=b"")
    settings = ("topic_type", "is_type_fixed", "deletes", "phone_region", "strict", "has_bug")
    return [
        row
        for row in CORPUS
        if row.reason
        and not (row.is_told or row.skipped or row.reason == "time.future")
        and all(getattr(row, name) == getattr(plain, name) for name in settings)
        and row.timestamp == int(NOW * 1000)
        and row.value is not None
        and len(row.value) <= LARGEST
    ]


def mixed_entries(events: int, rows: Sequence[Row]) -> Iterator[tuple[Entry, str]]:
    """Yield good records, a bad one after every hundredth; each with its reason, "" if good."""
    bad = 0
    for number, good in enumerate(entries(ORDERS, events), start=1):
        yield good, ""
        if number % EVERY == 0:
            row = rows[bad % len(rows)]
            yield (
                Entry(bad % PARTITIONS, row.key or b"k", row.value or b"", row.headers),
                row.reason,
            )
            bad += 1


def _noted(
    told: Iterator[tuple[Entry, str]], expected: dict[tuple[int, int], str]
) -> Iterator[Entry]:
    """Yield the records; note where each bad one comes to lie, and why it is bad."""
    written: Counter[int] = Counter()
    for entry, reason in told:
        if reason:
            expected[entry.partition, written[entry.partition]] = reason
        written[entry.partition] += 1
        yield entry


async def _compared(
    place: Arena, standing: Standing, laps: Sequence[Lap], expected: Places
) -> Result:
    right = wrong = 0
    for lap in laps:
        buried = await topics.letters(place.bootstrap, dead_letters(lap.group))
        found = Counter((one.original.partition, one.original.offset, one.reason) for one in buried)
        due = Counter((*where, reason) for where, reason in expected.items())
        right += (found & due).total()
        wrong += (found - due).total()
    return Result(standing=standing, bad=len(expected) * len(laps), right=right, wrong=wrong)


def section(results: Sequence[Result]) -> str:
    """Return the table."""
    clean = results[0].standing.rate.median
    rows = [
        (
            one.standing.title,
            spread_text(one.standing.rate),
            times(ratio(one.standing.rate.median, clean)),
            figure(one.standing.cpu_ms),
            figure(one.standing.rss_mb),
            lost_text(one.standing.lost),
            str(one.standing.doubled),
            f"{one.bad:,}",
            f"{one.right:,}",
            f"{one.wrong:,}",
        )
        for one in results
    ]
    return f"## One bad record in a hundred\n\n{table(HEADS, rows)}"
