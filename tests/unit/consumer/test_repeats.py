from consumer.repeats import Repeats, Seen


def test_the_same_event_is_a_repeat_and_another_of_its_id_is_not() -> None:
    repeats = Repeats()

    assert repeats.look("id:a", 1) is Seen.NEW
    assert repeats.look("id:b", 1) is Seen.NEW
    assert repeats.look("id:a", 1) is Seen.REPEAT
    assert repeats.look("id:a", 2) is Seen.OTHER
    assert repeats.look("id:a", 2) is Seen.REPEAT


def test_so_many_events_are_remembered_and_not_for_ever() -> None:
    repeats = Repeats(remembered=10)
    for number in range(10):
        repeats.look(str(number), 0)

    assert [repeats.look(str(number), 0) for number in range(10)] == [Seen.REPEAT] * 10

    for number in range(10, 31):
        repeats.look(str(number), 0)

    assert repeats.look("0", 0) is Seen.NEW
    assert repeats.look("30", 0) is Seen.REPEAT


def test_an_event_that_was_forgotten_is_new() -> None:
    repeats = Repeats(remembered=1)
    for identity in ("a", "b"):
        repeats.look(identity, 0)

    for identity in ("a", "b"):
        repeats.forget(identity)

    assert [repeats.look(identity, 0) for identity in ("a", "b")] == [Seen.NEW] * 2
