"""What an account shows of itself, and how it is changed from outside."""

import pytest

from esputnik.sandbox.overview import CONTROL, overview
from tests.unit.esputnik.sandbox.asking import a_contact, an_account, an_order, told

PARTS = (
    "summary",
    "contacts",
    "orders",
    "events_raised",
    "unsubscribed",
    "segments",
    "tokens",
    "domain",
    "webpush_domains",
    "inbox_messages",
    "sent",
    "events",
    "past_events",
    "imports",
    "requests",
    "executions",
)


def test_the_parts_of_the_state_are_always_there_and_in_order() -> None:
    assert tuple(an_account().account.state()) == PARTS


def test_the_summary_counts_everything() -> None:
    asker = an_account()
    number = asker.add()
    asker.add(email="bob@example.com")
    asker.delete(f"/v1/contact/{number}")
    asker.post("/v1/orders", {"orders": [an_order(), an_order(externalOrderId="o-2")]})

    summary = asker.state("summary")

    assert (summary["contacts"], summary["deleted_contacts"]) == (3, 1)
    assert (summary["orders"], summary["events_raised"], summary["requests"]) == (2, 2, 4)


def test_the_overview_is_for_a_person() -> None:
    asker = an_account()
    asker.post("/v1/contact", a_contact())
    asker.post("/v1/contact", a_contact())

    page = overview(asker.account.state())

    assert "  contacts                 1\n" in page
    assert "  add-contact                 200: 1  409: 1\n" in page
    assert page.endswith(CONTROL)


def test_the_overview_of_an_account_that_was_asked_nothing() -> None:
    assert "  none yet\n" in overview(an_account().account.state())


def test_a_reset_forgets_what_the_account_holds() -> None:
    asker = an_account()
    session = asker.start_import(a_contact())["asyncSessionId"]
    asker.pass_time()

    asker.account.reset()

    assert (asker.contacts(), asker.account.requests()) == ([], [])
    assert asker.get(f"/v1/importstatus/{session}").status == 404


def test_a_reset_keeps_switches_segments_faults_and_rules() -> None:
    asker = an_account(faults={"late": 1.0})
    asker.account.use_segments([{"id": 7, "name": "VIP"}])
    asker.account.faults.rule([{"action": "account-info", "status": 503}])
    asker.account.change_switches({"ids_as_strings": True})

    asker.account.reset()

    assert told(asker.get("/v1/groups")) == [{"id": 7, "name": "VIP", "type": "Static"}]
    assert asker.get("/v1/account/info").status == 503
    assert asker.get("/v1/groups").is_dropped
    assert isinstance(told(asker.post("/v1/contact", a_contact()))["id"], str)


def test_a_reset_account_is_the_same_as_a_new_one() -> None:
    asker, other = an_account(seed=5), an_account(seed=5)
    asker.start_import(a_contact())
    asker.account.reset()

    assert asker.start_import(a_contact()) == other.start_import(a_contact())


def test_an_account_has_its_own_switches() -> None:
    first = an_account()
    second = an_account()

    first.account.change_switches({"forbidden": ["account-info"]})

    assert first.get("/v1/account/info").status == 403
    assert second.get("/v1/account/info").status == 200


def test_a_switch_that_is_refused_changes_nothing() -> None:
    asker = an_account()

    with pytest.raises(ValueError, match="retry_aftr"):
        asker.account.change_switches({"forbidden": ["account-info"], "retry_aftr": 1})

    assert asker.get("/v1/account/info").status == 200
