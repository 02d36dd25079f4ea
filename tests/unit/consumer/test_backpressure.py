import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.backpressure import LARGEST_CROWD, Backpressure, Buffer
from consumer.job import Job
from consumer.ledger import Ledger
from consumer.record import Partition, Point
from tests.builders import a_record

BUFFER = Buffer(records=100, bytes=10**9)


class Scene:
    """A ledger whose partitions hold what they are told to."""

    def __init__(self, partitions: int, buffer: Buffer = BUFFER) -> None:
        self.ledger = Ledger()
        self.crowd = 0
        self.pressure = Backpressure(buffer, lambda _: self.crowd)
        self.open: dict[int, list[Job]] = {number: [] for number in range(partitions)}
        for number in self.open:
            self.ledger.assign(Partition("users", number), Point(0))

    def take(self, partition: int, records: int = 1) -> None:
        log = self.ledger.logs[Partition("users", partition)]
        for _ in range(records):
            record = a_record(offset=log.next_to_take, partition=partition)
            job = self.ledger.open(record, now=0.0)
            assert job is not None
            self.open[partition].append(job)

    def finish(self, partition: int, records: int) -> None:
        for _ in range(records):
            self.ledger.settle(self.open[partition].pop(0))

    def held(self) -> set[int]:
        return {place.number for place in self.pressure.look(self.ledger.logs)}


def test_a_partition_by_itself_may_fill_half_of_the_buffer() -> None:
    scene = Scene(1)
    scene.take(0, 49)
    assert scene.held() == set()

    scene.take(0)

    assert scene.held() == {0}


def test_a_full_one_leaves_room_for_another() -> None:
    scene = Scene(2)
    scene.take(0, 50)
    scene.take(1, 24)
    assert scene.held() == {0}

    scene.take(1)

    assert scene.held() == {0, 1}


def test_it_is_read_again_once_half_of_what_stopped_it_is_done() -> None:
    scene = Scene(1)
    scene.take(0, 50)
    scene.held()
    scene.finish(0, 16)
    assert scene.held() == {0}

    scene.finish(0, 1)

    assert scene.held() == set()


def test_bytes_count_as_records_do() -> None:
    size = a_record().size
    scene = Scene(1, Buffer(records=10**6, bytes=size * 10))
    scene.take(0, 4)
    assert scene.held() == set()

    scene.take(0)

    assert scene.held() == {0}


def test_one_that_brought_too_much_at_once_does_not_keep_another_from_being_read() -> None:
    scene = Scene(2)
    scene.take(0, 1000)
    scene.take(1, 24)

    assert scene.held() == {0}


@given(st.lists(st.integers(0, 3), max_size=400))
def test_what_is_taken_as_told_never_fills_more_than_the_buffer(turns: list[int]) -> None:
    scene = Scene(4)
    for partition in turns:
        if partition not in scene.held():
            scene.take(partition)

    assert scene.ledger.records <= BUFFER.records


@pytest.mark.parametrize(("crowd", "is_held"), [(LARGEST_CROWD - 1, False), (LARGEST_CROWD, True)])
def test_a_contact_for_whom_too_many_calls_wait_holds_its_partition(
    crowd: int, *, is_held: bool
) -> None:
    scene = Scene(2)
    scene.crowd = crowd
    scene.take(1)
    scene.pressure.took(scene.open[1][0])

    assert scene.held() == ({1} if is_held else set())


def test_its_partition_is_read_again_once_half_of_them_are_done() -> None:
    scene = Scene(1)
    scene.crowd = LARGEST_CROWD
    scene.take(0)
    scene.pressure.took(scene.open[0][0])
    scene.crowd = LARGEST_CROWD // 2
    assert scene.held() == {0}

    scene.crowd -= 1

    assert scene.held() == set()


def test_a_partition_that_went_away_is_not_held() -> None:
    scene = Scene(2)
    scene.take(0, 1000)
    scene.crowd = LARGEST_CROWD
    scene.take(1)
    scene.pressure.took(scene.open[1][0])
    assert scene.held() == {0, 1}

    scene.pressure.forget([Partition("users", 0), Partition("users", 1)])

    assert scene.pressure.held == set()
