"""Defects of what dead letters and logs say."""

from tests.mutants.mutant import Mutant

REPLAYS = "tests/service/test_replays.py"
PRIVACY = "tests/unit/consumer/test_privacy.py"
LETTERS = "tests/unit/consumer/deadletters/test_letter.py"

MUTANTS = (
    Mutant(
        name="M18a",
        about="a letter of a record with an empty value has none",
        file="consumer/deadletters/letter.py",
        old="    return Letter(key=record.key, value=record.value, headers=",
        new="    return Letter(key=record.key, value=record.value or None, headers=",
        tests=(f"{LETTERS}::test_no_value_and_an_empty_one_stay_what_they_are",),
    ),
    Mutant(
        name="M18b",
        about="of a record's headers of one name a letter keeps the last",
        file="consumer/deadletters/letter.py",
        old="headers=(*record.headers, *tail))\n",
        new="headers=(*dict(record.headers).items(), *tail))\n",
        tests=(f"{LETTERS}::test_headers_of_one_name_are_all_kept_in_their_order",),
    ),
    Mutant(
        name="M18c",
        about="a letter of a record without a value has an empty one",
        file="consumer/deadletters/letter.py",
        old="    return Letter(key=record.key, value=record.value, headers=",
        new='    return Letter(key=record.key, value=record.value or b"", headers=',
        tests=(f"{LETTERS}::test_no_value_and_an_empty_one_stay_what_they_are",),
    ),
    Mutant(
        name="M19a",
        about="a replay takes a letter's own headers for the record's, and adds to them",
        file="consumer/deadletters/letter.py",
        old="        headers=record.headers[: len(record.headers) - len(tail)],\n",
        new="        headers=record.headers,\n",
        tests=(f"{LETTERS}::test_headers_of_one_name_are_all_kept_in_their_order",),
    ),
    Mutant(
        name="M19b",
        about="a replay that fails is not counted",
        file="consumer/deadletters/replay.py",
        old="attempts=letter.attempts + 1,",
        new="attempts=letter.attempts,",
        tests=(
            f"{REPLAYS}::test_what_is_still_refused_in_a_replay_tells_what_became_of_each_call",
        ),
    ),
    Mutant(
        name="M23",
        about="the text of an error is logged, which may quote anything",
        file="consumer/operations/telemetry.py",
        old='        told["error"] = type(error).__name__\n',
        new='        told["error"] = repr(error)\n',
        tests=(f"{PRIVACY}::test_a_bug_shows_where_it_is_and_names_nobody",),
    ),
)
