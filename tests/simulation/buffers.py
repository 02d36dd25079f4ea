"""I17: what is counted as unfinished is there, and of what is full nothing is read."""

from collections.abc import Collection, Iterator, Mapping

from consumer.ledger import PartitionLog
from consumer.record import Partition

OWN = 0.5  # of a partition's even part of the buffer: so much of it is read, whatever others hold


def overfull(
    logs: Mapping[Partition, PartitionLog], held: Collection[Partition], records: int, size: int
) -> Iterator[str]:
    """Return what is about to be read though it holds as much as is free of the buffer.

    `records` and `size`, in bytes, are how much the buffer takes. A poll may bring too much: so
    no partition ever holds more than half of the buffer and one poll, or its own part and one poll
    where others hold too much.
    """
    counts = {place: _counted(log) for place, log in logs.items()}
    for place, log in logs.items():
        if counts[place] != (log.records, log.bytes):
            yield f"{place} counts {log.records} records and has {counts[place][0]}"
    whole = _part(counts.values(), records, size)
    free = max(OWN / max(1, len(logs)), 1 - whole)
    for place in logs.keys() - held:
        if _part([counts[place]], records, size) >= free:
            yield f"{place} is read though it holds {counts[place]}, and {free:.2f} is free"


def idle(logs: Mapping[Partition, PartitionLog], held: Collection[Partition]) -> Iterator[str]:
    """Return what is not read though nothing of it is unfinished."""
    for place in held:
        if place in logs and _counted(logs[place])[0] == 0:
            yield f"{place} is held though nothing of it is unfinished"


def _counted(log: PartitionLog) -> tuple[int, int]:
    """Return how many records are unfinished, and their bytes."""
    sizes = [job.record.size for job in log.unsettled()]
    return len(sizes), sum(sizes)


def _part(counts: Collection[tuple[int, int]], records: int, size: int) -> float:
    """Return which part of the buffer is taken."""
    return max(sum(one for one, _ in counts) / records, sum(one for _, one in counts) / size)
