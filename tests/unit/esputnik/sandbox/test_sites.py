"""Domains for web tracking and web push."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import Asker, an_account, refusal, told

DOMAINS = "/v1/site/domains"
WEBPUSH, WEBPUSH_LIST = "/v1/site/webpush/domain", "/v1/site/webpush/domains"


def add(asker: Asker, domain: Any) -> Any:
    return asker.post(DOMAINS, {"domain": domain})


def test_a_domain_is_made_once_and_there_ever_after() -> None:
    asker = an_account()

    first, second = add(asker, "https://Shop.Example.com/x"), add(asker, "shop.example.com")

    assert (first.status, second.status) == (201, 200)
    assert told(first) == told(second) == {"domain": "shop.example.com", "siteId": "8A412DC"}
    assert told(asker.get(DOMAINS)) == [{"domain": "shop.example.com"}]
    assert asker.state("domain") == "shop.example.com"


def test_an_account_has_one_domain() -> None:
    asker = an_account()
    add(asker, "a.example.com")

    assert refusal(add(asker, "b.example.com")) == (400, "Domain is already registered")


@pytest.mark.parametrize("domain", ["", None, "shop", "a b.com", "https://", "http://[", "."])
def test_what_is_no_domain_is_refused(domain: Any) -> None:
    assert refusal(add(an_account(), domain)) == (400, "Invalid domain name")


def test_a_domain_on_this_machine_will_do() -> None:
    assert add(an_account(), "http://localhost:3000").status == 201


def test_the_domain_of_somebody_else_is_refused_and_so_is_one_out_of_reach() -> None:
    asker = an_account(taken=["taken.com"], unreachable=["far.com"])

    assert refusal(add(asker, "taken.com")) == (400, "Domain is already registered")
    assert refusal(add(asker, "far.com")) == (400, "Domain can't be reached")
    assert told(asker.get(DOMAINS)) == []


def test_the_script_is_a_text_and_needs_a_domain() -> None:
    asker = an_account()
    assert refusal(asker.get("/v1/site/script")) == (404, "Domain not found")
    add(asker, "a.example.com")

    answer = asker.get("/v1/site/script")

    assert answer.headers["content-type"].startswith("text/plain")
    assert b"a.example.com" in answer.body


# -- web push -------------------------------------------------------------------------------


def a_site(domain: Any = "https://shop.example.com", **more: Any) -> dict[str, Any]:
    return {
        "domain": domain,
        "serviceWorkerName": "sw.js",
        "serviceWorkerPath": "/push/",
        "serviceWorkerScope": "/push/",
    } | more


def test_a_domain_for_web_push_is_registered() -> None:
    asker = an_account()

    said = told(asker.post(WEBPUSH, a_site()))

    assert said == {"success": {"domain": "https://shop.example.com", "status": "OK"}}
    assert told(asker.get(WEBPUSH_LIST)) == [a_site()]
    assert asker.state("webpush_domains") == [a_site()]


def test_an_account_has_many_domains_for_web_push() -> None:
    asker = an_account(webpush_status="DONE")
    asker.post(WEBPUSH, a_site("a.example.com"))

    said = told(asker.post(WEBPUSH, a_site("b.example.com")))

    assert said["success"]["status"] == "DONE"
    assert len(asker.state("webpush_domains")) == 2


@pytest.mark.parametrize(
    ("domain", "message"),
    [
        ("shop.example.com", "Domain is already registered"),
        ("taken.com", "Domain is already registered"),
        ("far.com", "Domain can't be reached"),
    ],
)
def test_a_refusal_of_web_push_comes_inside_a_success(domain: str, message: str) -> None:
    asker = an_account(taken=["taken.com"], unreachable=["far.com"])
    asker.post(WEBPUSH, a_site())

    answer = asker.post(WEBPUSH, a_site(domain))

    assert told(answer) == {"errors": {"domain": domain, "message": message}}


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ({"domain": ""}, "Invalid domain name"),
        ({"domain": "http://shop.example.com"}, "Invalid domain name"),
        ({"serviceWorkerName": "sw"}, "serviceWorkerName must be the name of a .js file"),
        ({"serviceWorkerPath": "push/"}, "serviceWorkerPath and serviceWorkerScope must start"),
        ({"serviceWorkerScope": "/push"}, "serviceWorkerPath and serviceWorkerScope must start"),
        ({"serviceWorkerScope": None}, "serviceWorkerPath and serviceWorkerScope must start"),
        ({"serviceWorkerScope": "/x/"}, "serviceWorkerPath and serviceWorkerScope must share"),
    ],
)
def test_a_site_that_is_none_is_refused(site: dict[str, Any], message: str) -> None:
    status, text = refusal(an_account().post(WEBPUSH, a_site(**site)))

    assert (status, text.startswith(message)) == (400, True)


@pytest.mark.parametrize("scope", ["/", "/push/inner/"])
def test_path_and_scope_share_a_base(scope: str) -> None:
    assert "success" in told(an_account().post(WEBPUSH, a_site(serviceWorkerScope=scope)))


def test_the_call_of_before_2026_takes_a_list() -> None:
    asker = an_account(taken=["taken.com"])

    said = told(
        asker.post(
            WEBPUSH_LIST, {"domains": [a_site("a.com"), a_site("b.com"), a_site("taken.com")]}
        )
    )

    assert [one["domain"] for one in said["success"]] == ["a.com", "b.com"]
    assert said["errors"] == {"domain": "taken.com", "message": "Domain is already registered"}


def test_a_domain_for_web_push_is_taken_away() -> None:
    asker = an_account()
    asker.post(WEBPUSH, a_site())

    answer = asker.delete(WEBPUSH_LIST, domain="https://shop.example.com")

    assert (answer.status, answer.body) == (200, b"")
    assert refusal(asker.delete(WEBPUSH_LIST, domain="shop.example.com")) == (
        404,
        "Domain not found",
    )
    assert asker.delete(WEBPUSH_LIST).status == 404
