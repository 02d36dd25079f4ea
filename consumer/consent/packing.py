"""Words as bytes, so that a million of them fit. Pure.

A packed word has 15 bytes, which CPython keeps in 48: its kind and target (2), its partition (2),
its time (6), its offset (5). The words of one name stand side by side. Targets and partitions are
numbered as they are met, so packed words mean nothing outside their `Packing`.
"""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from consumer.consent.words import Word
from consumer.record import Partition

WIDTH = 15
_HEAD, _TIME = 4, 10  # where kind, target and partition end, and where the time ends
LARGEST_OFFSET = 2**40 - 1
T = TypeVar("T", bound=Hashable)


class Packing:
    """Packs words, and knows the numbers it gave to targets and partitions: up to 32,768 each."""

    def __init__(self) -> None:
        self._targets: _Numbers[str] = _Numbers()
        self._places: _Numbers[Partition] = _Numbers()

    def pack(self, word: Word) -> bytes:
        """Return a word as bytes."""
        kind = self._targets.of(word.target) << 1 | word.is_out
        place, offset = self._places.of(word.place), min(word.offset, LARGEST_OFFSET)
        return b"".join(
            (kind.to_bytes(2), place.to_bytes(2), word.at.to_bytes(6), offset.to_bytes(5))
        )

    def words(self, packed: bytes) -> Iterator[Word]:
        """Return the words of a name."""
        for chunk in chunks(packed):
            kind = int.from_bytes(chunk[:2])
            yield Word(
                is_out=bool(kind & 1),
                target=self._targets[kind >> 1],
                at=int.from_bytes(chunk[_HEAD:_TIME]),
                place=self._places[int.from_bytes(chunk[2:_HEAD])],
                offset=int.from_bytes(chunk[_TIME:]),
            )


def chunks(packed: bytes) -> Iterator[bytes]:
    """Return each word of a name, packed."""
    for start in range(0, len(packed), WIDTH):
        yield packed[start : start + WIDTH]


def joined(packed: bytes, word: bytes) -> bytes:
    """Return the words of a name and one more. The order in which they come does not matter.

    Of opt-outs about one target from one partition, one is kept: with the latest time and the
    highest offset of all, so that what comes after it comes after each of them. Of opt-ins, the
    newest.
    """
    head = word[:_HEAD]
    for start in range(0, len(packed), WIDTH):
        if packed[start : start + _HEAD] == head:
            end = start + WIDTH
            return packed[:start] + _later(packed[start:end], word) + packed[end:]
    return packed + word


def _later(known: bytes, word: bytes) -> bytes:
    is_out = word[1] & 1
    if not is_out:
        return max(known, word)
    return (
        known[:_HEAD]
        + max(known[_HEAD:_TIME], word[_HEAD:_TIME])
        + max(known[_TIME:], word[_TIME:])
    )


class _Numbers(Generic[T]):
    """Gives things numbers from 0 on, as they are met."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self._things: list[T] = []

    def of(self, thing: T) -> int:
        """Return the number of a thing."""
        number = self._numbers.setdefault(thing, len(self._things))
        if number == len(self._things):
            self._things.append(thing)
        return number

    def __getitem__(self, number: int) -> T:
        return self._things[number]
