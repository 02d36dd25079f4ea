"""What the preflight finds: good, bad, or not to be told; and what to do."""

from typing import Any

import orjson
import pytest

from consumer.cli.findings import (
    Finding,
    Verdict,
    field_ids,
    of_account,
    of_clock,
    of_fault,
    of_missing,
    of_reference,
    of_refusal,
    of_rights,
    of_size,
    of_topics,
    segment_ids,
)
from consumer.errors import SettingsError
from esputnik.outcome import Answer, NoAnswer

DATE = "Sat, 31 Jan 2026 09:00:00 GMT"
AT_DATE = 1_769_850_000.0


def an_answer(told: Any = None, status: int = 200, **headers: str) -> Answer:
    body = told if isinstance(told, bytes) else orjson.dumps(told)
    return Answer(status=status, headers=headers, body=body)


def told(finding: Finding) -> tuple[str, str, str]:
    return finding.verdict.value, finding.detail, finding.remedy


def topics(wanted: set[str], existing: set[str], *, are_default: bool) -> list[tuple[str, str]]:
    found = of_topics(frozenset(wanted), frozenset(existing), are_default=are_default)
    return [(one.check, one.verdict.value) for one in found]


def test_a_fault_is_what_is_wrong_and_then_what_to_do() -> None:
    finding = of_fault("settings", "A: is missing; write it; or not")

    assert told(finding) == ("failed", "A: is missing", "write it; or not")


def test_what_run_refuses_is_told_in_its_words_with_the_code_that_it_ends_with() -> None:
    finding = of_refusal("consent", SettingsError(["A: is wrong; mend it; or not"]))

    assert told(finding) == ("failed", "A: is wrong (`run` ends with 78)", "mend it; or not")


def test_a_topic_of_ours_that_is_missing_is_a_warning() -> None:
    finding = of_missing("dead letters", "create it")

    assert told(finding) == (
        "warning",
        "does not exist; `run` creates it if this user may",
        "create it",
    )


@pytest.mark.parametrize(("are_default", "verdict"), [(True, "warning"), (False, "failed")])
def test_a_topic_that_is_missing_fails_where_it_was_named(
    *, are_default: bool, verdict: str
) -> None:
    found = topics({"a", "b"}, {"b", "c"}, are_default=are_default)

    assert found == [("topic b", "ok"), ("topic a", verdict)]


def test_without_any_topic_there_is_nothing_to_read() -> None:
    found = topics({"a"}, set(), are_default=True)

    assert found == [("topic a", "warning"), ("topics", "failed")]


@pytest.mark.parametrize(
    ("may_write", "verdict"),
    [(True, Verdict.PASS), (False, Verdict.FAIL), (None, Verdict.WARN)],
)
def test_a_topic_of_ours_must_be_writable(*, may_write: bool | None, verdict: Verdict) -> None:
    finding = of_rights("dead letters", "dead", may_write=may_write)

    assert finding.verdict is verdict
    assert ("allow WRITE on dead" in finding.remedy) is (verdict is Verdict.FAIL)
    assert ("has WRITE on dead" in finding.remedy) is (verdict is Verdict.WARN)


@pytest.mark.parametrize(
    ("own", "sources", "verdict", "remedy"),
    [
        ("165536", ["100000", "90000"], "ok", ""),
        ("165535", ["90000", "100000"], "failed", "set its max.message.bytes to 165536 or more"),
        ("165536", ["100000", None], "ok", ""),
        (None, ["100000"], "warning", "make sure that it is that of the source topics plus 65536"),
        ("165536", [None], "warning", "make sure that it is that of the source topics plus 65536"),
    ],
)
def test_the_largest_record_must_fit_with_our_headers(
    own: str | None, sources: list[str | None], verdict: str, remedy: str
) -> None:
    finding = of_size("size", own, sources)

    assert (finding.verdict.value, finding.remedy) == (verdict, remedy)


@pytest.mark.parametrize(
    ("status", "verdict", "setting"),
    [(200, "ok", ""), (401, "failed", "API_KEY"), (404, "failed", "BASE_URL")],
)
def test_the_account_tells_whether_the_key_is_good(status: int, verdict: str, setting: str) -> None:
    finding = of_account(an_answer({}, status))

    assert finding.verdict.value == verdict
    assert setting in finding.remedy


def test_a_key_that_is_refused_comes_with_what_another_one_takes() -> None:
    assert (
        "ends with 78 unless ESPUTNIK_SYNC_PRIVACY__HASH_KEY"
        in of_account(an_answer({}, 401)).remedy
    )


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_outage_of_esputnik_is_not_blamed_on_a_setting(status: int) -> None:
    finding = of_account(an_answer({}, status))

    assert finding.verdict.value == "failed"
    assert "`run` waits meanwhile and loses nothing" in finding.remedy
    assert "ESPUTNIK_SYNC" not in finding.remedy


@pytest.mark.parametrize("status", [404, 501, 505])
def test_what_does_not_pass_by_itself_is_blamed_on_the_address(status: int) -> None:
    assert "ESPUTNIK_SYNC_ESPUTNIK__BASE_URL" in of_account(an_answer({}, status)).remedy


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (AT_DATE, "ok"),
        (AT_DATE + 30, "ok"),
        (AT_DATE - 30, "ok"),
        (AT_DATE + 31, "failed"),
        (AT_DATE - 31, "failed"),
    ],
)
def test_the_clocks_must_agree(now: float, verdict: str) -> None:
    assert of_clock(an_answer(date=DATE), now).verdict.value == verdict


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_clock_that_cannot_be_compared_is_a_warning(date: str) -> None:
    assert of_clock(an_answer(date=date), AT_DATE).verdict is Verdict.WARN
    assert of_clock(an_answer(), AT_DATE).verdict is Verdict.WARN


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (frozenset({7}), ("ok", "7 exists", "")),
        (
            frozenset({8}),
            ("failed", "7 does not exist", "correct ESPUTNIK_SYNC_CONSENT__ROUTES"),
        ),
        (None, ("warning", "eSputnik did not list the existing ones", "")),
    ],
)
def test_what_a_setting_names_must_exist(
    known: frozenset[int] | None, expected: tuple[str, str, str]
) -> None:
    assert told(of_reference("segment of sms", 7, known, "consent.routes")) == expected


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ([{"id": 1, "name": "a"}, {"id": "2"}, {"name": "no id"}, "junk"], {0, 1, 2}),
        ({"id": 3, "name": "alone"}, {3}),
        ([], set()),
        ("text", None),
        (b"no json", None),
        ([{"id": number} for number in range(500)], None),
    ],
)
def test_segments_are_read_from_a_list_or_one_alone(body: Any, ids: set[int] | None) -> None:
    assert segment_ids(an_answer(body)) == ids


def test_fields_are_read_wherever_they_stand() -> None:
    books = {
        "addressBook": {
            "addressBookId": 1,
            "fieldGroups": [
                {"name": "personal", "fields": [{"id": 5, "fieldKey": "K5"}, {"id": "6"}]},
                {"fields": {"id": "7", "description": {"fieldType": "text"}}},
            ],
        }
    }

    assert field_ids(an_answer(books)) == frozenset({5, 7})


@pytest.mark.parametrize("answer", [NoAnswer(cause="reset", maybe_sent=True), an_answer([], 403)])
def test_what_is_not_answered_is_not_known(answer: Answer | NoAnswer) -> None:
    assert segment_ids(answer) is None
    assert field_ids(answer) is None
