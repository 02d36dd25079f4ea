"""No personal value and no secret stands in a log, a metric, or what we add to a dead letter."""

import base64
import gc
import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
import structlog
from pydantic import ValidationError

from consumer.cli.main import Given, guarded
from consumer.deadletters.letter import Burial, DeadLetter, letter, read_letter
from consumer.deadletters.reading import Found, page
from consumer.operations.telemetry import Metrics, configure_logs, take_over
from consumer.plan import Planned, Planner, Refused
from consumer.settings.sources import load
from handlers.routes import ROUTES
from schemas.base import validate
from tests import canaries
from tests.builders import a_record
from tests.canaries import API_KEY, CODE, EMAIL, PHONE, STREET, TOKEN, USER_NAME, leaks

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
PLANNER = Planner(topics={})
PERSON = {"user_id": "42", "email": EMAIL, "phone": PHONE}
CONTACT = PERSON | {
    "first_name": USER_NAME,
    "last_name": USER_NAME,
    "address": {"street": STREET, "city": USER_NAME},
    "attributes": {"code": CODE, EMAIL: CODE},
}
APP = {"app_id": "0d3c2f5e-8a41-4c8e-9b1d-2f6a7c5e4b10", "token": TOKEN}
EVENTS: dict[str, dict[str, Any]] = {
    "user.signed_up": CONTACT,
    "user.updated": CONTACT,
    "user.deleted": {"email": EMAIL},
    "order.changed": PERSON
    | {"order_id": "A-1", "status": "delivered", "total": 1, "currency": "UAH"}
    | {"date": "2026-01-31T09:00:00Z", "first_name": USER_NAME, "delivery_address": STREET}
    | {"additional_info": {"code": CODE}},
    "contact.opted_out": PERSON | {"channel": "all"},
    "contact.opted_in": PERSON | {"channel": "email"},
    "device_token.changed": APP | {"active": True},
    "device_token.registered": PERSON | APP,
    "segment.joined": {"segment_id": 5, "user_ids": ["42"]},
    "segment.left": {"segment_id": 5, "user_ids": ["42"]},
    "site.registered": {"domain": "shop.example.com"},
    "webpush_site.registered": {
        "domain": "shop.example.com",
        "service_worker_name": "push.js",
        "service_worker_path": "/",
        "service_worker_scope": "/",
    },
    "inbox_message.published": {"name": "Sale", "title": "Sale", "text": "Now"}
    | {"custom_data": {"code": CODE}},
    "activity.recorded": PERSON | {"name": "viewed", "params": {"code": CODE}},
    "message.requested": {"message_id": 7, "email": EMAIL, "params": {"code": CODE}},
}
SPOILERS: list[Any] = [
    None,
    True,
    7,
    [EMAIL],
    {EMAIL: PHONE},
    {EMAIL: [PHONE]},
    f"{EMAIL} {PHONE} {STREET}",
    "\0",
]


def spoiled() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every event with each of its fields spoiled in each way, and with one too many."""
    for kind, data in EVENTS.items():
        yield kind, data | {f"more {EMAIL}": PHONE}
        for name in data:
            for wrong in SPOILERS:
                yield kind, data | {name: wrong}


def burials() -> Iterator[Burial]:
    """The dead letters of all spoiled events."""
    for kind, data in spoiled():
        envelope = {"id": "e1", "type": kind, "occurred_at": NOW.isoformat(), "data": data}
        record = a_record(value=orjson.dumps(envelope))
        plan = PLANNER.plan(record, NOW.timestamp())
        refusal = plan.refusal if isinstance(plan, Planned | Refused) else None
        if refusal is not None:
            yield Burial(
                record=record,
                reason=refusal.reason,
                field=refusal.field,
                detail=refusal.detail,
                event_id="e1",
                event_type=kind,
            )


@pytest.fixture
def err(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What stands for standard error, with logs at debug level; all is put back in the end."""
    gc.collect()  # what an earlier test left behind, such as a task that failed, is not logged here
    root = logging.getLogger()
    kept, level = root.handlers, root.level
    for home, name in (
        (sys, "unraisablehook"),
        (threading, "excepthook"),
        (warnings, "showwarning"),
    ):
        monkeypatch.setattr(home, name, getattr(home, name))
    stream = io.StringIO()
    with redirect_stderr(stream):
        configure_logs(level="debug", form="json")
        take_over()
    yield stream
    structlog.reset_defaults()
    root.handlers = kept
    root.setLevel(level)


def run(command: Callable[[], None], err: io.StringIO) -> int:
    """Run a command as the process does; return its exit code."""
    with redirect_stderr(err):
        return guarded(command, Given({}))


# -- the search itself ----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "mark"), canaries.MARKS.items())
@pytest.mark.parametrize(
    "written",
    [
        lambda mark: f"it is {mark}.",
        lambda mark: repr(ValueError(mark)),
        lambda mark: orjson.dumps({"a": mark}).decode(),
        ascii,
        lambda mark: base64.b64encode(f"x{mark}y".encode()).decode(),
        lambda mark: base64.urlsafe_b64encode(f"xy{mark}".encode()).decode(),
        lambda mark: f"/v1/contacts?email={quote(mark, safe='')}",
    ],
)
def test_a_mark_is_found_in_every_form(name: str, mark: str, written: Any) -> None:
    assert leaks(written(mark)) == [name]


def test_half_of_a_mark_is_found_too() -> None:
    assert leaks("user canarymail, phone 671987654") == ["email", "phone"]
    assert leaks("nothing of the kind") == []


def test_every_type_of_event_is_tried() -> None:
    assert set(EVENTS) == set(ROUTES)
    assert all(isinstance(plan_of(kind), Planned) for kind in EVENTS)


def plan_of(kind: str) -> object:
    envelope = {"id": "e1", "type": kind, "occurred_at": NOW.isoformat(), "data": EVENTS[kind]}
    return PLANNER.plan(a_record(value=orjson.dumps(envelope)), NOW.timestamp())


# -- dead letters ---------------------------------------------------------------------------


def test_what_is_added_to_a_dead_letter_names_nobody() -> None:
    found: set[str] = set()
    count = 0
    for burial in burials():
        made = letter(burial, group="g", cluster="main", version="1", now=NOW)
        tail = b"\n".join(value or b"" for _, value in made.headers)
        found |= {f"{burial.event_type} {burial.field}: {name}" for name in leaks(tail)}
        count += 1

    assert count > 100
    assert found == set()


def shown(burial: Burial) -> bytes:
    """What people are shown of a dead letter, but for the exact HTTP, which they ask for."""
    made = letter(burial, group="g", cluster="main", version="1", now=NOW)
    read = read_letter(a_record(key=made.key, value=made.value, headers=made.headers))
    assert isinstance(read, DeadLetter)
    told = page(Found(letter=read, partition=0, offset=0), PLANNER, NOW.timestamp())
    assert told.pop("now")
    return orjson.dumps(told)


@pytest.mark.parametrize("kind", EVENTS)
def test_a_dead_letter_is_shown_without_what_is_personal_in_its_event(kind: str) -> None:
    record = a_record(value=orjson.dumps({"id": "e1", "type": kind, "data": EVENTS[kind]}))

    assert leaks(shown(Burial(record=record, reason="esp.rejected_400", detail="400"))) == []


def test_addresses_in_fields_of_other_purpose_are_not_shown_either() -> None:
    found = {
        f"{burial.event_type} {burial.field}: {name}"
        for burial in burials()
        for name in leaks(shown(burial), canaries.CONTACT)
    }

    assert found == set()


# -- logs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", canaries.MARKS.values())
def test_whatever_is_logged_at_debug_level_names_nobody(err: io.StringIO, mark: str) -> None:
    log = structlog.get_logger()
    log.debug("planned", email=mark, body={"phone": mark}, action="add-contact")
    log.info("delivered", error=ValueError(mark), topics=[Path(mark)], value=mark.encode())
    for logger in ("aiokafka", "aiokafka.producer.producer", "httpx", "aiohttp", "asyncio"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(logger).log(level, "Sending (key=%r value=%r)", mark, {"v": mark})
            logging.getLogger(logger).log(level, f"future: <Task exception={mark!r}>")  # noqa: G004

    assert "delivered" in err.getvalue()
    assert "Sending (key='str' value='dict')" in err.getvalue()
    assert leaks(err.getvalue()) == []


def failing(mark: str) -> None:
    secret_local = mark
    try:
        dict[str, str]()[secret_local]
    except KeyError as cause:
        raise ExceptionGroup(mark, [ValueError(mark), OSError(5, mark)]) from cause


@pytest.mark.parametrize("mark", canaries.MARKS.values())
def test_a_bug_shows_where_it_is_and_names_nobody(err: io.StringIO, mark: str) -> None:
    code = run(lambda: failing(mark), err)

    (line,) = [orjson.loads(one) for one in err.getvalue().splitlines()]
    assert (code, line["event"], line["error"]) == (70, "bug", "ExceptionGroup")
    assert any(place.endswith(" failing") for place in line["trace"])
    assert leaks(err.getvalue()) == []


@pytest.mark.parametrize("kind", EVENTS)
def test_the_fault_of_a_schema_names_nobody(err: io.StringIO, kind: str) -> None:
    model: Any = ROUTES[kind].model
    for spoiled_kind, data in spoiled():
        if spoiled_kind == kind:
            try:
                model.read(data, strict=True)
            except ValidationError as fault:
                structlog.get_logger().error("failed", exc_info=fault)
                logging.getLogger("x").exception("failed")
            validate(model, data)

    assert leaks(err.getvalue()) == []


@pytest.mark.parametrize("mark", canaries.MARKS.values())
def test_what_python_itself_would_print_names_nobody(err: io.StringIO, mark: str) -> None:
    class Loud:
        def __del__(self) -> None:
            raise ValueError(mark)

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning(UserWarning(mark), UserWarning, "some.py", 7)
    Loud()
    gc.collect()

    events = [orjson.loads(line)["event"] for line in err.getvalue().splitlines()]
    assert events == ["python_warning", "error_ignored"]
    assert leaks(err.getvalue()) == []


def test_faults_of_settings_name_no_secret(err: io.StringIO) -> None:
    environ = {
        f"ESPUTNIK_SYNC_{name}": value
        for name, value in {
            "ESPUTNIK__BASE_URL": f"http://me:{API_KEY}@example.com/api",
            "ESPUTNIK__TIMEOUT": API_KEY,
            "KAFKA__SASL_MECHANISM": canaries.PASSWORD,
            "KAFKA__SECURITY_PROTOCOL": canaries.PASSWORD,
            "KAFKA__BOOTSTRAP_SERVERS": f"PLAIN://x:{canaries.PASSWORD}",
            "ADMIN__PORT": canaries.ADMIN_TOKEN,
            "TOPICS": f'{{"a": {{"type": "{API_KEY}", "tombstone": "{API_KEY}"}}}}',
            "WEBHOOKS__SECRETS": f'["{API_KEY}"]',
        }.items()
    }

    def command() -> None:
        load(config=None, overrides=[], environ=environ, needs_api_key=True)

    assert run(command, err) == 78
    assert len(err.getvalue().splitlines()) > len(environ)
    assert leaks(err.getvalue()) == []


# -- metrics --------------------------------------------------------------------------------


def test_metrics_name_nobody() -> None:
    metrics = Metrics()
    for burial in burials():
        metrics.buried(burial)

    assert leaks(metrics.render()) == []
