import orjson
import pytest

from esputnik import requests
from esputnik.call import Action, Repeat
from tests.builders import the_call


@pytest.mark.parametrize(
    ("domain", "lane", "mark"),
    [
        ("Shop.example.com", "d:shop.example.com", "domain:shop.example.com"),
        (
            "https://shop.example.com/",
            "d:https://shop.example.com/",
            "domain:https://shop.example.com",
        ),
    ],
)
def test_a_site_is_registered(domain: str, lane: str, mark: str) -> None:
    call = the_call("site.registered", {"domain": domain})

    assert call.request == requests.add_domain(domain)
    assert (call.action, call.intent, call.repeat) == (
        Action.ADD_DOMAIN,
        "site.register",
        Repeat.SAFE,
    )
    assert (call.lanes, set(call.marks), call.confirm) == ((lane,), {mark}, None)


def test_a_refused_web_push_site_is_looked_for_in_our_own_list() -> None:
    call = the_call(
        "webpush_site.registered",
        {
            "domain": "https://shop.example.com",
            "service_worker_name": "push.js",
            "service_worker_path": "/sw/",
            "service_worker_scope": "/",
        },
    )

    assert call.request is not None
    assert orjson.loads(call.request.body or b"") == {
        "domain": "https://shop.example.com",
        "serviceWorkerName": "push.js",
        "serviceWorkerPath": "/sw/",
        "serviceWorkerScope": "/",
    }
    assert call.confirm == requests.list_webpush_domains()
    assert (call.intent, call.repeat) == ("webpush.register", Repeat.SAFE)
    assert call.lanes == ("d:https://shop.example.com",)
    assert call.marks == {"domain:https://shop.example.com"}
