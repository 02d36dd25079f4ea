"""The events that must end among the dead letters, and why each does. Pure.

Half a dozen are broken before anything could be sent; the last few are well formed and refused by
eSputnik, some of them by rules the sandbox is given (`RULES`).
"""

from collections.abc import Callable
from datetime import timedelta

import orjson

from demo.sample import Fact, write
from demo.scenes import SMS_SEGMENT
from demo.stage import Stage

REFUSED_ORDER = "ORD-REFUSED"
REFUSED_ADDRESS = "refused."
NO_SUCH_SEGMENT = 999_999
# What the sandbox is told to refuse, each item alone within the request that carries it.
RULES = (
    {"action": "add-orders", "contains": REFUSED_ORDER, "item_error": "The order is refused"},
    {"action": "bulk-contacts", "contains": REFUSED_ADDRESS, "item_error": "Contact is refused"},
)


def _cut_off(stage: Stage) -> None:
    value, headers = write(_order(stage), "envelope")
    stage.add("order.changed", value[:-20], headers, key=b"cut-off", verdict="decode.json_syntax")


def _not_text(stage: Stage) -> None:
    stage.add("user.updated", b"\xff\xfe\x00u", key=None, verdict="decode.not_utf8")


def _empty(stage: Stage) -> None:
    headers = (("trace-id", None), ("trace-id", b""))  # headers repeat, and may be null
    stage.add("activity.recorded", b"", headers, key=b"empty", verdict="decode.empty")


def _no_total(stage: Stage) -> None:
    order = _order(stage)
    del order.data["total"]
    _write(stage, order, "schema.missing")


def _no_such_status(stage: Stage) -> None:
    order = _order(stage)
    order.data["status"] = "teleported"
    _write(stage, order, "schema.enum")


def _bad_address(stage: Stage) -> None:
    fact = stage.fact("user.signed_up", {"email": "not-an-address", "first_name": "Ghost"})
    _write(stage, fact, "ident.email_invalid")


def _nobody(stage: Stage) -> None:
    _write(stage, stage.fact("activity.recorded", {"name": "seen"}), "ident.missing_contact")


def _unknown_type(stage: Stage) -> None:
    fact = stage.fact("user.teleported", {"user_id": "user-x"})
    value, headers = write(fact, "envelope")
    stage.add("user.updated", value, headers, key=b"user-x", verdict="schema.type_unknown")


def _no_zone(stage: Stage) -> None:
    event = _envelope(_order(stage))
    event["occurred_at"] = "2026-01-31T10:00:00"
    _raw(stage, event, "time.no_zone")


def _tomorrow(stage: Stage) -> None:
    event = _envelope(_order(stage))
    event["occurred_at"] = (stage.now + timedelta(days=9)).isoformat()
    _raw(stage, event, "time.future")


def _timeless_opt_in(stage: Stage) -> None:
    data = {"channel": "email", "email": "timeless@example.com"}
    event = _envelope(stage.fact("contact.opted_in", data))
    del event["occurred_at"]
    value = orjson.dumps(event)
    stage.add("contact.opted_in", value, key=b"timeless", verdict="consent.no_time")


def _all_channels(stage: Stage) -> None:
    """E-mail and SMS are told all the same; pushes have no route, and the letter says so."""
    person = stage.rng.choice([one for one in stage.staying if one.consent_by == "user_id"])
    stage.expected.unsubscribed.add(person.email)
    stage.expected.join(SMS_SEGMENT, [person.user_id])
    data = {"channel": "all", "user_id": person.user_id}
    value, headers = write(stage.fact("contact.opted_out", data), "envelope")
    key = person.user_id.encode()
    stage.add("contact.opted_out", value, headers, key=key, verdict="consent.no_route")


def _refused_order(stage: Stage) -> None:
    order = _order(stage)
    order.data["order_id"] = f"{REFUSED_ORDER}-{stage.number('refused order')}"
    _write(stage, order, "esp.partial_item")


def _refused_contact(stage: Stage) -> None:
    number = stage.number("refused contact")
    data = {"email": f"{REFUSED_ADDRESS}{number}@example.com", "segments": ["Newcomers"]}
    _write(stage, stage.fact("user.signed_up", data), "esp.partial_item")


def _no_such_segment(stage: Stage) -> None:
    data = {"segment_id": NO_SUCH_SEGMENT, "user_ids": [stage.somebody().user_id]}
    _write(stage, stage.fact("segment.joined", data), "esp.not_found")


def _no_such_token(stage: Stage) -> None:
    app = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
    data = {"app_id": app, "token": f"gone-{stage.number('gone')}", "active": False}
    _write(stage, stage.fact("device_token.changed", data), "esp.not_found")


PLANTED: tuple[Callable[[Stage], None], ...] = (
    _cut_off,
    _not_text,
    _empty,
    _no_total,
    _no_such_status,
    _bad_address,
    _nobody,
    _unknown_type,
    _no_zone,
    _tomorrow,
    _timeless_opt_in,
    _all_channels,
    _refused_order,
    _refused_contact,
    _no_such_segment,
    _no_such_token,
)


def _order(stage: Stage) -> Fact:
    data = {
        "order_id": f"ORD-BAD-{stage.number('bad order')}",
        "status": "initialized",
        "total": "10.00",
        "currency": "UAH",
        "date": stage.now.isoformat(),
        "user_id": stage.somebody().user_id,
    }
    return stage.fact("order.changed", data)


def _write(stage: Stage, fact: Fact, reason: str) -> None:
    value, headers = write(fact, stage.form(fact.type))
    stage.add(fact.type, value, headers, key=fact.id.encode(), verdict=reason)


def _envelope(fact: Fact) -> dict[str, object]:
    event: dict[str, object] = orjson.loads(write(fact, "envelope")[0])
    return event


def _raw(stage: Stage, event: dict[str, object], reason: str) -> None:
    value = orjson.dumps(event)
    stage.add(str(event["type"]), value, key=str(event["id"]).encode(), verdict=reason)
