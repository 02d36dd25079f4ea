from esputnik.call import Action
from esputnik.filling import blanks, fill, fill_call, steps
from esputnik.requests import ADD_UNSUBSCRIBED as UNSUBSCRIBED
from tests.builders import ORDERS, a_call, a_request, an_item


def test_what_was_learned_fills_the_path_percent_encoded() -> None:
    request = a_request(path="/v1/messages/appinbox/{id}/uk", body=None)

    assert fill(request, {"id": "7/8"}).path == "/v1/messages/appinbox/7%2F8/uk"


def test_what_was_learned_fills_the_body_as_a_json_string() -> None:
    request = a_request(action=Action.ADD_UNSUBSCRIBED, body=b'{"emails":["{email}"]}')

    assert fill(request, {"email": 'a"b@x.com'}).body == b'{"emails":["a\\"b@x.com"]}'


def test_an_id_is_filled_in_as_a_number() -> None:
    request = a_request(action=Action.ATTACH_CONTACTS, body=b'{"contactIds":["{id}"]}')

    assert fill(request, {"id": "42"}).body == b'{"contactIds":[42]}'


def test_what_a_person_wrote_is_never_taken_for_a_blank() -> None:
    request = a_request(action=Action.TRANSLATE_INBOX_MESSAGE, body=b'{"title":"{id}"}')

    assert fill(request, {"id": "42"}).body == b'{"title":"{id}"}'
    assert blanks(a_call(request=request)) == frozenset()


def test_what_is_still_unknown_is_named() -> None:
    body = b'{"subscriptions":"{subscriptions}"}'
    request = a_request(action=Action.SET_SUBSCRIPTIONS, path="/v1/contact/{id}/x", body=body)
    call = a_call(action=Action.SET_SUBSCRIPTIONS, request=request)

    assert blanks(call) == {"id", "subscriptions"}
    assert blanks(an_item(UNSUBSCRIBED, b'"{email}"')) == {"email"}


def test_an_item_of_a_bulk_request_is_filled_too() -> None:
    call = fill_call(an_item(UNSUBSCRIBED, b'"{email}"'), {"email": "ann@x.com"})

    assert call.item == b'"ann@x.com"'


def test_a_subscription_is_added_to_those_held() -> None:
    body = b'{"subscriptions":"{subscriptions}"}'
    call = a_call(
        request=a_request(action=Action.SET_SUBSCRIPTIONS, body=body), subscription=("news", True)
    )

    filled = fill_call(call, {"subscriptions": '["a","b"]'}).request

    assert filled is not None
    assert filled.body == b'{"subscriptions":["a","b","news"]}'


def test_a_subscription_is_taken_from_those_held() -> None:
    body = b'{"subscriptions":"{subscriptions}"}'
    call = a_call(
        request=a_request(action=Action.SET_SUBSCRIPTIONS, body=body), subscription=("a", False)
    )

    filled = fill_call(call, {"subscriptions": '["a","b"]'}).request

    assert filled is not None
    assert filled.body == b'{"subscriptions":["b"]}'


def test_the_steps_of_a_call_are_its_look_ups_and_then_itself() -> None:
    lookup = a_request(action=Action.FIND_CONTACT, method="GET", path="/v1/contacts", body=None)
    call = an_item(lookups=(lookup,))

    first, last = steps(call)

    assert (first.action, first.request, first.shape) == (Action.FIND_CONTACT, lookup, None)
    assert (last.shape, last.lookups, last.key) == (ORDERS, (), call.key)
    assert first.lanes == last.lanes
