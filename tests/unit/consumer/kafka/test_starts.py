import os
from collections.abc import Collection

import pytest
from aiokafka import TopicPartition
from structlog.testing import capture_logs

from consumer.kafka.starts import Starts
from consumer.progress import write_progress
from consumer.record import Partition, Point
from tests.unit.consumer.kafka.stubs import StubClient, place

IN_DOUBT = write_progress(7, [], [8])


def at(offset: int) -> Point:
    return Point(offset)


def starts(client: StubClient, offset_reset: str = "earliest", *gaps: Partition) -> Starts:
    return Starts(client, client, offset_reset, set(gaps))


async def test_what_was_committed_is_where_to_begin() -> None:
    client = StubClient(commits={place(0): 7, place(1): 9}, numbers={0, 1})

    assert await starts(client).find([place(0), place(1)]) == {place(0): at(7), place(1): at(9)}


@pytest.mark.parametrize(("offset_reset", "offset"), [("earliest", 3), ("latest", 100)])
async def test_a_new_topic_begins_as_the_settings_say_and_that_is_committed(
    offset_reset: str, offset: int
) -> None:
    client = StubClient(numbers={0, 1}, first=3)

    found = await starts(client, offset_reset).find([place(0), place(1)])

    assert found == {place(0): Point(offset), place(1): Point(offset)}
    assert client.commits == {place(0): offset, place(1): offset}


async def test_a_partition_added_later_is_new() -> None:
    client = StubClient(commits={place(0): 7}, numbers={0, 1})

    assert await starts(client).find([place(1)]) == {place(1): at(0)}


async def test_a_missing_commit_below_another_is_a_loss() -> None:
    client = StubClient(commits={place(1): 7}, numbers={0, 1, 2})

    assert await starts(client).find([place(0), place(2)]) == {place(0): None, place(2): at(0)}
    assert place(0) not in client.commits


async def test_members_that_start_together_do_not_take_each_others_starts_for_a_loss() -> None:
    client = StubClient(numbers={0, 1, 2, 3})
    upper, lower = [place(2), place(3)], [place(0), place(1)]

    first_of_the_upper = await starts(client).find(upper)
    of_the_lower = await starts(client).find(lower)
    then_of_the_upper = await starts(client).find(upper)

    assert first_of_the_upper == {}
    assert of_the_lower == dict.fromkeys(lower, at(0))
    assert then_of_the_upper == dict.fromkeys(upper, at(0))


async def test_an_old_loss_keeps_no_new_partition_waiting() -> None:
    client = StubClient(commits={place(1): 7}, numbers={0, 1, 2})

    assert await starts(client).find([place(2)]) == {place(2): at(0)}


async def test_an_accepted_loss_begins_where_the_log_does_once() -> None:
    client = StubClient(commits={place(1): 7}, numbers={0, 1}, first=3)
    accepting = starts(client, "latest", Partition("t", 0))

    first = await accepting.find([place(0)])
    del client.commits[place(0)]
    second = await accepting.find([place(0)])

    assert first == {place(0): at(3)}
    assert second == {place(0): None}


async def test_an_accepted_loss_is_one_line_of_the_log() -> None:
    client = StubClient(commits={place(1): 7}, numbers={0, 1}, first=3)

    with capture_logs() as logs:
        await starts(client, "earliest", Partition("t", 0)).find([place(0), place(1)])

    assert [line for line in logs if line["event"] == "gap_accepted"] == [
        {"event": "gap_accepted", "log_level": "warning", "topic": "t", "partition": 0}
        | {"from_offset": None, "offset": 3, "uid": os.getuid()}
    ]


class Told:
    """What stands beside the offset of the first partition."""

    def __init__(self, progress: str) -> None:
        self.point = Point(7, progress)

    async def read(self, _: Collection[TopicPartition]) -> dict[TopicPartition, Point]:
        return {place(0): self.point}


@pytest.mark.parametrize(
    ("progress", "kept"),
    [(IN_DOUBT, IN_DOUBT), ("9AAAA.", "")],
    ids=["what can be read is kept", "what cannot is given up"],
)
async def test_whoever_accepts_a_gap_that_is_none_forgets_no_send_in_doubt(
    progress: str, kept: str
) -> None:
    accepting = Starts(StubClient(numbers={0}), Told(progress), "earliest", {Partition("t", 0)})

    assert await accepting.find([place(0)]) == {place(0): Point(7, kept)}


async def test_a_start_that_could_not_be_committed_is_none() -> None:
    client = StubClient(numbers={0}, refuses_commits=ConnectionError("gone"))

    with pytest.raises(ConnectionError):
        await starts(client).find([place(0)])
