import pytest

from esputnik.call import Action, Repeat
from tests.builders import mapped

JOINED, LEFT = "segment.joined", "segment.left"


@pytest.mark.parametrize(
    ("kind", "action", "path", "intent"),
    [
        (JOINED, Action.ATTACH_CONTACTS, "/v1/group/7/contacts/attach", "segment.join"),
        (LEFT, Action.DETACH_CONTACTS, "/v1/group/7/contacts/detach", "segment.leave"),
    ],
)
def test_each_member_is_a_call_in_its_own_lane(
    kind: str, action: Action, path: str, intent: str
) -> None:
    calls = mapped(kind, {"segment_id": 7, "user_ids": ["42", "43"]}).calls

    assert [call.slot for call in calls] == ["42", "43"]
    assert [call.lanes for call in calls] == [("u:42",), ("u:43",)]
    assert [call.item for call in calls] == [b'"42"', b'"43"']
    for call in calls:
        assert call.shape is not None
        assert (call.action, call.shape.path, call.intent) == (action, path, intent)
        assert b'"externalCustomerIds"' in call.shape.head
        assert (call.repeat, call.request) == (Repeat.SAFE, None)


@pytest.mark.parametrize("kind", [JOINED, LEFT])
def test_members_by_the_vendors_ids_are_told_apart_from_ours(kind: str) -> None:
    (call,) = mapped(kind, {"segment_id": 7, "contact_ids": [42], "user_ids": None}).calls

    assert call.shape is not None
    assert b'"contactIds"' in call.shape.head
    assert (call.item, call.lanes, call.slot) == (b"42", ("c:42",), "42")


def test_who_is_named_twice_is_told_once() -> None:
    assert len(mapped(JOINED, {"segment_id": 7, "user_ids": ["42", "42"]}).calls) == 1
