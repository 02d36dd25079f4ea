"""What an account tells of what it was asked."""

import pytest

from esputnik.sandbox.journal import Journal
from esputnik.sandbox.wire import SandboxRequest
from tests.unit.esputnik.sandbox.asking import START, a_contact, an_account, an_order


def a_request(body: bytes = b"") -> SandboxRequest:
    return SandboxRequest(method="POST", path="/v1/orders", body=body)


def test_a_request_is_shown_as_it_came() -> None:
    asker = an_account()

    asker.ask("POST", "/v1/contact", a_contact(), key="es1-a")

    assert asker.account.requests() == [
        {
            "at": START,
            "action": "add-contact",
            "method": "POST",
            "path": "/v1/contact",
            "query": {},
            "body": a_contact(),
            "status": 200,
            "idempotency_key": "es1-a",
        }
    ]


def test_queries_empty_bodies_and_broken_ones_are_shown_too() -> None:
    asker = an_account()
    asker.get("/v1/contacts", email="a@b.com")
    asker.post("/v1/orders", b"{\xff")

    search, broken = asker.account.requests()

    assert (search["query"], search["body"]) == ({"email": "a@b.com"}, None)
    assert (broken["body"], broken["status"]) == ("{\ufffd", 400)


def test_a_path_that_is_none_is_counted_as_unknown() -> None:
    asker = an_account()
    asker.get("/v1/nothing")
    asker.get("/v1/groups")

    assert asker.state("requests") == {"unknown": {"404": 1}, "list-segments": {"200": 1}}


def test_a_reset_request_has_no_status() -> None:
    asker = an_account(faults={"reset": 1.0})
    asker.get("/v1/groups")

    assert asker.account.requests()[0]["status"] is None


def test_requests_are_chosen_by_call_status_and_number() -> None:
    asker = an_account()
    for number in range(3):
        asker.get(f"/v1/contact/{number}")
    asker.get("/v1/groups")

    def paths(**query: str) -> list[str]:
        return [one["path"] for one in asker.account.requests(query)]

    assert paths(action="list-segments") == ["/v1/groups"]
    assert paths(status="404", last="2") == ["/v1/contact/1", "/v1/contact/2"]
    assert paths(last="0") == []
    assert len(paths(last="99")) == 4


@pytest.mark.parametrize(
    ("query", "message"),
    [({"limit": "1"}, "limit: write action, status or last"), ({"last": "x"}, "last: must be")],
)
def test_a_choice_that_is_none_is_refused(query: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        an_account().account.requests(query)


def test_only_the_last_requests_are_kept() -> None:
    journal = Journal(kept=2)

    for status in (200, 201, 202):
        journal.note("add-orders", a_request(), status, 0.0)

    assert [one["status"] for one in journal.views({})] == [201, 202]
    assert journal.counts["add-orders"].total() == 3


def test_only_so_many_bytes_of_bodies_are_kept() -> None:
    journal = Journal(kept_bytes=10)

    for size in (6, 4, 1, 11, 3):
        journal.note("add-orders", a_request(b"x" * size), 200, 0.0)

    assert [len(one["body"]) for one in journal.views({})] == [3]


def test_work_is_counted_by_its_key_when_it_is_done() -> None:
    asker = an_account()
    for _ in range(2):
        asker.ask("POST", "/v1/orders", {"orders": [an_order()]}, key="es1-a")
    asker.ask("POST", "/v1/orders", {"orders": []}, key="es1-b")
    asker.post("/v1/orders", {"orders": [an_order()]})

    assert asker.state("executions") == {"es1-a": 2}
