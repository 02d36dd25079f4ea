"""What an error of a fetch tells: which partitions it names, or whose fault it is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)

NOT_AUTHORIZED = "not_authorized"
OUT_OF_RANGE = "out_of_range"
TOO_LARGE = "record_too_large"
UNKNOWN_PROGRESS = "unknown_progress"  # beside its offset stands what this version cannot read
NO_OFFSET = "no_offset"
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The partitions that cannot be read on, and why; none where the error has passed."""

    places: frozenset[TopicPartition]
    reason: str


class Undecoded:
    """Some partition holds bytes that cannot be decoded; which one, the error does not say."""


class Broken:
    """The client itself does not work any more."""


def judge(trouble: Exception, owned: Collection[TopicPartition]) -> Named | Undecoded | Broken:
    """Return what the error says of the partitions that are owned.

    An error that a partition has no offset names none: the fetcher may ask before a new assignment
    is sought to its starts, and what has no start is blocked by then.
    """
    match trouble:
        case NoOffsetForPartitionError():
            verdict = Named(places=frozenset(), reason=NO_OFFSET)
        case OffsetOutOfRangeError():
            verdict = Named(places=_named(trouble), reason=OUT_OF_RANGE)
        case RecordTooLargeError():
            verdict = Named(places=_named(trouble), reason=TOO_LARGE)
        case TopicAuthorizationFailedError():
            places = frozenset(place for place in owned if place.topic in trouble.args)
            verdict = Named(places=places, reason=NOT_AUTHORIZED)
        case _:
            return Broken() if _is_of_the_client(trouble) else Undecoded()
    return verdict


def _is_of_the_client(trouble: Exception) -> bool:
    """Tell it from what decoders raise: UnicodeDecodeError, zlib.error, whatever they like."""
    decoding = CorruptRecordException | UnsupportedCodecError
    return isinstance(trouble, KafkaError) and not isinstance(trouble, decoding)


def _named(trouble: Exception) -> frozenset[TopicPartition]:
    """Return the partitions among an error's arguments: some carry them as the keys of a map."""
    found: set[TopicPartition] = set()
    for argument in trouble.args:
        if isinstance(argument, TopicPartition):
            found.add(argument)
        elif isinstance(argument, Mapping):
            found |= {place for place in argument if isinstance(place, TopicPartition)}
    return frozenset(found)
