import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from consumer.cli.words import (
    STAGES,
    Chance,
    chance,
    gap,
    instant,
    letter_id,
    not_types,
    reason,
    selector,
)
from consumer.deadletters.reasons import REASONS
from consumer.record import Partition


@pytest.mark.parametrize(
    ("text", "partition"),
    [("orders:0", Partition("orders", 0)), ("a:b:12", Partition("a:b", 12))],
)
def test_a_gap_names_a_partition(text: str, partition: Partition) -> None:
    assert gap(text) == partition


@pytest.mark.parametrize("text", ["", "orders", "orders:", ":1", "orders:-1", "orders:x", "a:²"])
def test_a_gap_that_names_no_partition_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write TOPIC:PARTITION"):
        gap(text)


@pytest.mark.parametrize(
    ("text", "found"), [("500=0.1", Chance("500", 0.1)), ("late=1", Chance("late", 1.0))]
)
def test_a_fault_has_a_kind_and_a_share(text: str, found: Chance) -> None:
    assert chance(text) == found


@pytest.mark.parametrize("text", ["500", "500=", "500=x", "=0.1", "500=1.1", "500=-1", "500=nan"])
def test_a_fault_without_a_share_between_0_and_1_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write KIND=PROBABILITY"):
        chance(text)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-24T10:00:00Z", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        (
            "2026-11-24T10:00:00+02:00",
            datetime(2026, 11, 24, 10, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("2026-11-24T10:00", datetime(2026, 11, 24, 10, tzinfo=UTC)),
        ("2026-11-24", datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(text: str, time: datetime) -> None:
    assert instant(text) == time
    assert instant(text).tzinfo is not None


def test_what_is_no_time_is_refused_with_what_to_write() -> None:
    with pytest.raises(ValueError, match="write one such as 2026-"):
        instant("yesterday")


@pytest.mark.parametrize("text", [*REASONS, *STAGES])
def test_a_reason_is_one_of_those_there_are_or_a_stage_of_them(text: str) -> None:
    assert reason(text) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("esp.conflit", "did you mean esp.conflict?"),
        ("shcema", "did you mean schema?"),
        ("es", "did you mean esp?"),
        ("esp.", "did you mean esp?"),
        ("", "the stages are decode, schema, ident, time, text, consent, map, esp, sync"),
    ],
)
def test_what_is_no_reason_is_refused_with_the_nearest(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"is neither a reason nor a stage; {re.escape(words)}"):
        reason(text)


def test_letters_are_picked_by_a_text_as_it_is_and_by_an_id_in_lower_case() -> None:
    assert (selector("ORD 1"), letter_id("0AbC")) == ("ORD 1", "0abc")


@pytest.mark.parametrize("read", [selector, letter_id])
def test_an_empty_text_picks_no_letters_and_above_all_not_all(read: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="is empty; write what is meant"):
        read("")


def test_what_is_no_type_of_event_is_told_with_the_nearest() -> None:
    assert list(not_types({"user.signedup", "user.updated"})) == [
        "'user.signedup' is no type of event that this version knows; did you mean user.signed_up?"
    ]


def test_where_no_type_is_near_all_are_named() -> None:
    (line,) = not_types(["xyz"])

    assert "there are user.signed_up, user.updated," in line
