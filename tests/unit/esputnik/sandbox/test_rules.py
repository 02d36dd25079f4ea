"""What goes wrong by rule."""

from typing import Any

import pytest

from tests.unit.esputnik.sandbox.asking import a_contact, an_account, an_order, refusal, told

INFO = "/v1/account/info"


def ruled(*rules: dict[str, Any], **switches: Any) -> Any:
    asker = an_account(**switches)
    asker.account.faults.rule(rules)
    return asker


def test_a_rule_strikes_the_call_it_names() -> None:
    asker = ruled({"action": "account-info", "status": 503})

    assert asker.get(INFO).status == 503
    assert asker.get("/v1/groups").status == 200


def test_a_rule_strikes_the_path_it_names() -> None:
    asker = ruled({"path": "/v1/contact/7", "status": 410})

    assert asker.get("/v1/contact/7").status == 410
    assert asker.get("/v1/contact/8").status == 404


def test_a_rule_strikes_the_bodies_that_contain_its_text() -> None:
    asker = ruled({"contains": "Львів", "status": 400})

    assert asker.post("/v1/contact", a_contact(firstName="Львів")).status == 400
    assert asker.post("/v1/contact", a_contact(firstName="Lviv")).status == 200


def test_a_rule_strikes_so_often_as_it_says() -> None:
    asker = ruled({"status": 503, "times": 2})

    assert [asker.get(INFO).status for _ in range(3)] == [503, 503, 200]


def test_a_rule_does_nothing_in_place_of_the_work() -> None:
    asker = ruled({"action": "add-contact", "status": 502})

    assert refusal(asker.post("/v1/contact", a_contact())) == (502, "Bad Gateway")
    assert asker.contacts() == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"status": 200, "text": "<html>"}, (200, "<html>")),
        ({"status": 200}, (200, "")),
        ({"status": 400, "text": ""}, (400, "")),
        ({"status": 401}, (401, '{"status":401,"message":"Unauthorized"}')),
        ({"status": 520}, (520, "")),
    ],
)
def test_a_rule_tells_the_text_or_leaves_it_to_the_account(
    rule: dict[str, Any], said: tuple[int, str]
) -> None:
    assert refusal(ruled(rule).get(INFO)) == said


def test_a_rule_tells_headers() -> None:
    asker = ruled({"status": 429, "headers": {"Retry-After": "9"}}, retry_after=1)

    assert asker.get(INFO).headers["Retry-After"] == "9"


def test_a_rule_slows_and_resets() -> None:
    before = ruled({"reset": "before", "delay": 2}).get(INFO)
    after = ruled({"reset": "after", "delay": 0.5}).get(INFO)

    assert (before.delay, before.is_dropped, before.body) == (2.0, True, b"")
    assert (after.delay, after.is_dropped) == (0.5, True)
    assert after.body != b""


def test_a_rule_lets_an_import_fail() -> None:
    asker = ruled({"import": "error", "contains": "ann@"})
    bad = asker.start_import(a_contact("ann@example.com"))["asyncSessionId"]
    good = asker.start_import(a_contact("bob@example.com"))["asyncSessionId"]

    asker.pass_time()

    failed = asker.status_of(bad)
    assert (failed["status"], failed["description"]) == ("ERROR", "The import failed")
    assert asker.status_of(good)["status"] == "FINISHED"


def test_a_rule_lets_items_fail_by_their_text() -> None:
    asker = ruled({"contains": "o-2", "item_error": "Bad luck"})

    answer = told(
        asker.post("/v1/orders", {"orders": [an_order(), an_order(externalOrderId="o-2")]})
    )

    assert answer["failedOrders"]["error"] == "Bad luck"
    assert answer["failedOrders"]["order"]["externalOrderId"] == "o-2"
    assert list(asker.state("orders")) == ["o-1"]


def test_a_rule_lets_an_import_lose_items_without_a_word() -> None:
    asker = ruled({"contains": "bob", "item_lost": True})

    mapping = asker.import_all(a_contact("ann@example.com"), a_contact("bob@example.com"))

    assert [one["dedupeValue"] for one in mapping] == ["ann@example.com"]
    assert len(asker.contacts()) == 1


def test_rules_and_chance_come_together() -> None:
    asker = an_account(faults={"slow": 1.0})
    asker.account.faults.rule(
        [
            {"status": 500, "delay": 3},
            {"status": 503, "text": "Later"},
            {"contains": "a", "item_error": "x"},
        ]
    )

    answer = asker.get(INFO)

    assert (answer.status, answer.body, answer.delay) == (503, b"Later", 3.0)


def test_rules_are_shown_with_how_often_they_are_still_to_strike() -> None:
    asker = ruled({"status": 503, "times": 2}, {"import": "stuck"})

    asker.get(INFO)

    assert asker.account.faults.shown() == {
        "faults": {},
        "rules": [{"status": 503, "times": 1}, {"import": "stuck"}],
    }


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("status", "Input should be a valid dictionary"),
        ({"state": 1}, r"state: is not known; did you mean status\?"),
        ({"action": "add-ordrs"}, r"action: add-ordrs is not a call; did you mean add-orders\?"),
        ({"status": 99}, "status: Input should be greater than or equal to 200"),
        ({"status": 600}, "status: Input should be less than 600"),
        ({"status": "500"}, "status: Input should be a valid integer"),
        ({"times": -1}, "times: Input should be greater than or equal to 0"),
        ({"delay": float("inf")}, "delay: Input should be a finite number"),
        ({"headers": {"A": 1}}, r"headers\.A: Input should be a valid string"),
        ({"reset": "now"}, "reset: Input should be 'before' or 'after'"),
        ({"import": "lost"}, "import: Input should be 'error' or 'stuck'"),
    ],
)
def test_a_rule_that_is_none_is_refused_and_the_old_ones_stay(rule: Any, message: str) -> None:
    asker = ruled({"status": 503})

    with pytest.raises(ValueError, match=message):
        asker.account.faults.rule([{"status": 500}, rule])

    assert asker.get(INFO).status == 503
