import zlib

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    GroupAuthorizationFailedError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    TopicAuthorizationFailedError,
    UnsupportedCodecError,
)

from consumer.kafka.trouble import Broken, Named, Undecoded, judge
from tests.unit.consumer.kafka.stubs import place

OWNED = [place(0), place(1), TopicPartition("other", 0)]
NO_TEXT = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    ("trouble", "places", "reason"),
    [
        (OffsetOutOfRangeError({place(0): 17}), {place(0)}, "out_of_range"),
        (RecordTooLargeError("at %s=%s", place(1), 17, 99), {place(1)}, "record_too_large"),
        (TopicAuthorizationFailedError("t"), {place(0), place(1)}, "not_authorized"),
        (NoOffsetForPartitionError(place(0)), set(), "no_offset"),
    ],
)
def test_some_errors_name_who_cannot_be_read_on(
    trouble: Exception, places: set[TopicPartition], reason: str
) -> None:
    assert judge(trouble, OWNED) == Named(places=frozenset(places), reason=reason)


@pytest.mark.parametrize(
    "trouble",
    [NO_TEXT, zlib.error("bad"), CorruptRecordException("CRC"), UnsupportedCodecError("xz")],
    ids=lambda trouble: type(trouble).__name__,
)
def test_what_a_decoder_raises_does_not_say_where(trouble: Exception) -> None:
    assert isinstance(judge(trouble, OWNED), Undecoded)


@pytest.mark.parametrize(
    "trouble",
    [KafkaError("Unexpected error during coordination"), GroupAuthorizationFailedError("g")],
    ids=lambda trouble: type(trouble).__name__,
)
def test_what_the_coordinator_raises_breaks_the_client(trouble: Exception) -> None:
    assert isinstance(judge(trouble, OWNED), Broken)
