"""A small story and what a faultless performance of it would show."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from consumer.deadletters.letter import Burial, DeadLetter, letter, read_letter
from consumer.record import Record
from demo.events import Story
from demo.figures import Figures
from demo.model import Expected, Order
from demo.report import Performance
from demo.sample import SKIPPED, Sample
from esputnik.call import Action
from tests.builders import a_record


def a_sample(**changes: Any) -> Sample:
    given: dict[str, Any] = {
        "wave": 1,
        "type": "order.changed",
        "topic": "orders",
        "key": b"k",
        "value": b"{}",
    }
    return Sample(**(given | changes))


def a_letter(
    record: Record, reason: str = "schema.enum", action: Action | None = None
) -> DeadLetter:
    """The letter of a record, written and read again."""
    burial = Burial(record=record, reason=reason, action=action)
    now = datetime(2026, 1, 31, tzinfo=UTC)
    written = letter(burial, group="g", cluster="main", version="1", now=now)
    read = read_letter(
        a_record(key=written.key, value=written.value, headers=written.headers, topic="dead")
    )
    assert isinstance(read, DeadLetter)
    return read


def some_expectations() -> Expected:
    """One of each kind of thing."""
    told = Expected()
    told.tell_contact("u1", {"email": "ann@example.com", "town": "Lviv"}, {17: "gold"}, ["New"])
    told.subscribe("u1", "news", joins=True)
    told.join(5, ["u1"])
    told.guests.add("guest@example.net")
    told.orders["o1"] = Order(status="DELIVERED", total="10.50", currency="UAH", items=1)
    told.unsubscribed.add("ann@example.com")
    told.register_token("u1", "tok-1")
    told.domains.add("shop.example.com")
    told.webpush_domains.add("https://shop.example.com")
    told.inbox["Offer"] = frozenset({"uk"})
    told.events["seen"] += 2
    told.sends[7, "u1"] += 1
    told.sends[7, "ann@example.com"] += 1
    return told


def a_state() -> dict[str, Any]:
    """The same account as the sandbox shows it."""
    nobody: dict[str, Any] = {"deleted": False, "fields": [], "groups": [], "subscriptions": []}
    ann = nobody | {
        "externalCustomerId": "u1",
        "channels": [
            {"type": "email", "value": "ann@example.com"},
            {"type": "mobilepush", "value": "tok-1"},
        ],
        "address": {"town": "Lviv"},
        "fields": [{"id": 17, "value": "gold"}],
        "groups": [{"name": "New"}, {"name": "Segment 5"}, {"name": "news"}],
        "subscriptions": ["news"],
    }
    guest = nobody | {"channels": [{"type": "email", "value": "guest@example.net"}]}
    gone = nobody | {"externalCustomerId": "u2", "channels": [], "deleted": True}
    return {
        "contacts": [ann, guest, gone],
        "orders": {
            "o1": {"status": "DELIVERED", "totalCost": 10.5, "currency": "UAH", "items": [{}]}
        },
        "unsubscribed": ["ann@example.com"],
        "tokens": [{"token": "tok-1", "active": True, "externalCustomerId": "u1"}],
        "domain": "shop.example.com",
        "webpush_domains": [{"domain": "https://shop.example.com"}],
        "inbox_messages": [{"name": "Offer", "translations": {"uk": {}}}],
        "events": [{"eventTypeKey": "seen"}, {"eventTypeKey": "seen"}],
        "sent": [
            {"messageId": 7, "externalCustomerId": "u1"},
            {"messageId": 7, "locator": "ann@example.com"},
        ],
    }


BAD = a_sample(verdict="schema.enum", value=b'{"bad":1}')


def a_story() -> Story:
    """Three events: applied, skipped, buried."""
    samples = (a_sample(), a_sample(value=None, verdict=SKIPPED), BAD)
    return Story(samples=samples, expected=some_expectations())


def some_figures() -> Figures:
    figures = Figures(records=3, delivered=1, skipped=1, letters=Counter({"schema.enum": 1}))
    figures.calls["add-orders"]["200"] = 1
    return figures


def a_performance(**changes: Any) -> Performance:
    """A faultless one."""
    given: dict[str, Any] = {
        "seconds": 2.0,
        "figures": some_figures(),
        "state": a_state(),
        "letters": [a_letter(a_record(topic="orders", value=BAD.value))],
        "lag": 0,
        "exit_code": 0,
    }
    return Performance(**(given | changes))
