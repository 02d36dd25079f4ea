"""Imports: what is said at once, and what becomes of them."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import a_contact, an_account, refusal, told


def test_an_import_is_taken_at_once_and_applied_later() -> None:
    asker = an_account(import_seconds=3, import_spread=0)

    said = asker.start_import(a_contact())

    assert said == {"id": 0, "asyncSessionId": said["asyncSessionId"]}
    seen = []
    for _ in range(4):
        status = asker.status_of(said["asyncSessionId"])
        seen.append((status["status"], len(asker.contacts()), "mapping" in status))
        asker.pass_time(1)
    assert seen == [
        ("STARTED", 0, False),
        ("IMPORTING", 0, False),
        ("IMPORTING", 0, False),
        ("FINISHED", 1, True),
    ]


def test_a_status_has_the_time_of_its_last_change() -> None:
    asker = an_account(import_seconds=3, import_spread=0)
    session = asker.start_import(a_contact())["asyncSessionId"]
    assert asker.status_of(session)["timestamp"] == "2025-11-24T16:00:00+00:00"

    asker.pass_time(100)

    assert asker.status_of(session)["timestamp"] == "2025-11-24T16:00:03+00:00"


def test_a_finished_import_maps_what_contacts_are_found_by() -> None:
    asker = an_account()
    number = asker.add(email="ann@example.com")

    mapping = asker.import_all(
        a_contact("ANN@example.com"), a_contact(None, user_id="u-1"), a_contact("bob@example.com")
    )

    assert mapping == [
        {"dedupeValue": "ANN@example.com", "contactId": number},
        {"dedupeValue": "u-1", "contactId": number + 1},
        {"dedupeValue": "bob@example.com", "contactId": number + 2},
    ]


def test_an_import_tells_no_mapping_where_that_is_switched_off() -> None:
    asker = an_account(mapping="none")

    assert asker.import_all(a_contact()) is None
    assert len(asker.contacts()) == 1


def test_imports_end_in_another_order_than_they_came() -> None:
    asker = an_account(import_spread=5)
    sessions = [
        asker.start_import(a_contact(firstName=name))["asyncSessionId"] for name in ("Ann",) * 30
    ]

    asker.pass_time(100)

    ended = sorted(sessions, key=lambda one: str(asker.status_of(one)["timestamp"]))
    assert ended != sessions


def test_an_import_that_was_sent_first_may_win() -> None:
    def last_name(seed: int) -> str:
        asker = an_account(seed=seed, import_spread=5)
        for name in ("Old", "New"):
            asker.start_import(a_contact(firstName=name))
        asker.pass_time(100)
        return str(asker.contacts()[0]["firstName"])

    assert {last_name(seed) for seed in range(8)} == {"Old", "New"}


def test_the_same_seed_brings_the_same_sessions() -> None:
    first, second, third = an_account(seed=1), an_account(seed=1), an_account(seed=2)

    assert first.start_import(a_contact()) == second.start_import(a_contact())
    assert first.start_import(a_contact()) != third.start_import(a_contact())


def test_the_state_shows_imports_with_how_many_contacts_they_took() -> None:
    asker = an_account()
    session = asker.start_import(a_contact(), a_contact("bad"))["asyncSessionId"]

    assert asker.state("imports") == {session: {"status": "STARTED", "contacts": 1}}
    asker.pass_time()
    assert asker.state("imports") == {session: {"status": "FINISHED", "contacts": 1}}


def test_a_session_nobody_knows_is_not_found() -> None:
    said = (404, "Import session not found")

    assert refusal(an_account().get("/v1/importstatus/s")) == said
    assert an_account(unknown_session=400).get("/v1/importstatus/s").status == 400


# -- refused at once ------------------------------------------------------------------------


def test_one_contact_with_a_fault_comes_as_a_bare_object() -> None:
    bad = a_contact("bad", firstName="Ann")

    said = an_account().start_import(a_contact(), bad)

    assert said["failedContacts"] == bad | {"error": "'bad' is not valid email"}
    assert said["asyncSessionId"]


def test_several_contacts_with_a_fault_come_as_a_list_and_the_rest_is_applied() -> None:
    asker = an_account()

    said = asker.start_import(a_contact("bad"), a_contact(), a_contact(firstName="A_B"))

    assert [one["error"] for one in said["failedContacts"]] == [
        "'bad' is not valid email",
        "firstName is not valid",
    ]
    asker.pass_time()
    assert len(asker.contacts()) == 1


def test_a_contact_with_a_fault_refuses_all_where_that_is_switched_on() -> None:
    asker = an_account(bad_item="400")
    body = {"contacts": [a_contact(), a_contact("bad")], "dedupeOn": "email"}

    assert refusal(asker.post("/v1/contacts", body)) == (400, "'bad' is not valid email")
    assert asker.state("imports") == {}


@pytest.mark.parametrize(
    ("dedupe", "contact"),
    [
        ("email", a_contact(None, "380671234567")),
        ("sms", a_contact()),
        ("push", a_contact()),
        ("email_or_sms", a_contact(None)),
        ("id", a_contact()),
        ("externalCustomerId", a_contact()),
        ("fieldId", a_contact()),
    ],
)
def test_a_contact_needs_what_contacts_are_found_by(dedupe: str, contact: Any) -> None:
    said = an_account().start_import(contact, dedupeOn=dedupe, fieldId=1)

    assert said["failedContacts"]["error"] == f"{dedupe} is required to find the contact"


def test_a_contact_with_an_external_id_needs_nothing_else() -> None:
    said = an_account().start_import(a_contact(None, user_id="u-1"), dedupeOn="email")

    assert "failedContacts" not in said


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"contacts": []}, "contacts must not be empty"),
        ({"contacts": {}}, "contacts must not be empty"),
        ({"contacts": ["a"]}, "contacts must hold objects"),
        ({"dedupeOn": "name"}, "dedupeOn is not valid"),
        ({"dedupeOn": ["email"]}, "dedupeOn is not valid"),
        ({"dedupeOn": "fieldId"}, "fieldId is required"),
        ({"dedupeOn": "fieldId", "fieldId": 1001}, "fieldId is required"),
        ({"contactFields": ["name"]}, "contactFields names an unknown field"),
        ({"contactFields": "email"}, "contactFields must be a list of texts"),
        ({"customFieldsIDs": [1001]}, "customFieldsIDs names an unknown field"),
        ({"customFieldsIDs": ["x"]}, "customFieldsIDs names an unknown field"),
        ({"groupNames": [None]}, "groupNames must be a list of texts"),
        (
            {"eventKeyForNewContacts": "x" * 101},
            "eventKeyForNewContacts must have 1 to 100 characters",
        ),
        ({"eventKeyForNewContacts": "a/b"}, "eventKeyForNewContacts holds a forbidden character"),
    ],
)
def test_an_import_that_is_none_is_refused(body: dict[str, Any], message: str) -> None:
    given = {"contacts": [a_contact()], "dedupeOn": "email"} | body

    assert refusal(an_account().post("/v1/contacts", given)) == (400, message)


def test_an_import_has_at_most_three_thousand_contacts() -> None:
    body = {"contacts": [a_contact()] * 3001, "dedupeOn": "email"}

    refused = an_account().post("/v1/contacts", body)

    assert refusal(refused) == (400, "contacts: at most 3000 are allowed in a request")
    assert an_account(oversized_status=413).post("/v1/contacts", body).status == 413


def test_unknown_fields_of_an_import_are_ignored_where_that_is_switched_on() -> None:
    asker = an_account(unknown_field="ignore")
    fields = [{"id": 1, "value": "x"}, {"id": 2000, "value": "y"}]

    asker.import_all(a_contact(fields=fields), customFieldsIDs=[1, 2000])

    assert asker.contacts()[0]["fields"] == [{"id": 1, "value": "x"}]


def test_unknown_groups_refuse_an_import_where_that_is_switched_on() -> None:
    asker = an_account(unknown_group="400")
    body = {"contacts": [a_contact()], "dedupeOn": "email"}

    refused = asker.post("/v1/contacts", body | {"groupNames": ["Segment 1", "News"]})

    assert refusal(refused) == (400, "groupNames names an unknown group")
    assert told(asker.post("/v1/contacts", body | {"groupNames": ["Segment 1"]}))


def test_the_same_import_twice_is_no_duplicate() -> None:
    asker = an_account()
    asker.start_import(a_contact())

    assert asker.start_import(a_contact())["asyncSessionId"]


def test_an_item_of_a_rule_is_refused_only_if_nothing_else_is_wrong_with_it() -> None:
    asker = an_account()
    asker.account.faults.rule([{"contains": "@", "item_error": "Bad luck"}])

    said = asker.start_import(a_contact(), a_contact("bad@"))

    assert [one["error"] for one in said["failedContacts"]] == [
        "Bad luck",
        "'bad@' is not valid email",
    ]
