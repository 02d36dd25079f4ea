from consumer.repeats import Repeats, Seen


def looked(repeats: Repeats, identity: str, content: int, *, counts: bool = False) -> Seen:
    return repeats.look(identity, content, counts=counts)


def test_the_same_event_is_a_repeat_and_another_of_its_id_is_not() -> None:
    repeats = Repeats()

    assert looked(repeats, "id:a", 1) is Seen.NEW
    assert looked(repeats, "id:b", 1) is Seen.NEW
    assert looked(repeats, "id:a", 1) is Seen.REPEAT
    assert looked(repeats, "id:a", 2) is Seen.OTHER
    assert looked(repeats, "id:a", 2) is Seen.REPEAT


def test_so_many_events_are_remembered_and_not_for_ever() -> None:
    repeats = Repeats(remembered=10)
    for number in range(10):
        looked(repeats, str(number), 0)

    assert [looked(repeats, str(number), 0) for number in range(10)] == [Seen.REPEAT] * 10

    for number in range(10, 31):
        looked(repeats, str(number), 0)

    assert looked(repeats, "0", 0) is Seen.NEW
    assert looked(repeats, "30", 0) is Seen.REPEAT


def test_an_event_that_was_forgotten_is_new() -> None:
    repeats = Repeats(remembered=1)
    for identity in ("a", "b"):
        looked(repeats, identity, 0)

    for identity in ("a", "b"):
        repeats.forget(identity)

    assert [looked(repeats, identity, 0) for identity in ("a", "b")] == [Seen.NEW] * 2


def test_what_counts_is_remembered_when_all_others_are_forgotten() -> None:
    repeats = Repeats()
    looked(repeats, "a", 0)
    looked(repeats, "b", 0, counts=True)

    repeats.forget_safe()

    assert looked(repeats, "a", 0) is Seen.NEW
    assert looked(repeats, "b", 0, counts=True) is Seen.REPEAT


def test_one_id_is_one_event_whether_it_counts_or_not() -> None:
    repeats = Repeats()

    assert looked(repeats, "a", 1) is Seen.NEW
    assert looked(repeats, "a", 2, counts=True) is Seen.OTHER
    assert looked(repeats, "a", 1) is Seen.REPEAT


def test_what_was_sent_and_counts_is_known_after_another_event_of_its_id_was_refused() -> None:
    repeats = Repeats()
    looked(repeats, "a", 1, counts=True)

    assert looked(repeats, "a", 2, counts=True) is Seen.OTHER
    assert looked(repeats, "a", 2, counts=True) is Seen.OTHER
    assert looked(repeats, "a", 1, counts=True) is Seen.REPEAT
