import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from consumer.deadletters.graveyard import Graveyard
from consumer.deadletters.letter import Burial, DeadLetter, read_letter
from consumer.kafka import NotAcknowledgedError, TooLargeError
from consumer.record import Headers, Record
from tests.builders import a_record
from tests.fakes import time

TOPIC = "graves"
NO_ANSWER, TOO_LARGE = NotAcknowledgedError("TimeoutError"), TooLargeError(TOPIC)


@dataclass
class StubWriter:
    """Refuses as it was told to, then takes what comes."""

    refusals: deque[Exception] = field(default_factory=deque)
    tried: list[Record] = field(default_factory=list)

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        near: int | None = None,
    ) -> None:
        assert topic == TOPIC
        self.tried.append(
            a_record(topic=topic, partition=near, key=key, value=value, headers=headers)
        )
        if self.refusals:
            raise self.refusals.popleft()


def a_graveyard(writer: StubWriter) -> Graveyard:
    return Graveyard(
        writer=writer,
        topic=TOPIC,
        group="g",
        cluster="main",
        version="1",
        clock=time.LoopClock(),
        rng=random.Random(0),  # noqa: S311 - jitter
    )


def buried(*refusals: Exception) -> tuple[list[Record], float]:
    """Bury a record; return what was tried and how long that took, in seconds."""
    clock, writer = time.LoopClock(), StubWriter(deque(refusals))
    graveyard = a_graveyard(writer)
    record = a_record(partition=3, key=b"k", value=b"v" * 500, headers=(("h", None),))

    async def bury() -> float:
        await graveyard.bury(
            Burial(record=record, reason="schema.missing", field="data.id", key="es1-a")
        )
        return clock.now()

    return writer.tried, time.run(bury())


def letter(record: Record) -> DeadLetter:
    read = read_letter(record)
    assert isinstance(read, DeadLetter)
    return read


def test_a_letter_is_the_record_and_lies_near_to_where_it_came_from() -> None:
    (written,), seconds = buried()

    assert (written.partition, written.key, written.value) == (3, b"k", b"v" * 500)
    assert written.headers[0] == ("h", None)
    assert letter(written).reason == "schema.missing"
    assert letter(written).at == datetime.fromtimestamp(time.START, UTC)
    assert seconds == 0


def test_one_line_of_the_log_says_that_it_is_safe_and_whose_it_is() -> None:
    with capture_logs() as lines:
        buried(NO_ANSWER, TOO_LARGE)

    (told,) = [line for line in lines if line["event"] == "buried"]
    assert told["reason"] == "schema.missing"
    assert told["idempotency_key"] == "es1-a"
    assert (told["topic"], told["partition"], told["offset"]) == ("users", 3, 0)


def test_one_that_is_not_acknowledged_is_written_again_with_the_same_id() -> None:
    tried, seconds = buried(*[NO_ANSWER] * 3)

    assert len(tried) == 4
    assert len({letter(record).id for record in tried}) == 1
    assert 0.5 * (0.5 + 1 + 2) <= seconds <= 0.5 + 1 + 2


def test_one_that_is_not_acknowledged_says_whose_it_is_and_which_topic_does_not_take_it() -> None:
    with capture_logs() as lines:
        buried(NO_ANSWER)

    (told,) = [line for line in lines if line["event"] == "dead_letter_not_acknowledged"]
    assert (told["topic"], told["partition"], told["offset"]) == ("users", 3, 0)
    assert (told["reason"], told["dead_letter_topic"]) == ("schema.missing", TOPIC)
    assert told["error"]


def test_a_letter_waits_from_its_first_try_until_it_is_safe() -> None:
    async def main() -> tuple[list[float], list[float]]:
        graveyard = a_graveyard(StubWriter(deque([NO_ANSWER] * 3)))
        await time.LoopClock().sleep(7)
        burying = asyncio.ensure_future(
            graveyard.bury(Burial(record=a_record(), reason="schema.missing"))
        )
        await time.LoopClock().sleep(1)
        waiting = list(graveyard.begun)
        await burying
        return waiting, list(graveyard.begun)

    assert time.run(main()) == ([7.0], [])


def test_waits_grow_no_longer_than_half_a_minute() -> None:
    _, seconds = buried(*[NO_ANSWER] * 20)

    assert seconds < 20 * 30


def test_one_that_is_too_large_is_buried_as_a_stub_at_once() -> None:
    (whole, stub), seconds = buried(TOO_LARGE)

    assert len(stub.value or b"") < len(whole.value or b"")
    assert "stub" in letter(stub).flags
    assert letter(stub).id == letter(whole).id
    assert seconds == 0


def test_a_stub_that_is_too_large_too_waits_for_the_topic_to_be_mended() -> None:
    tried, seconds = buried(*[TOO_LARGE] * 3)

    assert ["stub" in letter(record).flags for record in tried] == [False, True, True, True]
    assert seconds > 0


@pytest.mark.parametrize("refusals", [[TOO_LARGE, NO_ANSWER], [NO_ANSWER, TOO_LARGE]])
def test_refusals_of_both_kinds_end_in_a_stub(refusals: list[Exception]) -> None:
    tried, _ = buried(*refusals)

    assert "stub" in letter(tried[-1]).flags
