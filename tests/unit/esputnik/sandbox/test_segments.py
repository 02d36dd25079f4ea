"""Segments: who joins and leaves."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account, refusal, told

ATTACH, DETACH = "/v1/group/5/contacts/attach", "/v1/group/5/contacts/detach"


def members(asker: Asker, segment: int = 5) -> list[int]:
    return [one["id"] for one in told(asker.get(f"/v1/group/{segment}/contacts"))]


def test_contacts_join_by_either_kind_of_id() -> None:
    asker = an_account()
    ann, bob = asker.add(), asker.add(email="bob@example.com", user_id="u-1")

    answer = asker.post(ATTACH, {"contactIds": [ann, str(ann)]})
    asker.post(ATTACH, {"externalCustomerIds": ["u-1"]})

    assert refusal(answer) == (200, "Contacts were attached")
    assert members(asker) == [ann, bob]
    assert asker.state("segments") == {
        "5": {
            "id": 5,
            "name": "Segment 5",
            "type": "Static",
            "contactIds": [ann, bob],
            "externalCustomerIds": ["u-1"],
        }
    }
    assert asker.contact(ann)["groups"] == [{"id": 5, "name": "Segment 5", "type": "Static"}]


def test_contacts_leave_by_their_ids() -> None:
    asker = an_account()
    ann, bob = asker.add(), asker.add(email="bob@example.com", user_id="u-1")
    asker.post(ATTACH, {"contactIds": [ann, bob]})

    answer = asker.post(DETACH, {"externalCustomerIds": ["u-1"]})

    assert refusal(answer) == (200, "Contacts were detached")
    assert members(asker) == [ann]
    assert asker.contact(bob)["groups"] == []
    assert asker.post(DETACH, {"contactIds": [bob]}).status == 200


@pytest.mark.parametrize("body", [None, {}, {"contactIds": []}, {"externalCustomerIds": None}])
def test_a_detach_without_ids_empties_the_segment(body: Any) -> None:
    asker = an_account()
    numbers = [asker.add(email=f"{name}@example.com") for name in "abc"]
    asker.post(ATTACH, {"contactIds": numbers})

    answer = asker.post(DETACH, body)

    assert refusal(answer) == (200, "Contacts were detached")
    assert members(asker) == []
    assert asker.contact(numbers[0])["groups"] == []
    assert asker.post(DETACH, body).status == 200


BOTH = {"contactIds": [1], "externalCustomerIds": ["u-1"]}
EITHER = "Use either contactIds or externalCustomerIds"


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (ATTACH, {}, EITHER),
        (ATTACH, {"contactIds": []}, EITHER),
        (ATTACH, BOTH, EITHER),
        (DETACH, BOTH, EITHER),
        (ATTACH, {"contactIds": 7}, "contactIds must be a list of texts"),
        (ATTACH, {"contactIds": list(range(501))}, "At most 500 contacts are allowed in a request"),
        (DETACH, {"contactIds": list(range(501))}, "At most 500 contacts are allowed in a request"),
        (DETACH, [], "The request body must be a JSON object"),
        (ATTACH, None, "The request body must be a JSON object"),
    ],
)
def test_a_change_that_is_none_is_refused(path: str, body: Any, message: str) -> None:
    assert refusal(an_account().post(path, body)) == (400, message)


def test_too_many_contacts_are_refused_with_the_status_that_is_switched_on() -> None:
    body = {"contactIds": list(range(501))}

    assert an_account(oversized_status=413).post(ATTACH, body).status == 413


def test_contacts_nobody_knows_are_passed_over() -> None:
    asker = an_account()
    dead, ann = asker.add(email="dead@example.com"), asker.add()
    asker.delete(f"/v1/contact/{dead}")

    answer = asker.post(ATTACH, {"contactIds": [1, "x", dead, ann]})

    assert answer.status == 200
    assert members(asker) == [ann]


def test_contacts_nobody_knows_refuse_the_rest_where_that_is_switched_on() -> None:
    asker = an_account(unknown_member="404")
    ann = asker.add()

    refused = asker.post(ATTACH, {"contactIds": [ann, 1]})

    assert refusal(refused) == (404, "Contact not found")
    assert members(asker) == []
    assert asker.post(ATTACH, {"contactIds": [ann]}).status == 200


def test_a_segment_nobody_made_is_not_found() -> None:
    asker = an_account(static_segments=4)
    said = (404, "Group with id='5' not found")

    assert refusal(asker.post(ATTACH, {"contactIds": [1]})) == said
    assert refusal(asker.post(DETACH)) == said
    assert refusal(asker.get("/v1/group/5/contacts")) == said


def test_a_segment_nobody_made_is_made_where_that_is_switched_on() -> None:
    asker = an_account(static_segments=0, unknown_segment="create")

    assert asker.post(ATTACH, {"contactIds": [1]}).status == 200
    assert list(asker.state("segments")) == ["5"]


@pytest.mark.parametrize("kind", ["Dynamic", "Combined"])
def test_only_static_segments_are_changed(kind: str) -> None:
    asker = an_account()
    asker.account.use_segments([{"id": 5, "name": "VIP", "type": kind}])
    said = (400, "Group with id='5' is not static")

    assert refusal(asker.post(ATTACH, {"contactIds": [1]})) == said
    assert refusal(asker.post(DETACH)) == said


def test_segments_are_listed_by_name_and_in_pages() -> None:
    asker = an_account()

    answer = asker.get("/v1/groups", name="segment 1", startindex="2", maxrows="1")

    assert told(answer) == [{"id": 10, "name": "Segment 10", "type": "Static"}]
    assert answer.headers["TotalCount"] == "12"


def test_deleted_contacts_are_in_no_segment() -> None:
    asker = an_account()
    number = asker.add()
    asker.post(ATTACH, {"contactIds": [number]})

    asker.delete(f"/v1/contact/{number}")

    assert members(asker) == []


def test_the_segments_there_are_can_be_told() -> None:
    asker = an_account()
    number = asker.add()
    asker.post(ATTACH, {"contactIds": [number]})

    asker.account.use_segments([{"id": 7}, {"id": 8, "name": "Smart", "type": "Dynamic"}])

    assert told(asker.get("/v1/groups")) == [
        {"id": 7, "name": "Segment 7", "type": "Static"},
        {"id": 8, "name": "Smart", "type": "Dynamic"},
    ]
    assert asker.contact(number)["groups"] == []
    assert set(asker.state("segments")) == {"7", "8"}


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        ({}, "id: Field required"),
        ({"id": 0}, "id: Input should be greater than 0"),
        ({"id": 1, "type": "List"}, "type: Input should be 'Static'"),
        ({"id": 1, "nam": "x"}, r"nam: is not known; did you mean name\?"),
    ],
)
def test_a_segment_that_is_none_is_refused_and_the_old_ones_stay(
    segment: Any, message: str
) -> None:
    asker = an_account(static_segments=1)

    with pytest.raises(ValueError, match=message):
        asker.account.use_segments([{"id": 9}, segment])

    asker.account.reset()
    assert [one["id"] for one in told(asker.get("/v1/groups"))] == [1]


def test_more_segments_are_there_at_once_and_fewer_after_a_reset() -> None:
    asker = an_account(static_segments=1)

    asker.account.change_switches({"static_segments": 3})
    assert len(told(asker.get("/v1/groups"))) == 3

    asker.account.change_switches({"static_segments": 2})
    assert len(told(asker.get("/v1/groups"))) == 3
    asker.account.reset()
    assert len(told(asker.get("/v1/groups"))) == 2


def test_a_new_segment_has_the_next_number() -> None:
    asker = an_account(static_segments=0)

    asker.import_all({"channels": [{"type": "email", "value": "a@b.com"}]}, groupNames=["A", "B"])

    assert {one["name"]: one["id"] for one in told(asker.get("/v1/groups"))} == {"A": 1, "B": 2}
