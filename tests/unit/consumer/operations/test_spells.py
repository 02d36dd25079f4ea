from consumer.operations.spells import PATIENCE, Spell, Spells

KAFKA = {"kafka": "the group does not answer"}


def test_what_lasts_is_told_once_it_has_for_a_while_and_then_its_end() -> None:
    spells = Spells()

    assert spells.look(KAFKA, 100.0) == []
    assert spells.look(KAFKA, 99.9 + PATIENCE) == []
    assert spells.look(KAFKA, 100.0 + PATIENCE) == [Spell("kafka", KAFKA["kafka"], PATIENCE)]
    assert spells.look(KAFKA, 150.0) == []
    assert spells.look({}, 160.0) == [Spell("kafka", None, 60.0)]
    assert spells.look({}, 170.0) == []


def test_what_is_over_before_that_is_not_told_and_begins_anew() -> None:
    spells = Spells()
    spells.look(KAFKA, 0.0)
    over = spells.look({}, PATIENCE - 1)
    spells.look(KAFKA, PATIENCE)

    assert over == []
    assert spells.look(KAFKA, 2 * PATIENCE - 1) == []
    assert spells.seconds("kafka", 2 * PATIENCE - 1) == PATIENCE - 1


def test_each_thing_has_a_spell_of_its_own() -> None:
    spells = Spells()
    spells.look(KAFKA, 0.0)
    spells.look(KAFKA | {"letters": "late"}, 6.0)

    assert [one.what for one in spells.look(KAFKA | {"letters": "late"}, 10.0)] == ["kafka"]
    assert spells.look({"letters": "late"}, 16.0) == [
        Spell("kafka", None, 16.0),
        Spell("letters", "late", 10.0),
    ]


def test_what_does_not_last_has_lasted_for_no_time() -> None:
    assert Spells().seconds("kafka", 7.0) == 0.0
