"""Builders with defaults: a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from consumer.job import Job
from consumer.record import Record
from esputnik.call import Action, Call, Repeat, Request, Shape
from handlers.mapped import Event, Mapped, Options
from handlers.routes import ROUTES
from schemas.base import Valid, validate

IMPORT = Shape(
    action=Action.BULK_CONTACTS,
    path="/v1/contacts",
    head=b'{"contacts":[',
    tail=b'],"dedupeOn":"email","contactFields":["email"],"restoreDeleted":false}',
    max_items=3000,
    is_import=True,
)
ORDERS = Shape(
    action=Action.ADD_ORDERS, path="/v1/orders", head=b'{"orders":[', tail=b"]}", max_items=1000
)


def a_record(**changes: Any) -> Record:
    given: dict[str, Any] = {
        "topic": "users",
        "partition": 0,
        "offset": 0,
        "timestamp": 1_700_000_000_000,
        "key": b"k",
        "value": b"{}",
        "headers": (),
    }
    return Record(**(given | changes))


def a_request(**changes: Any) -> Request:
    given: dict[str, Any] = {
        "action": Action.ADD_CONTACT,
        "method": "POST",
        "path": "/v1/contact",
        "body": b"{}",
    }
    return Request(**(given | changes))


def a_call(**changes: Any) -> Call:
    """A call with a request of its own."""
    given: dict[str, Any] = {
        "action": Action.ADD_CONTACT,
        "intent": "contact.upsert",
        "repeat": Repeat.SAFE,
        "identity": "id:\0a",
        "lanes": ("e:ann@example.com",),
        "request": a_request(),
    }
    return Call(**(given | changes))


def an_item(shape: Shape = ORDERS, item: bytes = b'{"n":1}', **changes: Any) -> Call:
    """A call that travels in a bulk request."""
    given: dict[str, Any] = {
        "action": shape.action,
        "intent": "order.add",
        "repeat": Repeat.KEYED,
        "identity": "id:\0b",
        "lanes": ("o:1",),
        "shape": shape,
        "item": item,
    }
    return Call(**(given | changes))


def a_job(*calls: Call, occurred_at: float = 0.0, **changes: Any) -> Job:
    """A record whose event asks for these calls; `changes` are the record's."""
    job = Job(a_record(**changes), opened_at=0.0)
    job.begin(Nobody(), None, calls, occurred_at)
    return job


class Nobody:
    """An owner that takes note of what is over."""

    def __init__(self) -> None:
        self.over: list[Job] = []

    def finish(self, job: Job) -> None:
        self.over.append(job)


def mapped(kind: str, data: dict[str, Any], *, age: float = 0.0, **options: Any) -> Mapped:
    """What the handler of a type makes of its data. `age` in seconds; `options` are settings."""
    valid = validate(ROUTES[kind].model, data)
    assert isinstance(valid, Valid), valid
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    event = Event(
        identity="id:\0ev-1",
        type=kind,
        occurred_at=now - timedelta(seconds=age),
        has_time=True,
        now=now.timestamp(),
        data=valid.data,
    )
    return ROUTES[kind].handle(event, Options(**options))


def the_call(kind: str, data: dict[str, Any], **options: Any) -> Call:
    """The only call that the handler of a type makes of its data."""
    (call,) = mapped(kind, data, **options).calls
    return call
